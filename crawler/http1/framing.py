"""Where a body ends (RFC 9112 section 6), and one reader for each of the ways; knows no connection.

A reader is asked with the bytes at hand and gives what it can: a piece of the body, the end, or nothing yet.
"""

import re
from functools import lru_cache
from typing import Final, Protocol

from crawler.errors import ProtocolError, TooLargeError, TruncatedError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.fields import check_lines
from crawler.http1.headers import Headers
from crawler.http1.limits import Limits

MAX_LENGTH: Final = 2**63 - 1
"""No length beyond it is believed: it is where every other client's counter ends."""

END: Final = End(Headers())
_LENGTH: Final = re.compile(r"([0-9]+)|(0*[1-9][0-9]*)(?!\W*\w?[0-9])[^0-9].*", re.ASCII | re.DOTALL)
"""A number; or one that is not 0, and behind it text that does not go on with digits at once, as 1_000 and 1e3 do."""
_FRAMING_LINES: Final = re.compile(
    rb"(?i)\n(?=[ct])(?:content-length: ([0-9]{1,18})(?=\r\n[^ \t])|transfer-encoding: (chunked)(?=\r\n[^ \t])"
    rb"|(content-length|transfer-encoding))"
)
"""The lines of a head that may frame a body: those of the plain form that continue in no next line, and whatever else
begins with one of the two names. The look-ahead at one letter is for speed."""
_PLAIN_DIGITS: Final = 8
_PLAIN_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,8}")
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(;[^\n]*)?")
_SECTION_END: Final = re.compile(rb"\n\r?\n")

Read = tuple[Data | End | None, int]
"""What a reader found, and where the bytes it has not used begin."""


class BodyReader(Protocol):
    """One way to find a body's end; `reusable` says whether it leaves no doubt of where the next answer begins."""

    reusable: bool

    def read(self, buffer: bytes, at: int, ended: bool) -> Read:
        """What `buffer` holds from `at` on; `ended`: the peer sends no more."""
        ...


def body_reader(method: str, head: ResponseHead, limits: Limits) -> BodyReader:
    """The reader of the body that answers a request of this method with this head (RFC 9112 section 6.3)."""
    status = head.status
    if method == "HEAD" or status == 204 or status == 304 or (method == "CONNECT" and 200 <= status < 300):
        return LengthReader(0)
    if (reader := _plain_reader(head, limits)) is not None:
        return reader
    lengths = head.headers.get_all("content-length")
    codings = _list_of("transfer-encoding", head.headers)
    applied = [coding for coding in codings if coding != "identity"]
    if set(applied) - {"chunked"}:
        raise ProtocolError(f"a transfer coding other than chunked (RFC 9112 section 6.1): {applied[:8]}")
    if applied:
        return ChunkedReader(limits, not lengths and codings == ["chunked"] and head.version == (1, 1))
    if lengths:
        length, is_plain = _length(lengths)
        return LengthReader(length, is_plain and "transfer-encoding" not in head.headers)
    return CloseReader()


def is_persistent(head: ResponseHead) -> bool:
    """Whether the peer keeps the connection open behind this answer (RFC 9112 section 9.3)."""
    options = _list_of("connection", head.headers)
    return "close" not in options and (head.version == (1, 1) or "keep-alive" in options)


def _plain_reader(head: ResponseHead, limits: Limits) -> BodyReader | None:
    """The reader for a head that frames its body by one plain line, found by a glance that spares the fields.

    None where the head says anything else: then the fields are asked.
    """
    found = _FRAMING_LINES.findall(head.raw)
    if len(found) == 1:
        digits, chunked, _ = found[0]
        if digits:
            return LengthReader(int(digits))
        if chunked and head.version == (1, 1):
            return ChunkedReader(limits, True)
    return None


def _list_of(name: str, headers: Headers) -> list[str]:
    """The members of a field that is a list of words, in lower case, empty ones dropped (RFC 9110 section 5.6.1)."""
    words = ",".join(headers.get_all(name)).lower().split(",")
    return [word for text in words if (word := text.strip(" \t"))]


def _length(values: list[str]) -> tuple[int, bool]:
    """The one length that all values say, those in a list included, and whether they say nothing else (RFC 9110
    section 8.6)."""
    text = values[0]
    if len(values) > 1 or "," in text:
        texts = {part.strip(" \t") for value in values for part in value.split(",")}
        if len(texts) > 1:
            raise ProtocolError(f"Content-Length says several lengths (RFC 9110 section 8.6): {sorted(texts)[:8]}")
        text = texts.pop()
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ProtocolError(f"Content-Length is no number (RFC 9110 section 8.6): {text[:80]!r}")
    digits = (match[1] or match[2]).lstrip("0") or "0"
    if len(digits) > 19 or int(digits) > MAX_LENGTH:
        raise ProtocolError(f"Content-Length is no possible length (RFC 9110 section 8.6): {text[:80]}")
    return int(digits), match[1] is not None


class LengthReader:
    """A body of as many bytes as Content-Length says, or of none."""

    __slots__ = ("_left", "reusable")

    def __init__(self, length: int, reusable: bool = True) -> None:
        self._left = length
        self.reusable = reusable

    def read(self, buffer: bytes, at: int, ended: bool) -> Read:
        """The next piece, or the end."""
        left = self._left
        if not left:
            return END, at
        size = len(buffer) - at
        if not size:
            if ended:
                raise TruncatedError(f"{left} bytes of Content-Length are missing (RFC 9112 section 8)")
            return None, at
        size = min(size, left)
        self._left = left - size
        return Data(buffer[at : at + size]), at + size


