"""A server on loopback that plays, byte by byte, what a test says, and a client against it.

Each connection is played by a coroutine of its own; the last one given plays all that follow.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crawler.model import URL, Request
from crawler.net.fetcher import HttpFetcher
from crawler.net.pool import Pool
from crawler.settings import FetchSettings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Side:
    """The server's side of one connection."""

    server: "Server"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """The head of the next request, kept in the server's list; b"" where the client hung up."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        self.server.requests.append(head)
        return head

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data: bytes, pause: float) -> None:
        for index in range(len(data)):
            await self.send(data[index : index + 1])
            await asyncio.sleep(pause)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has hung up."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass


Play = Callable[[Side], Awaitable[None]]


@dataclass
class Server:
    """What came to a server: the heads of all requests, and how many connections."""

    url: str = ""
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0


@asynccontextmanager
async def serving(
    *plays: Play, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Server]:
    """A server that plays, and is gone with all its connections at the end; a play that fails fails the test."""
    server = Server()
    failures: list[BaseException] = []
    sides: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        sides.add(task)
        play = plays[min(server.connections, len(plays) - 1)]
        server.connections += 1
        server.open_now += 1
        server.most_open = max(server.most_open, server.open_now)
        try:
            await play(Side(server, reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:
            failures.append(error)
        finally:
            server.open_now -= 1
            writer.transport.abort() if context else writer.close()
            sides.discard(task)

    listener = await asyncio.start_server(connected, host, 0, ssl=context)
    server.port = listener.sockets[0].getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    server.url = f"{'https' if context else 'http'}://{name}:{server.port}"
    try:
        yield server
    finally:
        listener.close()
        for task in list(sides):
            task.cancel()
        await asyncio.gather(*sides, return_exceptions=True)
        await asyncio.sleep(0)
    assert not failures, failures


def answering(*answers: bytes) -> Play:
    """Answers one request with each of these in turn, then closes."""

    async def play(side: Side) -> None:
        for answer in answers:
            if not await side.request():
                return
            await side.send(answer)

    return play


def always(answer: bytes) -> Play:
    """Answers every request with this, on one connection, until the client hangs up."""

    async def play(side: Side) -> None:
        while await side.request():
            await side.send(answer)

    return play


def settings(**changes: object) -> FetchSettings:
    """Settings whose times suit a server next door."""
    return FetchSettings(**{"connect_timeout": 5.0, "read_timeout": 5.0, "total_timeout": 10.0, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def fetching(
    chosen: FetchSettings | None = None, connections: int = 8, **more: object
) -> AsyncIterator[HttpFetcher]:
    """A fetcher over a pool of its own, both closed at the end."""
    chosen = chosen or settings()
    async with Pool(chosen, connections) as pool:
        yield HttpFetcher(pool, chosen, **more)  # type: ignore[arg-type]


async def get(fetcher: HttpFetcher, url: str, **request: object) -> bytes:
    async with fetcher.fetch(Request(URL(url), **request)) as response:  # type: ignore[arg-type]
        return await response.read()


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
