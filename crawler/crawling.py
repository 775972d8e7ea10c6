"""The heart: a bounded number of workers, each of which leases, visits and finishes, until it is over.

It knows the seams and the policy, and no room: not where visits come from, how bytes travel or where they lie. It is
not called `crawl`, for that is the function at the front door, and a package has one name for each.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from crawler import policy
from crawler.errors import CrawldbError, StoreError
from crawler.interfaces import Crew
from crawler.model import (
    URL,
    Counts,
    Finished,
    Leased,
    Link,
    Noted,
    Outcome,
    Visit,
)
from crawler.settings import Settings
from crawler.steps import step
from crawler.visiting import Parts, Visiting
from crawler.watching import STALLED, Watching

GRACE: Final = 8.0
"""Seconds that visits in flight have to finish once the crawl is told to stop."""

LOOK: Final = 0.25
"""Seconds between two looks at whether other processes are to take over."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to. `stopped` is the word for what ended it before the crawl was finished.

    None where it is finished.
    """

    counts: Counts
    stopped: str | None
    detail: str | None
    resumed: bool
    already_finished: bool
    elapsed: float


class Crawl:
    """One run of a crawl: `run` it once; `stop` it from a signal handler or another task."""

    def __init__(
        self, parts: Parts, settings: Settings, rules: policy.Rules, seeds: Sequence[Link], *, resumed: bool = False
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._visiting = Visiting(parts, settings, rules)
        self._seeds = seeds
        self._resumed = resumed
        self._stopped: str | None = None
        self._detail: str | None = None
        self._stopping = asyncio.Event()
        self._visits = 0
        self._has_crew = self._is_relieved = False
        self._idle: set[asyncio.Task[None]] = set()
        clock = asyncio.get_running_loop().time
        self._watching = Watching(settings, clock, parts.observe, self.stop, self._waits_until)

    async def run(self) -> Summary:
        """Crawl from the start URLs to the end, a limit, or `stop`.

        `StoreError` and `CrawldbError` end it as a stop does.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        before = self._parts.counts()
        await self._parts.frontier.add(self._seeds)
        timer = None
        if self._settings.crawl.max_time is not None:
            timer = loop.call_later(self._settings.crawl.max_time, self.stop, "max-time")
        crew = self._parts.crew
        if crew is not None and crew.is_needed():
            workers = [self._hand_over(crew)]
        else:
            count = self._settings.concurrency.total
            workers = [asyncio.create_task(self._work(), name=f"worker {n}") for n in range(count)]
        watching = asyncio.create_task(self._watching.run(), name="watching")
        try:
            await self._watch(workers)
        finally:
            if timer is not None:
                timer.cancel()
            watching.cancel()
            await _cancel(workers)
        counts = self._parts.counts()
        idle = self._resumed and not self._visits and not before.queued and not before.limit
        counts = replace(counts, queued=counts.queued + counts.leased, leased=0)
        return Summary(counts, self.stopped, self._detail, self._resumed, idle, loop.time() - began)

    def stop(self, reason: str, detail: str | None = None) -> None:
        """End in good order: what is in flight may finish for a while, nothing new begins. The first reason counts."""
        if self._stopped is None:
            self._stopped, self._detail = reason, detail
        self._stopping.set()
        self._send_home()
        if self._has_crew and self._parts.crew is not None:
            self._parts.crew.stop()

    def widen(self, url: URL) -> None:
        """A start URL turned out to live at `url`: that belongs to the crawl."""
        self._visiting.rules = self._visiting.rules.with_root(url)

    @property
    def roots(self) -> Sequence[URL]:
        """The start URLs, and where they turned out to live."""
        return self._visiting.rules.pages.roots

    @property
    def stopped(self) -> str | None:
        """The word for what ended the run before the crawl was finished."""
        counts = self._parts.counts()
        return self._stopped or (counts.limit if counts.queued else None)

    async def _watch(self, workers: list[asyncio.Task[None]]) -> None:
        """Until all workers are done; after `stop`, those that are busy have their grace.

        Once the crew is needed it is one of the workers; when it has begun, the others go home.
        """
        stopping = asyncio.create_task(self._stopping.wait())
        pending: set[asyncio.Task[None]] = set(workers)
        try:
            while pending and not self._stopping.is_set():
                crew = None if self._has_crew else self._parts.crew
                done, _ = await asyncio.wait(
                    {*pending, stopping}, timeout=LOOK if crew else None, return_when=asyncio.FIRST_COMPLETED
                )
                pending -= done
                for task in done - {stopping}:
                    if not task.cancelled():
                        task.result()
                if crew is not None and pending and not self._stopping.is_set() and crew.is_needed():
                    workers.append(self._hand_over(crew))
                    pending.add(workers[-1])
            if pending and self._stopped != STALLED:  # worker processes have the same grace, and then say goodbye
                await asyncio.wait(pending, timeout=GRACE + self._has_crew)
        finally:
            stopping.cancel()

    def _hand_over(self, crew: Crew) -> "asyncio.Task[None]":
        """Have other processes visit; from when they do, what is in flight here is finished here, and nothing more."""
        self._has_crew = True
        self._visits += 1

        def relieve() -> None:
            self._is_relieved = True
            self._send_home()

        return asyncio.create_task(crew.run(self.stop, relieve), name="crew")

    def _waits_until(self) -> float | None:
        """As `Parts.waits_until`, by the loop's clock."""
        until = self._parts.waits_until()
        return None if until is None else until - self._parts.clock() + asyncio.get_running_loop().time()

    def _send_home(self) -> None:
        for worker in tuple(self._idle):
            worker.cancel()

    async def _work(self) -> None:
        """One worker: lease, visit, finish, until it is over."""
        with self._watching.worker() as steps:
            leasing = self._lease()
            try:
                while visit := await leasing:
                    self._visits += 1
                    steps.begin(visit)
                    self._parts.observe(Leased(visit))
                    outcome = await self._visiting.visit(visit, steps)
                    leasing = self._lease()  # at the same moment: they are one commit
                    await self._finish(visit, outcome)
                    steps.begin(None)
            except (StoreError, CrawldbError) as error:
                self.stop(error.kind, str(error))
            finally:
                leasing.cancel()

    async def _finish(self, visit: Visit, outcome: Outcome) -> None:
        """The end of a visit, committed and told."""
        step("frontier")
        await self._parts.frontier.finish(visit, outcome)
        self._parts.observe(Finished(visit, outcome))
        if outcome.moved is not None and visit.link.is_seed:
            self._move_seed(outcome.moved)

    def _lease(self) -> "asyncio.Task[Visit | None]":
        """The next visit, asked for from now on; whether anybody waits for it or not, its failure is heard of."""
        leasing = asyncio.create_task(self._next())
        leasing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return leasing

    async def _next(self) -> Visit | None:
        """The next visit; None when the crawl is over or is to stop.

        What waits here is cancelled by `stop`.
        """
        if self._stopping.is_set() or self._is_relieved:
            return None
        worker = asyncio.current_task()
        assert worker is not None
        self._idle.add(worker)
        step("frontier")
        try:
            visits = await self._parts.frontier.lease(1)
        finally:
            self._idle.discard(worker)
        return visits[0] if visits else None

    def _move_seed(self, link: Link) -> None:
        self.widen(link.url)
        self._parts.observe(Noted(f"the start URL redirected: the scope now includes {link.url}"))


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End tasks; one that will not hear of it is left behind."""
    for task in tasks:
        task.cancel()
    done, _ = await asyncio.wait(tasks, timeout=GRACE)
    for task in done:
        if not task.cancelled():
            task.result()
