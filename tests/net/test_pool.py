"""How many connections there are, how long they are kept, and who gets the next one."""

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from crawler.errors import ConnectError, ConnectionLostError, SettingsError
from crawler.model import URL
from crawler.net.connection import Connection
from crawler.net.dial import NoDescriptorError
from crawler.net.fetcher import HttpFetcher
from crawler.net.pool import RESERVED, Pool, affordable
from crawler.net.route import Route
from tests.net.wires import OK, Side, always, fetching, get, open_descriptors, serving, settings


def holding(seconds: float, answer: bytes = OK):  # type: ignore[no-untyped-def]
    async def play(side: Side) -> None:
        while await side.request():
            await asyncio.sleep(seconds)
            await side.send(answer)

    return play


@pytest.mark.parametrize(
    ("wanted", "descriptors", "count"),
    [
        (32, 1024, 32),
        (100, 24, 4),
        (100, 16, 1),
        (100, 0, 1),
        (100, resource.RLIM_INFINITY, 100),
        (10_000, 1_048_576, 10_000),
    ],
)
def test_what_a_limit_on_descriptors_affords(wanted: int, descriptors: int, count: int) -> None:
    assert affordable(wanted, descriptors) == count


async def test_never_more_connections_than_allowed() -> None:
    async with serving(holding(0.01)) as server, fetching(connections=3) as fetcher:
        bodies = await asyncio.gather(*(get(fetcher, server.url) for _ in range(30)))
        assert bodies == [b"ok"] * 30
        assert server.most_open == 3
        assert server.connections == 3


async def test_a_limit_on_descriptors_is_a_limit_on_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (RESERVED + 2 * 5, hard))
    try:
        pool = Pool(settings(), 100)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    async with serving(holding(0.01)) as server, pool:
        fetcher = HttpFetcher(pool, settings())
        await asyncio.gather(*(get(fetcher, server.url) for _ in range(30)))
        assert server.most_open == 5


async def test_an_idle_connection_makes_room_for_another_origin() -> None:
    play = always(OK)
    async with serving(play) as one, serving(play) as two, serving(play) as three, fetching(connections=2) as fetcher:
        for _ in range(2):
            for server in (one, two, three):
                await get(fetcher, server.url)
        assert [server.connections for server in (one, two, three)] == [2, 2, 2]
        await get(fetcher, two.url)  # the one that rested longest had to go, and that was not this
        assert two.connections == 2


async def test_those_who_wait_are_served_in_turn() -> None:
    order: list[int] = []

    async with serving(always(OK)) as server, fetching(connections=1) as fetcher:

        async def ask(number: int) -> None:
            await get(fetcher, server.url)
            order.append(number)

        await asyncio.gather(*(ask(number) for number in range(10)))
        assert order == list(range(10))

        async def greedy(number: int) -> None:
            for _ in range(5):
                await get(fetcher, server.url)
                order.append(number)

        order.clear()
        await asyncio.gather(greedy(0), greedy(1))
        assert order[:4] == [0, 1, 0, 1]


