"""A small HTTP/1.1 server for a site of fixed answers, on loopback; made to be crawled, not to be exposed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from crawler.demo.site import MISSING, Answer

HOST: Final = "127.0.0.1"
PORT: Final = 8765
"""The port where none is asked for; where it is taken, any that is free."""
MAX_HEAD: Final = 16 * 1024
PATIENCE: Final = 30.0
"""Seconds a client may take for its request."""
MODIFIED: Final = formatdate(1_700_000_000, usegmt=True)

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serve(site: Mapping[str, Answer], port: int | None = None) -> AsyncIterator[str]:
    """The URL of the site, which is served while the context is entered; `OSError` where `port` is taken."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # In a task of its own, as a stream server complains of a connection's task that was cancelled.
        task = asyncio.create_task(_answer_client(site, reader, writer))
        tasks.add(task)
        await asyncio.wait({task})
        tasks.discard(task)

    server = await _listen(connected, port)
    try:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer_client(
    site: Mapping[str, Answer], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await _converse(site, reader, writer)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # the client went away, or spoke no HTTP
    finally:
        writer.close()


async def _listen(connected: Conversation, port: int | None) -> asyncio.Server:
    try:
        return await asyncio.start_server(connected, HOST, PORT if port is None else port, limit=MAX_HEAD)
    except OSError:
        if port is not None:
            raise
        return await asyncio.start_server(connected, HOST, 0, limit=MAX_HEAD)


async def _converse(site: Mapping[str, Answer], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests until the client wants no more."""
    while True:
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        method, target, version = [*head.split(b"\r\n", 1)[0].split(b" "), b"", b""][:3]
        stays = version == b"HTTP/1.1" and b"connection: close" not in head.lower()
        if method not in (b"GET", b"HEAD"):
            writer.write(write_answer(Answer(405, "text/plain", b"GET and HEAD only\n"), with_body=True, stays=False))
            return
        path = target.partition(b"?")[0].decode("latin-1")
        answer = site.get(path, MISSING)
        await asyncio.sleep(answer.delay)
        writer.write(write_answer(answer, with_body=method == b"GET", stays=stays))
        await writer.drain()
        if not stays:
            return


def write_answer(answer: Answer, *, with_body: bool, stays: bool) -> bytes:
    """An answer as bytes (RFC 9112 section 4)."""
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.media_type}",
        f"Content-Length: {len(answer.body)}",
        f"Last-Modified: {MODIFIED}",
        f"Connection: {'keep-alive' if stays else 'close'}",
    ]
    if answer.location is not None:
        lines.append(f"Location: {answer.location}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (answer.body if with_body else b"")
