"""Hosts and their pace: how many visits each may have out, when its next is due, and when it is given up.

A `Host` is one row of `hosts` held in memory while a group of operations works on it; `Hosts` loads them, keeps those
that were used last, and writes the changed ones back in one statement. What a URL is, it does not know.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

from crawler import policy
from crawler.crawldb.flow import Flow
from crawler.model import Counts, Outcome, Reach
from crawler.settings import ConcurrencySettings, FetchSettings, HostSettings, PolitenessSettings, ScopeSettings
from crawler.web.addresses import is_loopback_name, reach
from crawler.web.robots import Robots

NEVER: Final = 1e18
"""A moment that does not come: nothing of this host can be leased until something changes."""

ROBOTS_AGE: Final = 86_400.0
"""Seconds after which a robots.txt is asked for again (RFC 9309 section 2.4)."""

OUTAGE: Final = 15.0
"""Seconds of failures in a row that a restart of a server takes at the most."""

NAMED, PUBLIC = 1, 2
"""What `Host.named` says: a start URL or a list named the host; and, since, it was found to lie in public."""

CACHED: Final = 128_000_000
"""Bytes, about, of hosts that are kept in memory between groups: some ten thousand with a robots.txt of a kilobyte."""

HOST_SIZE: Final = 1_500
"""Bytes, about, that a host takes there."""

RULES_SIZE: Final = 10
"""Bytes, about, that each byte of its robots.txt takes beside that."""


@dataclass(slots=True)
class Host:
    """One row of `hosts`; and, for this run alone, its parsed robots.txt and the moment it failed last.

    `written` are the rules that the row has.
    """

    id: int
    name: str
    rules: bytes | None = None
    rules_at: float = 0.0
    delay: float = 0.0
    heard: int = 0
    failures: int = 0
    failing_since: float | None = None
    word: str | None = None
    named: int = 0
    given_up: int | None = None
    domain: str | None = None
    window: float | None = None
    pace_at: float = 0.0
    due_at: float = 0.0
    open: int = 0
    queued: int = 0
    leased: int = 0
    saved: int = 0
    read: int = 0
    redirected: int = 0
    rejected: int = 0
    refused: int = 0
    skipped: int = 0
    failed: int = 0
    pages: int = 0
    images: int = 0
    size: int = 0
    robots: Robots | None = None
    robots_wanted: bool = False
    failed_at: float = 0.0
    counted: tuple[int, ...] = (0,) * 12
    flow: Flow | None = None
    written: bytes | None = None

    def count(self, state: str, change: int) -> None:
        """`change` more of its URLs are in `state`."""
        setattr(self, state, getattr(self, state) + change)

    @property
    def known(self) -> int:
        """How many of its URLs are known."""
        done = self.saved + self.read + self.redirected + self.rejected + self.refused + self.skipped + self.failed
        return done + self.queued + self.leased

    def look_at(self, moment: float) -> None:
        """Something may be due at `moment`."""
        self.due_at = max(self.pace_at, min(self.due_at, moment))

    def hold(self, until: float) -> None:
        """Ask nothing before `until`."""
        self.pace_at = max(self.pace_at, until)
        self.due_at = max(self.due_at, self.pace_at)


COLUMNS: Final = tuple(item.name for item in fields(Host))[:-6]
COUNTERS: Final = COLUMNS[COLUMNS.index("queued") :]
_values: Final = attrgetter(*COLUMNS[3:], "id")
_counters: Final = attrgetter(*COUNTERS)
_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM hosts"
_UPDATE: Final = f"UPDATE hosts SET {', '.join(f'{name} = ?' for name in COLUMNS[3:])} WHERE id = ?"
_WRITE: Final = "UPDATE hosts SET rules = ? WHERE id = ?"
"""Apart from all else: a robots.txt may be long, and seldom changes."""


class Pace:
    """The settings by which hosts are treated, as decisions on one `Host`."""

    def __init__(
        self,
        concurrency: ConcurrencySettings,
        politeness: PolitenessSettings,
        fetch: FetchSettings,
        scope: ScopeSettings,
        hosts: dict[str, HostSettings],
        chance: Callable[[], float],
    ) -> None:
        self.robots = politeness.robots
        delays = [politeness.delay, politeness.max_crawl_delay, *(own.delay or 0.0 for own in hosts.values())]
        self.longest = max(politeness.max_retry_after, *delays) + fetch.max_retry_wait
        self._concurrency = concurrency
        self._politeness = politeness
        self._fetch = fetch
        self._hosts = hosts
        self._chance = chance
        self._private_networks = scope.private_networks

    def reach(self, host: Host, *, is_local: bool) -> Reach:
        """Where the host may lie; `is_local` where a start URL is on loopback."""
        if self._private_networks != "start-only":
            return "any" if self._private_networks == "allow" else "public"
        return "loopback" if is_local else "host" if host.named == NAMED else "public"

    def cap(self, host: Host) -> int:
        """How many visits the host may have out: one while it has a delay, is failing, or was never heard from."""
        if host.delay > 0 or host.failures or not host.heard:
            return 1
        most = self._most(host)
        return most if host.window is None else max(1, min(most, int(host.window)))

    def _most(self, host: Host) -> int:
        """How many visits settings allow the host to have out."""
        return next((own.per_host for own in self._own(host) if own.per_host is not None), self._concurrency.per_host)

    def _flow(self, host: Host) -> Flow | None:
        """The flow of the host's answers, where that is to be adapted to."""
        if host.flow is None and self._politeness.adaptive:
            most = self._most(host)
            host.flow = Flow(host.window if host.window is not None else most, most, self._politeness.slow_answer)
        return host.flow

    def set_delay(self, host: Host) -> float | None:
        """Give the host the longer of its own delay and its robots.txt's.

        The crawl-delay, where that was cut to the cap.
        """
        host.delay = next((own.delay for own in self._own(host) if own.delay is not None), self._politeness.delay)
        asked = host.robots.crawl_delay() if self.robots and host.robots is not None else None
        if asked is not None:
            host.delay = max(host.delay, min(asked, self._politeness.max_crawl_delay))
        return asked if asked is not None and asked > self._politeness.max_crawl_delay else None

    def _own(self, host: Host) -> list[HostSettings]:
        """The sections of settings that name the host, with its scheme or without."""
        names = (host.name, f"https://{host.name}", f"http://{host.name}")
        return [self._hosts[name] for name in names if name in self._hosts]

    def answered(self, host: Host, outcome: Outcome, leased_at: float, now: float) -> int | None:
        """A visit came back, and the host as such did not fail.

        How many requests it bears at once, where that has changed.
        """
        before = self.cap(host)
        if outcome.asked_at is not None:
            host.hold(outcome.asked_at + host.delay)
        if outcome.head is not None:
            host.heard = 1
            if host.named == NAMED and is_public(outcome.peer):
                host.named = PUBLIC  # from now on its name may lead nowhere else
            if not host.failures:
                self._adapt(host, outcome, leased_at, now)
            host.failures, host.failing_since, host.word = 0, None, None
        if outcome.pause is not None:
            host.hold(now + outcome.pause)
        after = self.cap(host)
        return after if after != before and host.window is not None else None

    def _adapt(self, host: Host, outcome: Outcome, leased_at: float, now: float) -> None:
        flow = self._flow(host)
        if flow is None or outcome.head is None:
            return
        if outcome.head.status in policy.PASSING:
            flow.failed(leased_at, now)
        elif outcome.waited is not None:
            flow.answered(outcome.waited, now)
        host.window = flow.window if flow.window < flow.ceiling else None

    def is_outage(self, host: Host, attempt: int, now: float) -> bool:
        """Whether a document whose attempts are spent is asked for once more, as its host may be restarting.

        No more than twice as often as others: it may be this document that its server dies of.
        """
        since = host.failing_since
        is_recent = host.failures > 1 and since is not None and now - since < OUTAGE
        return is_recent and attempt <= 2 * self._fetch.max_retries

    def failed(self, host: Host, word: str, leased_at: float, now: float, run: int) -> float | None:
        """The host failed: the seconds it is left alone, or None when that was the last time and it is given up.

        A host that never answered has as many tries as a document has; one that did has `give_up_after`. What was
        under way already when it failed last is part of that failure.
        """
        if leased_at <= host.failed_at:
            return max(host.pace_at - now, 0.0)
        host.failed_at = now
        if (flow := self._flow(host)) is not None:
            flow.failed(leased_at, now)
            host.window = flow.window
        host.failures += 1
        host.word = word
        if host.failing_since is None:
            host.failing_since = now
        tired = now - host.failing_since >= self._politeness.give_up_after
        if tired or (not host.heard and host.failures > self._fetch.max_retries):
            host.given_up = run
            host.failures, host.failing_since = 0, None
            return None
        wait = policy.backoff(host.failures, self._fetch.retry_wait, self._fetch.max_retry_wait, self._chance())
        host.hold(now + wait)
        return wait


