"""The rows of `urls`: how a URL becomes known, is leased, and changes its state; one row a URL, counted at its host.

It does not know when a host is due (pace.py) nor what follows from an outcome (settle.py).
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crawler import policy
from crawler.crawldb.digest import digest
from crawler.crawldb.front import Front
from crawler.crawldb.links import Named, unpack
from crawler.crawldb.pace import NEVER, Host, Hosts
from crawler.crawldb.traps import Traps
from crawler.model import URL, Kind, Link, Partial, Visit

RANKS: Final = {Kind.ROBOTS: 0, Kind.SITEMAP: 1, Kind.STYLE: 2, Kind.IMAGE: 3, Kind.PAGE: 4}
"""`urls.kind`: what a host is asked for first.

A page's images come before the next page, so that what is there is whole.
"""

KINDS: Final = {rank: kind for kind, rank in RANKS.items()}
PAGE: Final = RANKS[Kind.PAGE]
IMAGE: Final = RANKS[Kind.IMAGE]
ROBOTS: Final = RANKS[Kind.ROBOTS]

CHUNK: Final = 500
"""Rows looked at in one go where robots.txt may refuse them; the first time fewer."""

MOST_LOOKS: Final = 4
"""Times that this is done for one host before others have their turn."""

TURN: Final = 0.001
"""Seconds after which it is that host's turn again."""

_KNOWN: Final = "id, host, kind, state, depth, error, attempts, redirect"
_INSERT: Final = (
    "INSERT INTO urls (digest, url, host, kind, state, depth, hops, parent, error, place)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LEASE: Final = (
    "SELECT u.id, u.url, u.kind, u.depth, u.hops, u.attempts, u.parent, p.url, u.partial, u.place FROM urls u"
    " LEFT JOIN urls p ON p.id = u.parent WHERE u.host = ? AND u.state = 'queued' AND u.kind <= ? AND "
)

POSSIBLY_PASSED: Final = policy.PASSING_ERRORS | {"robots"}

Row = tuple[int, str, int, int, int, int, int | None, str | None, str | None, int]
"""What `_LEASE` selects: id, URL, kind, depth, hops, attempts, the parent's id and URL, its part, its place."""


def ended_by(word: str | None) -> tuple[str, str]:
    """The state and word of what was queued at a host that was given up for `word`."""
    word = word or "connect"
    return {"robots": "refused", "status": "rejected"}.get(word, "failed"), word


@dataclass(slots=True)
class Lease:
    """A visit that is out; `pace_at` is what it was of the host before."""

    visit: Visit
    row: int
    host: int
    parent: int | None
    leased_at: float
    pace_at: float


@dataclass(frozen=True, slots=True)
class Known:
    """What `add` needs of a row that is there already."""

    id: int
    host: int
    kind: int
    state: str
    depth: int
    error: str | None
    attempts: int
    redirect: int | None


