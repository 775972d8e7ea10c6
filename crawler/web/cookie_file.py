"""The `cookies.txt` of Netscape, curl, wget and the browsers' extensions, as text; it knows no disk and no jar.

A line is a cookie in seven fields behind tabs: domain, whether the hosts below it get the cookie too, path, whether it
is for https alone, when it ends (seconds since 1970, 0: with the session), name, value. `#HttpOnly_` before the domain
marks what no script may read; any other `#` begins a comment. The text is the file's bytes as ISO-8859-1, so that every
byte of a value reaches the server as it stands.
"""

import math
import re
from collections.abc import Iterable
from typing import Final

from crawler.errors import InvalidURLError, SettingsError
from crawler.web.cookies import MAX_PAIR, Cookie
from crawler.web.url import URL

FIRST_LINE: Final = "# Netscape HTTP Cookie File"
LINE_WORDS: Final = "takes seven fields behind tabs: domain, TRUE or FALSE, path, TRUE or FALSE, seconds, name, value"

_HTTP_ONLY: Final = "#HttpOnly_"
_BYTE_ORDER_MARK: Final = "\xef\xbb\xbf"
_FLAGS: Final = {"TRUE": True, "FALSE": False}
_NAME: Final = re.compile(r"[a-z0-9._~-]+|[0-9a-f:.]+", re.IGNORECASE | re.ASCII)
_SECONDS: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_PLAIN: Final = re.compile(r"[\t\x20-:<-\x7e\x80-\xff]*")
"""What name, value and path may consist of: no `;`, no control characters (RFC 6265bis section 5.6)."""


def parse_cookie_file(text: str, source: str, now: float) -> list[Cookie]:
    """The cookies of a cookies.txt; `SettingsError` names `source` and the line, and shows nothing of the cookie.

    A file is a person's word: its cookies count as set over https. What has expired is given, too.
    """
    cookies = []
    lines = text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        is_comment = line.startswith("#") and not line.startswith(_HTTP_ONLY)
        if is_comment or not line.strip(" \t"):
            continue
        try:
            cookies.append(_parse_line(line, now))
        except ValueError as error:
            raise SettingsError(f"{source}, line {number}: {error}: {LINE_WORDS}") from error
    return cookies


def _parse_line(line: str, now: float) -> Cookie:
    """One cookie; `ValueError` says what is wrong."""
    http_only = line.startswith(_HTTP_ONLY)
    fields = line.removeprefix(_HTTP_ONLY).split("\t", 6)
    if len(fields) == 6:
        fields.append("")  # the tab before an empty value gets lost in editors
    if len(fields) != 7:
        raise ValueError(f"has {len(fields)} fields")
    domain, below, path, secure, seconds, name, value = fields
    if below.upper() not in _FLAGS or secure.upper() not in _FLAGS:
        raise ValueError("a flag is neither TRUE nor FALSE")
    if not path.startswith("/") or not _PLAIN.fullmatch(path):
        raise ValueError("the path does not begin with / or has forbidden characters")
    if not _SECONDS.fullmatch(seconds):
        raise ValueError("the end is no number of seconds")
    if "=" in name or not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(value):
        raise ValueError("name or value has forbidden characters")
    if not 0 < len(name) + len(value) <= MAX_PAIR:
        raise ValueError(f"name and value are empty, or longer than {MAX_PAIR}")
    ends = float(seconds)
    return Cookie(
        name=name,
        value=value,
        domain=_parse_domain(domain),
        host_only=not _FLAGS[below.upper()],
        path=path,
        expires_at=ends if ends > 0 else None,
        secure=_FLAGS[secure.upper()],
        http_only=http_only,
        created_at=now,
        from_secure=True,
    )


def _parse_domain(text: str) -> str:
    """The domain as the host of a URL has it; `ValueError` where it is none."""
    name = text.removeprefix(".")
    if _NAME.fullmatch(name):
        try:
            return URL(f"http://[{name}]/" if ":" in name else f"http://{name}/").host
        except InvalidURLError:
            pass
    raise ValueError("the domain is no host name and no address")


def write_cookie_file(cookies: Iterable[Cookie]) -> str:
    """A cookies.txt that `parse_cookie_file` reads back, ends rounded up to the second.

    A name or a path that holds a tab cannot be written in it; such a cookie is left out.
    """
    return "\n".join([FIRST_LINE, *filter(None, map(_spell, cookies)), ""])


def _spell(cookie: Cookie) -> str | None:
    if "\t" in cookie.name or "\t" in cookie.path:
        return None
    ends = 0 if cookie.expires_at is None else max(1, math.ceil(cookie.expires_at))
    before = _HTTP_ONLY if cookie.http_only else ""
    domain, below = (cookie.domain, "FALSE") if cookie.host_only else (f".{cookie.domain}", "TRUE")
    secure = "TRUE" if cookie.secure else "FALSE"
    return "\t".join([before + domain, below, cookie.path, secure, str(ends), cookie.name, cookie.value])
