"""The parent's ends of the lines to its worker processes: each is given visits, and what it sends back is booked.

It neither starts nor watches processes (supervise.py), and who is due the frontier knows. `remote.py` is the other end.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.links import Folded
from crawler.crawldb.wire import (
    Plain,
    Wire,
    pack_cookies,
    pack_visit,
    unpack_link,
    unpack_outcome,
)
from crawler.errors import CrawlError
from crawler.interfaces import Observer, Stop
from crawler.model import URL, Finished, Leased, Noted, Outcome, Visit
from crawler.web.cookies import Cookie, Jar

MAX_WAITING: Final = 64_000_000
"""Bytes that may wait for a worker which does not read them; beyond, it counts as dead."""

Assign = Callable[[str, bool], bytes]
"""What a worker of this name is to know at its beginning; True: it gets one visit at a time."""

Clear = Callable[[str, Sequence[URL], Sequence[str]], Awaitable[None]]
"""Removes what the worker of this name left behind: of documents at these URLs, and under these names."""

log: Final = logging.getLogger("crawler")


class Switchboard:
    """Connects worker processes with one frontier; what one of them learns, all are told.

    That is the cookies in `jar`, and where start URLs turned out to live.
    """

    def __init__(self, frontier: SqliteFrontier, jar: Jar, observe: Observer, assign: Assign, clear: Clear) -> None:
        self.frontier = frontier
        self.observe = observe
        self.clear = clear
        self._jar = jar
        self._assign = assign
        self._lines: set[Line] = set()
        self._roots: list[str] = []
        self._count = 0
        frontier.tell = self._tell_news

    async def connect(self, end: socket.socket, stop: Stop, alone: bool) -> "Line":
        """The line to a new worker process, told what it is to know; `alone`: it gets one visit at a time."""
        self._count += 1
        name = f"{self._count}-"
        line = Line(self, name, stop, alone=alone)
        await line.open(end, self._assign(name, alone))
        return line

    def join(self, line: "Line") -> None:
        """Tell a worker that is ready what has changed, and from now on all that will."""
        self._lines.add(line)
        for text in self._roots:
            line.tell("root", text)
        line.tell("cookies", pack_cookies(list(self._jar)))

    def leave(self, line: "Line") -> None:
        """A worker need not be told any more."""
        self._lines.discard(line)

    def _tell_news(self, cookies: Sequence[Cookie], roots: Sequence[URL]) -> None:
        self._roots += map(str, roots)
        for line in self._lines:
            for url in roots:
                line.tell("root", str(url))
            line.tell("cookies", pack_cookies(cookies))


class Line:
    """One worker process, as the parent hears it."""

    def __init__(self, board: Switchboard, name: str, stop: Stop, *, alone: bool) -> None:
        self._board = board
        self._frontier = board.frontier
        self._name = name
        self._fail = stop
        self._alone = alone
        self._held: dict[int, Visit] = {}
        self._leasing: set[asyncio.Future[Any]] = set()
        self._wire: Wire | None = None
        self._over = asyncio.Event()
        self._ready = asyncio.Event()
        self._heard = self._said_goodbye = False

    async def open(self, end: socket.socket, assignment: bytes) -> None:
        """Begin to hear, and tell the worker what it is to know."""
        self._wire = await Wire.over(end, self._take, self._over.set)
        self.tell("begin", assignment)

    async def begun(self) -> None:
        """Return once the worker is at work."""
        await self._ready.wait()

    async def ended(self) -> bool:
        """Return once the worker has hung up: whether it had finished."""
        await self._over.wait()
        return self._said_goodbye

    def heard(self) -> bool:
        """Whether the worker has said anything since this was last asked."""
        heard, self._heard = self._heard, False
        return heard

    def stop(self) -> bool:
        """Have the worker end in good order; False: it has not even begun, and may as well be killed."""
        if self._ready.is_set():
            self.tell("stop", None)
        return self._ready.is_set()

    async def lost(self) -> bool:
        """The worker is gone for good: the visits that it had are suspects; whether there were any."""
        self._let_go()
        held = list(self._held.values())
        self._held.clear()
        names = await self._frontier.call("leftovers", held)
        await self._board.clear(self._name, [visit.link.url for visit in held], names)
        await self._frontier.call("suspect", held)
        return bool(held)

    def tell(self, name: str, value: object) -> None:
        """Say something that was not asked for."""
        if self._wire is not None:
            self._wire.send((name, value))
            if self._wire.waiting > MAX_WAITING:
                self._wire.abort()

    def _let_go(self) -> None:
        self._board.leave(self)
        for future in self._leasing:
            future.cancel()

    def _take(self, batch: list[Plain]) -> None:
        self._heard = True
        for name, *arguments in batch:
            getattr(self, f"_do_{name}")(*arguments)

    def _reply(self, number: int, value: object) -> None:
        if self._wire is not None:
            self._wire.send((number, value))

    def _result(self, number: int, future: "asyncio.Future[Any]") -> Any:
        """What an operation came to; where the frontier failed, everybody is told."""
        error = future.exception()
        if error is None:
            return future.result()
        word = error.kind if isinstance(error, CrawlError) else "crash"
        self._reply(number, (word, str(error)))
        self._fail(word, str(error))
        return None

    def _do_ready(self) -> None:
        self._ready.set()
        self._board.join(self)

    def _do_beat(self) -> None:
        """It lives; that is all."""

    def _do_lease(self, number: int, count: int) -> None:
        future = self._frontier.call("lease", count, self._alone)
        self._leasing.add(future)
        future.add_done_callback(partial(self._leased, number))

    def _leased(self, number: int, future: "asyncio.Future[Any]") -> None:
        self._leasing.discard(future)
        if future.cancelled() or (visits := self._result(number, future)) is None:
            return
        for visit in visits:
            self._held[visit.token] = visit
            self._board.observe(Leased(visit))
        self._reply(number, tuple(map(pack_visit, visits)))

    def _do_finish(self, number: int, token: int, outcome: Plain, folded: Plain) -> None:
        visit = self._held.pop(token, None)
        if visit is None:
            self._reply(number, ())
            return
        came = unpack_outcome(outcome)
        future = self._frontier.call("finish", visit, came, Folded(*folded))
        future.add_done_callback(partial(self._finished, number, visit, came))

    def _finished(self, number: int, visit: Visit, outcome: Outcome, future: "asyncio.Future[Any]") -> None:
        if future.exception() is not None:
            self._result(number, future)
            return
        self._board.observe(Finished(visit, outcome))
        self._reply(number, ())

    def _do_release(self, number: int, tokens: Sequence[int]) -> None:
        visits = [self._held.pop(token) for token in tokens if token in self._held]
        future = self._frontier.call("release", visits)
        future.add_done_callback(partial(self._answer, number))

    def _do_add(self, number: int, links: Sequence[Plain], more: bool) -> None:
        future = self._frontier.call("add", [unpack_link(link) for link in links], more)
        future.add_done_callback(partial(self._answer, number))

    def _do_claim(self, number: int, token: int, digest: str, path: str) -> None:
        visit = self._held.get(token)
        if visit is None:
            self._reply(number, ((path, False),))
            return
        future = self._frontier.call("claim", visit, digest, path)
        future.add_done_callback(partial(self._answer, number))

    def _answer(self, number: int, future: "asyncio.Future[Any]") -> None:
        result = self._result(number, future)
        if future.exception() is None:
            self._reply(number, (tuple(result) if isinstance(result, tuple) else result,))

    def _do_note(self, text: str, warning: bool) -> None:
        self._board.observe(Noted(text, warning))

    def _do_bug(self, text: str) -> None:
        log.error("%s", text)

    def _do_bye(self, word: str | None, detail: str | None) -> None:
        """The worker has finished; what it was given too late goes back."""
        self._said_goodbye = True
        self._let_go()
        self._frontier.call("release", list(self._held.values()))
        self._held.clear()
        if word is not None:
            self._fail(word, detail)
