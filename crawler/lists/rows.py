"""A row of a list from the texts in it: whether its URL can be asked for, and what may be shown of it; no format."""

import re
from collections.abc import Mapping
from typing import Final

from crawler.errors import InvalidURLError
from crawler.model import URL, Row
from crawler.web.url import split_userinfo, without_secret

LONGEST_TEXT: Final = 2048
"""Characters of a URL as it was written that a row keeps."""

NORMAL: Final = re.compile(
    r"https?://(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]+"
    r"(?:/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~%+,=:@-]*)?)+"
    r"(?:\?[A-Za-z0-9_.~%+,=:@/?&;-]+)?"
)
"""URLs that the standard leaves as they are: host names without punycode, address or port, no dot segments."""


def row_of(number: int, text: str, caption: str = "", columns: Mapping[str, str] | None = None) -> Row:
    """The row that names the URL `text`.

    A user and password in it are dropped, from the URL and from the text, and log in nowhere: a list is not the place
    for them, the settings of a host are. Nor is anything before an `@` shown where the text is no URL.
    """
    if NORMAL.fullmatch(text):
        return Row(number, text[:LONGEST_TEXT], URL.known(text), caption, columns)
    try:
        url, credential = split_userinfo(text) if "@" in text else (URL(text), None)
    except InvalidURLError:
        return Row(number, _shown(text), None, caption, columns, "url")
    if not url.is_http:
        return Row(number, _shown(text), None, caption, columns, "scheme")
    return Row(number, (text if credential is None else str(url))[:LONGEST_TEXT], url, caption, columns)


def broken_row(number: int, line: bytes) -> Row:
    """The row that a line which cannot be read is: its beginning is its text."""
    return Row(number, _shown(line[: 4 * LONGEST_TEXT].decode("utf-8", "replace").strip()), None, error="row")


def _shown(text: str) -> str:
    return without_secret(text)[:LONGEST_TEXT]
