"""`Frontier` and `Claims` in a worker process: the parent's own, over a wire, many operations to a batch.

What needs no database is done here: a page's links are folded, and those which this process has named before are not
sent again. `serve.py` is the other end.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from crawler.crawldb.front import Front
from crawler.crawldb.links import folded
from crawler.crawldb.wire import Plain, Wire, pack_link, pack_outcome, unpack_cookies, unpack_visit
from crawler.errors import CrawldbError
from crawler.model import URL, Event, Link, Noted, Outcome, Place, Visit
from crawler.web.cookies import Jar


async def take_call(end: socket.socket, lost: Callable[[], None]) -> tuple[Wire, bytes]:
    """The wire to the parent, and the first thing it says; `lost` is called once the parent is gone."""
    first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    wire = await Wire.over(end, lambda batch: first.set_result(batch[0][1]), lost)
    return wire, await first


class Crawling(Protocol):
    """The crawl of this process, as the parent steers it."""

    def stop(self, reason: str, detail: str | None = None) -> None:
        """End in good order."""
        ...

    def widen(self, url: URL) -> None:
        """A start URL turned out to live at `url`."""
        ...


class RemoteFrontier:
    """The parent's frontier and claims; what it tells of cookies goes into `jar`."""

    def __init__(self, wire: Wire, jar: Jar, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._jar = jar
        self._clock = clock
        self._front = Front()
        self._asked: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._count = 0
        self._crawl: Crawling | None = None
        wire.take = self._take

    def attend(self, crawl: Crawling) -> None:
        """Hear from now on what the parent tells, on behalf of `crawl`."""
        self._crawl = crawl
        self._wire.send(("ready",))

    async def add(self, links: Sequence[Link], *, more: bool = False) -> int:
        """As `Frontier.add`."""
        (new,) = await self._ask("add", tuple(map(pack_link, links)), more)
        return int(new)

    async def lease(self, count: int) -> Sequence[Visit]:
        """As `Frontier.lease`."""
        future = self._ask("lease", count)
        try:
            return [unpack_visit(row) for row in await future]
        except asyncio.CancelledError:
            if not future.cancelled() and future.exception() is None:  # they came at the same moment
                self._give_back(future.result())
            raise

    async def finish(self, visit: Visit, outcome: Outcome) -> None:
        """As `Frontier.finish`."""
        found = await folded(visit.link, outcome, self._front)
        named = tuple(found.named)
        await self._ask("finish", visit.token, pack_outcome(outcome), (found.row, named, found.leads_on))

    async def release(self, visits: Sequence[Visit]) -> None:
        """As `Frontier.release`."""
        await self._ask("release", tuple(visit.token for visit in visits))

    async def claim(self, visit: Visit, digest: str, path: str) -> Place:
        """As `Claims.claim`."""
        (place,) = await self._ask("claim", visit.token, digest, path)
        return Place(*place)

    async def close(self) -> None:
        """As `Frontier.close`; nothing is lost by it, for what has been answered is committed."""
        await self._wire.close()

    def beat(self) -> None:
        """Say that this process lives."""
        self._wire.send(("beat",))

    def observe(self, event: Event) -> None:
        """An Observer: notes go to the parent, which knows of everything else by itself."""
        if isinstance(event, Noted):
            self._wire.send(("note", event.text, event.warning))

    def report(self, text: str) -> None:
        """Tell of an error that is a bug."""
        self._wire.send(("bug", text))

    def say_goodbye(self, word: str | None, detail: str | None) -> None:
        """This process has nothing more to do; `word` is a failure that ends the whole crawl."""
        self._wire.send(("bye", word, detail))

    def _ask(self, name: str, *arguments: object) -> "asyncio.Future[Any]":
        self._count += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[self._count] = (name, future)
        self._wire.send((name, self._count, *arguments))
        return future

    def _take(self, batch: list[Plain]) -> None:
        for head, value in batch:
            if isinstance(head, int):
                self._answer(head, value)
            else:
                getattr(self, f"_told_{head}")(value)

    def _answer(self, number: int, value: Plain) -> None:
        name, future = self._asked.pop(number)
        if value and isinstance(value[0], str):
            text = value[1]
            if not future.done():
                future.set_exception(CrawldbError(text))
                future.exception()  # heard of, though nobody may be waiting
        elif not future.done():
            future.set_result(value)
        elif name == "lease" and value:  # who wanted them has been cancelled
            self._give_back(value)

    def _give_back(self, rows: Sequence[Plain]) -> None:
        self._ask("release", tuple(unpack_visit(row).token for row in rows))

    def _told_cookies(self, rows: Sequence[Plain]) -> None:
        for cookie in unpack_cookies(rows):
            self._jar.store(cookie, self._clock())

    def _told_root(self, text: str) -> None:
        if self._crawl is not None:
            self._crawl.widen(URL.known(text))

    def _told_stop(self, _: None) -> None:
        if self._crawl is not None:
            self._crawl.stop("interrupted")
