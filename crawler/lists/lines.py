"""The lines of a list, as bytes with their ends, and how far they were taken; it knows nothing of what they say.

A line ends with LF. What is held in memory is one piece of the source and one line up to `LONGEST_LINE`.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from crawler.errors import SettingsError
from crawler.lists.source import Source

LONGEST_LINE: Final = 1024 * 1024
"""Bytes of a line that are held; a longer one is given cut, and can be passed over."""

FIRST_BLOCK: Final = 4096
"""Bytes at a list's beginning by which it is known: little, as a slow pipe is waited for until they are there."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class Lines:
    """The lines of `source` one after the other; `offset` is where the next one begins, `first` the first block."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._waiting: list[bytes] = []  # the next one last
        self._tail = bytearray()
        self._has_ended = False
        first = bytearray()
        while len(first) < FIRST_BLOCK and (piece := source.read()):
            first += piece
        self._got = len(first)
        self.first = bytes(first[:FIRST_BLOCK])
        self.offset = len(BYTE_ORDER_MARK) if first.startswith(BYTE_ORDER_MARK) else 0
        self._split(bytes(first[self.offset :]))

    @property
    def is_ready(self) -> bool:
        """Whether the next line is here, so that nothing is waited for."""
        return bool(self._waiting)

    def take(self) -> bytes | None:
        """The next line, None at the end.

        Of one longer than `LONGEST_LINE` at least that many bytes and one more; where they do not end with LF, the
        rest comes next.
        """
        while not self._waiting:
            if not self._read():
                return None
        line = self._waiting.pop()
        self.offset += len(line)
        return line

    def give_back(self, lines: Sequence[bytes]) -> None:
        """Take back the lines that were given last, in their order."""
        self._waiting.extend(reversed(lines))
        self.offset -= sum(map(len, lines))

    def pass_over(self, line: bytes) -> None:
        """Drop what is left of `line`, which was given cut."""
        rest: bytes | None = line
        while rest is not None and not rest.endswith(b"\n"):
            rest = self.take()

    def advance(self, offset: int) -> None:
        """Go on at `offset`; `SettingsError` where the list is shorter."""
        if offset > self._got and self._source.seek(offset - 1):
            self._waiting.clear()
            self._tail.clear()
            self._got = self.offset = offset - 1
            self._has_ended = False
        while self.offset < offset:
            line = self.take()
            if line is None:
                raise SettingsError("is shorter than it was when an earlier run read it")
            if self.offset > offset:
                self.give_back([line[offset - self.offset :]])

    def _read(self) -> bool:
        """Have at least one more line, or a long one's next piece; False at the end."""
        while not self._has_ended:
            piece = self._source.read()
            self._got += len(piece)
            if not piece:
                self._has_ended = True
                if self._tail:
                    self._waiting = [bytes(self._tail)]
                    self._tail.clear()
            else:
                self._split(piece)
            if self._waiting:
                return True
        return False

    def _split(self, piece: bytes) -> None:
        end = piece.rfind(b"\n") + 1
        if end:
            self._waiting = BytesIO(bytes(self._tail) + piece[:end]).readlines()
            self._waiting.reverse()
            self._tail = bytearray(piece[end:])
        else:
            self._tail += piece
            if len(self._tail) > LONGEST_LINE:
                self._waiting = [bytes(self._tail)]
                self._tail.clear()
