"""What is due now, host by host, within the limits of the crawl; it writes nothing but what leasing itself changes."""

import sqlite3
from collections.abc import Iterator

from crawler.crawldb.pace import COUNTERS, NEVER, ROBOTS_AGE, Host, Hosts, Pace
from crawler.crawldb.urls import IMAGE, PAGE, ROBOTS, Lease, Urls
from crawler.model import Kind
from crawler.settings import CrawlSettings

PAGES, READ, SIZE = COUNTERS.index("pages"), COUNTERS.index("read"), COUNTERS.index("size")


class Leasing:
    """Chooses what is leased next; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection, hosts: Hosts, urls: Urls, pace: Pace, limits: CrawlSettings) -> None:
        self._sql = sql
        self._hosts = hosts
        self._urls = urls
        self._pace = pace
        self._limits = limits
        self._pages_out = 0
        self._parked = False

    def taken_back(self, lease: Lease) -> None:
        """A visit is no longer out."""
        self._pages_out -= lease.visit.link.kind is Kind.PAGE

    def limit(self) -> str | None:
        """The limit that keeps pages, or everything, from being leased."""
        pages, size = self._pages(), self._hosts.totals[SIZE]
        if self._limits.max_bytes is not None and size >= self._limits.max_bytes:
            return "max-bytes"
        if self._limits.max_pages is not None and pages >= self._limits.max_pages:
            return "max-pages"
        return None

    def _pages(self) -> int:
        """Pages kept, or read for their links."""
        return self._hosts.totals[PAGES] + self._hosts.totals[READ]

    def _pages_left(self) -> int:
        """How many more pages may be out."""
        if self._limits.max_pages is None:
            return 1 << 60
        return max(self._limits.max_pages - self._pages() - self._pages_out, 0)

    def due(self, wanted: int, now: float) -> Iterator[Lease]:
        """Up to `wanted` leases, host by host, the longest due first."""
        if self._parked and self._pages_left():
            self._unpark()
        while wanted and (hosts := self._hosts.due(now, wanted)):
            share = max(1, wanted // len(hosts))
            for host in hosts:
                for lease in self._lease_from(host, min(share, wanted), now):
                    wanted -= 1
                    yield lease
                if not wanted:
                    break

    def _lease_from(self, host: Host, count: int, now: float) -> list[Lease]:
        most_kind, pages = PAGE, self._pages_left()
        if not pages:
            most_kind, self._parked = IMAGE, True
        if self._pace.robots and self._knows_no_rules(host, now):
            most_kind = ROBOTS
        leases = self._urls.lease(host, min(count, self._pace.cap(host) - host.leased), most_kind, pages, now)
        if leases:
            host.due_at = max(host.pace_at, now)
        self._pages_out += sum(lease.visit.link.kind is Kind.PAGE for lease in leases)
        return leases

    def _knows_no_rules(self, host: Host, now: float) -> bool:
        """Whether only the robots.txt of this host may be asked for; it is queued where it was not."""
        if host.rules is not None and now - host.rules_at > ROBOTS_AGE:
            host.rules, host.robots_wanted = None, False
        if host.rules is None and not host.robots_wanted:
            self._urls.want_robots(host)
            host.robots_wanted = True
        return host.rules is None

    def suspect(self, now: float) -> tuple[Lease | None, float | None]:
        """One visit that is to be alone in its process, or when to look again; (None, None): there is none."""
        next_due: float | None = None
        for row, number in self._urls.suspects():
            host = self._hosts.numbered(number)
            if host.leased < self._pace.cap(host) and host.pace_at <= now:
                lease = self._urls.lease_suspect(host, row, now)
                self._pages_out += lease.visit.link.kind is Kind.PAGE
                return lease, None
            next_due = min(next_due or NEVER, host.pace_at if host.pace_at > now else NEVER)
        return None, next_due

    def _unpark(self) -> None:
        """There is room for pages again: hosts that had nothing else are looked at anew."""
        self._parked = False
        self._sql.execute("UPDATE hosts SET due_at = pace_at WHERE open = 1 AND due_at >= ?", (NEVER,))
        self._hosts.forget()
