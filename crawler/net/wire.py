"""An open connection as two streams, and one thing that asyncio's streams do not offer; it opens none."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

BUFFER: Final = 1024 * 1024
"""The stream's own limit; beyond twice this the socket is no longer read, and the peer has to wait."""

CHUNK: Final = 256 * 1024


class Reader(Protocol):
    """The part of `asyncio.StreamReader` that connections use."""

    def read(self, n: int = -1, /) -> Coroutine[Any, Any, bytes]:
        """Up to `n` bytes, as soon as there are any; b"" at the end."""
        ...

    def at_eof(self) -> bool:
        """Whether the end has come and everything was read."""
        ...


class Writer(Protocol):
    """The part of `asyncio.StreamWriter` that connections use."""

    @property
    def transport(self) -> asyncio.WriteTransport:
        """What carries the bytes."""
        ...

    def write(self, data: bytes, /) -> None:
        """Send, without waiting for it."""
        ...

    def get_extra_info(self, name: str, /) -> Any:
        """What the transport knows."""
        ...

    def wait_closed(self) -> Coroutine[Any, Any, None]:
        """Return when the socket is given back."""
        ...


@dataclass(frozen=True, slots=True)
class Wire:
    """An open connection: the address it really leads to, its TLS version, and the seconds each step to it took."""

    reader: Reader
    writer: Writer
    peer: str
    tls: str | None = None
    dns_took: float = 0.0
    connect_took: float = 0.0
    tls_took: float = 0.0


def arrived(reader: Reader) -> bytes | None:
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
