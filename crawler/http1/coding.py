"""Content codings undone while the bytes stream in (RFC 9110 section 8.4), bounded in every direction; knows no status.

What is unknown, corrupt, cut short or followed by something else is a `DecodingError`: a damaged page is never taken
for a whole one. Browsers pass over bytes behind the end of a gzip stream; here only zeros are, the padding that gzip(1)
takes too, because anything else shows that the body was not what its head says.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from crawler.errors import DecodingError, TooLargeError
from crawler.http1.headers import Headers

ACCEPT_ENCODING: Final = "gzip, deflate, br, zstd"
"""What `Decoder` undoes, in the words of the field that asks for it."""

PIECE: Final = 128 * 1024
"""Bytes of one decoded piece at the most: what is decoded at once, however well it was packed."""

_SLICE: Final = 16 * 1024
"""Bytes handed to a coding at once: each step copies what it leaves, so a slice keeps hostile streams linear."""

MAX_CODINGS: Final = 5
"""Codings of one body at the most, over all lines of Content-Encoding."""

_GZIP_BITS: Final = zlib.MAX_WBITS | 16

_ZSTD_WINDOW_LOG: Final = 23
"""8 MB, the largest window that the content coding zstd allows (RFC 9659)."""

MAX_FRAMES: Final = 50_000
"""Frames of one zstd body: each takes some 10 us, so empty ones, of 8 bytes, would stop everything else for seconds."""

_ALIASES: Final = {"x-gzip": "gzip"}


def codings_of(headers: Headers) -> tuple[str, ...]:
    """The codings of the body as they were applied, `identity` dropped; `DecodingError` for an unknown one."""
    words = [word.strip(" \t") for word in ",".join(headers.get_all("content-encoding")).lower().split(",")]
    codings = tuple(_ALIASES.get(word, word) for word in words if word not in ("", "identity"))
    for coding in codings:
        if coding not in _STAGES:
            raise DecodingError(f"unknown content coding (RFC 9110 section 8.4.1): {coding[:40]!r}")
    if len(codings) > MAX_CODINGS:
        raise DecodingError(f"more than {MAX_CODINGS} content codings, one upon the other")
    return codings


class Decoder:
    """Undoes a chain of codings, piece by piece.

    `max_size` bounds the bytes that come out of each stage: of the last one, so that no bomb goes off, and of those
    before it, so that none burns for ever unseen.
    """

    __slots__ = ("_max_size", "_sizes", "_stages")

    def __init__(self, codings: Sequence[str], max_size: int | None = None) -> None:
        self._stages: list[Stage] = [_STAGES[coding]() for coding in reversed(codings)]
        self._sizes = [0] * len(self._stages)
        self._max_size = max_size

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What these bytes decode to, in pieces; take all of them before the next call."""
        return self._decode(data, 0)

    def finish(self) -> Iterator[bytes]:
        """What is left at the end of the body; `DecodingError` where a stage is not at its end."""
        for stage in self._stages:
            stage.finish()
        return iter(())

    def _decode(self, data: bytes, number: int) -> Iterator[bytes]:
        if number == len(self._stages):
            yield data
            return
        decode = self._stages[number].decode
        for start in range(0, len(data), _SLICE):
            for piece in decode(data[start : start + _SLICE]):
                self._sizes[number] += len(piece)
                if self._max_size is not None and self._sizes[number] > self._max_size:
                    raise TooLargeError(f"the body has more than {self._max_size} bytes when decoded")
                yield from self._decode(piece, number + 1)


class Stage(Protocol):
    """One coding undone."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """What these bytes decode to, in pieces of `PIECE` bytes at the most, none of them empty."""
        ...

    def finish(self) -> None:
        """The bytes are over: `DecodingError` where they should not be."""
        ...


class _Gzip:
    """gzip, of one member or several (RFC 1952 section 2.2)."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_BITS)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The content of the members."""
        while data:
            if self._stream.eof:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._stream = zlib.decompressobj(_GZIP_BITS)
            yield from _inflate(self._stream, data, "gzip")
            data = self._stream.unused_data

    def finish(self) -> None:
        """Check that the last member is whole."""
        if not self._stream.eof:
            raise DecodingError("the gzip body is cut short")


class _Deflate:
    """deflate in the zlib format (RFC 1950) or, as some have always sent it, without (RFC 9110 section 8.4.1.2)."""

    __slots__ = ("_head", "_stream")

    def __init__(self) -> None:
        self._head = b""
        self._stream: zlib._Decompress | None = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The content."""
        if self._stream is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return
            is_zlib = data[0] & 15 == 8 and data[0] >> 4 <= 7 and int.from_bytes(data[:2]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        if not self._stream.eof:
            yield from _inflate(self._stream, data, "deflate")
            data = self._stream.unused_data
        if data:
            raise DecodingError("bytes behind the end of the deflate body")

    def finish(self) -> None:
        """Check that the body is whole."""
        if self._stream is None or not self._stream.eof:
            raise DecodingError("the deflate body is cut short")


def _inflate(stream: "zlib._Decompress", data: bytes, coding: str) -> Iterator[bytes]:
    """What zlib makes of `data`, up to the end of its stream."""
    try:
        while piece := stream.decompress(data, PIECE):
            yield piece
            data = stream.unconsumed_tail
    except zlib.error as error:
        raise DecodingError(f"not {coding}: {error}") from error


class _Brotli:
    """br (RFC 7932)."""

    __slots__ = ("_error", "_stream")

    def __init__(self) -> None:
        try:
            brotli: Any = import_module("brotli")
        except ImportError as error:
            raise DecodingError("br takes the package brotli") from error
        self._error = brotli.error
        self._stream = brotli.Decompressor()

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The content."""
        if self._stream.is_finished():
            raise DecodingError("bytes behind the end of the br body")
        try:
            # The limit is one the package may pass by a block of its own; and what it holds back comes for no data.
            while piece := self._stream.process(data, output_buffer_limit=PIECE // 2):
                yield piece
                data = b""
        except self._error as error:
            raise DecodingError("not br, or bytes behind its end") from error

    def finish(self) -> None:
        """Check that the body is whole."""
        if not self._stream.is_finished():
            raise DecodingError("the br body is cut short")


class _Zstd:
    """zstd, of one frame or several, skippable ones included (RFC 8878 section 3)."""

    __slots__ = ("_frames", "_module", "_stream")

    def __init__(self) -> None:
        self._module = _zstd_module()
        self._frames = 0
        self._stream = self._frame()

    def decode(self, data: bytes) -> Iterator[bytes]:
        """The content of the frames."""
        while data:
            if self._stream.eof:
                self._stream = self._frame()
            try:
                while True:
                    if piece := self._stream.decompress(data, max_length=PIECE):
                        yield piece
                    data = b""
                    if self._stream.eof or self._stream.needs_input:
                        break
            except self._module.ZstdError as error:
                raise DecodingError(f"not zstd: {error}") from error
            data = self._stream.unused_data

    def finish(self) -> None:
        """Check that the last frame is whole."""
        if not self._stream.eof:
            raise DecodingError("the zstd body is cut short")

    def _frame(self) -> Any:
        self._frames += 1
        if self._frames > MAX_FRAMES:
            raise DecodingError(f"the zstd body has more than {MAX_FRAMES} frames")
        options = {self._module.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        return self._module.ZstdDecompressor(options=options)


def _zstd_module() -> Any:
    """Python's own from 3.14 on, its backport before."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise DecodingError("zstd takes Python 3.14 or the package backports.zstd")


_STAGES: Final[dict[str, Callable[[], Stage]]] = {
    "gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