class CloseReader:
    """A body up to the end of the stream, behind which nothing can follow."""

    __slots__ = ("reusable",)

    def __init__(self) -> None:
        self.reusable = False

    def read(self, buffer: bytes, at: int, ended: bool) -> Read:
        """All that is there."""
        if at < len(buffer):
            return Data(buffer[at:]), len(buffer)
        return (END if ended else None), at


@lru_cache(1024)
def _plain_size(digits: bytes) -> int:
    """A chunk's size, -1 where the text is not a few digits and no more: `int` alone takes `+1`, `0x1` and `1_0`."""
    return int(digits, 16) if _PLAIN_SIZE.fullmatch(digits) else -1


class ChunkedReader:
    """A chunked body and its trailers (RFC 9112 section 7.1)."""

    __slots__ = ("_extensions", "_is_in_data", "_is_in_trailers", "_left", "_limits", "_searched", "reusable")

    def __init__(self, limits: Limits, reusable: bool) -> None:
        self.reusable = reusable
        self._limits = limits
        self._left = 0
        self._is_in_data = False
        self._is_in_trailers = False
        self._extensions = 0
        self._searched = 0

    def read(self, buffer: bytes, at: int, ended: bool) -> Read:
        """The data of all chunks at hand as one piece; what is wrong behind them is raised by the next call."""
        pieces: list[bytes] = []
        while not self._is_in_trailers:
            if not self._is_in_data:
                end = buffer.find(b"\r\n", at, at + _PLAIN_DIGITS + 2)
                size = _plain_size(buffer[at:end]) if end > 0 else -1
                if size > 0 and buffer.startswith(b"\r\n", end + 2 + size):
                    pieces.append(buffer[end + 2 : end + 2 + size])
                    at = end + 4 + size
                    continue
                if size >= 0:
                    at = end + 2
                elif pieces or (odd := self._odd_chunk_line(buffer, at)) is None:
                    break
                else:
                    size, at = odd
                self._left = size
                self._is_in_data = size > 0
                self._is_in_trailers = size == 0
            elif piece := buffer[at : at + self._left]:
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
            elif self._left or pieces or not (size := self._line_end(buffer, at)):
                break
            else:
                at += size
                self._is_in_data = False
        if pieces:
            return Data(pieces[0] if len(pieces) == 1 else b"".join(pieces)), at
        if self._is_in_trailers and (trailers := self._trailers(buffer, at)) is not None:
            return trailers
        if ended:
            raise TruncatedError("the chunked body ends before its last chunk (RFC 9112 section 8)")
        return None, at

    def _odd_chunk_line(self, buffer: bytes, at: int) -> tuple[int, int] | None:
        """Size and end of a chunk line with blanks, extensions or a bare LF; None where it is not whole yet."""
        limits = self._limits
        end = buffer.find(b"\n", at)
        if (end if end >= 0 else len(buffer)) - at > limits.max_chunk_line + 1:
            raise TooLargeError(f"a chunk's size line has more than {limits.max_chunk_line} bytes")
        if end < 0:
            return None
        line = buffer[at:end].removesuffix(b"\r")
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise ProtocolError(f"not a chunk size (RFC 9112 section 7.1): {line[:80]!r}")
        digits, extensions = match.groups()
        if len(digits) > 16 or int(digits, 16) > MAX_LENGTH:
            raise ProtocolError(f"not a possible chunk size (RFC 9112 section 7.1): {line[:80]!r}")
        self._extensions += len(extensions or b"")
        if self._extensions > limits.max_extensions:
            raise TooLargeError(f"the chunk extensions have more than {limits.max_extensions} bytes")
        if len(line) == end - at:
            self.reusable = False
        return int(digits, 16), end + 1

    def _line_end(self, buffer: bytes, at: int) -> int:
        """The size of the line end behind a chunk's data, 0 where it is not there yet."""
        rest = buffer[at : at + 2]
        if rest[:1] == b"\n":
            self.reusable = False
            return 1
        if rest not in (b"\r\n", b"\r", b""):
            raise ProtocolError("no line end behind a chunk's data (RFC 9112 section 7.1)")
        return 2 if len(rest) == 2 else 0

    def _trailers(self, buffer: bytes, at: int) -> Read | None:
        """The end with its trailers; None where the section is not whole yet."""
        if buffer.startswith(b"\r\n", at):
            return END, at + 2
        if buffer.startswith(b"\n", at):
            self.reusable = False
            return END, at + 1
        limits = self._limits
        match = _SECTION_END.search(buffer, at + self._searched)
        end = match.end() if match else len(buffer)
        if end - at > limits.max_trailers:
            raise TooLargeError(f"the trailers have more than {limits.max_trailers} bytes")
        if match is None:
            self._searched = max(end - at - 2, 0)
            return None
        section = buffer[at:end]
        check_lines(section, limits.max_line, limits.max_trailer_fields, "trailers")
        if section.count(b"\n") > section.count(b"\r\n"):
            self.reusable = False
        return End(Headers.of(section, 0)), end
