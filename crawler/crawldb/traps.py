"""Sites without end: what makes a new URL part of one, and what is remembered of each host; it reads no page.

Three bounds, each a setting. A URL whose form only traps have is not followed. A host has no more than so many URLs.
And of one shape (`/calendar/*/*/`) no more than so many pages are read that say nearly the same as one of the last of
that shape, and lead to more of it.
"""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Final

from crawler.crawldb.pace import Host, Hosts
from crawler.model import Kind, Link, Noted
from crawler.settings import TrapSettings
from crawler.web.shape import depth, parameters, repeats, shape, without_session
from crawler.web.simhash import distance
from crawler.web.url import URL

RECENT: Final = 8
"""Fingerprints of a shape that a new page is compared with."""

CACHED: Final = 10_000
"""Shapes kept in memory."""

CHUNK: Final = 5_000
"""Queued rows that are looked at in one go when a shape is closed."""


@dataclass(slots=True)
class Shape:
    """What is known of the pages of one shape: how many were like others, and the last fingerprints."""

    like: int = 0
    recent: list[int] = field(default_factory=list)
    closed: bool = False


class Traps:
    """The tables `shapes` and `sessions`; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection, hosts: Hosts, settings: TrapSettings) -> None:
        self._sql = sql
        self._hosts = hosts
        self._settings = settings
        self._shapes: dict[tuple[int, str], Shape] = {}
        self._notes: list[Noted] = []
        self._told: set[int] = set()

    def notes(self) -> list[Noted]:
        """What a person should know, since this was last asked."""
        notes, self._notes = self._notes, []
        return notes

    def refuse(self, link: Link, host: Host) -> str | None:
        """The word for which a new URL is not followed, None where it is."""
        if link.kind is not Kind.PAGE or link.parent is None:
            return None
        url, bounds = link.url, self._settings
        if depth(url) > bounds.max_segments or parameters(url) > bounds.max_parameters:
            return "trap"
        if bounds.max_repeats and repeats(url, bounds.max_repeats):
            return "trap"
        if host.known >= bounds.max_host_urls:
            self._tell(host, f"{host.name}: {bounds.max_host_urls:,} URLs, no more are followed")
            return "trap"
        form = shape(url)
        if "*" in form and self._shape(host.id, form).closed:
            return "trap"
        if bounds.one_session and (plain := without_session(url)) != url:
            return self._of_session(plain)
        return None

    def of_page(self, link: Link, host: Host, fingerprint: int) -> None:
        """A page of a shape that may be a trap's was read, and led to more of it."""
        form = shape(link.url)
        state = self._shape(host.id, form)
        is_like = any(distance(fingerprint, other) <= self._settings.like_distance for other in state.recent)
        state.recent = [*state.recent[1 - RECENT :], fingerprint]
        state.like += is_like
        if is_like and state.like >= self._settings.max_like and not state.closed:
            state.closed = True
            self._close(host, form)
        self._sql.execute(
            "INSERT OR REPLACE INTO shapes VALUES (?, ?, ?, ?, ?)",
            (host.id, form, state.like, json.dumps(state.recent), int(state.closed)),
        )

    def _shape(self, host: int, form: str) -> Shape:
        state = self._shapes.get((host, form))
        if state is None:
            row = self._sql.execute(
                "SELECT likes, recent, closed FROM shapes WHERE host = ? AND shape = ?", (host, form)
            ).fetchone()
            state = Shape(row[0], json.loads(row[1]), bool(row[2])) if row is not None else Shape()
            self._shapes[host, form] = state
            if len(self._shapes) > CACHED:
                for old in list(self._shapes)[: CACHED // 4]:
                    del self._shapes[old]
        return state

    def _close(self, host: Host, form: str) -> None:
        """No more of this shape: what is queued of it ends."""
        self._notes.append(
            Noted(f"{host.name}{form}: {self._settings.max_like:,} like pages, no longer followed", warning=True)
        )
        last = 0
        while rows := self._sql.execute(
            "SELECT id, url FROM urls WHERE host = ? AND state = 'queued' AND kind = 4 AND parent IS NOT NULL"
            f" AND id > ? ORDER BY id LIMIT {CHUNK}", (host.id, last)
        ).fetchall():  # fmt: skip
            last = rows[-1][0]
            ended = [(row,) for row, text in rows if shape(URL.known(text)) == form]
            self._sql.executemany("UPDATE urls SET state = 'skipped', error = 'trap' WHERE id = ?", ended)
            host.count("queued", -len(ended))
            host.count("skipped", len(ended))

    def _of_session(self, plain: URL) -> str | None:
        """Whether this URL is there already, but for its session id."""
        new = self._sql.execute("INSERT OR IGNORE INTO sessions VALUES (?)", (str(plain),)).rowcount
        return None if new else "trap"

    def _tell(self, host: Host, text: str) -> None:
        if host.id not in self._told:
            self._told.add(host.id)
            self._notes.append(Noted(text, warning=True))
