"""What a URL looks like, whatever it leads to: its shape, its repeats, its session id; nothing here refuses anything.

A trap makes URLs without end, so each is new and only their form gives it away. These are the forms, each for the traps
named with it, and the honest sites that have the same form are why nothing but a budget should follow from a shape:
every archive by date, every catalogue, every wiki behind one `?title=` has thousands of URLs of one shape.
"""

import re
from functools import lru_cache
from typing import Final

from crawler.web.url import URL

MAX_SHAPE: Final = 256
"""How long a shape may be, in characters; what is longer is cut, and ends in `...`."""

MAX_SEGMENTS: Final = 16
"""How many segments of a path a shape has; deeper ones are one shape, so that a path that grows for ever is one."""

MAX_NAMES: Final = 6
"""How many names of parameters a shape has; with more it is `?*`, or any choice among filters would be a new one."""

MAX_PARAMETERS: Final = 64
"""How many parameters are looked at for their names; a query with more is `?*`."""

LONG_WORD: Final = 64
"""As many letters in a row are no word, not even of a Java class."""

LONG_TOKEN: Final = 16
"""As many letters and digits in a row are an id."""

MAX_COMPARED: Final = 64
"""How many segments, the last ones, are looked through for repeats."""

_UUID: Final = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])"
# An escape is part of a word; what follows "=" in a path is the value of a parameter (RFC 3986 section 3.3).
_TOKEN: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|=[^;/]*+|{_UUID}|[0-9A-Za-z]++")
_NUMBERS: Final = re.compile(r"\*(?:[_-]\*)+")
_DIGITS: Final = re.compile(r"[0-9]+")
_HEX: Final = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")

_SESSION_NAME: Final = (
    r"(?:php|j|asp\.net_|bv_)session_?id|(?:php)?sess_?id|aspsessionid[a-z]{8}|cfid|cftoken|oscsid|xtcsid|zenid"
)
_SESSION_PARAMETER: Final = re.compile(
    rf"(?i:{_SESSION_NAME})=.*"
    # These mean other things too (a section, a talk, a search): their value must look like an id, long, with a digit.
    r"|(?i:sid|session(?:_?id)?)=(?=[^0-9]*[0-9])(?:(?=[^a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}|[0-9A-Za-z_,-]{16,})"
    r"|(?i:s)=[0-9a-f]{32}"
)
_SESSION_IN_PATH: Final = re.compile(rf";(?i:{_SESSION_NAME}|sid)=[^;/?]*|/\((?:[A-Z]\([0-9a-z]{{24}}\))+\)(?=/)")


def shape(url: URL) -> str:
    """Path and query with `*` for whatever may be counted up, drawn or dated: `/calendar/*/*/`, `/item?id=*&sid=*`.

    Folded are numbers, ids, hashes and long tokens in the path, and every value of the query, whose names are sorted
    and stand once. So a calendar is one shape, and so is a search whose terms differ, a list with any page number, a
    query that grows by more of the same. Words stay: pages of a manual are as many shapes as they are pages.
    """
    target = url.target
    path, mark, query = target.partition("?")
    segments = path.split("/")
    if len(segments) > MAX_SEGMENTS + 1:
        segments[MAX_SEGMENTS + 1 :] = ["..."]
    folded = "/".join(map(_fold, segments))
    if mark:
        folded += f"?{_fold_query(query)}"
    return folded if len(folded) <= MAX_SHAPE else f"{folded[: MAX_SHAPE - 3]}..."


def family(url: URL) -> str:
    """The part of its host that a URL belongs to: its first folder, `/calendar/*`, or what a query is for, `/item?*`.

    Whatever a trap makes of its URLs, longer paths, other orders of parameters, random words, they stay in there.
    """
    path, mark, _ = url.target[1:].partition("?")
    first, slash, _ = path.partition("/")
    return f"/{_fold(first)[:MAX_SHAPE]}{'/' if slash else mark}*" if slash or mark else "/*"


