"""What follows from an outcome: the state of its URL, its host's pace, its links, and the line in `visits`.

One `settle` is part of one transaction; it decides nothing about who is due next (pace.py) nor how rows move (urls.py).
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, replace
from typing import Final

from crawler import policy
from crawler.crawldb.claims import ClaimRows
from crawler.crawldb.cookies import CookieRows
from crawler.crawldb.links import Folded
from crawler.crawldb.pace import NEVER, Host, Hosts, Pace
from crawler.crawldb.traps import Traps
from crawler.crawldb.twins import Twins
from crawler.crawldb.urls import PAGE, Known, Lease, Urls
from crawler.model import Event, Held, Kind, Link, Noted, Outcome, Paced, Verdict
from crawler.units import format_duration
from crawler.web.robots import Robots
from crawler.web.sniff import is_image

MAX_SUSPECTS: Final = 3
"""Worker processes that one page may cost."""

MAX_CHAIN: Final = 100
"""Redirects in a row that are looked through for a circle; a longer chain counts as one."""

_VISIT: Final = (
    "INSERT INTO visits (url, run, attempt, verdict, error, detail, asked_at, elapsed, size, peer, head)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_END: Final = (
    "UPDATE urls SET state = ?, error = ?, detail = ?, links_error = ?, attempts = ?,"
    " token = NULL, due_at = 0, partial = NULL, status = ?, path = ?, size = ?, sha256 = ?,"
    " media_type = ?, width = ?, height = ?, likeness = ?, work_error = ?, received = ?, original = ?, near = ?,"
    " redirect = ?, fetched_at = ?, elapsed = ? WHERE id = ?"
)
_AGAIN: Final = (
    "UPDATE urls SET state = 'queued', token = NULL, error = ?, detail = ?, status = ?, partial = ?,"
    " attempts = attempts + ?, due_at = ? WHERE id = ?"
)


@dataclass(frozen=True, slots=True)
class Settler:
    """Books outcomes, inside the caller's transaction."""

    sql: sqlite3.Connection
    hosts: Hosts
    urls: Urls
    pace: Pace
    cookies: CookieRows
    claims: ClaimRows
    twins: Twins
    traps: Traps
    run: int
    _discarded: list[str] = field(default_factory=list)

    def discarded(self) -> list[str]:
        """The files that no row has any more, since this was last asked."""
        paths = [*self._discarded, *self.twins.discarded()]
        self._discarded.clear()
        return paths

    def settle(self, lease: Lease, outcome: Outcome, folded: Folded, now: float) -> list[Event]:
        """Book what a visit came to and, `folded`, found; what a person should know of it."""
        host = self._back(lease)
        self._note(lease, outcome)
        has_new_cookies = self.cookies.keep(outcome.cookies, now)  # of any answer (RFC 6265 section 3)
        # More redirects than are followed count as no robots.txt at all (RFC 9309 section 2.3.1.2).
        if lease.visit.link.kind is Kind.ROBOTS and outcome.rules is None and outcome.error != "redirect":
            return self._without_rules(lease, host, outcome, now)
        if policy.is_busy(outcome):
            # While the host is known to be busy, it is asked one thing at a time, and that costs the one no attempt.
            spent = not host.failures or not host.queued
            if not spent or outcome.retry_in is not None:
                return self._host_ails(lease, host, outcome, now, spent=spent)
        if policy.is_host_failure(outcome):
            return self._host_ails(lease, host, outcome, now, spent=outcome.asked_at is not None)
        window = self.pace.answered(host, outcome, lease.leased_at, now)
        held: list[Event] = [] if window is None else [Paced(host.name, window)]
        held += [] if outcome.pause is None else [Held(host.name, outcome.pause, "retry-after")]
        if outcome.retry_in is not None:
            self._again(lease, host, outcome, True, now + outcome.retry_in)
            return held
        if lease.visit.link.kind is Kind.ROBOTS:
            held += self._obey(host, outcome, now)
        depth, kind = self.sql.execute("SELECT depth, kind FROM urls WHERE id = ?", (lease.row,)).fetchone()
        if outcome.error == "type" and kind == PAGE and lease.visit.link.kind is not Kind.PAGE:
            self._again(lease, host, outcome, False, 0)
            return held
        if outcome.moved is not None:
            has_cookies = has_new_cookies or self.cookies.go_to(outcome.moved.url, now)
            outcome = self._moved(lease, outcome, outcome.moved, has_cookies)
            if outcome.retry_in is not None:
                self._again(lease, host, outcome, True, 0)
                return held
        self._end(lease, host, outcome)
        if folded.row is not None:
            self.traps.begin(lease.visit.link, host, outcome.fingerprint, folded.leads_on)
            self._add_found(lease, folded, depth)
            self.traps.end(lease.row)
        return held

    def release(self, lease: Lease) -> None:
        """Give a lease back unspent."""
        host = self._back(lease)
        host.queued += 1
        self.sql.execute("UPDATE urls SET state = 'queued', token = NULL WHERE id = ?", (lease.row,))

    def suspect(self, lease: Lease, now: float) -> list[Event]:
        """The process that had the visit has ended or hung: the visit may be why, and costs an attempt.

        A host whose robots.txt can never be had that way is given up.
        """
        host = self._back(lease)
        host.hold(now + host.delay)  # it may have been asked for
        outcome = Outcome(Verdict.CRASHED, error="crash", detail="a worker process ended or hung over it")
        self._note(lease, outcome)
        self.sql.execute("UPDATE urls SET suspects = suspects + 1 WHERE id = ?", (lease.row,))
        (times,) = self.sql.execute("SELECT suspects FROM urls WHERE id = ?", (lease.row,)).fetchone()
        if times < MAX_SUSPECTS:
            self._again(lease, host, outcome, True, NEVER)  # but alone, at once
            return []
        is_robots = lease.visit.link.kind is Kind.ROBOTS
        events = self._give_up(host, "crash", f"{outcome.detail}: {lease.visit.link.url}") if is_robots else []
        self._end(lease, host, outcome)
        return events

    def _back(self, lease: Lease) -> Host:
        """The host of a visit that is no longer out; its pace as it was before, until it is known what was asked."""
        host = self.hosts.numbered(lease.host)
        host.leased -= 1
        if host.delay > 0:
            host.pace_at = lease.pace_at
        host.look_at(0)
        return host

    def _note(self, lease: Lease, outcome: Outcome) -> None:
        head = outcome.head.raw if outcome.head is not None else None
        self.sql.execute(
            _VISIT,
            (lease.row, self.run, lease.visit.attempt, outcome.verdict, outcome.error, outcome.detail,
             outcome.asked_at, outcome.elapsed, outcome.size, outcome.peer, head),
        )  # fmt: skip

    def _host_ails(self, lease: Lease, host: Host, outcome: Outcome, now: float, *, spent: bool) -> list[Event]:
        """The host as a whole failed or is busy: it is held, and the visit is put behind its others or ends."""
        events = self._host_failed(lease, host, outcome, now)
        if spent and outcome.retry_in is None and not self.pace.is_outage(host, lease.visit.attempt, now):
            self._end(lease, host, outcome)
        else:
            self._again(lease, host, outcome, spent, host.pace_at + (outcome.retry_in or 0) if spent else 0)
        return events

    def _host_failed(self, lease: Lease, host: Host, outcome: Outcome, now: float) -> list[Event]:
        """Hold the host; or give it up, and end its queue in one statement."""
        is_robots = lease.visit.link.kind is Kind.ROBOTS and outcome.verdict is Verdict.REJECTED
        word = "robots" if is_robots else outcome.error or "connect"
        if outcome.head is not None:
            host.heard = 1
        if outcome.asked_at is not None:
            host.hold(outcome.asked_at + host.delay)
        wait = self.pace.failed(host, word, lease.leased_at, now, self.run)
        if wait is None:
            return self._give_up(host, word, outcome.detail)
        if outcome.pause is not None:
            host.hold(now + outcome.pause)
        return [Held(host.name, host.pace_at - now, word)]

    def _give_up(self, host: Host, word: str, detail: str | None) -> list[Event]:
        host.given_up, host.word = self.run, word
        self._discarded.extend(self.urls.end_queue(host))
        return [Noted(f"{host.name} is given up: {detail or word}", warning=True)]

    def _without_rules(self, lease: Lease, host: Host, outcome: Outcome, now: float) -> list[Event]:
        """No robots.txt for now (RFC 9309 section 2.3.1.4): the host waits, and nothing else is asked of it."""
        if outcome.error in ("tls", "scope"):
            events = self._give_up(host, outcome.error, outcome.detail)
        else:
            events = self._host_failed(lease, host, outcome, now)
        if host.given_up == self.run:
            self._end(lease, host, outcome)
        else:
            self._again(lease, host, outcome, False, 0)
        return events

    def _obey(self, host: Host, outcome: Outcome, now: float) -> Iterator[Event]:
        """The host's robots.txt has come."""
        host.rules, host.rules_at = outcome.rules or b"", now
        host.robots = Robots.parse(host.rules)
        cut = self.pace.set_delay(host)
        if outcome.asked_at is not None:
            host.hold(outcome.asked_at + host.delay)
        if host.delay > 0:
            yield Held(host.name, host.delay, "crawl-delay")
        if cut is not None:
            asked, given = format_duration(cut), format_duration(host.delay)
            yield Noted(f"{host.name} asks for a crawl-delay of {asked}; it is cut to {given}")

    def _again(self, lease: Lease, host: Host, outcome: Outcome, spent: bool, due_at: float) -> None:
        """Back to the queue, an attempt poorer or not.

        Where its host was given up meanwhile, it ends with the others.
        """
        if host.given_up == self.run:
            self._end(lease, host, outcome)
            return
        if outcome.partial is None:
            self._drop(lease, outcome)
        status = outcome.head.status if outcome.head is not None else None
        begun = json.dumps(astuple(outcome.partial)) if outcome.partial is not None else None
        self.sql.execute(_AGAIN, (outcome.error, outcome.detail, status, begun, int(spent), due_at, lease.row))
        host.queued += 1
        host.look_at(due_at)

    def _drop(self, lease: Lease, outcome: Outcome) -> None:
        """What there is of the document will not be gone on from."""
        begun = outcome.partial or lease.visit.partial
        if begun is not None:
            self._discarded.append(begun.name)

    def _end(self, lease: Lease, host: Host, outcome: Outcome) -> None:
        """The URL's last word."""
        state, error = outcome.verdict.value, outcome.error
        if outcome.verdict is Verdict.CRASHED:
            state, error = "failed", "crash"
        self._drop(lease, outcome)
        saved = outcome.saved
        original = near = None
        kept: tuple[object, ...] = (None,) * 8
        if saved is not None:
            sha256 = bytes.fromhex(saved.digest)
            if saved.is_duplicate:
                original = (self.claims.kept(saved.digest) or (None,))[0]
            elif is_image(saved.media_type):
                near, original = self.twins.place(lease.row, saved)
                if original is not None:
                    state, error = "rejected", "duplicate"
                elif self.claims.dedupe:
                    self.claims.keep(sha256, lease.row)
            path = saved.path if original is None else None
            kept = (path, saved.size, sha256, saved.media_type, saved.width, saved.height, saved.likeness)
            kept = (*kept, saved.work_error)
        target = self.urls.find(str(outcome.moved.url)) if outcome.moved is not None else None
        self.sql.execute(
            _END,
            (state, error, outcome.detail, outcome.links_error, lease.visit.attempt,
             outcome.head.status if outcome.head is not None else None, *kept, outcome.size, original, near,
             target.id if target else None, outcome.asked_at, outcome.elapsed, lease.row),
        )  # fmt: skip
        kind = lease.visit.link.kind
        if kind is Kind.ROBOTS or (state == "read" and kind is not Kind.PAGE):
            return  # an errand of our own: counts speak of what was asked for
        host.count(state, 1)
        if saved is not None and original is None:
            is_shown = is_image(saved.media_type)
            host.images += is_shown
            host.pages += lease.visit.link.kind is Kind.PAGE and not is_shown
            host.size += saved.size

    def _moved(self, lease: Lease, outcome: Outcome, moved: Link, has_cookies: bool) -> Outcome:
        """A redirect's target becomes a link.

        One that leads back, at once or through others, is asked once more where a cookie was set on the way, be it on
        that of another page, as sites do that ask for consent; else it is a failure.
        """
        target = self.urls.find(str(moved.url))
        if target is None or not self._leads_to(target, lease.row):
            self.urls.add(moved, lease.parent)
        elif not has_cookies or max(target.attempts, lease.visit.attempt) > 1:
            detail = "redirected in a circle"
            return replace(outcome, verdict=Verdict.FAILED, moved=None, error="redirect", detail=detail)
        elif target.id == lease.row:
            return replace(outcome, moved=None, retry_in=0.0)
        else:
            self.urls.ask_again(target, moved.hops)
        return outcome

    def _leads_to(self, known: Known | None, row: int) -> bool:
        """Whether redirects lead from a known URL to a row."""
        for _ in range(MAX_CHAIN):
            if known is None or known.id == row:
                return known is not None
            known = self.urls.numbered(known.redirect)
        return True

    def _add_found(self, lease: Lease, folded: Folded, depth: int) -> None:
        """A page's references: one compact row, and each link once; `depth` is the page's own by now."""
        self.sql.execute("INSERT OR REPLACE INTO links VALUES (?, ?)", (lease.row, folded.row))
        self.urls.add_named(folded.named, lease.row, lease.visit.link.url)
        if depth < lease.visit.link.depth:  # a shorter way to it was found while it was out
            self.urls.lower_below(lease.row, depth)
