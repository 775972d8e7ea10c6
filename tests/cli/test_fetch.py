"""The command as a person gives it, against the example site and servers that say more."""

import asyncio
import fcntl
import gzip
import hashlib
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.fetch import parse_sips
from crawler.demo.site import example_site
from crawler.errors import SettingsError
from crawler.net.rate import Sips
from tests.net.wires import Side, answering, serving
from tests.toysite import Asked, Reply, ToySite, gzipped, redirect, text

Crawler = Callable[..., Any]


def test_a_document_goes_to_standard_output_byte_by_byte(site: str) -> None:
    command = [sys.executable, "-m", "crawler", "fetch", site + "images/dawn.png"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (example_site()["/images/dawn.png"].body, b"")


def test_redirects_are_followed_into_a_file(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("fetch", site + "old-tower.html", "-o", tmp_path / "tower.html")
    assert (said.status, said.out, said.err) == (0, "", "")
    assert (tmp_path / "tower.html").read_bytes() == example_site()["/tower.html"].body
    assert [path.name for path in tmp_path.iterdir()] == ["tower.html"]


def test_a_redirect_is_shown_where_none_is_followed(crawler: Crawler, site: str) -> None:
    said = crawler("fetch", "-i", "--max-redirects", "0", site + "old-tower.html")
    assert said.status == 0
    assert said.out.startswith("HTTP/1.1 301 Moved Permanently\r\n")
    assert "Location: /tower.html\r\n" in said.out


def test_the_head_comes_first_where_it_is_wanted(crawler: Crawler, site: str, tmp_path: Path) -> None:
    assert crawler("fetch", "-i", site + "robots.txt", "-o", tmp_path / "r").status == 0
    content = (tmp_path / "r").read_bytes()
    assert content.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain")
    assert content.endswith(b"\r\n\r\n" + example_site()["/robots.txt"].body)


def test_the_head_alone(crawler: Crawler, site: str) -> None:
    said = crawler("fetch", "-I", site + "robots.txt", "-o", "-")
    assert said.status == 0
    assert said.out.startswith("HTTP/1.1 200 OK\r\n")
    assert said.out.endswith("\r\n\r\n")


def test_an_error_page_is_delivered_and_said(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("fetch", site + "gone", "-o", tmp_path / "g")
    assert (said.status, said.err) == (0, f"crawler: {site}gone: the server answered 410 Gone\n")
    assert (tmp_path / "g").read_bytes() == b"gone\n"


def test_an_error_page_is_a_failure_where_it_is_to_be(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("fetch", "--fail", site + "gone", "-o", tmp_path / "g")
    assert (said.status, said.err) == (22, f"crawler: {site}gone: the server answered 410 Gone\n")
    assert list(tmp_path.iterdir()) == []
    assert crawler("fetch", "-f", site + "gone", site + "robots.txt").status == 22
    assert crawler("fetch", "-f", site + "gone", "http://127.0.0.1:1/").status == 1


def test_robots_txt_is_not_asked(crawler: Crawler, site: str, tmp_path: Path) -> None:
    assert crawler("fetch", site + "private/cellar.html", "-o", tmp_path / "c").status == 0
    assert b"The cellar" in (tmp_path / "c").read_bytes()


def test_a_bare_host_is_taken_as_http_with_a_word_about_it(crawler: Crawler, site: str, tmp_path: Path) -> None:
    host = site.removeprefix("http://").rstrip("/")
    said = crawler("fetch", f"joe:hunter2@{host}/robots.txt", "-o", tmp_path / "r")
    assert (said.status, said.err) == (0, f"taken as {site}robots.txt\n")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/", "no connection (connection refused by 127.0.0.1:1)"),
        ("http://nothing.invalid/", "the name is not known ("),
        ("http://joe:hunter2@127.0.0.1:1/", "http://127.0.0.1:1/: no connection"),
    ],
)
def test_a_failure_is_one_plain_line(
    crawler: Crawler, complains: Callable[..., None], url: str, words: str, tmp_path: Path
) -> None:
    said = crawler("fetch", url, "-o", tmp_path / "x")
    assert said.status == 1
    complains(said, words)
    assert "hunter2" not in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(body=b"abc", hang=True, cut=1), "timed out (nothing from 127.0.0.1:"),
        (
            Reply(raw=b"220 mail\r\n\r\n"),
            "the answer is not HTTP (the answer does not begin with HTTP/ (RFC 9112 section 4))",
        ),
        (Reply(reset=True), "the connection was closed before an answer came ("),
        (Reply(body=b"abc", cut=1), "the answer ended before its end ("),
        (Reply(body=b"abc", headers={"Content-Encoding": "gzip"}), "the answer cannot be decoded ("),
        (redirect("/"), "the redirect cannot be followed (redirected in a circle"),
    ],
)
async def test_what_a_server_does_wrong_is_one_plain_line(
    crawler: Crawler, complains: Callable[..., None], reply: Reply, words: str
) -> None:
    async with ToySite({"/": reply}) as site:
        said = await asyncio.to_thread(crawler, "fetch", "--read-timeout", "0.3s", site.url, "-o", "/dev/null")
    assert said.status == 1
    complains(said, f"{site.url}: {words}")


