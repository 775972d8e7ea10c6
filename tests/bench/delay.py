"""A server that answers every page after the same while, however many ask: what is measured with it is who waits."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LINKS, SIZE = 40, 10_000


@dataclass(slots=True)
class DelaySite:
    """`pages` pages of `SIZE` bytes and `LINKS` links, each answered after `delay` seconds; `asked` are the targets."""

    pages: int
    delay: float
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str) -> bytes:
        """The whole answer to a request; page n names the pages from n * LINKS + 1 on."""
        number = 0 if target == "/" else int(target[1:].removesuffix(".html")) if target.endswith(".html") else -1
        if not 0 <= number < self.pages:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        named = [(number * LINKS + one) % self.pages for one in range(1, LINKS + 1)]
        anchors = "".join(f'<p><a href="/{one}.html">page {one}</a></p>\n' for one in named if one)
        body = f"<!doctype html><title>{number}</title>{anchors}".encode()
        body += b"<p>" + b"word " * ((SIZE - len(body)) // 5)
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class _Connection(asyncio.Protocol):
    def __init__(self, site: DelaySite) -> None:
        self._site = site
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode("latin-1")
            self._site.asked.append(target)
            asyncio.get_running_loop().call_later(self._site.delay, self._send, self._site.answer(target))

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


@contextmanager
def serving(site: DelaySite) -> Iterator[DelaySite]:
    """The site on a free loopback port, served by a thread until the context is left."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def listen() -> asyncio.Server:
        server = await loop.create_server(lambda: _Connection(site), "127.0.0.1", 0, backlog=1024)
        site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        ready.set()
        return server

    def run() -> None:
        server = loop.run_until_complete(listen())
        loop.run_forever()
        server.close()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
