"""What a Refresh pragma or header says, as the HTML standard parses it; it resolves no URL and waits for nothing."""

import re
from typing import Final

_BLANK: Final = r"\t\n\f\r "
_REFRESH: Final = re.compile(
    rf"[{_BLANK}]*+(?:([0-9]++)|(?=\.))[0-9.]*+(?:\Z|(?=[;,{_BLANK}])[{_BLANK}]*+[;,]?[{_BLANK}]*+(.*))", re.DOTALL
)
_URL_WORD: Final = re.compile(rf"[uU][rR][lL][{_BLANK}]*+=[{_BLANK}]*+")
_MAX_DIGITS: Final = 9


def parse_refresh(text: str) -> tuple[int, str | None] | None:
    """Seconds to wait, and the URL as written, None for the page itself; None where this is no refresh.

    HTML standard, section 4.2.5.3, "shared declarative refresh steps".
    """
    found = _REFRESH.match(text)
    if found is None:
        return None
    seconds = int((found[1] or "0").lstrip("0")[:_MAX_DIGITS] or "0")
    if not found[2]:
        return seconds, None
    url = found[2]
    if word := _URL_WORD.match(url):
        url = url[word.end() :]
    if url[:1] in ('"', "'"):
        url = url[1:].partition(url[0])[0]
    return seconds, url.strip("\t\n\f\r ")
