"""An open connection as two streams, and one thing that asyncio's streams do not offer; it opens none."""

import asyncio
from dataclasses import dataclass
from typing import Final

BUFFER: Final = 1024 * 1024
"""The stream's own limit; beyond twice this the socket is no longer read, and the peer has to wait."""

CHUNK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Wire:
    """An open connection: the address it really leads to, its TLS version, and the seconds each step to it took."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    peer: str
    tls: str | None = None
    dns_took: float = 0.0
    connect_took: float = 0.0
    tls_took: float = 0.0


def arrived(reader: asyncio.StreamReader) -> bytes | None:
    """What a stream holds already, b"" for its end or its failure; None where one would have to wait.

    One step of a read and no more: a stream has no other way to tell.
    """
    reading = reader.read(CHUNK)
    try:
        reading.send(None)
    except StopIteration as done:
        return bytes(done.value)
    except OSError:
        return b""
    finally:
        reading.close()
    return None
