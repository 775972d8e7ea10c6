"""What is told of a connection, from bytes that come in whatever pieces."""

import asyncio
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.trace import Tap, masked_field, tracing
from crawler.net.proxy import Proxy
from crawler.net.route import Route
from crawler.net.wire import Wire
from tests.toysite import Reply, ToySite, redirect, text

Crawler = Callable[..., Any]

REQUEST = b"GET /a HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic aHVudGVyMg==\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: \x1b\r\n\r\n"
BODY = b"5\r\nhello\r\n0\r\n\r\n"


class Nobody:
    """Streams that nothing is asked of."""

    at_eof = read = write = wait_closed = get_extra_info = transport = None


def wire(peer: str = "192.0.2.1:80", tls: str | None = None) -> Wire:
    streams: Any = Nobody()
    return Wire(streams, streams, peer, tls, 0.001, 0.002, 0.003)


class Told:
    """A trace of one connection, by a clock that stands still until it is set."""

    def __init__(self, route: Route, wire: Wire, *, numbered: bool = False) -> None:
        self.lines: list[str] = []
        self.now = 100.0
        self.watcher = tracing(self.lines.append, lambda: self.now, numbered=numbered)(route, wire)

    def last(self) -> list[str]:
        lines = list(self.lines)
        self.lines.clear()
        return lines


PLAIN = Route("http", "a.example", 80)


def test_an_exchange() -> None:
    told = Told(PLAIN, wire())
    assert told.last() == ["* connected to a.example:80 at 192.0.2.1:80"]
    told.watcher.sent(REQUEST)
    assert told.last() == ["> GET /a HTTP/1.1", "> Host: a.example", "> Authorization: Basic ********", ">"]
    told.now += 0.5
    told.watcher.received(HEAD[:20])
    assert told.last() == ["* 20 bytes arrived, 20 in all"]
    told.watcher.received(HEAD[20:] + BODY[:5])
    assert told.last() == [
        f"* {len(HEAD) - 15} bytes arrived, {len(HEAD) + 5} in all",
        f"* the head has {len(HEAD)} bytes:",
        "< HTTP/1.1 200 OK",
        "< Transfer-Encoding: chunked",
        "< X: \x1b",
        "<",
    ]
    told.now += 0.25
    told.watcher.received(BODY[5:])
    assert told.last() == [
        f"* {len(BODY) - 5} bytes arrived, {len(HEAD + BODY)} in all",
        f"* the answer is complete: {len(HEAD + BODY)} bytes, {len(HEAD)} of head, 5 of body, 10 of framing",
        "* times: name 1.0 ms, connection 2.0 ms, first byte 500.0 ms, total 753.0 ms",
    ]


def test_a_connection_used_again_took_no_steps() -> None:
    told = Told(PLAIN, wire())
    for _ in range(2):
        told.last()
        told.watcher.sent(b"GET / HTTP/1.1\r\n\r\n")
        told.watcher.received(b"HTTP/1.1 204 No\r\n\r\n")
    lines = told.last()
    assert lines[0] == "* the connection is used again"
    assert lines[-2:] == [
        "* the answer is complete: 19 bytes, 19 of head, 0 of body",
        "* times: first byte 0.0 ms, total 0.0 ms",
    ]
    told.watcher.received(b"")
    assert told.last() == ["* the server closed the connection"]


def test_content_of_a_request_and_an_answer_until_the_end() -> None:
    told = Told(PLAIN, wire())
    told.watcher.sent(b"POST / HTTP/1.0\r\n\r\npassword=hunter2")
    assert "* and 16 bytes of content" in told.lines
    assert "hunter2" not in " ".join(told.last())
    told.watcher.received(b"HTTP/1.0 200 OK\r\n\r\nabc")
    assert not any("complete" in line for line in told.last())
    told.watcher.received(b"")
    assert told.last()[:2] == [
        "* the server closed the connection",
        "* the answer is complete: 22 bytes, 19 of head, 3 of body",
    ]


def test_what_is_no_http_is_counted_on() -> None:
    told = Told(PLAIN, wire())
    told.watcher.sent(b"GET / HTTP/1.1\r\n\r\n")
    told.last()
    told.watcher.received(b"220 mail.example ESMTP\r\n")
    told.watcher.received(b"500 what?\r\n")
    assert told.last() == ["* 24 bytes arrived, 24 in all", "* 11 bytes arrived, 35 in all"]


def test_the_way_there() -> None:
    proxy = Proxy("http", "p.example", 3128, "joe", "hunter2")
    told = Told(Route("https", "a.example", 443, proxy), wire("192.0.2.9:3128", "TLSv1.3"), numbered=True)
    assert told.lines == [
        "1 * connected to a.example:443 at 192.0.2.9:3128 through the proxy http://p.example:3128, TLS 1.3"
    ]
    direct = Told(Route("http", "192.0.2.1", 80), wire("192.0.2.1:80"))
    assert direct.lines == ["* connected to 192.0.2.1:80"]


