"""Keeps connections open for the next request, and never opens more of them than there may be.

It knows no requests. What becomes of a connection is decided between two awaits, where no other task can run; only
then is anything opened or waited for.
"""

import asyncio
import resource
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final

from crawler.errors import ConnectError
from crawler.http1.limits import Limits
from crawler.net.connection import Connection
from crawler.net.dial import Dialer, Dials, NoDescriptorError
from crawler.net.route import Route
from crawler.settings import FetchSettings

RESERVED: Final = 16
"""Descriptors for what is neither a connection nor a document being saved: the database, logs, the loop, a terminal."""

SHORTAGE: Final = 10.0
"""Seconds for which fewer connections are opened once descriptors ran out."""

FIRST_WAIT: Final = 0.05
"""Seconds to the next try where others than this pool hold the descriptors; it doubles."""

LARGE_BLOCK: Final = 4 * 1024 * 1024


def affordable(wanted: int, descriptors: int) -> int:
    """How many connections fit a limit on file descriptors, where each may have a file open beside it."""
    if descriptors == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, (descriptors - RESERVED) // 2))


class Pool:
    """Connections by route: an idle one where there is one, a new one where there is room, else one has to wait."""

    def __init__(self, settings: FetchSettings, max_connections: int, dialer: Dials | None = None) -> None:
        self._settings = settings
        self._limits = Limits(
            max_head=settings.max_head, max_line=settings.max_header_line, max_headers=settings.max_headers
        )
        self._max_connections = affordable(max_connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._loop = asyncio.get_running_loop()
        self._dialer: Dials = dialer or Dialer(settings)
        self._idle: dict[Route, list[Connection]] = {}  # the route that was given back to last comes last
        self._live: set[Connection] = set()
        self._dialing = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._sweeper: asyncio.TimerHandle | None = None
        self._fewer = self._max_connections
        self._fewer_until = 0.0
        self._is_closed = False
        _keep_large_blocks()

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def clock(self) -> Callable[[], float]:
        """The clock by which connections live."""
        return self._loop.time

    async def acquire(self, route: Route, *, fresh: bool = False) -> Connection:
        """A connection for one exchange, to be given back by `release` or `drop`; `fresh`: one never used before."""
        wait = FIRST_WAIT
        if self._waiters:
            await self._wait()  # those who came before go first
        while not self._is_closed:
            if not fresh and (connection := self._take(route)) is not None:
                self._wake()  # whoever is next may find something too
                return connection
            if not self._has_room():
                await self._wait(again=True)
                continue
            try:
                return await self._open(route)
            except NoDescriptorError:
                if self._ease_off():
                    await asyncio.sleep(0)  # the sockets let go of are closed in the loop's next turn
                elif not self._count():
                    if wait > self._settings.connect_timeout:
                        raise
                    await asyncio.sleep(wait)
                    wait *= 2
        raise ConnectError(f"no connection to {route}: the crawl is closing")

    def release(self, connection: Connection) -> None:
        """Give back a connection whose exchange came to its end: it is kept if it is fit for another."""
        is_wanted = not self._is_closed and self._settings.idle_timeout and self._count() <= self._room()
        if not is_wanted or not connection.is_reusable:
            self.drop(connection)
            return
        connection.rest()
        idle = self._idle.pop(connection.route, [])
        idle.append(connection)
        self._idle[connection.route] = idle
        if self._sweeper is None:
            self._sweeper = self._loop.call_at(self._expiry(connection), self._sweep)
        self._wake()

    def drop(self, connection: Connection) -> None:
        """Close a connection, whatever its state; the only way for one whose exchange failed or was left early."""
        connection.abort()
        self._live.discard(connection)
        self._wake()

    async def aclose(self) -> None:
        """Close every connection, in use or not, and return when their sockets are given back."""
        self._is_closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._idle.clear()
        live = list(self._live)
        for connection in live:
            self.drop(connection)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        for connection in live:
            await connection.wait_closed()
        await asyncio.sleep(0)  # for those that were dropped just before

    def _take(self, route: Route) -> Connection | None:
        """The idle connection of this route that was used last, if any is still fit."""
        idle = self._idle.get(route)
        while idle:
            connection = idle.pop()
            if not idle:
                del self._idle[route]
            if connection.is_quiet and not self._is_old(connection):
                return connection
            self.drop(connection)
        return None

    def _count(self) -> int:
        return len(self._live) + self._dialing

    def _has_room(self) -> bool:
        """Whether one more may be opened, letting go of the longest idle ones for it."""
        room = self._room()
        while self._count() >= room and self._idle:
            self._let_go()
        return self._count() < room

    def _room(self) -> int:
        """How many connections there may be now."""
        return self._max_connections if self._fewer_until <= self._loop.time() else self._fewer

    def _let_go(self) -> None:
        """Drop the idle connection whose route has rested longest."""
        route = next(iter(self._idle))
        idle = self._idle[route]
        connection = idle.pop(0)
        if not idle:
            del self._idle[route]
        self.drop(connection)

    def _ease_off(self) -> bool:
        """Descriptors ran out: do with half of what there is, as files want some too; whether any came back at once."""
        self._fewer = max(1, self._count() // 2)
        self._fewer_until = self._loop.time() + SHORTAGE
        had_idle = bool(self._idle)
        while self._idle:
            self._let_go()
        return had_idle

    async def _open(self, route: Route) -> Connection:
        settings = self._settings
        self._dialing += 1
        self._wake()  # there may be room for the next one too
        try:
            wire = await self._dialer.dial(route)
        except BaseException:
            self._dialing -= 1
            self._wake()
            raise
        self._dialing -= 1
        connection = Connection(wire, route, self._limits, settings.read_timeout, settings.total_timeout)
        self._live.add(connection)
        if self._is_closed:
            self.drop(connection)
        return connection

    async def _wait(self, *, again: bool = False) -> None:
        """Until it is one's turn; who waits `again` keeps the first place."""
        waiter = self._loop.create_future()
        if again:
            self._waiters.appendleft(waiter)
        else:
            self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():
                waiter.add_done_callback(lambda _: self._wake())  # the turn that came too late is the next one's
            raise
        finally:
            self._waiters.remove(waiter)  # only now, so that no newcomer slips in before it runs

    def _wake(self) -> None:
        """Tell the first who waits that something has changed."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
                return

    def _expiry(self, connection: Connection) -> float:
        return connection.idle_since + self._settings.idle_timeout

    def _is_old(self, connection: Connection) -> bool:
        return self._loop.time() >= self._expiry(connection)

    def _sweep(self) -> None:
        """Drop what has idled too long; runs only while there is something idle."""
        for route, idle in list(self._idle.items()):
            fit = [connection for connection in idle if connection.is_quiet and not self._is_old(connection)]
            for connection in set(idle) - set(fit):
                self.drop(connection)
            if fit:
                self._idle[route] = fit
            else:
                del self._idle[route]
        expiry = min((self._expiry(connection) for idle in self._idle.values() for connection in idle), default=None)
        self._sweeper = self._loop.call_at(expiry, self._sweep) if expiry is not None else None


def _keep_large_blocks() -> None:
    """Let glibc reuse the 256 KiB into which asyncio receives, instead of fetching them from the kernel for every read.

    It asks the kernel for blocks of 128 KiB and more, and gives them back one by one, until it has seen a larger one
    freed (mallopt(3), M_MMAP_THRESHOLD): that halves the time of a request. Elsewhere it does nothing.
    """
    bytes(LARGE_BLOCK)
