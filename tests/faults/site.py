"""A small deterministic site: 20 pages, 10 images, a large document that always breaks off, redirects, a 404, rules.

It keeps its port for life, logs each request before it answers, and can be taken down, made to reset every connection,
or to fall silent, while a crawl runs. What it serves is the truth that saved files are compared with.
"""

import asyncio
import random
import socket
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from time import monotonic
from typing import Final

PAGES: Final = 20
IMAGES: Final = 10
LARGE: Final = "/files/large.bin"
DATE: Final = "Wed, 21 Oct 2015 07:28:00 GMT"


@dataclass(frozen=True, slots=True)
class Document:
    """One answer. With `cut`, so many bytes of the body come, and the rest to who asks for it by Range."""

    body: bytes = b""
    media_type: str = "text/html; charset=utf-8"
    status: str = "200 OK"
    location: str | None = None
    cut: int | None = None

    @property
    def tag(self) -> str:
        """A strong ETag."""
        return f'"{sha256(self.body).hexdigest()[:16]}"'


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; `at` is monotonic, `connection` tells connections apart, `is_rest`: it has a Range."""

    host: str
    target: str
    at: float
    connection: int
    is_rest: bool


class Mood(Enum):
    """How the site takes a request."""

    SERVING = "it answers"
    RESETTING = "it resets the connection"
    SILENT = "it takes everything and says nothing"


def documents(pages: int = PAGES, seed: int = 1) -> dict[str, Document]:
    """The site by path; the same for the same arguments."""
    chance = random.Random(seed)
    site = {
        "/robots.txt": Document(b"User-agent: *\nDisallow: /private/\n", "text/plain"),
        "/moved": Document(b"moved", "text/plain", "302 Found", location="/p/7"),
        "/circle": Document(b"moved", "text/plain", "301 Moved Permanently", location="/circle"),
        LARGE: Document(chance.randbytes(240_000), "application/octet-stream", cut=150_000),
    }
    for number in range(IMAGES):
        size = 120_000 if number == IMAGES - 1 else chance.choice((100, 700, 5_000, 20_000, 40_000))
        site[f"/i/{number}.png"] = Document(_png(chance.randbytes(size)), "image/png")
    for number in range(pages):
        path = f"/p/{number}" if number else "/"
        links = [f"/p/{child}" for child in (2 * number + 1, 2 * number + 2) if child < pages]
        links += ["/moved", "/circle", "/gone", "/private/x", LARGE, "http://127.0.0.9:1/"] if number % 5 == 0 else []
        text = chance.randbytes(chance.choice((100, 1_000, 12_000))).hex()
        anchors = "".join(f'<a href="{link}">{link}</a>\n' for link in links)
        shown = f'<img src="/i/{number % IMAGES}.png" alt="">'
        body = f"<!doctype html>\n<title>page {number}</title>\n{anchors}{shown}\n<p>{text}\n"
        site[path] = Document(body.encode())
    return site


def _png(pixels: bytes) -> bytes:
    """What begins as a PNG does and is as long as one may be."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 640, 480, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class Site:
    """The site on a port of its own, from `up` to `down`, as often as one likes.

    Each answer takes `delay` seconds, and none is given while `open` is not set. `hiccups` says of how many requests
    for the rest of a document each connection is reset.
    """

    def __init__(self, served: Mapping[str, Document]) -> None:
        self.served = served
        self.mood = Mood.SERVING
        self.delay = 0.0
        self.hiccups: Counter[str] = Counter()
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[Asked] = []
        self.accepted: list[float] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]

    def at(self, path: str, host: str = "127.0.0.1") -> str:
        """The URL of a path."""
        return f"http://{host}:{self.port}{path}"

    def times(self) -> Counter[str]:
        """How often each URL was asked for."""
        return Counter(f"http://{asked.host}{asked.target}" for asked in self.asked)

    async def up(self) -> None:
        """Serve."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)

    async def down(self) -> None:
        """Be gone: the port is closed, and every connection is reset."""
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def quiet(self) -> None:
        """Wait until the last connection of a program that has ended is seen to be closed: the log is whole then."""
        async with asyncio.timeout(10):
            while self._tasks:
                await asyncio.wait(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.accepted.append(monotonic())
        self._connections += 1
        connection = self._connections
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer, connection):
                    await writer.drain()
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except asyncio.CancelledError:
            _reset(writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        """One request; whether there may be another on this connection."""
        if self.mood is Mood.RESETTING:
            return _reset(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        target = head[0].split(" ")[1]
        self.asked.append(Asked(fields["host"], target, monotonic(), connection, "range" in fields))
        await asyncio.sleep(self.delay)
        await self.open.wait()
        mood: Mood = self.mood  # it may have changed meanwhile
        has_hiccup = "range" in fields and self.hiccups[target] > 0
        self.hiccups[target] -= has_hiccup
        if mood is Mood.RESETTING or has_hiccup:
            return _reset(writer)
        if mood is Mood.SILENT:
            await reader.read()
            return False
        return _answer(self.served.get(target, Document(b"not here", "text/plain", "404 Not Found")), fields, writer)


def _answer(document: Document, fields: Mapping[str, str], writer: asyncio.StreamWriter) -> bool:
    """Write an answer; whether it is whole."""
    status, body, size = document.status, document.body, len(document.body)
    head = f"Content-Type: {document.media_type}\r\nLast-Modified: {DATE}\r\nETag: {document.tag}\r\n"
    if document.location is not None:
        head += f"Location: {document.location}\r\n"
    wanted = fields.get("range", "").removeprefix("bytes=").removesuffix("-")
    is_rest = document.cut is not None and wanted.isdecimal() and fields.get("if-range") == document.tag
    if is_rest:
        status = "206 Partial Content"
        head += f"Content-Range: bytes {wanted}-{size - 1}/{size}\r\n"
        body = body[int(wanted) :]
    writer.write(f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode())
    is_cut = document.cut is not None and not is_rest
    writer.write(body[: document.cut] if is_cut else body)
    return not is_cut


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Close with RST, which is what a lingering time of zero makes of it; there is no other request then."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
