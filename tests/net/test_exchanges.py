"""The matrix of whole exchanges: five servers that others wrote, each with every way of answering a request.

All serve one folder: `text.txt` packed where the client takes that, `image.png` as it is. Below live/ is what each
makes on the spot: `port` tells the client's own port, so the server itself says whether a connection was kept;
`chunked` is the text without a length, `cut` a body of unknown length that breaks off, `gone` no answer at all.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from crawler.errors import ConnectionLostError, TruncatedError
from crawler.http1.events import ResponseHead
from crawler.model import URL, Request
from crawler.net.fetcher import HttpFetcher
from tests.net.wires import fetching, get, open_descriptors
from tests.servers import (
    LIGHTTPD_MODULES,
    Server,
    apache,
    lighttpd,
    nginx,
    program,
    public_folder,
    require_module,
    scripted_server,
)

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

TEXT = "".join(f"line {number} of a text that is easily packed\n" for number in range(2000)).encode()
IMAGE = hashlib.shake_128(b"image").digest(30_000)
LARGE = 200_000_000
CUT = 40_000_000
"""More than the buffers of a socket hold, so the server is still at it when the file is cut short."""

SCRIPTS = {
    "port": r"""printf 'Content-Length: %d\r\n\r\n%s' ${#REMOTE_PORT} "$REMOTE_PORT" """,
    "chunked": r"""printf 'Content-Type: text/plain\r\n\r\n'; head -c 9000 ../text.txt; sleep 0.1
                   tail -c +9001 ../text.txt""",
    "cut": r"""printf 'Transfer-Encoding: chunked\r\n\r\n6\r\nchunk\n' """,
    "nph-cut": r"""printf 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nchunk\n' """,
    "nph-gone": "",
}
"""CGI: `port` and `chunked` for Apache httpd and lighttpd, `cut` for lighttpd, which passes such chunks on, and the
others for Apache, which sends what a script called nph- writes as it is."""


def serve_nginx(folder: Path) -> AbstractContextManager[Server]:
    """A file in which server-side includes are looked for has no length beforehand."""
    return nginx(
        folder,
        f"""
        gzip on; gzip_types text/plain; ssi_types *;
        location = /live/port {{ return 200 $remote_port; }}
        location = /live/chunked {{ gzip off; ssi on; default_type text/plain; alias "{folder}/text.txt"; }}
        location = /live/cut {{ ssi on; alias "{folder}/cut.bin"; }}
        location = /live/gone {{ return 444; }}
        """,
    )


def serve_apache(folder: Path) -> AbstractContextManager[Server]:
    return apache(
        folder,
        f"""
        EnableMMAP Off
        <LocationMatch "^/(?!live/)">
            AddOutputFilterByType BROTLI_COMPRESS;DEFLATE text/plain
        </LocationMatch>
        ScriptAlias /live/cut {folder}/live/nph-cut
        ScriptAlias /live/gone {folder}/live/nph-gone
        ScriptAlias /live/ {folder}/live/
        """,
    )


def serve_lighttpd(folder: Path) -> AbstractContextManager[Server]:
    require_module("lighttpd", "mod_deflate.so", LIGHTTPD_MODULES)
    return lighttpd(
        folder,
        """
        server.modules += ("mod_cgi", "mod_deflate")
        server.stream-response-body = 1
        $HTTP["url"] =~ "^/live/" { cgi.assign = ("" => "/bin/sh") }
        else { deflate.mimetypes = ("text/plain") deflate.allowed-encodings = ("gzip", "deflate", "br", "zstd") }
        """,
    )


def serve_node(folder: Path) -> AbstractContextManager[Server]:
    return scripted_server(program("node", "nodejs"), HERE / "node_server.js", folder)


def serve_python(folder: Path) -> AbstractContextManager[Server]:
    return scripted_server(sys.executable, HERE / "python_server.py", folder)