class Urls:
    """The table of URLs, through one connection; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection, hosts: Hosts, traps: Traps, max_depth: int | None, run: int) -> None:
        self._sql = sql
        self._traps = traps
        self._hosts = hosts
        self._max_depth = max_depth
        self._run = run
        self._front = Front()
        self._tokens = run << 40

    def find(self, text: str) -> Known | None:
        """The row of a URL, None where it is not known."""
        return self._find(text, digest(text))

    def _find(self, text: str, number: int) -> Known | None:
        rows = self._sql.execute(f"SELECT {_KNOWN}, url FROM urls WHERE digest = ?", (number,)).fetchall()
        return next((Known(*row[:-1]) for row in rows if row[-1] == text), None)

    def numbered(self, row: int | None) -> Known | None:
        """The row of that id."""
        found = self._sql.execute(f"SELECT {_KNOWN} FROM urls WHERE id = ?", (row,)).fetchone()
        return Known(*found) if found is not None else None

    def add(self, link: Link, parent: int | None, refused: str | None = None) -> bool:
        """Make a link known, queued or (`refused`) skipped for that word; whether it was new.

        Of a URL that is known, the lower depth counts, a page counts more than an image, and a link that is followed
        counts more than one that was skipped.
        """
        text = str(link.url)
        if self._front.has(text, link.depth, link.kind is Kind.PAGE, refused is None):
            return False
        return self._add(link, text, parent, refused)

    def add_named(self, named: Iterable[Named], parent: int, page: URL) -> None:
        """Make known, as by `add`, what the page of row `parent` names."""
        for text, kind, depth, place, refused in named:
            if not self._front.has(text, depth, kind == Kind.PAGE, refused is None):
                self._add(Link(URL.known(text), Kind(kind), depth, 0, page, place), text, parent, refused)

    def _add(self, link: Link, text: str, parent: int | None, refused: str | None) -> bool:
        is_page = link.kind is Kind.PAGE
        number = digest(text)
        known = self._find(text, number)
        if known is not None:
            if link.parent is None:
                self._ask_for(link, self._hosts.numbered(known.host))
            self._meet_again(known, link, parent, refused)
            followed = refused is None or known.state != "skipped"
            self._front.note(text, min(known.depth, link.depth), is_page or known.kind == PAGE, followed)
            return False
        host = self._hosts.named(link.url.site)
        if link.parent is None:
            self._ask_for(link, host)
        refused = refused or self._traps.refuse(link, host)
        self._insert(link, number, host, parent, refused)
        self._front.note(text, link.depth, is_page, refused in (None, "trap"))  # a trap is one whoever names it
        return True

    def _ask_for(self, link: Link, host: Host) -> None:
        """A person asked for something of this host, or for what redirected there."""
        if not link.hops:
            self._hosts.name(host, link.url.host)
        self._traps.exempt(host)

    def place(self, link: Link, refused: str | None = None) -> int:
        """The number of a URL that a list names; it is made known, as by `add`, where it was not."""
        known = self.find(str(link.url))
        host = self._hosts.named(link.url.site)
        self._ask_for(link, host)
        if known is None:
            return self._insert(link, digest(str(link.url)), host, None, refused)
        self._meet_again(known, link, None, refused)
        return known.id

    def _insert(self, link: Link, number: int, host: Host, parent: int | None, refused: str | None) -> int:
        """Write a new URL down; its number."""
        state, refused = self._queued(host) if refused is None else ("skipped", refused)
        row = self._sql.execute(
            _INSERT,
            (number, str(link.url), host.id, RANKS[link.kind], state, link.depth, link.hops, parent, refused,
             link.place),
        ).lastrowid  # fmt: skip
        host.count(state, 1)
        if state == "queued":
            host.look_at(0)
        return row or 0

    def _meet_again(self, known: Known, link: Link, parent: int | None, refused: str | None) -> None:
        """What a second mention of a URL changes."""
        kind = known.kind
        if refused is None and kind != ROBOTS:  # what is not followed asks for nothing
            kind = RANKS[link.kind] if known.state == "skipped" else max(kind, RANKS[link.kind])
        if kind != known.kind and known.state in ("queued", "leased", "skipped", "rejected"):
            # An image of a list has no parent, and would be a start URL as a page.
            values = (kind, parent, known.id)
            self._sql.execute("UPDATE urls SET kind = ?, parent = coalesce(parent, ?) WHERE id = ?", values)
        is_trap = known.state == "skipped" and known.error == "trap" and not link.is_seed
        is_other = known.state == "rejected" and known.error == "type" and kind != known.kind
        if refused is None and not is_trap and (known.state == "skipped" or is_other):
            self._sql.execute(
                "UPDATE urls SET depth = ?, hops = ?, parent = ? WHERE id = ?",
                (link.depth, link.hops, parent, known.id),
            )
            self.move(known.id, self._hosts.numbered(known.host), known.state, "queued")
        elif link.is_seed and known.state in ("failed", "refused") and known.error in POSSIBLY_PASSED:
            self._sql.execute(
                "UPDATE urls SET parent = NULL, depth = 0, attempts = 0, suspects = 0 WHERE id = ?", (known.id,)
            )
            self.move(known.id, self._hosts.numbered(known.host), known.state, "queued")
        elif link.depth < known.depth and refused in (None, "limit"):
            self.lower(known.id, link.depth)

    def move(self, row: int, host: Host, old: str, new: str, error: str | None = None, due_at: float = 0) -> None:
        """One URL changes its state, outside of a visit's end."""
        if new == "queued":
            new, error = self._queued(host)
        self._sql.execute(
            "UPDATE urls SET state = ?, error = ?, due_at = ?, token = NULL WHERE id = ?", (new, error, due_at, row)
        )
        host.count(old, -1)
        host.count(new, 1)
        if new == "queued":
            host.look_at(due_at)

    def _queued(self, host: Host) -> tuple[str, str | None]:
        """The state of what is to be queued at a host, and the word for it where it is not."""
        if host.given_up == self._run:
            return ended_by(host.word)
        return ("queued", None) if self._traps.meets(host) else ("skipped", "trap")

    def ask_again(self, known: Known, hops: int) -> None:
        """A URL that redirected is to be asked once more, as the end of so many hops."""
        self._sql.execute("UPDATE urls SET hops = ? WHERE id = ?", (hops, known.id))
        self.move(known.id, self._hosts.numbered(known.host), known.state, "queued")

    def lower(self, row: int, depth: int) -> None:
        """A page was found by a shorter way: it and, through its links, all below it take the lower depth."""
        work = [(row, depth)]
        while work:
            row, depth = work.pop()
            old = self._sql.execute("SELECT depth FROM urls WHERE id = ?", (row,)).fetchone()
            if depth < old[0]:
                self._sql.execute("UPDATE urls SET depth = ? WHERE id = ?", (depth, row))
                work += self._rising(row, depth)

    def lower_below(self, row: int, depth: int) -> None:
        """The same for what a page that has the lower depth already leads to."""
        for below, deep in self._rising(row, depth):
            self.lower(below, deep)

    def _rising(self, row: int, depth: int) -> list[tuple[int, int]]:
        """What a page of that depth leads to by a shorter way than is known, and its depth by that."""
        found = self._sql.execute("SELECT found FROM links WHERE url = ?", (row,)).fetchone()
        targets = {(one.target, one.kind) for one in unpack(found[0])} if found else set()
        moved = self._sql.execute(
            "SELECT t.url, t.kind FROM urls u JOIN urls t ON t.id = u.redirect WHERE u.id = ?", (row,)
        )
        below = [(target, depth + (kind == Kind.PAGE)) for target, kind in targets]
        below += [(text, depth) for text, _ in moved.fetchall()]
        rising = []
        for text, deep in below:
            known = self.find(text)
            if known is None or known.depth <= deep:
                continue
            self._front.forget(text)
            if known.state == "skipped" and known.error == "limit" and self.fits(deep):
                self.move(known.id, self._hosts.numbered(known.host), "skipped", "queued")
            rising.append((known.id, deep))
        return rising

    def fits(self, depth: int) -> bool:
        """Whether a link of that depth is within `max_depth`."""
        return self._max_depth is None or depth <= self._max_depth

    def lease(self, host: Host, count: int, most_kind: int, pages: int, now: float) -> list[Lease]:
        """Up to `count` visits of a host that are due, `pages` of them for pages, of kinds up to `most_kind`.

        Those which its robots.txt refuses, and those of a trap, leave the queue here, in bulk. Where nothing is due,
        the host is told when, and where they were very many, that it is due again in a moment.
        """
        leases: list[Lease] = []
        looks, spent = 0, False
        for rows in self._candidates(host, most_kind, now, count):
            refused: list[tuple[str, str, int]] = []
            for row in rows:
                url = URL.known(row[1])
                if (word := self._word_against(host, url, row)) is not None:
                    refused.append(("refused" if word == "robots" else "skipped", word, row[0]))
                    continue
                spent = row[2] == PAGE and pages == 0
                if spent or len(leases) == count:
                    break
                pages -= row[2] == PAGE
                leases.append(self._leased(host, url, row, now))
            self._refuse(host, refused)
            looks += 1
            if spent or len(leases) == count or looks > MOST_LOOKS:
                break
        if not leases:
            is_over = spent or looks <= MOST_LOOKS
            host.due_at = max(host.pace_at, self._next_due(host, most_kind, now) if is_over else now + TURN)
        return leases

    def _word_against(self, host: Host, url: URL, row: Row) -> str | None:
        """The word for which what is queued is not asked for, None where it is."""
        kind, parent = row[2], row[6]
        if host.robots is not None and kind != ROBOTS and not host.robots.allows(url):
            return "robots"
        return "trap" if kind == PAGE and parent is not None and self._traps.is_closed(url, parent) else None

    def suspects(self) -> list[tuple[int, int]]:
        """What is to be leased alone, as a worker process may have died of it: row and host, oldest first."""
        rows = self._sql.execute(
            "SELECT id, host FROM urls WHERE state = 'queued' AND suspects > 0 AND due_at >= ? ORDER BY id", (NEVER,)
        )
        return rows.fetchall()

    def lease_suspect(self, host: Host, number: int, now: float) -> Lease:
        """One of these."""
        row = self._sql.execute(f"{_LEASE} u.id = ?", (host.id, PAGE, number)).fetchone()
        return self._leased(host, URL.known(row[1]), row, now)

    def _candidates(self, host: Host, most_kind: int, now: float, count: int) -> Iterator[Sequence[Row]]:
        """What is due: later attempts first, then by kind and depth. Rows that are not taken are not given again."""
        may_refuse = (host.robots is not None and not host.robots.allows_all) or self._traps.has_closed(host)
        most = min(2 * count, CHUNK) if may_refuse else count
        while rows := self._sql.execute(
            f"{_LEASE} u.due_at > 0 AND u.due_at <= ? ORDER BY u.due_at LIMIT ?", (host.id, most_kind, now, most)
        ).fetchall():
            yield rows
            most = CHUNK if may_refuse else count
        while rows := self._sql.execute(
            f"{_LEASE} u.due_at = 0 ORDER BY u.kind, u.depth, u.id LIMIT ?", (host.id, most_kind, most)
        ).fetchall():
            yield rows
            most = CHUNK if may_refuse else count

    def _leased(self, host: Host, url: URL, row: Row, now: float) -> Lease:
        number, _, kind, depth, hops, attempts, parent, parent_text, partial, place = row
        self._tokens += 1
        self._sql.execute("UPDATE urls SET state = 'leased', token = ? WHERE id = ?", (self._tokens, number))
        host.queued -= 1
        host.leased += 1
        link = Link(url, KINDS[kind], depth, hops, URL.known(parent_text) if parent_text is not None else None, place)
        begun = Partial(*json.loads(partial)) if partial is not None else None
        visit = Visit(link, attempts + 1, self._tokens, begun, self._hosts.reach(host))
        lease = Lease(visit, number, host.id, parent, now, host.pace_at)
        if host.delay > 0:
            host.hold(now + host.delay)  # for a run that is killed before it can tell when the request began
        return lease

    def _refuse(self, host: Host, rows: list[tuple[str, str, int]]) -> None:
        if rows:
            self._sql.executemany("UPDATE urls SET state = ?, error = ? WHERE id = ?", rows)
        for state, _, _ in rows:
            host.queued -= 1
            host.count(state, 1)

    def _next_due(self, host: Host, most_kind: int, now: float) -> float:
        row = self._sql.execute(
            "SELECT min(due_at) FROM urls WHERE host = ? AND state = 'queued' AND due_at > ? AND kind <= ?",
            (host.id, now, most_kind),
        ).fetchone()
        return row[0] if row[0] is not None else NEVER

    def end_queue(self, host: Host) -> list[str]:
        """All that a host has queued ends in one statement, with the word that ails it; the files of what broke off."""
        broken_off = self._sql.execute(
            "SELECT partial FROM urls INDEXED BY urls_partials WHERE partial IS NOT NULL AND host = ?"
            " AND state = 'queued'", (host.id,)
        ).fetchall()  # fmt: skip
        state, word = ended_by(host.word)
        changed = self._sql.execute(
            "UPDATE urls SET state = ?, error = ?, partial = NULL WHERE host = ? AND state = 'queued'",
            (state, word, host.id),
        ).rowcount
        host.count("queued", -changed)
        host.count(state, changed)
        return [Partial(*json.loads(row[0])).name for row in broken_off]

    def want_robots(self, host: Host) -> None:
        """See to it that the robots.txt of a host that has something queued is asked for."""
        first = self._sql.execute(
            "SELECT url FROM urls WHERE host = ? AND state = 'queued' ORDER BY due_at, kind, depth, id LIMIT 1",
            (host.id,),
        ).fetchone()
        if first is None:
            return
        url = URL.known(first[0]).join("/robots.txt")
        known = self.find(str(url))
        if known is None:
            self._insert(Link(url, Kind.ROBOTS), digest(str(url)), host, None, None)
            return
        self._sql.execute("UPDATE urls SET kind = ? WHERE id = ?", (ROBOTS, known.id))
        if known.state not in ("queued", "leased"):
            self._sql.execute("UPDATE urls SET state = 'queued', error = NULL, due_at = 0 WHERE id = ?", (known.id,))
            host.count("queued", 1)
            if known.kind != ROBOTS:
                host.count(known.state, -1)
            host.look_at(0)

    def seeds(self) -> list[URL]:
        """The start URLs, and where they redirected to."""
        rows = self._sql.execute(f"SELECT url FROM urls WHERE parent IS NULL AND kind = {PAGE} ORDER BY id")
        return [URL.known(row[0]) for row in rows]
