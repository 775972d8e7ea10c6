"""Answers as they arrive, cut anywhere, to events; knows no socket, no time and no redirect.

::

    parser = ResponseParser("GET")
    while (event := parser.next_event()) is None:
        parser.feed(await stream.read(size))      # b"" says that the peer closed

A parser reads one final answer and the 1xx answers in front of it. The deviations from RFC 9112 that it takes are the
table in leniency.py; every other one is a `ProtocolError`, every bound of `Limits` a `TooLargeError`.
"""

import re
from typing import Final

from crawler.errors import ConnectionLostError, ProtocolError, TooLargeError, TruncatedError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.fields import check_line_lengths
from crawler.http1.framing import BodyReader, body_reader, is_persistent
from crawler.http1.head import parse_head
from crawler.http1.limits import DEFAULT_LIMITS, Limits

_START: Final = b"HTTP/"
_HEAD_END: Final = re.compile(rb"\n\r?\n")


class ResponseParser:
    """The events of the answer to one request: a head, pieces of the body, the end."""

    __slots__ = (
        "_at", "_buffer", "_ended", "_head", "_informational", "_is_over", "_leading", "_limits", "_method", "_reader",
        "_searched",
    )  # fmt: skip

    def __init__(self, method: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._method = method
        self._limits = limits
        self._buffer = b""
        self._at = 0
        self._ended = False
        self._head: ResponseHead | None = None
        self._reader: BodyReader | None = None
        self._is_over = False
        self._informational = 0
        self._leading = 0
        self._searched = 0

    @property
    def began(self) -> bool:
        """Whether any byte of an answer has come: if not, the request may be sent again (RFC 9112 section 9.3.1)."""
        return bool(self._buffer)

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: the answer is over, no byte left, nothing doubtful."""
        return (
            self._is_over
            and not self._ended
            and self._at == len(self._buffer)
            and self._reader is not None
            and self._reader.reusable
            and self._head is not None
            and is_persistent(self._head)
        )

    def feed(self, data: bytes) -> None:
        """Take what has arrived; b"" is the end of the stream."""
        if not data:
            self._ended = True
        elif self._at == len(self._buffer):
            self._buffer = data
            self._at = 0
        else:
            self._buffer = self._buffer[self._at :] + data
            self._at = 0

    def next_event(self) -> ResponseHead | Data | End | None:
        """The next event; None: feed me. Behind the end there is None for ever, behind an error that error again."""
        reader = self._reader
        if reader is None:
            return self._read_head()
        if self._is_over:
            return None
        event, self._at = reader.read(self._buffer, self._at, self._ended)
        if type(event) is End:
            self._is_over = True
        return event

    def _read_head(self) -> ResponseHead | None:
        """The head of the final answer."""
        while True:
            at, buffer = self._at, self._buffer
            if not buffer.startswith(_START, at):
                at = self._at = self._start()
            if (end := _HEAD_END.search(buffer, at + self._searched)) is None:
                self._check_part(len(buffer) - at)
                self._searched = max(len(buffer) - at - 2, 0)
                return None
            stop = end.end()
            self._searched = 0
            head = parse_head(buffer[at:stop], self._limits)
            self._at = stop
            if not 100 <= head.status < 200:
                self._reader = body_reader(self._method, head, self._limits)
                self._head = head
                return head
            self._pass_over(head.status)

    def _start(self) -> int:
        """Where the status line begins, empty lines in front of it passed over."""
        at, buffer = self._at, self._buffer
        while buffer[at : at + 1] in (b"\r", b"\n"):
            at += 1
            self._leading += 1
        if self._leading > self._limits.max_leading:
            raise TooLargeError(f"more than {self._limits.max_leading} bytes of empty lines before the status line")
        if not _START.startswith(buffer[at : at + len(_START)]):
            raise ProtocolError("the answer does not begin with HTTP/ (RFC 9112 section 4)")
        return at

    def _check_part(self, size: int) -> None:
        """A head of which `size` bytes are there, and no end: may it still become one?"""
        limits = self._limits
        if size > limits.max_head:
            raise TooLargeError(f"the head has more than {limits.max_head} bytes")
        # The lines before the last one were checked as they came, or will be with the whole head, or at the end.
        checked = self._at if self._ended else max(self._buffer.rfind(b"\n"), self._at)
        if len(self._buffer) - checked > limits.max_line:
            check_line_lengths(self._buffer[checked:], limits.max_line, "head")
        if self._ended:
            if not self.began:
                raise ConnectionLostError("the connection was closed before an answer began (RFC 9112 section 9.5)")
            raise TruncatedError("the head ends before its empty line (RFC 9112 section 8)")

    def _pass_over(self, status: int) -> None:
        """A 1xx answer: the final one follows (RFC 9110 section 15.2)."""
        if status == 101:
            raise ProtocolError("101 Switching Protocols, which nobody asked for (RFC 9110 section 7.8)")
        self._informational += 1
        if self._informational > self._limits.max_informational:
            raise TooLargeError(f"more than {self._limits.max_informational} informational answers")
