"""Bytes a second: counted by a clock that is an argument, and measured at a server."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from crawler.errors import FetchTimeoutError
from crawler.model import URL, Request
from crawler.net.rate import BURST, SMALLEST, Bucket, Sips, Throttle
from crawler.settings import HostSettings
from tests.net.wires import Play, Side, always, fetching, get, serving, settings


class Time:
    """A clock that a sleep sets forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def throttle(self, *rates: float) -> Throttle:
        return Throttle([Bucket(rate, self.clock) for rate in rates], self.sleep)


def test_what_is_taken_is_waited_for() -> None:
    clock = Time()
    bucket = Bucket(100.0, clock.clock)
    assert bucket.take(50) == pytest.approx(0.5)
    assert bucket.take(50) == pytest.approx(1.0)
    clock.now += 1.0
    assert bucket.take(0) == pytest.approx(0.0)


def test_what_is_not_taken_is_lost_but_for_a_burst() -> None:
    clock = Time()
    bucket = Bucket(100.0, clock.clock)
    clock.now += 3600.0
    assert bucket.take(int(100 * BURST)) == 0
    assert bucket.take(100) == pytest.approx(1.0)


@pytest.mark.parametrize(("rates", "slowest"), [([1000.0], 1000.0), ([1000.0, 300.0], 300.0), ([300.0, 1000.0], 300.0)])
async def test_over_a_while_the_rate_is_the_slowest_one(rates: Sequence[float], slowest: float) -> None:
    clock = Time()
    throttle = clock.throttle(*rates)
    for size in (7, 600, 1, 50) * 50:
        await throttle.pay(size)
    assert 658 * 50 / (clock.now - 1000.0) == pytest.approx(slowest, rel=0.01)


@pytest.mark.parametrize(("rate", "piece"), [(1e6, 50_000), (1e4, SMALLEST), (1.0, SMALLEST)])
def test_pieces_are_small(rate: float, piece: int) -> None:
    assert Time().throttle(rate, 1e9).piece == piece


# --- at a server