def is_public(peer: str | None) -> bool:
    """Whether an address, with its port, that was connected to is anybody's."""
    try:
        return peer is not None and reach(peer.rpartition(":")[0].strip("[]")) == "public"
    except ValueError:
        return False


class Hosts:
    """The rows of `hosts`, of which those used last are kept in memory, within `room` bytes or so."""

    def __init__(self, sql: sqlite3.Connection, pace: Pace, room: int = CACHED) -> None:
        self._sql = sql
        self._room = room
        self._pace = pace
        self._by_id: dict[int, Host] = {}  # the host that was used last comes last
        self._size = 0
        self._by_name: dict[str, Host] = {}
        self._changed: dict[int, Host] = {}
        self.totals: tuple[int, ...] = ()
        self.recount()
        names = sql.execute("SELECT name FROM hosts WHERE named > 0")
        self._is_local = any(is_loopback_name(row[0].rpartition(":")[0] or row[0]) for row in names)

    def name(self, host: Host, hostname: str) -> None:
        """A start URL or a row of a list is of this host."""
        if not host.named:
            host.named = NAMED
            self._is_local = self._is_local or is_loopback_name(hostname)

    def reach(self, host: Host) -> Reach:
        """Where the host may lie."""
        return self._pace.reach(host, is_local=self._is_local)

    def named(self, name: str) -> Host:
        """The host of that name; it is made known where it was not."""
        host = self._by_name.get(name)
        if host is None:
            row = self._sql.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
            if row is None:
                made = self._sql.execute("INSERT INTO hosts (name) VALUES (?)", (name,)).lastrowid
                host = self._keep(Host(made or 0, name))
            else:
                host = self._keep(Host(*row))
        return self.changed(host)

    def numbered(self, number: int) -> Host:
        """The host of that id."""
        host = self._by_id.pop(number, None)
        if host is None:
            host = self._keep(Host(*self._sql.execute(f"{_SELECT} WHERE id = ?", (number,)).fetchone()))
        self._by_id[number] = host
        return self.changed(host)

    def _keep(self, host: Host) -> Host:
        if host.rules is not None and self._pace.robots:
            host.robots = Robots.parse(host.rules)
        self._pace.set_delay(host)
        host.counted = _counters(host)
        host.written = host.rules
        self._size += _size(host.rules)
        self._by_id[host.id] = self._by_name[host.name] = host
        return host

    def changed(self, host: Host) -> Host:
        """To be written back at the next `flush`."""
        self._changed[host.id] = host
        return host

    def flush(self) -> None:
        """Write the changed rows back, and forget hosts beyond the cache's bound."""
        for host in self._changed.values():
            host.open = int(host.queued > 0 and host.leased < self._pace.cap(host))
            now = _counters(host)
            if now != host.counted:
                self.totals = tuple(
                    total + new - old for total, new, old in zip(self.totals, now, host.counted, strict=True)
                )
                host.counted = now
            if host.rules is not host.written:
                self._sql.execute(_WRITE, (host.rules, host.id))
                self._size += _size(host.rules) - _size(host.written)
                host.written = host.rules
        self._sql.executemany(_UPDATE, [_values(host) for host in self._changed.values()])
        self._changed.clear()
        while self._size > self._room:
            oldest = next(iter(self._by_id.values()))
            del self._by_id[oldest.id], self._by_name[oldest.name]
            self._size -= _size(oldest.rules)

    def due(self, now: float, most: int) -> list[Host]:
        """Hosts with something to lease at `now`, the longest due first."""
        self.flush()
        rows = self._sql.execute(
            "SELECT id FROM hosts WHERE open = 1 AND due_at <= ? ORDER BY due_at LIMIT ?", (now, most)
        )
        return [self.numbered(row[0]) for row in rows.fetchall()]

    def next_due(self) -> float | None:
        """When the next host is due; None: never, unless something changes."""
        self.flush()
        row = self._sql.execute("SELECT min(due_at) FROM hosts WHERE open = 1").fetchone()
        return row[0] if row[0] is not None and row[0] < NEVER else None

    def recount(self) -> None:
        """Read the totals anew."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTERS)
        self.totals = tuple(self._sql.execute(f"SELECT {sums} FROM hosts").fetchone())

    def counts(self, limit: str | None) -> Counts:
        """How the crawl stands, as of the last `flush`."""
        return Counts(**dict(zip(COUNTERS, self.totals, strict=True)), limit=limit)

    def forget(self) -> None:
        """Drop what is held in memory: rows were changed by a statement."""
        self._by_id.clear()
        self._by_name.clear()
        self._changed.clear()
        self._size = 0
        self.recount()


def _size(rules: bytes | None) -> int:
    """Bytes, about, that a host with these rules takes in memory."""
    return HOST_SIZE + RULES_SIZE * len(rules or b"")