SERVERS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "nginx": serve_nginx,
    "apache": serve_apache,
    "lighttpd": serve_lighttpd,
    "node": serve_node,
    "python": serve_python,
}
NOT_APPLICABLE = {
    ("nginx", "deflate"): "it packs with gzip only",
    ("nginx", "br"): "it packs with gzip only",
    ("nginx", "zstd"): "it packs with gzip only",
    ("apache", "deflate"): "mod_deflate packs with gzip only",
    ("apache", "zstd"): "it has no module for zstd",
    ("lighttpd", "no answer"): "it answers 404 for a script that says nothing",
    ("node", "zstd"): "Node before 22.15 has no zstd",
    ("python", "br"): "Python's library has no brotli",
    ("python", "zstd"): "Python's library before 3.14 has no zstd",
    ("python", "If-None-Match"): "http.server makes no entity tags",
    ("python", "If-Range"): "http.server makes no entity tags",
}
"""The cells of the matrix that a server has no way to fill."""

WHOLE = ("text.txt", "image.png", "empty.txt")


class Running:
    """A server of the matrix, and the URL of each thing it serves."""

    def __init__(self, name: str, folder: Path, root: str) -> None:
        self.name = name
        self.folder = folder
        self.root = root

    def request(self, target: str, method: str = "GET", **fields: str) -> Request:
        headers = tuple((name.replace("_", "-"), value) for name, value in fields.items())
        return Request(URL(self.root + target), method, headers=headers)

    async def port(self, fetcher: HttpFetcher) -> bytes:
        """The port from which this fetcher is asking, as the server sees it."""
        return await get(fetcher, self.root + "live/port")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with public_folder() as folder:
        (folder / "text.txt").write_bytes(TEXT)
        (folder / "image.png").write_bytes(IMAGE)
        (folder / "empty.txt").touch()
        for name in WHOLE:  # Apache httpd's tag for a file of this very second is a weak one (RFC 9110 section 8.8.1)
            os.utime(folder / name, (1_000_000_000, 1_000_000_000))
        with (folder / "large.bin").open("wb") as large:
            for number in range(20):  # marks in a file of holes: what is swapped, lost or doubled shows
                large.seek(number * LARGE // 20 + number)
                large.write(hashlib.shake_128(str(number).encode()).digest(5000))
            large.truncate(LARGE)
        (folder / "live").mkdir()
        for name, script in SCRIPTS.items():
            (folder / "live" / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / "live" / name).chmod(0o755)
        yield folder


def cells(cases: Sequence[str]) -> pytest.MarkDecorator:
    """These cases with every server that has a way to make them."""
    pairs = [(name, case) for case in cases for name in SERVERS if (name, case) not in NOT_APPLICABLE]
    return pytest.mark.parametrize(("server", "case"), pairs, indirect=["server"], scope="module")


@pytest.fixture(scope="module", params=SERVERS)
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Running]:
    with SERVERS[request.param](folder) as running:
        yield Running(request.param, folder, running.url)


async def ask(fetcher: HttpFetcher, request: Request) -> tuple[ResponseHead, bytes]:
    async with fetcher.fetch(request) as response:
        return response.head, await response.read()


async def test_keep_alive(server: Running) -> None:
    """One connection for every kind of answer; the server tells by which port it was asked."""
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        for _ in range(2):
            assert [await get(fetcher, server.root + name) for name in WHOLE] == [TEXT, IMAGE, b""]
            assert await get(fetcher, server.root + "live/chunked") == TEXT
            assert await server.port(fetcher) == port
        async with fetching() as other:
            assert await server.port(other) != port


async def test_an_error_ends_the_connection_where_it_says_so(server: Running) -> None:
    """Python's http.server says so with every error, the others with none of them."""
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        head, _ = await ask(fetcher, server.request("nothing"))
        assert head.status == 404
        is_closing = head.headers.get("connection") == "close"
        assert is_closing == (server.name == "python")
        assert (await server.port(fetcher) != port) == is_closing


async def test_chunked(server: Running) -> None:
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        head, body = await ask(fetcher, server.request("live/chunked"))
        assert head.headers.get("transfer-encoding") == "chunked"
        assert "content-length" not in head.headers
        assert body == TEXT
        assert await server.port(fetcher) == port


@cells(["gzip", "deflate", "br", "zstd"])
async def test_compressed(server: Running, case: str) -> None:
    seen: list[bytes] = []
    async with fetching(tap=seen.append) as fetcher:
        head, body = await ask(fetcher, server.request("text.txt", Accept_Encoding=case))
        assert head.headers.get("content-encoding") == case
        assert body == TEXT
        assert len(b"".join(seen)) < len(TEXT) // 4


async def test_not_compressed(server: Running) -> None:
    async with fetching() as fetcher:
        head, body = await ask(fetcher, server.request("text.txt", Accept_Encoding="identity"))
        assert "content-encoding" not in head.headers
        assert body == TEXT