@lru_cache(1_000)
def _fold(text: str) -> str:
    """A segment or a name, without what may be counted up; numbers with hyphens between them are a date or an id."""
    if text.isalpha() and len(text) < LONG_WORD:
        return text
    folded = _TOKEN.sub(_fold_token, text)
    return _NUMBERS.sub("*", folded) if "*" in folded else folded


def _fold_token(match: re.Match[str]) -> str:
    token = match[0]
    if token[0] == "%":
        return token
    if token[0] == "=":
        return "=*"
    if token.isalpha():
        return token if len(token) < LONG_WORD else "*"
    if len(token) >= LONG_TOKEN or _HEX.fullmatch(token):
        return "*"
    letters, numbers = _DIGITS.subn("*", token)
    return letters if numbers == 1 else "*"  # `page2` and `2nd` have one, `x7f3k` is drawn


def _fold_query(query: str) -> str:
    parameters = query.split("&", MAX_PARAMETERS)
    names = sorted({_fold_parameter(parameter) for parameter in parameters} - {""})
    return "&".join(names) if len(names) <= MAX_NAMES and len(parameters) <= MAX_PARAMETERS else "*"


def _fold_parameter(text: str) -> str:
    name, equals, _ = text.partition("=")
    return _fold(name) + ("=*" if equals else "")


def depth(url: URL) -> int:
    """How many segments the path has, empty ones not counted.

    A link to `deeper/` on every page makes paths of thousands; honest ones have 10, the deepest of source trees 20.
    """
    return _filled(url.path.split("/"))


def parameters(url: URL) -> int:
    """How many parameters the query has, those of one name counted each.

    Filters that can be chosen one upon the other make queries that only grow; an honest one has 5, a long form 20.
    """
    return _filled(url.query.split("&"))


def _filled(parts: list[str]) -> int:
    """How many there are that are not empty."""
    return len(parts) - parts.count("")


def repeats(url: URL, times: int) -> bool:
    """Whether the path says the same again: one segment or several stand `times` times in a row, `/a/b/a/b/a/b` thrice.

    So do relative links on a page that a server gives for every path below it (`docs/` on /docs/docs/). Where such a
    page has several, they come mixed, and one segment stands at twice as many places. A page that escapes its own
    address once more at each turn has `%252525`, one that adds a slash `////`. Numbers do not count: /2011/11/11/ is a
    date, /000/000/000/ a store.
    """
    target = url.target
    if f"%{'25' * times}" in target:
        return True
    path = target.partition("?")[0]
    if path.count("/") < times:
        return False
    if "/" * (times + 1) in path:
        return True
    segments = [segment for segment in path.split("/") if segment][-MAX_COMPARED:]
    words = [segment for segment in segments if not segment.isdigit()]
    most = max(map(words.count, set(words)), default=0)
    if most < times:
        return False
    return most >= 2 * times or any(
        _has_period(segments, period, times) for period in range(1, len(segments) // times + 1)
    )


def _has_period(segments: list[str], period: int, times: int) -> bool:
    """Whether segments, not all of them numbers, stand `times` times in a row, as many as `period` each time."""
    run = words = 0
    for one, other in zip(segments, segments[period:], strict=False):
        if one != other:
            run = words = 0
            continue
        run += 1
        words += not one.isdigit()
        if run >= period * (times - 1) and words:
            return True
    return False


def without_session(url: URL) -> URL:
    """The same URL without its session id, itself where it has none; a new id at every visit makes every page new.

    Known by their names are those of PHP, Java (`;jsessionid=`), ASP.NET (also `/(S(...))/`), ColdFusion and the old
    shops and boards. `sid`, `session_id` and `s` may as well mean a section, a talk, a search: there the value must
    look like an id.
    """
    text = str(url)
    way, _, query = text.partition("?")
    bare = _SESSION_IN_PATH.sub("", way) if ";" in way or "/(" in way else way
    kept = query
    if query:
        kept = "&".join(one for one in query.split("&") if not _SESSION_PARAMETER.fullmatch(one))
    if bare == way and kept == query:
        return url
    return URL(f"{bare}?{kept}" if kept else bare)