def sending(size: int, ended: list[float]) -> Play:
    """Sends a body at once, and notes how long it takes until the next request comes or the client hangs up."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)

    async def play(side: Side) -> None:
        while await side.request():
            began = time.monotonic()
            await side.send(answer)
            if not await side.request():
                return
            ended.append(time.monotonic() - began)
            await side.send(b"HTTP/1.1 204 Fine\r\n\r\n")

    return play


async def fetch_pair(url: str, **chosen: object) -> None:
    """A document, and behind it a request that shows the server when it was over."""
    hosts = chosen.pop("hosts", {})
    async with fetching(settings(**chosen), hosts=hosts) as fetcher:
        await get(fetcher, url)
        await get(fetcher, url)


@pytest.mark.parametrize("size", [300_000, 3_000_000])
async def test_a_rate_for_all(size: int) -> None:
    ended: list[float] = []
    async with serving(sending(size, ended)) as server:
        await fetch_pair(server.url, max_rate=size * 2 // 3)
    assert ended[0] == pytest.approx(1.5, rel=0.15)


async def test_a_rate_for_a_host() -> None:
    ended: list[float] = []
    async with serving(sending(400_000, ended)) as server:
        hosts = {URL(server.url).site: HostSettings(max_rate=400_000)}
        await fetch_pair(server.url, max_rate=10_000_000, hosts=hosts)
        await fetch_pair(server.url.replace("127.0.0.1", "localhost"), hosts=hosts)
    assert ended[0] == pytest.approx(1.0, rel=0.15)
    assert ended[1] < 0.5


async def test_connections_share_a_rate_evenly() -> None:
    size, count = 100_000, 5
    play = always(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    async with serving(play) as server, fetching(settings(max_rate=size * count)) as fetcher:
        began = time.monotonic()
        ends = []

        async def one() -> None:
            assert len(await get(fetcher, server.url)) == size
            ends.append(time.monotonic() - began)

        await asyncio.gather(*(one() for _ in range(count)))
    assert max(ends) == pytest.approx(1.0, rel=0.15)
    assert min(ends) > 0.7, "none was kept waiting for the others"


async def test_many_small_documents_over_fresh_connections_obey_it_too() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20000\r\n\r\n" + bytes(20_000)
    async with serving(always(answer)) as server, fetching(settings(max_rate=400_000)) as fetcher:
        began = time.monotonic()
        for _ in range(20):
            await get(fetcher, server.url)
        assert time.monotonic() - began == pytest.approx(1.0, rel=0.15)
        assert server.connections == 20


async def test_the_peer_has_to_wait() -> None:
    """What lies ahead of the rate is what the kernel and one read hold, and no more."""
    sent = 0

    async def play(side: Side) -> None:
        nonlocal sent
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await side.send(bytes(50_000))
            sent += 50_000

    async with (
        serving(play) as server,
        fetching(settings(max_rate=100_000)) as fetcher,
        fetcher.fetch(Request(URL(server.url))) as response,
    ):
        chunks = response.chunks()
        got = 0
        while got < 100_000:
            got += len(await anext(chunks))
        held = len(response._connection._reader._buffer)  # type: ignore[union-attr, attr-defined]
        assert got + held < 600_000
        assert sent < 12_000_000


async def test_our_own_pauses_are_no_lateness_of_the_peer_s() -> None:
    size = 30_000
    async with serving(always(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))) as server:
        chosen = settings(max_rate=30_000, read_timeout=0.2, total_timeout=0.5)
        async with fetching(chosen) as fetcher:
            began = time.monotonic()
            assert len(await get(fetcher, server.url)) == size
            assert time.monotonic() - began > 0.8


async def test_a_slow_peer_is_late_all_the_same() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await side.gone()

    async with serving(play) as server, fetching(settings(max_rate=1_000_000, read_timeout=0.2)) as fetcher:
        with pytest.raises(FetchTimeoutError, match=r"for 0\.2 s$"):
            await get(fetcher, server.url)


async def test_a_connection_that_was_slowed_down_is_kept_and_its_end_is_noticed() -> None:
    async def play(side: Side) -> None:
        for _ in range(3):
            await side.request()
            await side.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await asyncio.sleep(0.05)

    async with serving(play) as server, fetching(settings(max_rate=10_000)) as fetcher:
        for count in (1, 1, 1, 2):
            assert await get(fetcher, server.url) == b"ok"
            assert server.connections == count
            if len(server.requests) == 3:
                await asyncio.sleep(0.1)


async def test_sips_are_small_and_have_a_pause_behind_them() -> None:
    clock = Time()
    throttle = Throttle((), clock.sleep, Sips(7, 0.5))
    assert throttle.piece == 7
    await throttle.pay(7)
    await throttle.pay(0)
    assert clock.now == 1000.5


async def test_sips_within_a_rate_keep_both() -> None:
    clock = Time()
    throttle = Throttle([Bucket(100.0, clock.clock)], clock.sleep, Sips(10_000, 0.5))
    assert throttle.piece == SMALLEST
    await throttle.pay(10)
    assert clock.now == 1000.5, "the pause is longer than what ten bytes cost"
    await throttle.pay(500)
    assert clock.now == pytest.approx(1005.5, abs=BURST)


async def test_an_answer_in_sips_is_whole_and_its_pauses_are_not_the_peers() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + bytes(range(20))
    chosen = settings(total_timeout=0.2, read_timeout=0.1)
    async with serving(always(answer)) as server, fetching(chosen, sips=Sips(4, 0.04)) as fetcher:
        began = time.monotonic()
        assert await get(fetcher, server.url) == bytes(range(20))
        assert time.monotonic() - began >= 14 * 0.04 > chosen.total_timeout
