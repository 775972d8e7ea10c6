"""Documents that are gzip files themselves (RFC 1952), as `sitemap.xml.gz` is; of content codings it knows nothing.

Those are undone on the way, and what is damaged there is no document at all. Here a damaged file gives what it has.
"""

import zlib
from collections.abc import Iterator
from typing import Final

GZIP: Final = b"\x1f\x8b"
"""How each begins."""

MAX_MEMBERS: Final = 1_000
"""How many members one may have (section 2.2)."""

_SLICE: Final = 16 * 1024
"""Bytes handed to zlib at once: each step copies what it leaves, so a slice keeps hostile streams linear."""
_BITS: Final = zlib.MAX_WBITS | 16


def gunzip(body: bytes, max_size: int) -> tuple[bytes, str | None]:
    """What a gzip file holds, `max_size` bytes at the most, and what is wrong with it, if anything is.

    Of several members it is the contents of all; where one is corrupt or cut short, what came before that.
    """
    pieces = []
    size = 0
    flaw = None
    try:
        for piece in _members(body):
            pieces.append(piece)
            size += len(piece)
            if size > max_size:
                flaw = f"more than {max_size} bytes"
                break
    except zlib.error as error:
        flaw = f"its gzip is broken: {error}"
    return b"".join(pieces)[:max_size], flaw


def _members(body: bytes) -> Iterator[bytes]:
    """The contents of the members, in pieces; `zlib.error` where they break."""
    stream = zlib.decompressobj(_BITS)
    members = 1
    for start in range(0, len(body), _SLICE):
        data = body[start : start + _SLICE]
        while data:
            if stream.eof:
                data = data.lstrip(b"\0")  # padding, as gzip(1) takes it
                if not data:
                    break
                members += 1
                if members > MAX_MEMBERS:
                    raise zlib.error(f"more than {MAX_MEMBERS} members")
                stream = zlib.decompressobj(_BITS)
            yield from _inflate(stream, data)
            data = stream.unused_data
    if not stream.eof:
        raise zlib.error("cut short")


def _inflate(stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """What zlib makes of `data`, up to the end of its stream or to the very byte where that breaks."""
    spare = stream
    try:
        while True:
            spare = stream.copy()
            piece = stream.decompress(data, _SLICE)
            if not piece:
                return
            yield piece
            data = stream.unconsumed_tail
    except zlib.error:
        # A call that fails gives nothing of what it had; byte by byte it is all but the last, which fails again.
        yield from (spare.decompress(data[at : at + 1]) for at in range(len(data)))
