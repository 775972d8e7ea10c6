"""A head's bytes to its values (RFC 9112 sections 4 and 5); knows no framing."""

import re
from functools import lru_cache
from typing import Final

from crawler.errors import ProtocolError, TooLargeError
from crawler.http1.events import ResponseHead
from crawler.http1.fields import check_lines
from crawler.http1.headers import Headers
from crawler.http1.limits import Limits

_STATUS_LINE: Final = re.compile(
    rb"HTTP/(?:1\.[\t\v\f\r]?([0-9])|[23](?:\.0)?)[ \t][ \t\v\f\r]*([0-9]{3})(?:[ \t\v\f\r]+(.*))?", re.DOTALL
)
_USUAL_LINE: Final = 64
"""Status lines up to this length are remembered: nearly all answers begin with one of a few."""

StatusLine = tuple[tuple[int, int], int, str]
"""Version, status, reason."""


def parse_head(head: bytes, limits: Limits) -> ResponseHead:
    """The values of a head that ends with its empty line."""
    size = len(head)
    if b"\0" in head or size > limits.max_headers or size > limits.max_line or size > limits.max_head:
        _check(head, limits)
    end = head.find(b"\n") + 1
    line = head[:end]
    version, status, reason = _usual_status_line(line) if end <= _USUAL_LINE else parse_status_line(line)
    return ResponseHead(version, status, reason, Headers.of(head, end), head)


def _check(head: bytes, limits: Limits) -> None:
    """Refuse a head that passes a bound; one of no more bytes than any bound has passes none."""
    if len(head) > limits.max_head:
        raise TooLargeError(f"the head has more than {limits.max_head} bytes")
    check_lines(head, limits.max_line, limits.max_headers + 1, "head")


def parse_status_line(line: bytes) -> StatusLine:
    """Version, status and reason; among its blanks are those of RFC 9112 section 4, bare CR included."""
    line = line.rstrip(b"\r\n")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise ProtocolError(f"not a status line (RFC 9112 section 4): {line[:80]!r}")
    minor, status, reason = match.groups()
    text = (reason or b"").decode("latin-1").replace("\r", " ").strip(" \t\v\f")
    return (1, 0) if minor == b"0" else (1, 1), int(status), text


_usual_status_line: Final = lru_cache(256)(parse_status_line)
