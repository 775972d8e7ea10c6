"""The frontier of one machine: who is due, from SQLite, in groups that commit as one.

A group is what arrived while the last one was being committed; no timer collects it. A lease is committed before it is
handed out, and `finish` returns when its group is committed, so a restart knows what was in flight. Statements run on
the loop, a few microseconds each: in a thread, every one of them would wait for the interpreter's lock. Only the
commit, which may wait for a disk, has a thread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any

from crawler.crawldb.claims import Claim, ClaimRows
from crawler.crawldb.cookies import CookieRows
from crawler.crawldb.database import Database, database_errors
from crawler.crawldb.group import Group, Operation
from crawler.crawldb.leasing import Leasing
from crawler.crawldb.links import Folded, folded
from crawler.crawldb.lists import ListRows
from crawler.crawldb.near import NearRows
from crawler.crawldb.pace import Hosts, Pace
from crawler.crawldb.requeue import Begun, Judge, begin, reconsider, retry, take_up
from crawler.crawldb.settle import Settler
from crawler.crawldb.traps import Traps
from crawler.crawldb.twins import Twins
from crawler.crawldb.urls import Lease, Urls
from crawler.errors import CrawldbError, StoreError
from crawler.model import URL, Counted, Counts, Event, Link, Noted, Outcome, Place, Row, Visit
from crawler.settings import Settings
from crawler.web.cookies import Cookie, Jar


class SqliteFrontier:
    """`Frontier` and `Claims` over the crawl database; the only writer of it, and of the cookie `jar`.

    `clock` gives seconds of the wall clock that never run backwards during the run; `discard` removes files that no row
    has any more. `tell` hears of cookies that changed and where start URLs turned out to live, before any visit to
    which that matters is handed out.
    """

    def __init__(
        self,
        database: Database,
        pace: Pace,
        settings: Settings,
        jar: Jar,
        clock: Callable[[], float],
        observe: Callable[[Event], None],
        discard: Callable[[Sequence[str]], Awaitable[None]],
        clean: Callable[[Begun], None],
    ) -> None:
        """`discard` removes files that no record has any more, `clean` those which the last run left behind."""
        self._database = database
        self._discard = discard
        self.tell: Callable[[Sequence[Cookie], Sequence[URL]], None] = lambda cookies, roots: None
        self._pace = pace
        self._clock = clock
        self._observe = observe
        self._inbox: list[Operation] = []
        self._waiting: list[Operation] = []
        self._waiting_alone: list[Operation] = []
        self._leases: dict[int, Lease] = {}
        self._kept_open = self._feeding = False
        self._next_due: float | None = None
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "crawldb")
        self._broken: CrawldbError | None = None
        self._closing = False
        self._total = settings.concurrency.total
        self._group = Group()
        with database.transaction():
            begun = begin(database.sql, clock(), robots=pace.robots, longest=pace.longest)
            self.run = begun.run
            clean(begun)
            self._cookies = CookieRows(database.sql, jar, clock())
        self._hosts = Hosts(database.sql, pace)
        self._traps = Traps(database.sql, settings.traps, settings.crawl.max_sitemaps)
        self._urls = Urls(database.sql, self._hosts, self._traps, settings.crawl.max_depth, self.run)
        self._leasing = Leasing(database.sql, self._hosts, self._urls, pace, settings.crawl)
        self._lists = ListRows(database.sql, self._urls)
        self._set_up_settler(settings)
        with database.transaction():
            take_up(database.sql, self._hosts, self._urls)
            self._hosts.flush()
        self._counts = self._hosts.counts(self._leasing.limit())
        self._task = asyncio.get_running_loop().create_task(self._serve(), name="frontier")

    def _set_up_settler(self, settings: Settings) -> None:
        sql, images = self._database.sql, settings.images
        self._claims = ClaimRows(
            sql,
            self._leases.__contains__,
            dedupe=images.dedupe != "off",
            templated=bool(images.name),
            max_name=settings.store.max_name,
        )
        twins = Twins(sql, self._hosts, NearRows(sql), images.max_distance, images.dedupe == "near")
        self._settler = Settler(
            sql, self._hosts, self._urls, self._pace, self._cookies, self._claims, twins, self._traps, self.run
        )

    @property
    def counts(self) -> Counts:
        """How the crawl stands, as of the last commit."""
        return self._counts

    async def add(self, links: Sequence[Link], *, more: bool = False) -> int:
        """As `Frontier.add`."""
        return int(await self.call("add", links, more))

    async def lease(self, count: int) -> Sequence[Visit]:
        """As `Frontier.lease`."""
        future = self.call("lease", count, False)
        try:
            visits: Sequence[Visit] = await future
        except asyncio.CancelledError:
            if not future.cancelled() and future.exception() is None:  # they came at the same moment
                self.call("release", future.result())
            raise
        return visits

    async def finish(self, visit: Visit, outcome: Outcome) -> None:
        """As `Frontier.finish`."""
        await self.call("finish", visit, outcome, await folded(visit.link, outcome))

    async def release(self, visits: Sequence[Visit]) -> None:
        """As `Frontier.release`."""
        await self.call("release", visits)

    async def claim(self, visit: Visit, digest: str, path: str) -> Place:
        """As `Claims.claim`."""
        place: Place = await self.call("claim", visit, digest, path)
        return place

    async def feed(
        self, number: int, rows: Sequence[tuple[Row, str | None]], offset: int, count: int, *, more: bool
    ) -> None:
        """Rows of a list, each with the word for which it is not followed; and where the list goes on behind them.

        `offset` is in bytes, `count` in rows; `more` keeps the crawl open.
        """
        await self.call("feed", number, rows, offset, count, more)

    def list_at(self, name: str, choose: Callable[[Sequence[str]], str]) -> tuple[int, int, int]:
        """The number of a list, and where it goes on: bytes and rows; to be called before the first operation.

        `choose` is given the fingerprints of all lists of that name and says which one it is, or that of a new one.
        From now on the crawl is kept open for its rows.
        """
        self._feeding = True
        with database_errors(self._database.folder), self._database.transaction():
            return self._lists.at(name, choose(self._lists.fingerprints(name)))

    async def retry(self, words: Collection[str]) -> int:
        """Queue again what ended for one of these words, statuses or classes of statuses (5xx); how many."""
        return int(await self.call("retry", words))

    async def reconsider(self, judge: Judge) -> None:
        """Ask `judge` anew about all that waits or was not followed: the rules have changed since the last run."""
        await self.call("reconsider", judge)

    async def keep(self, cookies: Sequence[Cookie]) -> None:
        """Keep cookies that come from no visit."""
        await self.call("keep", cookies)

    async def state(self, facts: dict[str, str]) -> None:
        """Write down what shapes this crawl."""
        await self.call("state", facts)

    def seeds(self) -> list[URL]:
        """The start URLs of all runs, and where they redirected to; to be called before the first operation."""
        with database_errors(self._database.folder):
            return self._urls.seeds()

    def end(self, stopped: str | None) -> None:
        """Note why this run ends, None where the crawl is finished; before `close`."""
        self.call("end", stopped)

    async def close(self) -> None:
        """As `Frontier.close`."""
        self._closing = True
        self._wake.set()
        await self._task
        self._thread.shutdown()

    def waits_until(self) -> float | None:
        """The moment up to which there may be nothing to lease; infinity where a list decides, None: none is known."""
        return inf if self._kept_open or self._feeding else self._next_due

    def call(self, name: str, *arguments: Any) -> asyncio.Future[Any]:
        """One operation, and the future of its result: what the methods above do, for callers that wait for many."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._broken is not None:
            future.set_exception(self._broken)
            future.exception()  # heard of, though nobody may be waiting
        else:
            self._inbox.append(Operation(name, arguments, future))
            self._wake.set()
        return future

    async def _serve(self) -> None:
        """Group after group, until closed or broken."""
        loop = asyncio.get_running_loop()
        while not (self._closing and not self._inbox):
            due = self._next_due
            timer = None if due is None else loop.call_later(max(due - self._clock(), 0.001), self._wake.set)
            await self._wake.wait()
            self._wake.clear()
            if timer is not None:
                timer.cancel()
            operations, self._inbox = self._inbox, []
            try:
                if any(operation.name == "finish" and operation.arguments[2].is_large for operation in operations):
                    group = await loop.run_in_executor(self._thread, self._work, operations)
                else:
                    group = self._work(operations)
                await loop.run_in_executor(self._thread, self._database.commit)
                self._hand_out(group)
                if group.trash:
                    await self._empty(group.trash)
            except Exception as error:
                self._break(error, operations)
                return
            self._next_due = group.next_due if self._waiting or self._waiting_alone else None
        self._answer_waiting([])

    async def _empty(self, trash: Sequence[str]) -> None:
        """Remove files that no row has any more; what cannot be removed is left to the next run."""
        try:
            await self._discard(trash)
        except StoreError as error:
            self._observe(Noted(f"{error}; the next run removes it", warning=True))
        else:
            self.call("emptied", trash)

    def _hand_out(self, group: Group) -> None:
        if group.cookies or group.roots:
            self.tell(group.cookies, group.roots)
        for future, result in group.results:
            if not future.done():
                future.set_result(result)
            elif isinstance(result, list) and result:
                self.call("release", result)
        for event in group.events:
            self._observe(event)

    def _break(self, error: Exception, operations: list[Operation]) -> None:
        """The database failed: every caller hears of it, now and later."""
        self._broken = error if isinstance(error, CrawldbError) else CrawldbError(f"the frontier failed: {error!r}")
        self._broken.__cause__ = error
        for operation in (*operations, *self._waiting, *self._waiting_alone, *self._inbox):
            if not operation.future.done():
                operation.future.set_exception(self._broken)
                operation.future.exception()

    def _answer_waiting(self, visits: list[Visit]) -> None:
        for operation in (*self._waiting, *self._waiting_alone):
            if not operation.future.done():
                operation.future.set_result(visits)
        self._waiting, self._waiting_alone = [], []

    def _work(self, operations: list[Operation]) -> Group:
        """The statements of one group: its changes first, then what is due to those who wait for it."""
        group = self._group = Group()
        with self._database.changes():
            now = self._clock()
            for operation in operations:
                if operation.name == "lease":
                    (self._waiting_alone if operation.arguments[1] else self._waiting).append(operation)
                elif operation.name == "claim":
                    self._do_claim(operation)
                else:
                    result = getattr(self, f"_do_{operation.name}")(now, *operation.arguments)
                    group.results.append((operation.future, result))
            self._waiting_alone = [operation for operation in self._waiting_alone if not operation.future.done()]
            self._waiting = [operation for operation in self._waiting if not operation.future.done()]
            self._serve_alone(group, now)
            self._serve_waiting(group, now)
            self._hosts.flush()
        self._counts = self._hosts.counts(self._leasing.limit())
        group.events.append(Counted(self._counts))
        group.cookies = self._cookies.news()
        group.trash = self._settler.discarded()
        return group

    def _do_add(self, now: float, links: Sequence[Link], more: bool) -> int:
        self._kept_open = more
        new = 0
        for link in links:
            parent = self._urls.find(str(link.parent)) if link.parent is not None else None
            new += self._urls.add(link, parent.id if parent is not None else None)
        return new

    def _do_claim(self, operation: Operation) -> None:
        visit, digest, path = operation.arguments
        lease = self._leases.get(visit.token)

        def answer(place: Place) -> None:
            self._group.results.append((operation.future, place))

        if lease is None:
            answer(Place(path, is_duplicate=True))  # it is no longer out: nothing is written for it
        else:
            self._claims.claim(Claim(lease, digest, path, answer))

    def _do_feed(
        self, now: float, number: int, rows: Sequence[tuple[Row, str | None]], offset: int, count: int, more: bool
    ) -> None:
        self._feeding = more
        self._lists.feed(number, rows, offset, count)

    def _do_retry(self, now: float, words: Collection[str]) -> int:
        return retry(self._database.sql, self._hosts, self._urls, words)

    def _do_emptied(self, now: float, paths: Sequence[str]) -> None:
        self._database.sql.executemany("DELETE FROM trash WHERE path = ?", [(path,) for path in paths])

    def _do_keep(self, now: float, cookies: Sequence[Cookie]) -> None:
        self._cookies.keep(cookies, now)

    def _do_state(self, now: float, facts: dict[str, str]) -> None:
        self._database.state(facts)

    def _do_reconsider(self, now: float, judge: Judge) -> None:
        reconsider(self._database.sql, self._hosts, self._urls, judge)

    def _do_end(self, now: float, stopped: str | None) -> None:
        self._database.sql.execute("UPDATE runs SET ended_at = ?, stopped = ? WHERE id = ?", (now, stopped, self.run))

    def _do_finish(self, now: float, visit: Visit, outcome: Outcome, folded: Folded) -> None:
        lease = self._taken_back(visit)
        if lease is not None:
            self._group.events += self._settler.settle(lease, outcome, folded, now)
            self._claims.finished(visit.token)
            self._group.events += self._traps.notes()
            if outcome.moved is not None and visit.link.is_seed:
                self._group.roots.append(outcome.moved.url)

    def _do_release(self, now: float, visits: Sequence[Visit]) -> None:
        for visit in visits:
            lease = self._taken_back(visit)
            if lease is not None:
                self._settler.release(lease)
                self._claims.finished(visit.token)

    def _do_leftovers(self, now: float, visits: Sequence[Visit]) -> list[str]:
        """The names that were given to what these visits were to keep."""
        rows = [lease.row for visit in visits if (lease := self._leases.get(visit.token)) is not None]
        return self._claims.names_of(rows)

    def _do_suspect(self, now: float, visits: Sequence[Visit]) -> None:
        for visit in visits:
            lease = self._taken_back(visit)
            if lease is not None:
                self._group.events += self._settler.suspect(lease, now)
                self._claims.finished(visit.token)

    def _taken_back(self, visit: Visit) -> Lease | None:
        lease = self._leases.pop(visit.token, None)
        if lease is not None:
            self._leasing.taken_back(lease)
        return lease

    def _serve_waiting(self, group: Group, now: float) -> None:
        """Leases for those who wait; where nothing is due now, when to look again, or that it is over."""
        self._hosts.flush()
        if not self._waiting:
            return
        visits: list[Visit] = []
        wanted = min(sum(operation.arguments[0] for operation in self._waiting), self._total - len(self._leases))
        if wanted and self._leasing.limit() != "max-bytes":  # where no more may be out, an end is what to wait for
            for lease in self._leasing.due(wanted, now):
                self._leases[lease.visit.token] = lease
                visits.append(lease.visit)
            group.look_at(self._hosts.next_due())
        while visits and self._waiting:
            operation = self._waiting.pop(0)
            count = operation.arguments[0]
            group.results.append((operation.future, visits[:count]))
            visits = visits[count:]
        is_open = (self._kept_open or self._feeding) and self._leasing.limit() != "max-bytes"
        if self._waiting and not self._leases and group.next_due is None and not is_open and not self._urls.suspects():
            group.results += [(operation.future, []) for operation in self._waiting]
            self._waiting = []

    def _serve_alone(self, group: Group, now: float) -> None:
        """The same for those who take what must be alone in its process; where there is none, they may go."""
        while self._waiting_alone and len(self._leases) < self._total:
            lease, due = self._leasing.suspect(now)
            if lease is not None:
                self._leases[lease.visit.token] = lease
            elif due is not None:
                group.look_at(due)
                return
            visits = [lease.visit] if lease is not None else []
            group.results.append((self._waiting_alone.pop(0).future, visits))