def test_several_documents_come_in_the_order_of_their_urls(crawler: Crawler, site: str) -> None:
    answers = example_site()
    urls = [site + name for name in ("story.txt", "nowhere.txt", "robots.txt", "tower.html")]
    said = crawler("fetch", urls[0], "http://127.0.0.1:1/", *urls[1:])
    missing = "<!doctype html><title>Not here</title><p>There is no such page. <a href=/>Home</a>\n"
    bodies = [answers[path].body.decode() for path in ("/story.txt", "/robots.txt", "/tower.html")]
    assert said.out == bodies[0] + missing + bodies[1] + bodies[2]
    assert said.status == 1
    assert sorted(line.partition(": ")[2].partition(": ")[0] for line in said.err.splitlines()) == [
        "http://127.0.0.1:1/", urls[1],
    ]  # fmt: skip


async def test_several_are_fetched_at_the_same_time_but_not_too_many(crawler: Crawler, tmp_path: Path) -> None:
    def slow(asked: Asked) -> Reply:
        return Reply(body=asked.target.encode() * 3, delay=0.2 if asked.target == "/0" else 0.05)

    async with ToySite({"/*": slow}) as site:
        urls = [site.at(f"/{number}") for number in range(10)]
        said = await asyncio.to_thread(crawler, "fetch", *urls)
        assert said.out == "".join(f"/{number}" * 3 for number in range(10))
        assert site.max_in_flight == 4
        assert len({asked.connection for asked in site.requests}) <= 4
        (tmp_path / "one.toml").write_text("[concurrency]\nper_host = 1\n")
        site.max_in_flight = 0
        assert (await asyncio.to_thread(crawler, "fetch", "-c", tmp_path / "one.toml", *urls)).out == said.out
        assert site.max_in_flight == 1


