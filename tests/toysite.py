"""A small real server that misbehaves on purpose, and remembers every request.

A site is a mapping from paths to replies; whatever a reply does to HTTP is written down in its fields. It speaks raw
bytes over asyncio and shares no code with the crawler. Host names: everything that leads to loopback (`localhost`,
`127.0.0.1`, `127.0.0.2`, `[::1]`) on one port, each with paths of its own where the mapping says so.

    async with ToySite({"/": page("/a", "/b"), "/a": page(), "/b": in_turn(Reply(503), page())}) as site:
        ...
        assert site.targets() == ["/robots.txt", "/", "/a", "/b", "/b"]
"""

import asyncio
import errno
import gzip
import socket
import ssl
import struct
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Self

from tests.hits import Hit

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Found", 404: "Not Found", 503: "Service Unavailable"}
MAX_HEAD = 65536


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; `times` counts how often its URL was asked for, this time included, `at` is monotonic."""

    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    connection: int
    times: int
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent; the fields beyond `headers` are how it goes wrong."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the head."""
    drip: float = 0.0
    """Seconds between one byte of the body and the next."""
    chunks: Sequence[bytes] | None = None
    """The body as chunks (RFC 9112 section 7.1) in place of one with a length."""
    until_close: bool = False
    """No length: the end of the connection is the end of the body."""
    cut: int | None = None
    """So many bytes of the body, then the connection closes."""
    hang: bool = False
    """Head and body, as far as `cut`, then nothing for ever."""
    reset: bool = False
    """The connection is reset where the head, or with `cut` the rest, should come."""
    close: bool = False
    """The connection closes after the answer, which says so."""
    raw: bytes | None = None
    """These bytes in place of all of that; then the connection closes."""
    script: Callable[[], Iterable[bytes | float]] | None = None
    """Bytes to send and seconds to wait, in turn and maybe without end, in place of all of that; then it closes."""
    keep: bool = False
    """The connection stays open behind `raw` or `script`, and serves on."""
    torn: bool = False
    """Over TLS, the connection ends without the close_notify that says so."""


Answer = Reply | Callable[[Asked], Reply]


