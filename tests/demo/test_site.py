import asyncio
import http.client
import io
from html.parser import HTMLParser
from importlib.resources import files
from urllib.parse import urljoin, urlsplit

import pytest
from PIL import Image

from crawler.demo.pictures import SKIES, pictures, png
from crawler.demo.server import HOST, MAX_HEAD, serve, write_answer
from crawler.demo.site import MISSING, Answer, example_site

ORIGIN = "http://site.example"


class References(HTMLParser):
    """Where a page points, by the standard library."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "data-src") and value:
                self.found.add(value)
            if name == "srcset" and value:
                self.found |= {one.split()[0] for one in value.split(",")}


def pages() -> dict[str, Answer]:
    return {path: answer for path, answer in example_site().items() if answer.media_type.startswith("text/html")}


def references(path: str) -> set[str]:
    parser = References()
    parser.feed(example_site()[path].body.decode())
    return {urljoin(ORIGIN + path, one) for one in parser.found}


def test_the_site_has_what_it_promises() -> None:
    site = example_site()
    assert 12 <= len(pages()) <= 16
    assert site["/"].body == site["/index.html"].body
    assert site["/tides.html"].delay > 0
    assert (site["/old-tower.html"].status, site["/old-tower.html"].location) == (301, "/tower.html")
    assert b"Disallow: /private/" in site["/robots.txt"].body
    assert site["/robots.txt"].media_type.startswith("text/plain")
    assert site["/story.txt"].body.count(b"\n") > 60


def test_every_link_leads_somewhere_but_the_one_that_is_gone() -> None:
    site = example_site()
    missing = {
        urlsplit(link).path
        for path in pages()
        for link in references(path)
        if link.startswith(ORIGIN) and urlsplit(link).path not in site
    }
    assert missing == {"/wreck.html"}


def test_everything_is_reached_from_the_front_page() -> None:
    site, seen, todo = example_site(), set(), ["/"]
    while todo:
        path = todo.pop()
        if path in seen or path not in site:
            continue
        seen.add(path)
        answer = site[path]
        found = {ORIGIN + answer.location} if answer.location else references(path) if path in pages() else set()
        todo += [urlsplit(link).path for link in found if link.startswith(ORIGIN)]
    assert set(site) - seen == {"/robots.txt", "/index.html"}


def test_the_pictures_are_pictures() -> None:
    made = pictures()
    assert set(made) == {f"/images/{name}.png" for name in SKIES}
    for name, (width, height, top, bottom) in SKIES.items():
        with Image.open(io.BytesIO(made[f"/images/{name}.png"])) as image:
            image.load()
            assert (image.format, image.size) == ("PNG", (width, height))
            assert image.getpixel((0, 0)) == top
            assert image.getpixel((0, height - 1)) == bottom
    with Image.open(io.BytesIO(png(3, 1, (1, 2, 3), (9, 9, 9)))) as image:
        assert image.getpixel((2, 0)) == (1, 2, 3)


def test_the_pages_are_files_beside_the_code() -> None:
    assert (files("crawler.demo") / "pages" / "index.html").is_file()


def get(url: str, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


async def test_the_server_answers_as_a_client_expects() -> None:
    site = example_site()
    async with serve(site, 0) as url:
        assert url.startswith(f"http://{HOST}:")
        status, headers, body = await asyncio.to_thread(get, url, "/keeper.html?x=1")
        assert (status, body) == (200, site["/keeper.html"].body)
        assert headers["content-type"] == "text/html; charset=utf-8"
        status, headers, body = await asyncio.to_thread(get, url, "/keeper.html", "HEAD")
        assert (status, int(headers["content-length"]), body) == (200, len(site["/keeper.html"].body), b"")
        status, headers, _ = await asyncio.to_thread(get, url, "/old-tower.html")
        assert (status, headers["location"]) == (301, "/tower.html")
        status, _, body = await asyncio.to_thread(get, url, "/nothing")
        assert (status, body) == (404, MISSING.body)
        status, _, _ = await asyncio.to_thread(get, url, "/", "POST")
        assert status == 405


async def test_a_connection_serves_many_requests_and_closes_when_asked() -> None:
    async with serve({"/": Answer(200, "text/plain", b"hello")}, 0) as url:
        reader, writer = await asyncio.open_connection(HOST, urlsplit(url).port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        everything = await asyncio.wait_for(reader.read(), 10)
        assert everything.count(b"HTTP/1.1 200 OK\r\n") == 2
        assert everything.count(b"hello") == 2
        writer.close()


@pytest.mark.parametrize(
    "request_bytes", [b"", b"GET / HT", b"x" * (MAX_HEAD + 100), b"\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"]
)
async def test_nonsense_ends_the_connection_and_nothing_else(request_bytes: bytes) -> None:
    async with serve({"/": Answer(200, "text/plain", b"hello")}, 0) as url:
        reader, writer = await asyncio.open_connection(HOST, urlsplit(url).port)
        writer.write(request_bytes)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
        assert (await asyncio.to_thread(get, url, "/"))[2] == b"hello"


async def test_leaving_ends_answers_that_take_their_time() -> None:
    async with serve({"/": Answer(200, "text/plain", b"", delay=3600)}, 0) as url:
        reader, writer = await asyncio.open_connection(HOST, urlsplit(url).port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_taken_port_is_refused_where_it_was_asked_for_and_replaced_where_not() -> None:
    async with serve({}) as first, serve({}) as second:
        assert first != second
        taken = urlsplit(first).port
        with pytest.raises(OSError):  # noqa: PT011
            async with serve({}, taken):
                pass


def test_an_answer_as_bytes() -> None:
    text = write_answer(Answer(301, "text/html", b"", "/x"), with_body=True, stays=False)
    assert text.startswith(b"HTTP/1.1 301 Moved Permanently\r\n")
    assert b"\r\nLocation: /x\r\n" in text
    assert b"\r\nConnection: close\r\n" in text
    assert text.endswith(b"\r\n\r\n")
