"""The toy site does what its replies say, seen by clients that are not ours: raw streams and http.client."""

import asyncio
import gzip
import http.client
import socket
import ssl
import time
import zlib
from itertools import repeat

import pytest
import trustme

from tests.hits import Hit, most_at_once, shortest_gap
from tests.toysite import Answer, Reply, ToySite, gzipped, image, in_turn, page, redirect, text


async def ask(site: ToySite, target: str, *, host: str = "127.0.0.1", method: str = "GET") -> bytes:
    """All that the site sends on a fresh connection to one request, to the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: {host}:{site.port}\r\nConnection: close\r\n\r\n".encode())
    try:
        return await reader.read()
    finally:
        writer.close()


async def head(site: ToySite, target: str, **more: str) -> bytes:
    return (await ask(site, target, **more)).partition(b"\r\n\r\n")[0]


async def body(site: ToySite, target: str, **more: str) -> bytes:
    return (await ask(site, target, **more)).partition(b"\r\n\r\n")[2]


async def test_pages_redirects_and_what_is_not_there() -> None:
    async with ToySite({"/": page("/a", images=["/i.png"]), "/old": redirect("/", 301)}) as site:
        assert b'<a href="/a">' in await body(site, "/")
        assert b'<img src="/i.png"' in await body(site, "/")
        assert b"200 OK" in await head(site, "/")
        assert b"301 Moved Permanently\r\n" in await head(site, "/old")
        assert b"\r\nLocation: /" in await head(site, "/old")
        assert b"404 Not Found" in await head(site, "/nowhere")
        assert site.targets() == ["/", "/", "/", "/old", "/old", "/nowhere"]


async def test_the_most_exact_key_wins() -> None:
    pages: dict[str, Answer] = {
        "/a": text("any query"),
        "/a?x=1": text("one query"),
        "localhost/a": text("one host"),
        "/deep/*": text("star"),
        "/deep/er/*": text("longer star"),
        "localhost/deep/*": text("star of a host"),
        "/deep/x": lambda asked: text(f"{asked.method} {asked.target} {asked.times}"),
    }
    async with ToySite(pages) as site:
        assert await body(site, "/a?x=2") == b"any query"
        assert await body(site, "/a?x=1") == b"one query"
        assert await body(site, "/a?x=1", host="localhost") == b"one query"
        assert await body(site, "/a", host="localhost") == b"one host"
        assert await body(site, "/deep/y") == b"star"
        assert await body(site, "/deep/er/y") == b"longer star"
        assert await body(site, "/deep/y", host="localhost") == b"star of a host"
        assert await body(site, "/deep/x?q") == b"GET /deep/x?q 1"
        assert await body(site, "/deep/x?q") == b"GET /deep/x?q 2"
        assert site.targets("localhost") == ["/a?x=1", "/a", "/deep/y"]


async def test_replies_in_turn() -> None:
    async with ToySite({"/": in_turn(Reply(503, headers={"Retry-After": "1"}), Reply(429), page())}) as site:
        assert b"503 " in await head(site, "/")
        assert b"429 " in await head(site, "/")
        assert b"200 " in await head(site, "/")
        assert b"200 " in await head(site, "/")


async def test_bodies_and_their_framing() -> None:
    pages = {
        "/chunks": Reply(chunks=[b"one", b"three"]),
        "/close": Reply(body=b"open end", until_close=True),
        "/cut": Reply(body=b"0123456789", cut=4),
        "/drip": Reply(body=b"abc", drip=0.01),
        "/raw": Reply(raw=b"not HTTP"),
        "/none": Reply(204),
        "/gzip": gzipped(page("/a")),
    }
    async with ToySite(pages) as site:
        assert await body(site, "/chunks") == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
        assert b"Transfer-Encoding: chunked" in await head(site, "/chunks")
        assert b"Content-Length" not in await head(site, "/close")
        assert await body(site, "/close") == b"open end"
        assert b"Content-Length: 10" in await head(site, "/cut")
        assert await body(site, "/cut") == b"0123"
        assert await body(site, "/drip") == b"abc"
        assert await ask(site, "/raw") == b"not HTTP"
        assert b"Content-Length" not in await head(site, "/none")
        assert b"/a" in gzip.decompress(await body(site, "/gzip"))
        assert await body(site, "/drip", method="HEAD") == b""


async def test_a_script_and_what_is_behind_it() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    pages = {
        "/script": Reply(script=lambda: [said[:9], 0.05, said[9:]]),
        "/keep": Reply(raw=said + b"more", keep=True),
        "/keep-script": Reply(script=lambda: [said], keep=True),
    }
    async with ToySite(pages, greetings={"127.0.0.1": b"HELLO "}) as site:
        began = time.monotonic()
        assert await ask(site, "/script") == b"HELLO " + said
        assert time.monotonic() - began >= 0.05
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        for target in ("/keep", "/keep-script", "/script"):
            writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert await reader.read() == b"HELLO " + said + b"more" + said + said
        writer.close()


async def test_a_script_without_end_ends_with_its_client() -> None:
    async with ToySite({"/": Reply(script=lambda: repeat(bytes(1000)))}) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert len(await reader.readexactly(100_000)) == 100_000
        writer.close()
        async with asyncio.timeout(5):
            while not site.hits:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("torn", [True, False])
async def test_tls_ends_with_a_word_or_without(torn: bool) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with ToySite({"/": Reply(script=lambda: [b"all", 0.02], torn=torn)}, tls=context) as site:

        def visit() -> bytes:
            plain = socket.create_connection(("127.0.0.1", site.port))
            with trusting.wrap_socket(plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as secure:
                secure.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                said = secure.recv(100)
                while more := secure.recv(100):
                    said += more
                return said

        if torn:
            with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
                await asyncio.to_thread(visit)
        else:
            assert await asyncio.to_thread(visit) == b"all"


async def test_a_reset_is_one_and_a_hang_lasts() -> None:
    pages = {
        "/reset": Reply(reset=True),
        "/half": Reply(body=b"0123456789", cut=3, reset=True),
        "/hang": Reply(hang=True),
    }
    async with ToySite(pages) as site:
        with pytest.raises(ConnectionResetError):
            await ask(site, "/reset")
        with pytest.raises(ConnectionResetError):
            await ask(site, "/half")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(site, "/hang"), 0.1)


async def test_a_delay_and_how_many_are_in_flight() -> None:
    async with ToySite({"/slow": Reply(delay=0.1)}) as site:
        began = time.monotonic()
        await asyncio.gather(*(ask(site, "/slow") for _ in range(3)), ask(site, "/slow", host="localhost"))
        assert time.monotonic() - began >= 0.1
        assert site.max_in_flight == most_at_once(site.hits) == 4
        assert site.max_in_flight_of == {"127.0.0.1": 3, "localhost": 1}
        await ask(site, "/slow")
        assert site.max_in_flight == 4
        assert all(hit.ended_at - hit.began_at >= 0.1 for hit in site.hits)


async def test_a_connection_is_kept_until_a_reply_closes_it() -> None:
    async with ToySite({"/": page(), "/last": Reply(body=b"bye", close=True)}) as site:

        def visit() -> list[int]:
            client = http.client.HTTPConnection("127.0.0.1", site.port)
            sizes = []
            for target in ("/", "/", "/last", "/"):
                client.request("GET", target)
                sizes.append(len(client.getresponse().read()))
            client.close()
            return sizes

        sizes = await asyncio.to_thread(visit)
        assert sizes[0] == sizes[1] == sizes[3] > sizes[2] == 3
        assert [asked.connection for asked in site.requests] == [1, 1, 1, 2]


async def test_one_port_on_several_addresses() -> None:
    async with ToySite({"/": page()}, addresses=("127.0.0.1", "::1")) as site:
        reader, writer = await asyncio.open_connection("::1", site.port)
        writer.write(f"GET / HTTP/1.1\r\nHost: [::1]:{site.port}\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        writer.close()
        assert site.targets("[::1]") == ["/"]
        assert site.at("/a", "localhost") == f"http://localhost:{site.port}/a"


async def test_an_image_is_a_png_of_its_size() -> None:
    png = image(3, 2).body
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert png[16:24] == bytes([0, 0, 0, 3, 0, 0, 0, 2])
    start = png.index(b"IDAT") + 4
    assert zlib.decompress(png[start : png.index(b"IEND") - 8]) == bytes(8)


def hit(began: float, ended: float) -> Hit:
    return Hit("GET", "h", "/", 200, 0, "1", began, ended)


def test_most_at_once_counts_overlaps_and_not_neighbours() -> None:
    assert most_at_once([]) == 0
    assert most_at_once([hit(0, 1), hit(1, 2), hit(2, 3)]) == 1
    assert most_at_once([hit(0, 3), hit(1, 2), hit(1.5, 4), hit(3, 5)]) == 3


def test_shortest_gap_is_between_beginnings() -> None:
    assert shortest_gap([hit(0, 9)]) == float("inf")
    assert shortest_gap([hit(5, 6), hit(0, 9), hit(2, 3)]) == 2