async def test_files_are_named_after_their_urls_and_not_by_the_server(
    crawler: Crawler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = {"Content-Disposition": 'attachment; filename="../../evil"'}
    pages = {"/a/b.txt": Reply(body=b"b", headers=evil), "/": redirect("/a/evil"), "/a/evil": Reply(body=b"root")}
    async with ToySite(pages) as site:
        said = await asyncio.to_thread(crawler, "fetch", "-O", site.at("/a/b.txt?x=/y"), site.url)
    assert (said.status, said.out, said.err) == (0, "", "")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b.txt": b"b", "index.html": b"root"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-O", "http://a/x.txt", "http://b/X.txt"], "--remote-name: two documents would be named"),
        (["-O", "-o", "x", "http://a/"], "--remote-name: goes without --output"),
        (["-o", "x", "http://a/", "http://b/"], "--output: one file takes one URL"),
        (["-H", "X: a\r\nY: hunter2", "http://a/"], "--header: 'X' begins no header field"),
        (["-H", "Content-Length: 5", "http://a/"], "--header: Content-Length says where a request ends"),
        (["-X", "G T", "http://a/"], "--method: 'G T' is no method"),
        (["-I", "-d", "x", "http://a/"], "--head: asks for the head alone"),
        (["-d", "@/nowhere", "http://a/"], "--data: /nowhere: No such file"),
        (["-u", "hunter2", "http://a/"], "--user: takes name:password"),
        (["--proxy", "ftp://x", "http://a/"], "takes http://, https://, socks5://"),
        (["--limit-rate", "fast", "http://a/"], "--limit-rate: 'fast' is not accepted: takes a size"),
        (["--read-size", "0", "http://a/"], "--read-size: '0' is not accepted: takes a size"),
        (["--read-size", "x", "http://a/"], "--read-size: 'x' is not accepted"),
        (["--read-size", "1MB", "http://a/"], "--read-size: '1MB' is not accepted"),
        (["--read-delay", "x", "http://a/"], "--read-delay: 'x' is not accepted: takes a duration"),
        (["http://me:x@a/", "http://you:x@a/"], "two different users"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_status_2(
    crawler: Crawler, complains: Callable[..., None], arguments: list[str], words: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    said = crawler("fetch", *arguments)
    assert said.status == 2
    complains(said, words)
    assert "hunter2" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_how_slowly_to_read() -> None:
    assert parse_sips(None, None) is None
    assert parse_sips("1KiB", None) == Sips(1024, 0.0)
    assert parse_sips("7", "0.5s") == Sips(7, 0.5)
    assert parse_sips(None, "20ms") == Sips(256 * 1024, 0.02)
    with pytest.raises(SettingsError):
        parse_sips("-1", None)


async def test_the_bytes_as_they_came(crawler: Crawler) -> None:
    body = gzip.compress(b"hello", mtime=0)
    wire = (
        b"HTTP/1.1 200 Fine\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n" % len(body) + body + b"\r\n0\r\nX: y\r\n\r\n"
    )  # fmt: skip
    moved = b"HTTP/1.1 301 Gone on\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nhi"
    async with serving(answering(moved, wire)) as server:
        command = [sys.executable, "-m", "crawler", "fetch", "--raw", server.url]
        done = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        out, _ = await done.communicate()
        assert out == moved + wire
    async with serving(answering(wire)) as server:
        said = await asyncio.to_thread(crawler, "fetch", "--raw", "--repr", "--trace", server.url)
        assert said.out.startswith("b'HTTP/1.1 200 Fine\\r\\n'\nb'Content-Encoding: gzip\\r\\n'\n")
        assert said.out.endswith("\\r\\n'\nb'0\\r\\n'\nb'X: y\\r\\n'\nb'\\r\\n'\n")
        assert f"* the answer is complete: {len(wire)} bytes" in said.err
    async with serving(answering(wire)) as server:
        assert (await asyncio.to_thread(crawler, "fetch", server.url)).out == "hello"


async def test_a_request_of_ones_own(crawler: Crawler) -> None:
    async with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server:
        flags = ["--http1.0", "-X", "PUT", "-d", "a=b", "-H", "X-One: 1", "-H", "accept: text/plain"]
        said = await asyncio.to_thread(crawler, "fetch", *flags, "--user-agent", "me/1", server.url + "/p?q")
        assert said.status == 0
        lines = server.requests[0].decode().split("\r\n")
        assert lines[:2] == ["PUT /p?q HTTP/1.0", f"Host: 127.0.0.1:{server.port}"]
        assert sorted(lines[2:-2]) == [
            "Accept-Encoding: gzip, deflate, br, zstd", "Content-Length: 3",
            "Content-Type: application/x-www-form-urlencoded", "User-Agent: me/1", "X-One: 1", "accept: text/plain",
        ]  # fmt: skip


async def test_a_user_is_told_to_the_origin_alone(crawler: Crawler) -> None:
    async with ToySite({"/": text("there")}) as other, ToySite({"/": redirect(other.url), "/b": text("b")}) as site:
        said = await asyncio.to_thread(crawler, "fetch", "-u", "me:secret", site.url, site.at("/b"))
        assert said.out == "thereb"
        assert {asked.headers.get("authorization") for asked in site.requests} == {"Basic bWU6c2VjcmV0"}
        assert "authorization" not in other.requests[0].headers


async def test_through_a_proxy(crawler: Crawler) -> None:
    async with serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nvia")) as proxy:
        said = await asyncio.to_thread(crawler, "fetch", "--proxy", proxy.url, "http://nowhere.invalid/x")
        assert said.out == "via"
        assert proxy.requests[0].startswith(b"GET http://nowhere.invalid/x HTTP/1.1\r\nHost: nowhere.invalid\r\n")


async def test_no_faster_than_asked(crawler: Crawler) -> None:
    async with ToySite({"/": Reply(body=bytes(40_000))}) as site:
        began = time.monotonic()
        said = await asyncio.to_thread(crawler, "fetch", "--limit-rate", "100KB", site.url, "-o", "/dev/null")
        assert said.status == 0
        assert 0.3 < time.monotonic() - began < 2


@dataclass
class Sender:
    """Sends a large document and looks how it leaves: how full its send buffer was, how long its writes took."""

    body: bytes
    most_waiting: int = 0
    took: float = 0.0
    written: list[float] = field(default_factory=list)

    async def play(self, side: Side) -> None:
        await side.request()
        wire = side.writer.get_extra_info("socket")
        side.writer.transport.set_write_buffer_limits(0)
        began = time.monotonic()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.body))
        for at in range(0, len(self.body), 65536):
            await side.send(self.body[at : at + 65536])
            [waiting] = struct.unpack("i", fcntl.ioctl(wire.fileno(), termios.TIOCOUTQ, bytes(4)))
            self.most_waiting = max(self.most_waiting, waiting)
        self.took = time.monotonic() - began