async def test_who_is_cancelled_while_waiting_passes_the_turn_on() -> None:
    async with serving(always(OK)) as server, fetching(connections=1) as fetcher:
        route = Route.of(URL(server.url))
        pool = fetcher._pool
        first = await pool.acquire(route)
        waiting = [asyncio.create_task(pool.acquire(route)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        pool.drop(first)  # now it is the turn of the second, who is cancelled at the same moment
        waiting[1].cancel()
        connection = await asyncio.wait_for(waiting[2], 2)
        pool.drop(connection)
        assert waiting[0].cancelled()
        assert waiting[1].cancelled()


async def test_a_connection_idle_for_too_long_is_closed() -> None:
    async with serving(always(OK)) as server, fetching(settings(idle_timeout=0.2)) as fetcher:
        await get(fetcher, server.url)
        await asyncio.sleep(0.1)
        await get(fetcher, server.url)
        assert (server.connections, server.open_now) == (1, 1)
        await asyncio.sleep(0.5)
        assert server.open_now == 0
        assert fetcher._pool._sweeper is None
        await get(fetcher, server.url)
        assert server.connections == 2


async def test_the_sweep_spares_what_was_used_since() -> None:
    async with (
        serving(always(OK)) as server,
        serving(always(OK)) as other,
        fetching(settings(idle_timeout=0.3)) as fetcher,
    ):
        await get(fetcher, server.url)
        await get(fetcher, other.url)
        await asyncio.sleep(0.2)
        await get(fetcher, server.url)
        await asyncio.sleep(0.2)
        assert (server.open_now, other.open_now) == (1, 0)
        assert server.connections == 1


async def test_past_its_time_it_is_not_used_even_before_the_sweep() -> None:
    async with serving(always(OK)) as server, fetching(settings(idle_timeout=5.0)) as fetcher:
        await get(fetcher, server.url)
        for idle in fetcher._pool._idle.values():
            for connection in idle:
                connection.idle_since -= 6.0
        await get(fetcher, server.url)
        assert server.connections == 2


async def test_no_idle_time_no_keeping() -> None:
    async with serving(always(OK)) as server, fetching(settings(idle_timeout=0.0)) as fetcher:
        await get(fetcher, server.url)
        await get(fetcher, server.url)
        assert server.connections == 2


async def test_what_a_pool_remembers_does_not_grow_with_the_hosts_it_has_seen() -> None:
    async with serving(always(OK)) as server, fetching(connections=4) as fetcher:
        for number in range(1, 40):
            await get(fetcher, f"http://127.0.0.{number}:{server.port}/") if number == 1 else None
            await get(fetcher, f"http://localhost:{server.port}/{number}")
        assert len(fetcher._pool._idle) == 2
        assert len(fetcher._pool._live) == 2


async def test_a_pool_that_closes_closes_what_is_in_use_too() -> None:
    before = open_descriptors()
    async with serving(holding(60)) as server:
        pool = Pool(settings(), 1)
        fetcher = HttpFetcher(pool, settings())
        asking = asyncio.create_task(get(fetcher, server.url))
        waiting = [asyncio.create_task(get(fetcher, server.url)) for _ in range(3)]
        await asyncio.sleep(0.1)
        await pool.aclose()
        with pytest.raises(ConnectionLostError):
            await asking
        for ended in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(ended, ConnectError)
        with pytest.raises(ConnectError, match="closing"):
            await get(fetcher, server.url)
    await asyncio.sleep(0)
    assert open_descriptors() == before


async def test_a_connection_opened_while_the_pool_closes_does_not_stay() -> None:
    before = open_descriptors()
    async with serving(always(OK)) as server:
        pool = Pool(settings(), 1)
        dialing = asyncio.create_task(pool.acquire(Route.of(URL(server.url))))
        await asyncio.sleep(0)
        await pool.aclose()
        connection = await dialing
        assert isinstance(connection, Connection)
        assert not pool._live
        await connection.wait_closed()
    await asyncio.sleep(0)
    assert open_descriptors() == before


async def test_a_file_of_certificates_that_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"fetch.ca_file"):
        Pool(settings(ca_file="/nowhere"), 1)


@contextmanager
def few_descriptors(spare: int) -> Iterator[None]:
    """A process that may open only `spare` descriptors more."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, limits[0]), limits[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        for _ in range(spare):
            os.close(taken.pop())
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@contextmanager
def apart() -> Iterator[str]:
    """A server in a process of its own, whose descriptors are not ours: Python's own http.server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import http.server as h, sys\n"
        "class H(h.BaseHTTPRequestHandler):\n"
        "  protocol_version = 'HTTP/1.1'\n"
        "  def do_GET(self):\n"
        "    self.send_response(200); self.send_header('Content-Length', '2'); self.end_headers()\n"
        "    self.wfile.write(b'ok')\n"
        "  def log_message(self, *args): pass\n"
        "h.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(port)])
    try:
        patience = time.monotonic() + 10
        while time.monotonic() < patience:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


async def test_too_few_descriptors_mean_fewer_connections_and_no_failure() -> None:
    with apart() as url:
        async with fetching(connections=100) as fetcher:
            await asyncio.get_running_loop().run_in_executor(None, int)
            with few_descriptors(spare=8):
                bodies = await asyncio.gather(*(get(fetcher, f"{url}/{number}") for number in range(100)))
                assert bodies == [b"ok"] * 100
                assert len(fetcher._pool._live) <= fetcher._pool._fewer <= 4


async def test_idle_connections_are_let_go_of_for_a_descriptor() -> None:
    with apart() as url, apart() as other:
        async with fetching(connections=100) as fetcher:
            with few_descriptors(spare=3):
                await asyncio.gather(*(get(fetcher, url) for _ in range(3)))
                assert len(fetcher._pool._live) >= 1
                bodies = await asyncio.gather(*(get(fetcher, other) for _ in range(9)))
                assert bodies == [b"ok"] * 9


async def test_descriptors_that_others_hold_are_waited_for() -> None:
    with apart() as url:
        async with fetching(connections=100) as fetcher:
            with few_descriptors(spare=0):
                asking = asyncio.create_task(get(fetcher, url))
                await asyncio.sleep(0.1)
                assert not asking.done()
            assert await asyncio.wait_for(asking, 5) == b"ok"


async def test_descriptors_that_never_come_back_end_the_patience() -> None:
    async with fetching(settings(connect_timeout=0.2)) as fetcher:
        with few_descriptors(spare=0), pytest.raises(NoDescriptorError, match="no file descriptor left"):
            await get(fetcher, "http://127.0.0.1:9/")


async def test_a_shortage_is_forgotten_after_a_while() -> None:
    async with serving(holding(0.05)) as server, fetching(connections=4) as fetcher:
        pool = fetcher._pool
        pool._fewer, pool._fewer_until = 1, asyncio.get_running_loop().time() + 0.3
        await asyncio.gather(*(get(fetcher, server.url) for _ in range(4)))
        assert server.most_open == 1
        await asyncio.sleep(0.3)
        await asyncio.gather(*(get(fetcher, server.url) for _ in range(4)))
        assert server.most_open == 4
