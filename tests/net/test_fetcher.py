"""Whole exchanges with a server that plays what a test says: bodies, connections, failures, time, what is left."""

import asyncio
import gzip
import socket
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crawler.errors import (
    ConnectError,
    ConnectionLostError,
    DecodingError,
    DNSError,
    FetchError,
    FetchTimeoutError,
    ProtocolError,
    TooLargeError,
    TruncatedError,
)
from crawler.model import URL, Request
from crawler.net.door import MAX_DOORS
from crawler.net.fetcher import HttpFetcher
from crawler.net.response import HttpResponse
from tests.net.wires import (
    HELLO,
    OK,
    Play,
    Server,
    Side,
    always,
    answering,
    fetching,
    get,
    open_descriptors,
    serving,
    settings,
)


@asynccontextmanager
async def both(*plays: Play, **chosen: object) -> AsyncIterator[tuple[Server, HttpFetcher]]:
    async with serving(*plays) as server, fetching(settings(**chosen)) as fetcher:
        yield server, fetcher


@asynccontextmanager
async def answered(*plays: Play, **chosen: object) -> AsyncIterator[tuple[Server, HttpResponse]]:
    """The answer to one GET."""
    async with both(*plays, **chosen) as (server, fetcher), fetcher.fetch(Request(URL(server.url))) as response:
        yield server, response


