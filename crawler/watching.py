"""Sees to it that no crawl hangs: what does not move for too long is given up, or the crawl ends with the truth.

It is a part of the heart. Hosts that are held, delays and Retry-After are waits for a moment that the frontier knows;
each other step has its own bound, and `concurrency.stall_timeout` on top of it. A visit that the network or a page
keeps is given up and goes on as any failure; where the store or the frontier does not answer, nothing can go on.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from crawler.interfaces import Accept, Observer, Response, Store
from crawler.model import Noted, Saved, Visit
from crawler.settings import Settings
from crawler.steps import Steps, Word, noting, waiting_for
from crawler.units import format_duration

STALLED: Final = "stalled"
"""The word for a crawl that was ended because nothing moved any more."""

OURS: Final = frozenset({"frontier", "save"})
"""Steps in which our own side does not answer: to give the visit up would blame its page."""

GRACE: Final = 10.0
"""Seconds in which a visit that was given up has to end."""

LOOKS: Final = 8
"""How often the workers are looked at within the time after which they count as stuck."""

Stop = Callable[[str, str], None]


class Watching:
    """Watches the workers of one crawl, by the loop's `clock`; `stop` ends it.

    `waits_until` is the moment up to which the frontier may give nothing to anybody, by the same clock: None where it
    knows of none, infinity where others decide.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        observe: Observer,
        stop: Stop,
        waits_until: Callable[[], float | None],
    ) -> None:
        self._patience = settings.concurrency.stall_timeout
        self._bounds = bounds(settings)
        self._clock = clock
        self._observe = observe
        self._stop = stop
        self._waits_until = waits_until
        self._workers: set[Steps] = set()

    @contextmanager
    def worker(self) -> Iterator[Steps]:
        """The steps of the present task, which works until the context is left."""
        steps = Steps(self._clock)
        self._workers.add(steps)
        try:
            with noting(steps):
                yield steps
        finally:
            self._workers.discard(steps)

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._patience / LOOKS)
            self.look()

    def look(self) -> None:
        """Give up what is stuck; or stop the crawl, where that does not help."""
        now = self._clock()
        if self._workers and all(steps.visit is None for steps in self._workers):
            self._look_at_idle(now)
        stuck = [steps for steps in self._workers if steps.visit is not None and self._is_stuck(steps, now)]
        for steps in stuck:
            waited = f"waited {format_duration(now - steps.since)} for: {steps.word}"
            if steps.word in OURS or steps.given_up is not None or steps.deadline is None:
                self._end(f"{_url(steps)} {waited}")
                return
            self._observe(Noted(f"{_url(steps)} {waited}; it is given up ({self.waits()})", warning=True))
            steps.given_up = f"given up: it {waited}"
            steps.since = now
            steps.deadline.reschedule(now)

    def waits(self) -> str:
        """What the workers wait for: `3 for head, 29 for frontier`."""
        counts = Counter(steps.word for steps in self._workers)
        return ", ".join(f"{count} for {word}" for word, count in counts.most_common())

    def _is_stuck(self, steps: Steps, now: float) -> bool:
        patience = self._patience + self._bounds.get(steps.word, 0.0)
        return now - steps.since >= (patience if steps.given_up is None else min(patience, GRACE))

    def _look_at_idle(self, now: float) -> None:
        """Nothing is in flight: either there is a moment at which something will be, or the frontier is at fault."""
        until = self._waits_until()
        since = max(steps.since for steps in self._workers)
        since = since if until is None else max(since, until)
        if now - since >= self._patience:
            self._end(f"nothing was in flight for {format_duration(now - since)}, and nothing came")

    def _end(self, what: str) -> None:
        self._stop(STALLED, f"{what} ({self.waits()})")


def bounds(settings: Settings) -> Mapping[Word, float]:
    """The seconds that each step may take by its own bound, before it counts as waiting in vain."""
    fetch, images, workers = settings.fetch, settings.images, settings.concurrency
    turns = workers.total / workers.work + 1  # who has work for a process waits for those who came before
    pixels = turns * images.work_timeout if images.needs_pixels else 0.0
    return {
        "connection": fetch.connect_timeout + settings.politeness.delay,  # between the redirects of a robots.txt
        "look-up": fetch.connect_timeout,
        "connect": fetch.connect_timeout,
        "head": fetch.read_timeout,
        "body": fetch.read_timeout,
        "memory": math.inf,  # others have it, and are watched themselves
        "save": pixels,  # content that another visit has claimed is known to be kept once that is finished
        "images": pixels,
        "extraction": turns * settings.crawl.extractor_timeout * 15,
    }


def _url(steps: Steps) -> str:
    return str(steps.visit.link.url) if steps.visit is not None else ""


class WatchedStore:
    """A store whose callers are seen to wait for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.partial = store.partial

    async def save(self, visit: Visit, response: Response, accept: Accept | None = None) -> Saved:
        """As `Store.save`."""
        with waiting_for("save"):
            return await self._store.save(visit, response, accept)

    async def load(self, saved: Saved) -> bytes:
        """As `Store.load`."""
        with waiting_for("save"):
            return await self._store.load(saved)