def test_connections_are_numbered_where_there_may_be_several() -> None:
    lines: list[str] = []
    watch = tracing(lines.append, lambda: 0.0, numbered=True)
    watch(PLAIN, wire())
    watch(PLAIN, wire()).sent(b"GET / HTTP/1.1\r\n\r\n")
    assert [line[:3] for line in lines] == ["1 *", "2 *", "2 >", "2 >"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("Host: a", "Host: a"),
        ("Authorization: Basic x", "Authorization: Basic ********"),
        ("authorization: digest username=x", "authorization: digest ********"),
        ("Authorization: Bearer x", "Authorization: Bearer ********"),
        ("Authorization: hunter2 x", "Authorization: ********"),
        ("Proxy-Authorization: Basic x", "Proxy-Authorization: Basic ********"),
        ("Cookie: a=b", "Cookie: ********"),
        ("X-Api-Key: k", "X-Api-Key: ********"),
        ("X-Auth-Token: k", "X-Auth-Token: ********"),
        ("Accept: */*", "Accept: */*"),
    ],
)
def test_secrets_are_masked(line: str, shown: str) -> None:
    assert masked_field(line) == shown


def test_a_tap_hands_on_and_lets_watch() -> None:
    received: list[bytes] = []
    lines: list[str] = []
    for tap in (Tap(received.append), Tap(received.append, tracing(lines.append, lambda: 0.0))):
        one = tap.watch(PLAIN, wire())
        one.sent(b"GET / HTTP/1.1\r\n\r\n")
        one.received(b"xyz")
    assert received == [b"xyz", b"xyz"]
    assert lines[-1] == "* 3 bytes arrived, 3 in all"


def normal(text: str) -> str:
    """Without the numbers that differ from run to run."""
    return re.sub(r"[\d.]+ ms", "_ ms", re.sub(r"127\.0\.0\.1:\d+", "SITE", text))


async def test_the_whole_of_a_chain_is_told_on_standard_error(crawler: Crawler, tmp_path: Path) -> None:
    pages = {"/": redirect("/end"), "/end": Reply(body=b"ab", headers={"X": "\x1b[2J"})}
    async with ToySite(pages) as site:
        said = await asyncio.to_thread(crawler, "fetch", "--trace", "-u", "me:hunter2", site.url, "-o", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"ab"
    assert "hunter2" not in said.err
    assert normal(said.err).splitlines() == [
        "* connected to SITE",
        "> GET / HTTP/1.1", "> Host: SITE", "> User-Agent: crawler/0.1.0", "> Accept: */*",
        "> Accept-Encoding: gzip, deflate, br, zstd", "> Authorization: Basic ********", ">",
        "* 88 bytes arrived, 88 in all", "* the head has 83 bytes:",
        "< HTTP/1.1 302 Found", "< Content-Length: 5", "< Location: /end", "< Content-Type: text/plain", "<",
        "* the answer is complete: 88 bytes, 83 of head, 5 of body",
        "* times: name _ ms, connection _ ms, first byte _ ms, total _ ms",
        "* the connection is used again",
        "> GET /end HTTP/1.1", "> Host: SITE", "> User-Agent: crawler/0.1.0", "> Accept: */*",
        "> Accept-Encoding: gzip, deflate, br, zstd", "> Authorization: Basic ********", ">",
        "* 49 bytes arrived, 49 in all", "* the head has 47 bytes:",
        "< HTTP/1.1 200 OK", "< Content-Length: 2", "< X: \\x1b[2J", "<",
        "* the answer is complete: 49 bytes, 47 of head, 2 of body",
        "* times: first byte _ ms, total _ ms",
    ]  # fmt: skip


async def test_tls_is_told_with_its_version(crawler: Crawler, tmp_path: Path) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with ToySite({"/": text("secret")}, tls=context) as site:
        url = site.at("/", host="localhost")
        arguments = ("fetch", "--trace", "--ca-file", tmp_path / "ca.pem", url)
        said = await asyncio.to_thread(crawler, *arguments)
        assert said.out == "secret"
        assert re.search(r"^\* connected to localhost:\d+ at 127\.0\.0\.1:\d+, TLS 1\.3$", said.err, re.MULTILINE)
        assert re.search(r"connection [\d.]+ ms, TLS [\d.]+ ms, first byte", said.err)
        refused = await asyncio.to_thread(crawler, "fetch", url)
        assert refused.status == 1
        assert refused.err.startswith(f"crawler: {url}: no secure connection (the certificate of localhost")
        assert (await asyncio.to_thread(crawler, "fetch", "--insecure", url)).out == "secret"
