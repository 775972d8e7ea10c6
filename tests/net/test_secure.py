"""Exchanges over TLS: kept alive, trusted by a file, and cut off without a close_notify."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from crawler.errors import ConnectionLostError, TLSError, TruncatedError
from crawler.model import URL, Request
from crawler.settings import FetchSettings
from tests.net.wires import OK, Side, always, fetching, get, open_descriptors, serving, settings

UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nall there is"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["TLSv1_2", "TLSv1_3"])
def context(authority: trustme.CA, request: pytest.FixtureRequest) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion[request.param]
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> FetchSettings:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return settings(ca_file=str(tmp_path / "ca.pem"))


async def test_kept_alive(context: ssl.SSLContext, trusting: FetchSettings) -> None:
    before = open_descriptors()
    async with serving(always(OK), context=context) as server, fetching(trusting) as fetcher:
        for _ in range(5):
            assert await get(fetcher, server.url) == b"ok"
        assert server.connections == 1
    await asyncio.sleep(0)
    assert open_descriptors() == before


async def test_not_trusted_unless_told_so(context: ssl.SSLContext) -> None:
    async with serving(always(OK), context=context) as server:
        async with fetching() as fetcher:
            with pytest.raises(TLSError, match="is not trusted"):
                await get(fetcher, server.url)
        async with fetching(settings(insecure=True)) as fetcher:
            assert await get(fetcher, server.url) == b"ok"


def ending(answer: bytes, *, with_notice: bool, first: bytes = b""):  # type: ignore[no-untyped-def]
    """Answers, and ends TLS with its close_notify or merely the TCP connection below it."""

    async def play(side: Side) -> None:
        await side.request()
        if first:
            await side.send(first)
            await side.request()
        await side.send(answer)
        await asyncio.sleep(0.02)
        if with_notice:
            side.writer.close()
            await side.writer.wait_closed()
        else:
            side.writer.transport.abort()

    return play


async def test_an_end_with_close_notify_is_the_end(context: ssl.SSLContext, trusting: FetchSettings) -> None:
    async with serving(ending(UNTIL_CLOSE, with_notice=True), context=context) as server, fetching(trusting) as fetcher:
        assert await get(fetcher, server.url) == b"all there is"


async def test_an_end_without_is_truncation(context: ssl.SSLContext, trusting: FetchSettings) -> None:
    async with (
        serving(ending(UNTIL_CLOSE, with_notice=False), context=context) as server,
        fetching(trusting) as fetcher,
    ):
        with pytest.raises(TruncatedError, match="no close_notify"):
            await get(fetcher, server.url)


async def test_a_counted_body_needs_no_close_notify(context: ssl.SSLContext, trusting: FetchSettings) -> None:
    async with serving(ending(OK, with_notice=False), context=context) as server, fetching(trusting) as fetcher:
        assert await get(fetcher, server.url) == b"ok"
        await asyncio.sleep(0.05)
        assert await get(fetcher, server.url) == b"ok"
        assert server.connections == 2


@pytest.mark.parametrize("with_notice", [True, False])
async def test_an_end_before_the_answer(context: ssl.SSLContext, trusting: FetchSettings, with_notice: bool) -> None:
    async with serving(ending(b"", with_notice=with_notice), context=context) as server, fetching(trusting) as fetcher:
        with pytest.raises(ConnectionLostError, match="before an answer began"):
            await get(fetcher, server.url)


@pytest.mark.parametrize("with_notice", [True, False])
async def test_a_stale_connection(context: ssl.SSLContext, trusting: FetchSettings, with_notice: bool) -> None:
    stale = ending(b"", with_notice=with_notice, first=OK)
    async with serving(stale, always(OK), context=context) as server, fetching(trusting) as fetcher:
        for _ in range(2):
            assert await get(fetcher, server.url) == b"ok"
        assert server.connections == 2


async def test_a_large_body_streams_at_the_reader_s_pace(context: ssl.SSLContext, trusting: FetchSettings) -> None:
    size, sent = 32_000_000, 0

    async def play(side: Side) -> None:
        nonlocal sent
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while sent < size:
            await side.send(bytes(100_000))
            sent += 100_000
        await side.gone()

    async with (
        serving(play, context=context) as server,
        fetching(trusting) as fetcher,
        fetcher.fetch(Request(URL(server.url))) as response,
    ):
        await response.peek(1)
        await asyncio.sleep(0.3)
        assert sent < 20_000_000
        assert sum([len(piece) async for piece in response.chunks()]) == size


async def test_cancelled_in_the_handshake(trusting: FetchSettings) -> None:
    before = open_descriptors()
    async with serving(Side.gone) as server, fetching(trusting) as fetcher:
        asking = asyncio.create_task(get(fetcher, server.url.replace("http:", "https:")))
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.sleep(0.05)
        assert server.open_now == 0
    await asyncio.sleep(0)
    assert open_descriptors() == before
