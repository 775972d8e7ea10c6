"""The bytes of a list as they come from a file or a pipe, unpacked where they are packed; it knows no lines.

Nothing here waits for more than there is: what a pipe has is given at once. The file should be an unbuffered one: a
buffered one is locked while a thread waits in it, and so cannot be closed.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from crawler.http1.coding import Decoder

CHUNK: Final = 256 * 1024
"""Bytes asked for at once."""

PACKED: Final = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""What packed files begin with (RFC 1952 section 2.3.1, RFC 8878 section 3.1.1); no line of a list does."""

_LONGEST_MARK: Final = max(map(len, PACKED))


class Source:
    """The bytes of `file` from where it stands; of what is packed, its contents, told by the first bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._take = getattr(file, "read1", file.read)
        self._start = file.tell() if file.seekable() else None
        first = self._raw()
        while len(first) < _LONGEST_MARK and (more := self._raw()):
            first += more
        coding = next((coding for mark, coding in PACKED.items() if first.startswith(mark)), None)
        self._decoder = Decoder([coding]) if coding is not None else None
        self._pieces: Iterator[bytes] = self._decoder.feed(first) if self._decoder else iter([first] if first else [])

    def read(self) -> bytes:
        """The next bytes, as many as are there; none at the end.

        `OSError` where the file cannot be read, `DecodingError` where what is packed is damaged or cut short.
        """
        while True:
            for piece in self._pieces:
                return piece
            data = self._raw()
            if self._decoder is None:
                return data
            self._pieces = self._decoder.feed(data) if data else self._decoder.finish()
            if not data:
                return b""

    def seek(self, offset: int) -> bool:
        """Go on at `offset` bytes from the start; False, and nothing done, where only reading leads there."""
        if self._start is None or self._decoder is not None:
            return False
        self._pieces = iter(())
        self._file.seek(self._start + offset)
        return True

    def close(self) -> None:
        """Close the file, also while a thread reads it."""
        self._file.close()

    def _raw(self) -> bytes:
        data: bytes | None = self._take(CHUNK)
        if data is None:
            raise BlockingIOError("it does not wait for its data (O_NONBLOCK)")
        return data
