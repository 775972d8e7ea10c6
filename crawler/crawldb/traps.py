"""Sites without end: what makes a new URL part of one, and what is remembered of each host; it reads no page.

Six bounds, each a setting. Of URLs that only grow those beyond a length are not followed; a host has no more than so
many URLs, and names no more than so many sitemaps; a domain has no more than so many hosts. And pages that say the same
lead on no further: of those in one part of a host (`/calendar/*`) that show nothing new, but name URLs there which
nobody has named before, so many do. Other pages there lead on all the same, so that of an honest site nothing is lost
but what such pages were the first to name. Traps that show pictures, lead back more than on, or go by other parts of
the host end later: where very many pages of one host say the same, and each was the first to name another.
"""

import re
import sqlite3
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Final

from crawler.crawldb.pace import Host
from crawler.model import Kind, Link, Noted
from crawler.settings import TrapSettings
from crawler.web.scope import registrable_domain
from crawler.web.shape import depth, family, parameters, repeats, shape, without_session
from crawler.web.simhash import distance
from crawler.web.url import URL

CROWDS: Final = 32
"""Texts remembered of one part of a host."""

NEW: Final = 0.25
"""The share of new URLs by which a page leads on: of a site that ends most are known soon, however they are named."""

CACHED: Final = 1_000
"""Parts of hosts kept in memory, and domains."""

EVERYWHERE: Final = ""
"""Stands for all parts of a host."""

_FINGERPRINT: Final = (1 << 63) - 1
"""The bits of a fingerprint that SQLite's integers hold beside their sign."""


@dataclass(slots=True)
class Crowd:
    """Pages that say the same: their number in the database, the fingerprint of the first, how many have led on."""

    id: int
    fingerprint: int
    size: int
    closed: int


@dataclass(slots=True)
class Reading:
    """A page while its links are made known: how many URLs of its own family it names, and how many are new.

    `crowd` are the pages of its family that say the same, `same` those of its host; `leads` is whether it is the first
    to name a page of its host that is followed.
    """

    link: Link
    host: Host
    family: str
    crowd: Crowd
    same: Crowd
    named: int
    new: int = 0
    shows: bool = False
    leads: bool = False

    @property
    def leads_on(self) -> bool:
        """Whether it is good for nothing but more of its family."""
        return not self.shows and self.new > 0 and self.new >= NEW * self.named


