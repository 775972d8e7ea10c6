"""The URLs of a CSS text, as CSS Syntax Level 3 cuts it into tokens; it knows nothing of what the rules apply to.

Nothing is parsed beyond what decides whether a text in parentheses or quotes is a URL: comments, strings, escapes, the
names of functions, and the few at-rules whose URLs are no images. The patterns eat what they have looked at, so no
text makes the scan look at a character more than a few times.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

MAX_URLS: Final = 10_000
"""How many URLs of one text are read; the rest is not looked at."""

_BLANK: Final = r"[ \t\n\f\r]"
# Written by what is none, as a class up to the last character there is takes 8 ms to compile.
_MARKS: Final = r"\x00-!#-&(-,.:-?\[\]^`{-\x7f"
_LETTER: Final = rf"[^{_MARKS}\"'/\\@]"
_ESCAPE: Final = rf"\\(?:[0-9a-fA-F]{{1,6}}+(?:\r\n|{_BLANK})?+|[^0-9a-fA-F\n\f\r])"
_COMMENT: Final = r"/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
_IN_STRING: Final = rf"|\\(?:[0-9a-fA-F]{{1,6}}+(?:\r\n|{_BLANK})?+|\r\n|.|\Z)"
_DOUBLE: Final = rf"\"(?:[^\"\\\n\f\r]++{_IN_STRING})*+"
_SINGLE: Final = rf"'(?:[^'\\\n\f\r]++{_IN_STRING})*+"
_QUOTED: Final = rf"{_DOUBLE}(?:\"|\Z)|{_SINGLE}(?:'|\Z)"
_STRING: Final = rf"(?:{_DOUBLE}\"?|{_SINGLE}'?)"
_FUNCTION: Final = r"(?i:url|src|(?:-webkit-)?image-set)"
_RULE: Final = rf"@(?i:import|font-face|namespace|(?:-moz-)?document|color-profile)(?!{_LETTER}|\\)"

# All up to the next token that matters: a function or an at-rule of the lists above, a name with escapes.
_TOKEN: Final = re.compile(
    rf"(?:[{_MARKS}]++|{_COMMENT}|/|{_STRING}|\\(?=[\n\f\r]|\Z)|(?!{_RULE})@"
    rf"|(?!{_FUNCTION}\(){_LETTER}++(?!\\))*+"
    rf"(?:(?P<rule>{_RULE})|(?P<name>(?:{_LETTER}|{_ESCAPE})++)(?P<opens>\()?)",
    re.DOTALL,
)
_GAP: Final = rf"(?:{_BLANK}++|{_COMMENT})*+"
_QUOTED_URL: Final = re.compile(rf"{_BLANK}*+({_QUOTED})", re.DOTALL)
_BARE_URL: Final = re.compile(rf"{_BLANK}*+((?:[^\"'()\\\x00-\x20\x7f]++|{_ESCAPE})++){_BLANK}*+(?:\)|\Z)", re.DOTALL)
_BAD_URL: Final = re.compile(r"(?:[^\\)]++|\\.?)*+\)?", re.DOTALL)
_IMPORTED: Final = re.compile(rf"{_GAP}(?:url\(|(?={_QUOTED}))", re.DOTALL | re.IGNORECASE)
_BLOCK: Final = re.compile(rf"(?:[^}}\"'/]++|{_COMMENT}|/|{_STRING})*+", re.DOTALL)
_PRELUDE: Final = re.compile(rf"(?:[^;{{\"'/]++|{_COMMENT}|/|{_STRING})*+", re.DOTALL)
# An image-set's parts: what has parentheses of its own may have them once more inside.
_FLAT: Final = rf"[^()\"'/\\]++|\\.?|{_COMMENT}|/|{_STRING}"
_NESTED: Final = rf"\((?:{_FLAT}|\((?:{_FLAT})*+\))*+\)"
_SET: Final = re.compile(rf"(?:{_FLAT}|{_NESTED})*+", re.DOTALL)
_SET_PART: Final = re.compile(
    rf"{_COMMENT}|\\.|(?P<function>url\()|(?P<string>{_QUOTED})|{_NESTED}", re.DOTALL | re.IGNORECASE
)
_ESCAPED: Final = re.compile(rf"\\(?:([0-9a-fA-F]{{1,6}})(?:\r\n|{_BLANK})?|(\r\n|[\n\f\r])|(.?))", re.DOTALL)


class StyleURL(NamedTuple):
    """A URL as a style sheet names it, escapes decoded, and whether it is that of another style sheet."""

    text: str
    is_import: bool = False


def find_urls(text: str) -> list[StyleURL]:
    """The images and the imported style sheets of a CSS text, in its order; without `data:` and bare fragments."""
    folded = text.lower()
    if "\\" not in text and not any(mark in folded for mark in ("url(", "src(", "image-set(", "@import")):
        return []
    urls = islice(_urls(text), MAX_URLS)
    return [url for url in urls if url.text and url.text[0] != "#" and url.text[:5].lower() != "data:"]


def _urls(text: str) -> Iterator[StyleURL]:
    """Every URL that does not belong to a font or a namespace."""
    position = 0
    while token := _TOKEN.match(text, position):
        position = token.end()
        rule = token["rule"]
        function = _decode(token["name"]).lower() if token["opens"] else ""
        if rule is not None and rule.lower() == "@import":
            url, position = _read_import(text, position)
            if url is not None:
                yield StyleURL(url, True)
        elif rule is not None:
            position = _end(_BLOCK if rule.lower() in ("@font-face", "@color-profile") else _PRELUDE, text, position)
        elif function == "url" or (function == "src" and _QUOTED_URL.match(text, position)):
            url, position = _read_url(text, position)
            if url is not None:
                yield StyleURL(url)
        elif function in ("image-set", "-webkit-image-set"):
            end = _end(_SET, text, position)
            yield from map(StyleURL, _of_set(text, position, end))
            position = end


def _read_url(text: str, position: int) -> tuple[str | None, int]:
    """The URL in these parentheses, None where they hold none, and what follows (CSS Syntax section 4.3.6)."""
    if quoted := _QUOTED_URL.match(text, position):
        return _unquote(quoted[1]), quoted.end()
    if bare := _BARE_URL.match(text, position):
        return _decode(bare[1]), bare.end()
    return None, _end(_BAD_URL, text, position)


def _read_import(text: str, position: int) -> tuple[str | None, int]:
    """The URL that an @import begins with, a string or a function."""
    found = _IMPORTED.match(text, position)
    return (None, position) if found is None else _read_url(text, found.end())


def _of_set(text: str, position: int, end: int) -> Iterator[str]:
    """The images of an image-set: strings, and those of its own functions."""
    while part := _SET_PART.search(text, position, end):
        position = part.end()
        if part["function"]:
            url, position = _read_url(text, position)
            if url is not None:
                yield url
        elif part["string"]:
            yield _unquote(part["string"])


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    assert found is not None  # these patterns match the empty text too
    return found.end()


def _unquote(string: str) -> str:
    return _decode(string[1:-1] if len(string) > 1 and string[-1] == string[0] else string[1:]).strip(" \t\n\f\r")


def _decode(text: str) -> str:
    """A name or a value with its escapes replaced (CSS Syntax section 4.3.7)."""
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    digits, line_end, character = match.groups()
    if digits is None:
        return "" if line_end else character
    number = int(digits, 16)
    return "\ufffd" if number == 0 or 0xD800 <= number < 0xE000 or number > 0x10FFFF else chr(number)
