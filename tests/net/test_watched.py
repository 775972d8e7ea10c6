"""A connection that is watched is like any other, and every byte of it is seen."""

import asyncio

from crawler.net.dial import Dialer
from crawler.net.fetcher import HttpFetcher
from crawler.net.pool import Pool
from crawler.net.route import Route
from crawler.net.watched import WatchedDialer
from crawler.net.wire import Wire
from tests.net.wires import HELLO, OK, answering, get, serving, settings


class Log:
    """All that was seen, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.peers: list[str] = []

    def watch(self, route: Route, wire: Wire) -> "Log":
        self.peers.append(wire.peer)
        assert str(route) == wire.peer
        return self

    def sent(self, data: bytes) -> None:
        self.seen.append((">", data))

    def received(self, data: bytes) -> None:
        self.seen.append(("<", data))

    def bytes_of(self, direction: str) -> bytes:
        return b"".join(data for way, data in self.seen if way == direction)


async def test_every_byte_is_seen_and_the_connection_is_kept() -> None:
    log, chosen = Log(), settings()
    async with serving(answering(OK, HELLO)) as server:
        async with Pool(chosen, 2, WatchedDialer(Dialer(chosen), log.watch)) as pool:
            fetcher = HttpFetcher(pool, chosen)
            assert await get(fetcher, server.url) == b"ok"
            assert await get(fetcher, server.url) == b"hello"
        assert server.connections == 1
        assert log.peers == [f"127.0.0.1:{server.port}"]
        assert log.bytes_of("<") == OK + HELLO
        assert log.bytes_of(">") == b"".join(server.requests)
        assert [way for way, _ in log.seen if way == ">"] == [">", ">"]


async def test_the_end_of_an_idle_connection_is_noticed_through_the_watcher() -> None:
    log, chosen = Log(), settings()
    async with serving(answering(OK), answering(HELLO)) as server:
        async with Pool(chosen, 2, WatchedDialer(Dialer(chosen), log.watch)) as pool:
            fetcher = HttpFetcher(pool, chosen)
            assert await get(fetcher, server.url) == b"ok"
            while server.open_now:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            assert await get(fetcher, server.url) == b"hello"
        assert server.connections == 2
        assert ("<", b"") in log.seen
