"""What a display needs to know, added up from events: rates, the busiest hosts, the time that is left.

It knows the clock it is given and no terminal. Adding an event costs a few microseconds and never waits; memory is
bounded however many hosts a crawl meets. Events and questions may come from different threads.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from crawler.model import Counted, Counts, Event, Finished, Held, Kind, Leased, Paced, Verdict
from crawler.settings import CrawlSettings

WINDOW: Final = 10
"""Rates are the mean of this many seconds."""
SETTLED_AFTER: Final = 5.0
"""After so many seconds without a new URL the queue is taken for all that is left."""
MAX_REASONS: Final = 6
MAX_HOSTS: Final = 512
"""So many idle hosts are remembered at the most."""


@dataclass(frozen=True, slots=True)
class HostView:
    """How one host stands: visits out and done, its delay, and for how long it is left alone, by what word.

    `window` is how many requests at once it was found to bear, None as long as that was never looked for.
    """

    host: str
    in_flight: int
    done: int
    failed: int
    delay: float
    held_for: float
    word: str | None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the crawl stands at one moment; `left` is the estimate of what remains in seconds, None where unknown.

    `dropped` are the reasons for which this run did not keep what it asked for, the most frequent first.
    """

    elapsed: float
    counts: Counts
    in_flight: int
    requests_per_second: float
    bytes_per_second: float
    left: float | None
    hosts: tuple[HostView, ...]
    more_hosts: int
    dropped: tuple[tuple[str, int], ...] = ()


class Rate:
    """Amounts per second over the last few seconds, in one bucket a second."""

    __slots__ = ("_amounts", "_began", "_seconds")

    def __init__(self, began: float) -> None:
        self._began = began
        self._seconds = [-1] * (WINDOW + 1)
        self._amounts = [0.0] * (WINDOW + 1)

    def add(self, now: float, amount: float) -> None:
        """Count an amount for this moment."""
        second = int(now)
        slot = second % (WINDOW + 1)
        if self._seconds[slot] != second:
            self._seconds[slot] = second
            self._amounts[slot] = 0.0
        self._amounts[slot] += amount

    def per_second(self, now: float) -> float:
        """The mean over the window, or since the beginning where that is shorter."""
        oldest = int(now) - WINDOW
        total = sum(
            amount for second, amount in zip(self._seconds, self._amounts, strict=True) if oldest <= second <= now
        )
        return total / min(max(now - self._began, 1.0), now - oldest)


@dataclass(slots=True)
class _Host:
    in_flight: int = 0
    done: int = 0
    failed: int = 0
    delay: float = 0.0
    held_until: float = 0.0
    word: str | None = None
    window: int | None = None


class Stats:
    """Adds events up; an Observer. `limits` are those that end this crawl early, `delay` is every host's own."""

    def __init__(
        self, limits: CrawlSettings | None = None, delay: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits or CrawlSettings()
        self._delay = delay
        self._clock = clock
        self._lock = Lock()
        self._began = self._grew_at = now = clock()
        self._requests, self._bytes, self._pages, self._kept_bytes = Rate(now), Rate(now), Rate(now), Rate(now)
        self._hosts: dict[str, _Host] = {}
        self._in_flight = 0
        self._dropped: Counter[str] = Counter()
        self._counts = Counts()
        self._known = 0

    def __call__(self, event: Event) -> None:
        """Take one event in."""
        now = self._clock()
        with self._lock:
            match event:
                case Leased(visit):
                    self._in_flight += 1
                    self._host(visit.link.url.site, now).in_flight += 1
                case Finished():
                    self._finish(event, now)
                case Counted(counts):
                    self._count(counts, now)
                case Held(name, seconds, "crawl-delay"):
                    self._host(name, now).delay = seconds
                case Paced(name, window):
                    self._host(name, now).window = window
                case Held(name, seconds, word):
                    host = self._host(name, now)
                    host.held_until, host.word = now + seconds, word

    def _finish(self, event: Finished, now: float) -> None:
        outcome = event.outcome
        host = self._host(event.visit.link.url.site, now)
        self._in_flight = max(self._in_flight - 1, 0)
        host.in_flight = max(host.in_flight - 1, 0)
        host.done += 1
        if outcome.verdict in (Verdict.FAILED, Verdict.CRASHED):
            host.failed += 1
        if outcome.error is not None and outcome.retry_in is None:
            self._dropped[outcome.error] += 1
        if outcome.asked_at is not None:
            self._requests.add(now, 1)
            self._bytes.add(now, outcome.size)
        if outcome.saved is not None:
            self._pages.add(now, event.visit.link.kind is Kind.PAGE)
            self._kept_bytes.add(now, outcome.saved.size)

    def _count(self, counts: Counts, now: float) -> None:
        known = _known(counts)
        if known > self._known:
            self._known, self._grew_at = known, now
        self._counts = counts

    def _host(self, name: str, now: float) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= MAX_HOSTS + 2 * self._in_flight:
                self._forget(now)
            host = self._hosts[name] = _Host(delay=self._delay)
        return host

    def _forget(self, now: float) -> None:
        """The least busy hosts go, so many at once that this is seldom done; never one with a visit out."""
        names = sorted(self._hosts, key=lambda name: self._weight(self._hosts[name], now))
        for name in names[: MAX_HOSTS // 2]:
            del self._hosts[name]

    @staticmethod
    def _weight(host: _Host, now: float) -> tuple[bool, bool, int]:
        return host.in_flight > 0, host.held_until > now, host.done

    def snapshot(self, hosts: int = 5) -> Snapshot:
        """How it stands now, with the `hosts` busiest hosts."""
        now = self._clock()
        with self._lock:
            busiest = sorted(self._hosts.items(), key=lambda item: self._weight(item[1], now), reverse=True)
            views = tuple(_view(name, host, now) for name, host in busiest[:hosts])
            return Snapshot(
                now - self._began,
                self._counts,
                self._in_flight,
                self._requests.per_second(now),
                self._bytes.per_second(now),
                self._left(now),
                views,
                len(busiest) - len(views),
                tuple(self._dropped.most_common(MAX_REASONS)),
            )

    def _left(self, now: float) -> float | None:
        """Seconds to the end that comes first: of the queue, where it grows no more, or of a limit."""
        counts, limits, ends = self._counts, self._limits, []
        queued = counts.queued + counts.leased
        speed = self._requests.per_second(now)
        if queued and speed and now - self._grew_at >= SETTLED_AFTER:
            ends.append(queued / speed)
        if limits.max_pages is not None and (pages := self._pages.per_second(now)):
            ends.append(max(limits.max_pages - counts.pages, 0) / pages)
        if limits.max_bytes is not None and (kept := self._kept_bytes.per_second(now)):
            ends.append(max(limits.max_bytes - counts.size, 0) / kept)
        if limits.max_time is not None:
            ends.append(max(limits.max_time - (now - self._began), 0.0))
        return min(ends, default=None)


def _view(name: str, host: _Host, now: float) -> HostView:
    held_for = max(host.held_until - now, 0.0)
    word = host.word if held_for else None
    return HostView(name, host.in_flight, host.done, host.failed, host.delay, held_for, word, host.window)


def _known(counts: Counts) -> int:
    """How many URLs the crawl knows and does not skip."""
    return (
        counts.queued
        + counts.leased
        + counts.saved
        + counts.redirected
        + counts.rejected
        + counts.refused
        + counts.failed
    )