async def test_head(server: Running) -> None:
    """Of a body with a length and of one without: neither comes, and the connection goes on."""
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        for _ in range(2):
            head, body = await ask(fetcher, server.request("image.png", "HEAD"))
            assert (head.status, head.headers.get("content-length"), body) == (200, str(len(IMAGE)), b"")
        assert await server.port(fetcher) == port
        head, body = await ask(fetcher, server.request("live/chunked", "HEAD"))
        assert (head.status, "content-length" in head.headers, body) == (200, False, b"")
        assert await get(fetcher, server.root + "image.png") == IMAGE


@cells(["If-None-Match", "If-Modified-Since"])
async def test_not_modified(server: Running, case: str) -> None:
    validator = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}[case]
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        head, _ = await ask(fetcher, server.request("image.png"))
        value = head.headers.get(validator)
        assert value
        head, body = await ask(fetcher, server.request("image.png", **{case: value}))
        assert (head.status, body) == (304, b"")
        assert await server.port(fetcher) == port
        changed = {"If-None-Match": '"other"', "If-Modified-Since": "Thu, 01 Jan 1998 00:00:00 GMT"}[case]
        head, body = await ask(fetcher, server.request("image.png", **{case: changed}))
        assert (head.status, body) == (200, IMAGE)


async def test_range(server: Running) -> None:
    size = len(IMAGE)
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        halves = []
        for wanted, given in (("0-12344", "0-12344"), ("12345-", f"12345-{size - 1}")):
            head, body = await ask(fetcher, server.request("image.png", Range=f"bytes={wanted}"))
            assert (head.status, head.headers.get("content-range")) == (206, f"bytes {given}/{size}")
            halves.append(body)
        assert [len(half) for half in halves] == [12345, size - 12345]
        assert b"".join(halves) == IMAGE
        head, _ = await ask(fetcher, server.request("image.png", Range=f"bytes={size}-"))
        assert head.status == 416
        assert await server.port(fetcher) == port


@cells(["If-Range"])
async def test_range_of_what_is_still_the_same(server: Running, case: str) -> None:
    async with fetching() as fetcher:
        head, _ = await ask(fetcher, server.request("image.png"))
        tag = head.headers.get("etag")
        assert tag
        for condition, expected in ((tag, (206, IMAGE[20_000:])), ('"other"', (200, IMAGE))):
            request = server.request("image.png", Range="bytes=20000-", **{case: condition})
            head, body = await ask(fetcher, request)
            assert (head.status, body) == expected


def test_large(server: Running) -> None:
    """A file of 200 MB comes byte for byte through a process that never grows by as much as 80 MB."""
    command = [sys.executable, "-m", "tests.net.large_download", server.root + "large.bin"]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=60).stdout
    got = json.loads(said)
    with (server.folder / "large.bin").open("rb") as large:
        assert got["sha256"] == hashlib.file_digest(large, "sha256").hexdigest()
    assert got["size"] == LARGE
    assert 0 < got["memory"] < 80_000_000


@pytest.mark.parametrize("target", ["cut.bin", "live/cut"])
async def test_abrupt_close_in_a_body(server: Running, target: str) -> None:
    """With a length and in chunks; the servers that serve a file see it cut short while they are at it."""
    with (server.folder / "cut.bin").open("wb") as cut:
        cut.truncate(CUT)
    before = open_descriptors()
    async with fetching() as fetcher:
        port = await server.port(fetcher)
        async with fetcher.fetch(server.request(target)) as response:
            framing = "content-length" if target == "cut.bin" else "transfer-encoding"
            assert framing in response.head.headers
            assert await response.peek(1)
            os.truncate(server.folder / "cut.bin", CUT // 1000)
            with pytest.raises(TruncatedError):
                await response.read()
        assert await server.port(fetcher) != port
    assert open_descriptors() <= before


@cells(["no answer"])
async def test_abrupt_close_instead_of_an_answer(server: Running, case: str) -> None:
    async with fetching() as fetcher:
        for _ in range(2):  # over a kept connection, which is tried once more on a fresh one, and over a fresh one
            with pytest.raises(ConnectionLostError):
                await get(fetcher, server.root + "live/gone")
            assert re.fullmatch(rb"\d+", await server.port(fetcher))
