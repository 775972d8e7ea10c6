"""Longer dealings with servers that others wrote; test_exchanges.py has the single exchanges, case by case."""

import asyncio
import functools
import hashlib
import http.server
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from crawler.errors import TooLargeError
from crawler.model import URL, Request
from crawler.net.follow import FollowingFetcher
from crawler.policy import next_hop
from tests.net.wires import fetching, get, open_descriptors, settings
from tests.servers import Server, apache, lighttpd, nginx, public_folder

TEXT = "".join(f"line {number} of a text that is easily packed\n" for number in range(2000)).encode()
IMAGE = hashlib.shake_128(b"image").digest(30_000)
LARGE = 100_000_000


@contextmanager
def python_server(folder: Path, protocol: str = "HTTP/1.1") -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = protocol

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def url_of(server: AbstractContextManager[object]) -> Iterator[str]:
    with server as running:
        yield running.url if isinstance(running, Server) else str(running)


Starter = Callable[[Path, str], AbstractContextManager[Server]]
PACKING: dict[Starter, str] = {
    nginx: "gzip on; gzip_types text/plain; gzip_min_length 1;",
    apache: "AddOutputFilterByType DEFLATE text/plain text/html",
    lighttpd: "",
}


def name_of(server: Starter) -> str:
    return str(getattr(server, "__name__", server))


def _start(server: Starter, extra: str, folder: Path) -> AbstractContextManager[object]:
    return server(folder, extra)


SERVERS: dict[str, Callable[[Path], AbstractContextManager[object]]] = {
    **{name_of(server): functools.partial(_start, server, extra) for server, extra in PACKING.items()},
    "python": python_server,
    "python, HTTP/1.0": functools.partial(python_server, protocol="HTTP/1.0"),
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with public_folder() as folder:
        (folder / "text.txt").write_bytes(TEXT)
        (folder / "image.png").write_bytes(IMAGE)
        (folder / "empty.txt").touch()
        (folder / "inner").mkdir()
        (folder / "inner" / "index.html").write_text("<p>inside")
        with (folder / "large.bin").open("wb") as large:
            large.truncate(LARGE)
        yield folder


@pytest.fixture(scope="module", params=SERVERS)
def url(folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    with url_of(SERVERS[request.param](folder)) as url:
        yield url


async def test_documents_come_whole_over_kept_connections(url: str) -> None:
    async with fetching(connections=4) as fetcher:
        for _ in range(3):
            bodies = await asyncio.gather(
                *(get(fetcher, url + name) for name in ("text.txt", "image.png", "empty.txt", "inner/") * 5)
            )
            assert bodies == [TEXT, IMAGE, b"", b"<p>inside"] * 5


@pytest.mark.parametrize("server", [nginx, apache], ids=name_of)
async def test_one_connection_serves_many_requests(folder: Path, server: Starter) -> None:
    """Counted in the server's own log (lighttpd's comes too late for a test)."""
    with server(folder, PACKING[server]) as running:
        async with fetching() as fetcher:
            for name in ("image.png", "text.txt", "nothing", "inner/", "empty.txt") * 4:
                await get(fetcher, running.url + name)
            await get(fetcher, running.url + "image.png", method="HEAD")
            for _ in range(3):
                async with fetcher.fetch(Request(URL(running.url + "empty.txt"))):
                    pass
        await asyncio.sleep(0.1)
        hits = running.hits()
        assert len(hits) == 24
        assert len({hit.connection for hit in hits}) == 1


async def test_not_found(url: str) -> None:
    async with fetching() as fetcher, fetcher.fetch(Request(URL(url + "nothing"))) as response:
        assert response.head.status == 404
        assert b"404" in await response.read()


async def test_redirects_are_followed(url: str) -> None:
    async with (
        fetching() as fetcher,
        FollowingFetcher(fetcher, next_hop, 5).fetch(Request(URL(url + "inner"))) as answer,
    ):
        assert answer.head.status == 200
        assert await answer.read() == b"<p>inside"


async def test_a_large_body_needs_little_memory(url: str) -> None:
    async with fetching(settings(total_timeout=60.0)) as fetcher:
        tracemalloc.start()
        try:
            size = 0
            async with fetcher.fetch(Request(URL(url + "large.bin"))) as response:
                async for piece in response.chunks():
                    size += len(piece)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert size == LARGE
        assert peak < 8_000_000


async def test_leaving_a_large_body_leaves_nothing_behind(url: str) -> None:
    before = open_descriptors()
    async with fetching() as fetcher:
        async with fetcher.fetch(Request(URL(url + "large.bin"))) as response:
            await response.peek(10)
        assert not fetcher._pool._live
        assert await get(fetcher, url + "image.png") == IMAGE
    async with fetching(settings(max_body=LARGE - 1)) as fetcher:
        with pytest.raises(TooLargeError):
            await get(fetcher, url + "large.bin")
    async with fetching() as fetcher:
        assert await get(fetcher, url + "image.png") == IMAGE
    await asyncio.sleep(0.05)
    assert open_descriptors() <= before


IMPATIENT: dict[Starter, str] = {
    nginx: "keepalive_timeout 1s;",
    apache: "KeepAliveTimeout 1",
    lighttpd: "server.max-keep-alive-idle = 1",
}


@pytest.mark.parametrize("server", IMPATIENT, ids=name_of)
async def test_a_server_that_hangs_up_when_idle_is_asked_again(folder: Path, server: Starter) -> None:
    with server(folder, IMPATIENT[server]) as running:
        async with fetching() as fetcher:
            for pause in (0.95, 1.1):
                assert await get(fetcher, running.url + "image.png") == IMAGE
                await asyncio.sleep(pause)
            assert await get(fetcher, running.url + "image.png") == IMAGE