@pytest.mark.skipif(sys.platform != "linux", reason="TIOCOUTQ of a socket is Linux's")
async def test_a_slow_reader_fills_the_servers_send_buffer_and_loses_nothing(crawler: Crawler, tmp_path: Path) -> None:
    body = hashlib.shake_128(b"a long story").digest(8_000_000)
    slow, fast = Sender(body), Sender(body)
    async with serving(slow.play) as server:
        flags = ["--trace", "--read-size", "64KiB", "--read-delay", "10ms"]
        said = await asyncio.to_thread(crawler, "fetch", *flags, server.url, "-o", tmp_path / "slow")
    async with serving(fast.play) as server:
        await asyncio.to_thread(crawler, "fetch", server.url, "-o", tmp_path / "fast")
    assert (tmp_path / "slow").read_bytes() == body == (tmp_path / "fast").read_bytes()
    arrivals = [int(size.replace(",", "")) for size in re.findall(r"\* ([\d,]+) bytes arrived", said.err)]
    assert max(arrivals) <= 65536
    assert len(arrivals) >= len(body) / 65536
    # From the other end: the bytes that nobody reads pile up in the server's own buffer, and then its writes wait.
    assert slow.most_waiting > 1_000_000
    assert slow.took > 3 * fast.took
    assert slow.took > 0.3


async def test_a_text_is_unpacked(crawler: Crawler) -> None:
    async with ToySite({"/": gzipped(text("one\ntwo\n"))}) as site:
        said = await asyncio.to_thread(crawler, "fetch", "--repr", site.url)
        assert said.out == "b'one\\n'\nb'two\\n'\n"