async def gather_chunks(fetcher: HttpFetcher, url: str, got: list[bytes]) -> None:
    async with fetcher.fetch(Request(URL(url))) as response:
        async for piece in response.chunks():
            got.append(piece)


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    """Neither a socket nor a task outlives a test's pool."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, int)
    sockets, tasks = open_descriptors(), len(asyncio.all_tasks())
    yield
    await asyncio.sleep(0)
    assert open_descriptors() == sockets
    assert len(asyncio.all_tasks()) == tasks


# --- the request


async def test_the_fields_of_a_request() -> None:
    async with serving(always(OK)) as server, fetching(settings(user_agent="spy/1")) as fetcher:
        await get(fetcher, server.url + "/a?b#c")
        lines = server.requests[0].decode().split("\r\n")
        assert lines[:3] == ["GET /a?b HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "User-Agent: spy/1"]
        assert "Accept: */*" in lines
        assert any(line.startswith("Accept-Encoding: gzip, deflate") for line in lines)


async def test_a_request_s_own_fields_replace_those_of_their_name() -> None:
    async with both(always(OK)) as (server, fetcher):
        headers = (("accept-encoding", "identity"), ("HOST", "other.test"), ("Referer", "http://a.test/"))
        await get(fetcher, server.url, headers=headers)
        head = server.requests[0].decode().lower()
        assert head.count("host:") == head.count("accept-encoding:") == 1
        assert "accept-encoding: identity\r\n" in head
        assert "host: other.test\r\n" in head
        assert "referer: http://a.test/\r\n" in head


async def test_a_body_goes_out_whole() -> None:
    body = bytes(range(256)) * 20_000

    async def play(side: Side) -> None:
        head = await side.request()
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        assert await side.reader.readexactly(length) == body
        await side.send(OK)

    async with both(play) as (server, fetcher):
        assert await get(fetcher, server.url, method="POST", body=body) == b"ok"


async def test_credentials_go_to_their_origin_alone() -> None:
    async with serving(always(OK)) as server, serving(always(OK)) as other:
        credentials = {server.url: ("Aladdin", "open sesame")}
        async with fetching(credentials=credentials) as fetcher:
            await get(fetcher, server.url + "/")
            await get(fetcher, other.url + "/")
            await get(fetcher, f"http://localhost:{server.port}/")
        # The example of RFC 7617 section 2.
        assert b"\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in server.requests[0]
        assert b"authorization" not in server.requests[1].lower()
        assert b"authorization" not in other.requests[0].lower()


async def test_what_is_remembered_of_origins_is_bounded() -> None:
    async with both(always(OK)) as (server, fetcher):
        for number in range(MAX_DOORS * 2):
            fetcher._doors.door_to(URL(f"http://host{number}.test/"))
        assert len(fetcher._doors._doors) <= MAX_DOORS
        assert await get(fetcher, server.url) == b"ok"


async def test_a_host_no_request_can_name_is_no_host() -> None:
    async with fetching() as fetcher:
        with pytest.raises(DNSError, match=r"no such host: a\{b\}c\.test"):
            await get(fetcher, "http://a{b}c.test/")


async def test_a_field_that_would_split_the_request_is_the_caller_s_mistake() -> None:
    async with fetching() as fetcher:
        with pytest.raises(ValueError, match="header field"):
            await get(fetcher, "http://127.0.0.1/", headers=(("X-A", "b\r\nX-C: d"),))


# --- the answer


async def test_the_answer_s_head_and_peer() -> None:
    async with answered(always(b"HTTP/1.1 404 Nope\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n")) as (server, response):
        assert (response.head.status, response.head.reason) == (404, "Nope")
        assert response.head.headers.get("x-a") == "1"
        assert response.contact.peer == f"127.0.0.1:{server.port}"
        assert response.url == URL(server.url)
        assert await response.read() == b""


async def test_what_is_known_of_the_way_to_an_answer() -> None:
    async def play(side: Side) -> None:
        while await side.request():
            await asyncio.sleep(0.1)
            await side.send(OK)

    async with both(play) as (server, fetcher):
        url = URL(server.url + "/a")
        async with fetcher.fetch(Request(url)) as response:
            contact = response.contact
            assert (contact.url, contact.tls) == (url, None)
            assert contact.timings is not None
            assert 0 <= contact.timings.dns < 0.05
            assert 0 <= contact.timings.connect < 0.05
            assert 0 <= contact.timings.tls < 0.05
            assert 0.1 <= contact.timings.wait < 0.5
        async with fetcher.fetch(Request(url)) as response:
            assert response.contact.timings is None, "the connection was there before"


BODY = b"abcdefghijklmnopqrstuvwxyz" * 1000
PLAIN = b"HTTP/1.1 200 OK\r\n%b\r\n" + BODY
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"".join(b"%x\r\n%b\r\n" % (len(BODY[at : at + 999]), BODY[at : at + 999]) for at in range(0, len(BODY), 999))
ANSWERS = {
    "length": PLAIN.replace(b"%b", LENGTH),
    "until close": PLAIN.replace(b"%b", b""),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED + b"0\r\nX-Trailer: 1\r\n\r\n",
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY),
    "deflate": b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + zlib.compress(BODY),
    "1xx first": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + PLAIN.replace(b"%b", LENGTH),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_a_body_is_the_same_however_it_is_read(kind: str) -> None:
    async with both(answering(ANSWERS[kind])) as (server, fetcher):
        async with fetcher.fetch(Request(URL(server.url))) as response:
            assert await response.peek(10) == BODY[:10]
            assert await response.peek(5000) == BODY[:5000]
            assert b"".join([piece async for piece in response.chunks()]) == BODY
            assert [piece async for piece in response.chunks()] == []
        async with fetcher.fetch(Request(URL(server.url))) as response:
            assert await response.read() == BODY
            assert await response.peek(3) == BODY[:3]
            assert await response.read(len(BODY)) == BODY
            for _ in range(2):
                assert b"".join([piece async for piece in response.chunks()]) == BODY
        async with fetcher.fetch(Request(URL(server.url))) as response:
            assert await response.peek(0) == b""
            assert await response.peek(10**6) == BODY
            assert await response.read(10**6) == BODY


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\nContent-Encoding: gzip\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 999999\r\nContent-Encoding: gzip\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Encoding: gzip\r\n\r\n"),
    ],
)
async def test_answers_without_a_body(method: str, head: bytes) -> None:
    async with both(always(head), max_body=1000) as (server, fetcher):
        for _ in range(3):
            assert await get(fetcher, server.url, method=method) == b""
        assert server.connections == 1


async def test_the_body_of_a_redirect_is_not_decoded() -> None:
    body = b"this is no gzip"
    head = b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with both(always(head + body)) as (server, fetcher):
        assert await get(fetcher, server.url) == body


async def test_a_300_without_a_location_is_an_ordinary_answer() -> None:
    packed = gzip.compress(b"choose")
    head = b"HTTP/1.1 300 Choose\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with both(always(head + packed)) as (server, fetcher):
        assert await get(fetcher, server.url) == b"choose"


async def test_a_tap_sees_the_wire_as_it_is() -> None:
    seen: list[bytes] = []
    answer = ANSWERS["gzip"]
    async with serving(answering(answer)) as server, fetching(tap=seen.append) as fetcher:
        await get(fetcher, server.url)
    assert b"".join(seen) == answer


# --- limits


async def test_a_body_may_be_as_large_as_the_limit_and_no_larger() -> None:
    for kind in ("length", "chunked", "until close", "gzip"):
        async with both(answering(ANSWERS[kind]), max_body=len(BODY)) as (server, fetcher):
            assert await get(fetcher, server.url) == BODY
        async with both(answering(ANSWERS[kind]), max_body=len(BODY) - 1) as (server, fetcher):
            with pytest.raises(TooLargeError):
                await get(fetcher, server.url)


@pytest.mark.parametrize("more", [b"", b"x"])
async def test_a_piece_that_ends_at_the_limit_is_not_yet_the_end(more: bytes) -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        await asyncio.sleep(0.05)
        await side.send(more)

    async with answered(play, max_body=len(BODY)) as (_, response):
        if more:
            with pytest.raises(TooLargeError):
                await response.read()
        else:
            assert await response.read() == BODY


async def test_a_declared_size_beyond_the_limit_ends_the_exchange_before_the_transfer() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nx")
        await side.gone()

    async with answered(play, max_body=1999) as (_server, response):
        assert response.head.status == 200
        with pytest.raises(TooLargeError, match="has 2000 bytes, more than 1999"):
            await response.peek(1)
        with pytest.raises(TooLargeError):
            await response.read()


async def test_a_bomb_ends_at_the_limit_of_decoded_bytes() -> None:
    packed = gzip.compress(bytes(50_000_000))
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    async with both(always(answer), max_body=1_000_000) as (server, fetcher):
        got: list[bytes] = []
        with pytest.raises(TooLargeError):
            await gather_chunks(fetcher, server.url, got)
        assert 0 < sum(map(len, got)) <= 1_000_000


async def test_read_beyond_its_limit_consumes_nothing() -> None:
    async with answered(answering(ANSWERS["length"])) as (_server, response):
        with pytest.raises(TooLargeError, match="more than 25999 bytes"):
            await response.read(len(BODY) - 1)
        assert await response.read(len(BODY)) == BODY
        with pytest.raises(TooLargeError, match="more than 25999 bytes"):
            await response.read(len(BODY) - 1)


async def test_a_head_without_end() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await side.send(b"X-A: " + b"a" * 1000 + b"\r\n")

    async with both(play, max_head=10_000) as (server, fetcher):
        with pytest.raises(TooLargeError):
            await get(fetcher, server.url)


# --- what breaks off


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", ConnectionLostError),
        (b"HTT", TruncatedError),
        (b"HTTP/1.1 200 OK\r\nContent-", TruncatedError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", TruncatedError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", TruncatedError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ProtocolError),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY)[:-9], TruncatedError),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", DecodingError),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip at all", DecodingError),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\nuryyb", DecodingError),
    ],
)
async def test_half_an_answer_is_none(answer: bytes, kind: type[FetchError]) -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(answer)

    async with both(play) as (server, fetcher):
        with pytest.raises(FetchError) as caught:
            await get(fetcher, server.url)
        assert type(caught.value) is kind
        assert server.connections == 1


async def test_a_failure_is_for_good() -> None:
    async with both(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")) as (server, fetcher):
        async with fetcher.fetch(Request(URL(server.url))) as response:
            assert await response.peek(4) == b"half"
            for _ in range(2):
                with pytest.raises(TruncatedError):
                    await response.peek(5)
                with pytest.raises(TruncatedError):
                    await response.read()
        got: list[bytes] = []
        with pytest.raises(TruncatedError):
            await gather_chunks(fetcher, server.url, got)
        assert got == [b"half"]


async def test_reset_within_a_body() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.sleep(0.05)
        side.reset()

    async with both(play) as (server, fetcher):
        with pytest.raises(ConnectionLostError, match=f"^connection reset by 127.0.0.1:{server.port}$"):
            await get(fetcher, server.url)


async def test_refused() -> None:
    async with serving(always(OK)) as server:
        pass
    async with fetching() as fetcher:
        with pytest.raises(ConnectError, match="connection refused"):
            await get(fetcher, server.url)


# --- connections


async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with both(always(HELLO)) as (server, fetcher):
        for _ in range(20):
            assert await get(fetcher, server.url) == b"hello"
        assert (server.connections, len(server.requests)) == (1, 20)


async def test_another_origin_has_another_connection() -> None:
    async with both(always(OK)) as (server, fetcher):
        await get(fetcher, server.url)
        await get(fetcher, f"http://localhost:{server.port}")
        await get(fetcher, server.url)
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
        OK + b"\r\n",
    ],
)
async def test_a_connection_that_is_not_clean_is_not_used_again(answer: bytes) -> None:
    async with both(always(answer), read_timeout=1.0) as (server, fetcher):
        for _ in range(3):
            assert await get(fetcher, server.url) == b"ok"
        assert server.connections == 3


async def test_bytes_that_come_after_an_answer_are_never_the_next_one() -> None:
    late = asyncio.Event()

    async def poison(side: Side) -> None:
        await side.request()
        await side.send(OK)
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        late.set()
        await side.gone()

    async with both(poison, always(OK)) as (server, fetcher):
        async with fetcher.fetch(Request(URL(server.url))) as response:
            assert await response.read() == b"ok"
        await late.wait()
        await asyncio.sleep(0.05)
        assert await get(fetcher, server.url) == b"ok"
        assert server.connections == 2


async def test_a_connection_the_server_closed_while_it_was_idle_is_noticed() -> None:
    async with both(answering(OK), always(HELLO)) as (server, fetcher):
        assert await get(fetcher, server.url) == b"ok"
        await asyncio.sleep(0.05)
        assert await get(fetcher, server.url) == b"hello"
        assert len(server.requests) == 2


async def test_a_connection_the_server_reset_while_it_was_idle_is_noticed() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(OK)
        await asyncio.sleep(0.05)
        side.reset()

    async with both(play) as (server, fetcher):
        for _ in range(3):
            assert await get(fetcher, server.url) == b"ok"
            await asyncio.sleep(0.1)
        assert len(server.requests) == server.connections == 3


@pytest.mark.parametrize("by_reset", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_a_stale_connection_is_tried_again_on_a_fresh_one(method: str, by_reset: bool) -> None:
    async def stale(side: Side) -> None:
        await side.request()
        await side.send(OK)
        await side.request()  # taken, and never answered
        if by_reset:
            side.reset()

    async with both(stale, always(b"HTTP/1.1 204 Fine\r\n\r\n")) as (server, fetcher):
        assert await get(fetcher, server.url) == b"ok"
        async with fetcher.fetch(Request(URL(server.url), method)) as response:
            assert response.head.status == 204
        assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_stale_connection_is_tried_again_once() -> None:
    async def stale(side: Side) -> None:
        await side.request()
        await side.send(OK)
        await side.request()

    async def silent(side: Side) -> None:
        await side.request()

    async with both(stale, silent, always(OK)) as (server, fetcher):
        await get(fetcher, server.url)
        with pytest.raises(ConnectionLostError):
            await get(fetcher, server.url)
        assert server.connections == 2


async def test_what_was_answered_in_part_is_not_asked_again() -> None:
    async def half(side: Side) -> None:
        await side.request()
        await side.send(OK)
        await side.request()
        await side.send(b"HTTP/1.1 2")

    async with both(half, always(OK)) as (server, fetcher):
        await get(fetcher, server.url)
        with pytest.raises(TruncatedError):
            await get(fetcher, server.url)
        assert server.connections == 1


async def test_what_may_not_be_repeated_is_sent_on_a_fresh_connection() -> None:
    async with both(always(OK)) as (server, fetcher):
        await get(fetcher, server.url)
        await get(fetcher, server.url, method="POST")
        assert server.connections == 2
        await get(fetcher, server.url)
        assert server.connections == 2


async def test_leaving_early_keeps_a_connection_only_if_the_rest_is_here() -> None:
    async with both(answering(*[HELLO] * 9)) as (server, fetcher):
        for _ in range(3):
            async with fetcher.fetch(Request(URL(server.url))):
                pass
        assert server.connections == 1


async def test_the_rest_may_come_after_the_head_was_read() -> None:
    async def play(side: Side) -> None:
        while await side.request():
            await side.send(HELLO[:-5])
            await asyncio.sleep(0.05)
            await side.send(HELLO[-5:])

    seen: list[bytes] = []
    async with serving(play) as server, fetching(tap=seen.append) as fetcher:
        for _ in range(3):
            async with fetcher.fetch(Request(URL(server.url))) as response:
                await asyncio.sleep(0.15)
                assert response.head.status == 200
        assert server.connections == 1
    assert b"".join(seen) == HELLO * 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwrong\r\n",
    ],
)
async def test_leaving_early_drops_a_connection_that_has_more_to_say(answer: bytes) -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(answer)
        await side.gone()

    async with both(play) as (server, fetcher):
        for count in (1, 2):
            async with fetcher.fetch(Request(URL(server.url))) as response:
                pass
            await asyncio.sleep(0.05)
            assert (server.connections, server.open_now) == (count, 0)
            with pytest.raises(RuntimeError, match="the exchange is over"):
                await response.read()


@pytest.mark.parametrize("start", [b"", b"\x1f\x8b\x08\x08\0\0\0\0\0\3"])
async def test_bytes_that_decode_to_nothing_count_too(start: bytes) -> None:
    """Empty members, or a name that never ends: nothing comes out of the coding, so nothing would ever be too large."""

    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + start)
        while True:
            await side.send(b"a" * 10_000 if start else gzip.compress(b"") * 500)

    async with answered(play, max_body=100_000, total_timeout=5.0) as (_server, response):
        with pytest.raises(TooLargeError, match=r"more than 100000 bytes before it is decoded"):
            await response.peek(1)


# --- time


async def test_time_to_the_head() -> None:
    async with both(Side.gone, read_timeout=0.2) as (server, fetcher):
        began = time.monotonic()
        with pytest.raises(FetchTimeoutError, match=rf"^nothing from 127.0.0.1:{server.port} for 0\.2 s$"):
            await get(fetcher, server.url)
        assert 0.15 < time.monotonic() - began < 2


async def test_time_between_bytes() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await side.gone()

    async with answered(play, read_timeout=0.2) as (_server, response):
        assert await response.peek(4) == b"half"
        with pytest.raises(FetchTimeoutError, match=r"for 0\.2 s$"):
            await response.read()


async def test_a_loop_that_was_busy_blames_nobody() -> None:
    """An answer that came in time, but while something held the loop for longer than the time between bytes."""
    body = bytes(2_000_000)

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            time.sleep(0.1)
            connection.sendall(body)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving_it = asyncio.create_task(asyncio.to_thread(serve, listening))
        url = URL(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        async with fetching(settings(read_timeout=0.2)) as fetcher, fetcher.fetch(Request(url)) as response:
            reading = asyncio.create_task(response.read())
            await asyncio.sleep(0.05)
            time.sleep(0.5)
            assert await reading == body
        await serving_it


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
async def test_a_dripping_server_cannot_outlast_the_whole_exchange(start: bytes) -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(start)
        await side.drip((b"" if start else b"HTTP/1.1 200 OK\r\nX-A: ") + b"a" * 1000, 0.02)

    async with both(play, read_timeout=5.0, total_timeout=0.3) as (server, fetcher):
        began = time.monotonic()
        with pytest.raises(FetchTimeoutError, match=rf"^127.0.0.1:{server.port} did not finish within 0\.3 s$"):
            await get(fetcher, server.url)
        assert 0.25 < time.monotonic() - began < 2


async def test_a_slow_consumer_is_not_taken_for_a_slow_server() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        await side.send(b"lf")
        await side.gone()

    async with answered(play, read_timeout=0.1) as (_server, response):
        await asyncio.sleep(0.3)
        assert await response.read() == b"half"


async def test_the_time_of_one_exchange_is_not_the_next_one_s() -> None:
    async def play(side: Side) -> None:
        while await side.request():
            await asyncio.sleep(0.15)
            await side.send(OK)

    async with both(play, read_timeout=0.25, total_timeout=0.25) as (server, fetcher):
        for _ in range(4):
            assert await get(fetcher, server.url) == b"ok"
        assert server.connections == 1


# --- cancellation


@pytest.mark.parametrize("moment", ["dialing", "head", "body"])
async def test_cancellation_leaves_nothing_behind(moment: str) -> None:
    async def play(side: Side) -> None:
        if moment == "body":
            await side.request()
            await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await side.gone()

    async with both(play) as (server, fetcher):
        tasks = [asyncio.create_task(get(fetcher, server.url)) for _ in range(5)]
        await asyncio.sleep(0 if moment == "dialing" else 0.1)
        for task in tasks:
            task.cancel()
        assert all(
            isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*tasks, return_exceptions=True)
        )
        await asyncio.sleep(0.1)
        assert server.open_now == 0
        assert not fetcher._pool._live
        assert not fetcher._pool._dialing


async def test_a_body_whose_reading_was_cancelled_is_not_taken_for_the_whole() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await side.gone()

    async with answered(play) as (_server, response):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await response.read()
        with pytest.raises(RuntimeError, match="broken off"):
            await response.read()


async def test_a_large_body_streams_at_the_reader_s_pace() -> None:
    """While the reader sleeps, the server is held back, so that no more than the buffers' worth lies in memory."""
    size, sent = 64_000_000, 0

    async def play(side: Side) -> None:
        nonlocal sent
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        block = bytes(100_000)
        while sent < size:
            await side.send(block)
            sent += len(block)

    async with answered(play) as (_server, response):
        await response.peek(1)
        await asyncio.sleep(0.3)
        assert sent < 20_000_000
        got = 0
        async for piece in response.chunks():
            got += len(piece)
        assert got == size