class Traps:
    """The tables `crowds`, `crowded` and `sessions`; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection, settings: TrapSettings, max_sitemaps: int) -> None:
        self._sql = sql
        self._settings = settings
        self._max_sitemaps = max_sitemaps
        self._crowds: dict[tuple[int, str], list[Crowd]] = {}
        self._ended: dict[int, str] = {}  # the pages that led on in vain, and the part of their host where
        self._hosts: set[int] = set()  # where these are
        for host, part, page in sql.execute(
            "SELECT c.host, c.family, p.page FROM crowds c JOIN crowded p ON p.crowd = c.id WHERE c.closed"
        ):
            self._hosts.add(host)
            self._ended[page] = part
        self._reading: Reading | None = None
        self._notes: list[Noted] = []
        self._told: set[str] = set()
        self._domains: dict[str, int] = {}

    def notes(self) -> list[Noted]:
        """What a person should know, since this was last asked."""
        notes, self._notes = self._notes, []
        return notes

    def refuse(self, link: Link, host: Host) -> str | None:
        """The word for which a new URL is not followed, None where it is."""
        if link.parent is None:
            return None
        if link.kind is Kind.SITEMAP:
            return self._of_sitemaps(host)
        if link.kind is not Kind.PAGE:
            if self._reading is not None and link.kind is Kind.IMAGE:
                self._reading.shows = True
            return None
        url, bounds = link.url, self._settings
        if self._grows(url, link.parent):
            return "trap"
        if host.known >= bounds.max_host_urls:
            self._tell(f"{host.name}: {bounds.max_host_urls:,} URLs, no more are followed")
            return "trap"
        if bounds.one_session and (plain := without_session(url)) != url and self._is_known(plain):
            return "trap"
        return "trap" if self._is_named_by_crowd(url, host) else None

    def meets(self, host: Host) -> bool:
        """Whether anything of a host may be followed; from then on it is one of those that its domain has."""
        if host.domain is None:
            domain, most = domain_of(host.name), self._settings.max_hosts
            met = self._met(domain)
            if met >= most:
                self._tell(f"{domain}: {most:,} hosts, no more are followed")
                return False
            self._domains[domain] = met + 1
            self._belong(host, domain)
        return True

    def exempt(self, host: Host) -> None:
        """A person asked for something of this host: it may be followed, and does not count."""
        if host.domain is None:
            self._belong(host, "")

    def _belong(self, host: Host, domain: str) -> None:
        host.domain = domain
        self._sql.execute("UPDATE hosts SET domain = ? WHERE id = ?", (domain, host.id))  # counted before it is flushed

    def _met(self, domain: str) -> int:
        """How many hosts of a domain are being followed."""
        if domain not in self._domains:
            if len(self._domains) >= CACHED:
                self._domains.clear()
            counted = self._sql.execute("SELECT count(*) FROM hosts WHERE domain = ?", (domain,))
            (self._domains[domain],) = counted.fetchone()
        return self._domains[domain]

    def has_closed(self, host: Host) -> bool:
        """Whether what is queued of a host may have to end."""
        return host.id in self._hosts

    def is_closed(self, url: URL, parent: int) -> bool:
        """Whether what is queued ends, instead of being leased, as it is nothing but more of what its page was."""
        return parent in self._ended and self._ended[parent] in (EVERYWHERE, family(url))

    def begin(self, link: Link, host: Host, fingerprint: int | None, named: int) -> None:
        """The links of a page are about to be made known, `named` of which are of its own family.

        `fingerprint` is None where its URL is of no form that traps have.
        """
        self._reading = None
        if fingerprint is not None:
            part = family(link.url)
            crowd, same = (self._crowd(host, where, fingerprint & _FINGERPRINT) for where in (part, EVERYWHERE))
            self._reading = Reading(link, host, part, crowd, same, named)

    def end(self, row: int) -> None:
        """The links of that page, whose number is `row`, are known."""
        reading, self._reading = self._reading, None
        if reading is not None and reading.leads_on:
            self._join(reading, reading.crowd, reading.family, self._settings.max_like, row)
        if reading is not None and reading.leads:
            self._join(reading, reading.same, EVERYWHERE, self._settings.max_same, row)

    def _join(self, reading: Reading, crowd: Crowd, part: str, most: int, row: int) -> None:
        """One page more, the one of that row, in a crowd, which is closed once it has as many as it may."""
        if crowd.closed:
            return
        if not crowd.id:
            self._add(reading.host, part, crowd)
        crowd.size += 1
        crowd.closed = int(crowd.size >= most)
        self._sql.execute("UPDATE crowds SET size = ?, closed = ? WHERE id = ?", (crowd.size, crowd.closed, crowd.id))
        self._sql.execute("INSERT OR IGNORE INTO crowded VALUES (?, ?)", (crowd.id, row))
        if crowd.closed:
            self._close(reading, crowd, part)

    def _grows(self, url: URL, parent: URL) -> bool:
        """Whether a URL is one of those that only grow: it is beyond a bound, and so was nearly the page that names it.

        A single long one, which a page names that is not, leads nowhere yet.
        """
        bounds = self._settings
        if depth(url) > bounds.max_segments and depth(parent) >= bounds.max_segments:
            return True
        if parameters(url) > bounds.max_parameters and 2 * parameters(parent) >= bounds.max_parameters:
            return True
        times = bounds.max_repeats
        return times > 0 and repeats(url, times) and (times <= 2 or repeats(parent, times - 1))

    def _is_named_by_crowd(self, url: URL, host: Host) -> bool:
        """Whether a new URL is named by one of too many pages that say the same.

        They are too many on their host, whatever they name; or in one part of it, and then only URLs of their own
        family are meant.
        """
        reading = self._reading
        if reading is None or reading.host.id != host.id:
            return False
        if reading.same.closed:
            return True
        is_more = family(url) == reading.family
        reading.new += is_more
        is_closed = is_more and bool(reading.crowd.closed)
        reading.leads = reading.leads or not is_closed
        return is_closed

    def _crowd(self, host: Host, part: str, fingerprint: int) -> Crowd:
        """The pages of a part of a host that say this, or nearly; a crowd without a number where there are none."""
        near = self._settings.like_distance
        crowds = self._known(host, part)
        return next((one for one in crowds if distance(one.fingerprint, fingerprint) <= near), None) or Crowd(
            0, fingerprint, 0, 0
        )

    def _known(self, host: Host, part: str) -> list[Crowd]:
        """The crowds in one part of a host, the oldest first."""
        crowds = self._crowds.get((host.id, part))
        if crowds is None:
            rows = self._sql.execute(
                "SELECT id, fingerprint, size, closed FROM crowds WHERE host = ? AND family = ? ORDER BY id",
                (host.id, part),
            )
            crowds = [Crowd(*row) for row in rows]
            if len(self._crowds) >= CACHED:
                self._crowds.clear()
            self._crowds[host.id, part] = crowds
        return crowds

    def _add(self, host: Host, part: str, crowd: Crowd) -> None:
        """Remember a text that is new here, in place of the one that the fewest pages had, and the oldest of these."""
        crowds = self._known(host, part)
        small = [one for one in crowds if not one.closed]
        if len(small) >= CROWDS:
            least = min(small, key=lambda one: one.size)
            crowds.remove(least)
            self._sql.execute("DELETE FROM crowds WHERE id = ?", (least.id,))
            self._sql.execute("DELETE FROM crowded WHERE crowd = ?", (least.id,))
        crowd.id = (
            self._sql.execute(
                "INSERT INTO crowds (host, family, fingerprint, size, closed) VALUES (?, ?, ?, 0, 0)",
                (host.id, part, crowd.fingerprint),
            ).lastrowid
            or 0
        )
        crowds.append(crowd)

    def _close(self, reading: Reading, crowd: Crowd, part: str) -> None:
        """A crowd leads on no further: what is queued of that ends when it would be leased."""
        host, form = reading.host, shape(reading.link.url)
        name = form if "*" in form else reading.family
        self._notes.append(Noted(f"{host.name}{name}: {crowd.size:,} like pages, no longer followed", warning=True))
        self._hosts.add(host.id)
        for (page,) in self._sql.execute("SELECT page FROM crowded WHERE crowd = ?", (crowd.id,)):
            self._ended[page] = part

    def _of_sitemaps(self, host: Host) -> str | None:
        """Whether a host has named as many sitemaps as it may."""
        rows = self._sql.execute(
            "SELECT 1 FROM urls WHERE host = ? AND kind = 1 LIMIT ?", (host.id, self._max_sitemaps)
        ).fetchall()
        if len(rows) < self._max_sitemaps:
            return None
        self._tell(f"{host.name}: {self._max_sitemaps:,} sitemaps, no more are followed")
        return "trap"

    def _is_known(self, plain: URL) -> bool:
        """Whether this URL is there already, but for its session id."""
        return not self._sql.execute("INSERT OR IGNORE INTO sessions VALUES (?)", (str(plain),)).rowcount

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._notes.append(Noted(text, warning=True))


def domain_of(site: str) -> str:
    """What somebody holds who has names without end below it, whatever the port.

    That is what can be registered; of addresses a network, which is 64 bits of an IPv6 address (RFC 4291 section 2.5.1)
    and an IPv4 address itself.
    """
    name = re.sub(r":\d+\Z", "", site).rstrip(".")
    if name.startswith("["):
        return str(IPv6Network((name[1:-1], 64), strict=False))
    return name if name.rpartition(".")[2].isdigit() else registrable_domain(name) or name