def page(*hrefs: str, head: str = "", images: Iterable[str] = (), text: str = "") -> Reply:
    """An HTML page with an anchor for each of `hrefs`; `head` and `text` are HTML put in as they are."""
    anchors = "".join(f'<p><a href="{href}">{href}</a>\n' for href in hrefs)
    shown = "".join(f'<img src="{src}" alt="">\n' for src in images)
    body = f"<!doctype html>\n<html><head><title>toy</title>{head}</head><body>{anchors}{shown}{text}</body></html>"
    return Reply(body=body.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def redirect(location: str, status: int = 302) -> Reply:
    """An answer that sends the client on."""
    return Reply(status, b"moved", {"Location": location, "Content-Type": "text/plain"})


def text(body: str, status: int = 200) -> Reply:
    """Plain text: a robots.txt, an error's explanation."""
    return Reply(status, body.encode(), {"Content-Type": "text/plain"})


def image(width: int = 1, height: int = 1) -> Reply:
    """A PNG that every decoder takes, of this size, all black."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes(width)) * height)
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return Reply(body=body, headers={"Content-Type": "image/png"})


def gzipped(reply: Reply) -> Reply:
    """The same in gzip coding."""
    return replace(reply, body=gzip.compress(reply.body), headers={**reply.headers, "Content-Encoding": "gzip"})


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    """The first reply to the first request for a URL, the second to the second, and the last from then on."""
    return lambda asked: replies[min(asked.times, len(replies)) - 1]


class ToySite:
    """A running site; `pages` may change while it runs.

    A key of `pages` is a path (`/a?b=c`, or `/a` for any query), such a path behind a host name (`localhost/a`), or a
    path and a `*` for all that begin with it. What no key fits is 404. Who connects to an address of `greetings` is
    sent these bytes before it has asked for anything.
    """

    def __init__(
        self,
        pages: Mapping[str, Answer] | None = None,
        *,
        addresses: Sequence[str] = ("127.0.0.1",),
        tls: ssl.SSLContext | None = None,
        greetings: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.pages = dict(pages or {})
        self._greetings = greetings
        self.requests: list[Asked] = []
        self.hits: list[Hit] = []
        self.max_in_flight = 0
        self.max_in_flight_of: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._times: Counter[tuple[str, str]] = Counter()
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []
        self._tls = tls
        self._sockets = _bind(addresses)
        self.port: int = self._sockets[0].getsockname()[1]

    async def __aenter__(self) -> Self:
        for listening in self._sockets:
            server = await asyncio.start_server(
                self._serve, sock=listening, ssl=self._tls, backlog=1024, limit=MAX_HEAD
            )
            self._servers.append(server)
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()

    @property
    def url(self) -> str:
        """The URL of `/`."""
        return self.at("/")

    def at(self, path: str, host: str = "127.0.0.1") -> str:
        """The URL of a path on one of the site's host names; known before the site runs."""
        return f"http{'s' if self._tls else ''}://{host}:{self.port}{path}"

    def targets(self, host: str | None = None) -> list[str]:
        """What was asked for, in the order in which it was; with `host` (no port), of that host name alone."""
        return [asked.target for asked in self.requests if host is None or _name(asked.host) == host]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections += 1
        connection = self._connections
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
                writer.write(self._greetings.get(writer.get_extra_info("sockname")[0], b""))
                while await self._exchange(reader, writer, connection):
                    await writer.drain()
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except asyncio.CancelledError:
            pass  # the site ends; asyncio before 3.12 would call a cancelled connection an error
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        """One request and its answer; whether the connection stays open."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
        host = headers.get("host", "")
        self._times[host, target] += 1
        asked = Asked(method, host, target, headers, connection, self._times[host, target], time.monotonic())
        reply = self._find(asked)
        self.requests.append(asked)
        self._count(_name(host))
        try:
            stays = await _send(reply, asked, reader, writer)
        finally:
            self._in_flight[_name(host)] -= 1
            hit = Hit(method, host, target, reply.status, len(reply.body), str(connection), asked.at, time.monotonic())
            self.hits.append(hit)
        return stays and headers.get("connection", "").lower() != "close"

    def _count(self, name: str) -> None:
        self._in_flight[name] += 1
        self.max_in_flight_of[name] = max(self.max_in_flight_of[name], self._in_flight[name])
        self.max_in_flight = max(self.max_in_flight, self._in_flight.total())

    def _find(self, asked: Asked) -> Reply:
        name, path = _name(asked.host), asked.target.partition("?")[0]
        keys = [name + asked.target, asked.target, name + path, path]
        stars = sorted((key for key in self.pages if key.endswith("*")), key=len, reverse=True)
        keys += [key for key in stars if (name + asked.target).startswith(key[:-1]) or path.startswith(key[:-1])]
        answer = next((self.pages[key] for key in keys if key in self.pages), Reply(404, b"nothing here"))
        return answer(asked) if callable(answer) else answer


async def _send(reply: Reply, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """The reply as it goes over the wire; whether the connection can serve another.

    Nothing is awaited behind the last byte: a client that acts on it at once is not counted twice.
    """
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.raw is not None:
        writer.write(reply.raw)
        return reply.keep
    if reply.script is not None:
        return await _play(reply, reply.script(), writer)
    if reply.reset and reply.cut is None:
        return _reset(writer)
    body = (
        b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in reply.chunks) + b"0\r\n\r\n"
        if reply.chunks is not None
        else reply.body
    )
    head = _head(reply)
    body = body[: reply.cut] if asked.method != "HEAD" else b""
    if reply.drip:
        writer.write(head)
        for byte in body:
            await asyncio.sleep(reply.drip)
            writer.write(bytes([byte]))
    else:
        writer.write(head + body)
    if reply.hang:
        await reader.read()
    if reply.reset:
        await writer.drain()
        return _reset(writer)
    return not (reply.hang or reply.close or reply.until_close or reply.cut is not None)


async def _play(reply: Reply, script: Iterable[bytes | float], writer: asyncio.StreamWriter) -> bool:
    for step in script:
        if isinstance(step, bytes):
            writer.write(step)
            await writer.drain()
        else:
            await asyncio.sleep(step)
    if reply.torn:
        writer.transport.abort()
    return reply.keep


def _head(reply: Reply) -> bytes:
    framing = {"Content-Length": str(len(reply.body))}
    if reply.chunks is not None:
        framing = {"Transfer-Encoding": "chunked"}
    elif reply.until_close or reply.status in (204, 304):
        framing = {}
    if reply.close or reply.until_close:
        framing["Connection"] = "close"
    fields = "".join(f"{name}: {value}\r\n" for name, value in {**framing, **reply.headers}.items())
    return f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Toy')}\r\n{fields}\r\n".encode("latin-1")


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Close with RST, which is what a lingering time of zero makes of it."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False


def _name(host: str) -> str:
    return host.rpartition(":")[0] or host


def _bind(addresses: Sequence[str]) -> list[socket.socket]:
    """A listening socket for each address, all on one port that is free on each."""
    while True:
        port, sockets = 0, []
        try:
            for address in addresses:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                sockets.append(socket.create_server((address, port), family=family, backlog=1024))
                port = sockets[0].getsockname()[1]
        except OSError as error:
            for taken in sockets:
                taken.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return sockets
