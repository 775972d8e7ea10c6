"""What had ended, or was not followed, is queued again: by a later run, by new rules, by a person's wish.

So is what was in flight when a run was killed.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from crawler import policy
from crawler.crawldb.pace import NEVER, Hosts
from crawler.crawldb.urls import KINDS, PAGE, Urls
from crawler.model import URL, Link, Partial

CHUNK: Final = 1_000
"""Rows that are looked at in one go."""

Judge = Callable[[Link, str | None], str | None]
"""The word for which a link is not followed now, None where it is.

Told the word for which it was not followed before.
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run at its beginning: its number, and what the last one left behind.

    That are the URLs that were in flight, the temporary files in which documents lie that broke off, and files that no
    record has.
    """

    run: int
    interrupted: list[URL]
    partials: list[str]
    leftovers: list[str]


def begin(sql: sqlite3.Connection, now: float, *, robots: bool, longest: float) -> Begun:
    """Begin a run: what the last one had in flight is queued again, and its leftovers are forgotten.

    So they are to be gone before this is committed: who is killed before that is told the same again. What is held for
    more than `longest` seconds was held by a clock that has been set back since.
    """
    run = sql.execute("INSERT INTO runs (started_at) VALUES (?)", (now,)).lastrowid or 0
    interrupted = [URL.known(row[0]) for row in sql.execute("SELECT url FROM urls WHERE state = 'leased'")]
    leftovers = [
        row[0]
        for row in sql.execute(
            "SELECT path FROM trash UNION ALL"
            " SELECT n.path FROM names n JOIN urls u ON u.id = n.url WHERE u.state = 'leased'"
        )
    ]
    sql.execute("UPDATE urls SET due_at = 0 WHERE state = 'queued' AND suspects > 0 AND due_at >= ?", (NEVER,))
    sql.execute("UPDATE urls SET state = 'queued', token = NULL WHERE state = 'leased'")
    sql.execute(
        "UPDATE hosts SET queued = queued + leased, leased = 0, open = queued + leased > 0,"
        " pace_at = CASE WHEN pace_at > ? THEN ? ELSE pace_at END WHERE queued + leased > 0",
        (now + longest, now),
    )
    sql.execute(
        "UPDATE urls INDEXED BY urls_later SET due_at = ? WHERE state = 'queued' AND due_at > 0 AND due_at > ?",
        (now, now + longest),
    )
    if not robots:
        queued = "FROM urls WHERE host = hosts.id AND kind = 0 AND state = 'queued'"
        sql.execute(f"UPDATE hosts SET queued = queued - (SELECT count(*) {queued}) WHERE open = 1")
        sql.execute("UPDATE urls INDEXED BY urls_robots SET state = 'skipped' WHERE kind = 0 AND state = 'queued'")
    sql.execute("UPDATE hosts SET due_at = pace_at, failing_since = NULL, failures = 0 WHERE open = 1")
    sql.execute("DELETE FROM trash")
    return Begun(run, interrupted, _partials(sql), leftovers)


def _partials(sql: sqlite3.Connection) -> list[str]:
    """The files in which documents lie that broke off."""
    rows = sql.execute(
        "SELECT partial FROM urls INDEXED BY urls_partials WHERE state = 'queued' AND partial IS NOT NULL"
    )
    return [Partial(*json.loads(row[0])).name for row in rows]


def retry(sql: sqlite3.Connection, hosts: Hosts, urls: Urls, words: Collection[str]) -> int:
    """Queue again what failed or was rejected for one of these words; how many.

    A word is that of a record (timeout, damaged), a status (404) or a class of them (5xx).
    """
    classes = [int(word[0]) for word in words if word[1:] == "xx"]
    statuses = [int(word) for word in words if word.isdecimal()]
    named = sorted(words)
    condition = (
        f"(error IN ({', '.join('?' * len(named))})"
        f" OR error = 'status' AND (status IN ({', '.join('?' * len(statuses))})"
        f" OR status / 100 IN ({', '.join('?' * len(classes))})))"
    )
    count, last = 0, 0
    while rows := sql.execute(
        f"SELECT id, host, state FROM urls WHERE id > ? AND kind > 0 AND state IN ('failed', 'rejected')"
        f" AND {condition} ORDER BY id LIMIT {CHUNK}", (last, *named, *statuses, *classes)
    ).fetchall():  # fmt: skip
        _queue(sql, hosts, urls, rows)
        count, last = count + len(rows), rows[-1][0]
    return count


def _queue(sql: sqlite3.Connection, hosts: Hosts, urls: Urls, rows: Iterable[tuple[int, int, str]]) -> None:
    """These URLs (row, host, state) are queued as if never asked for."""
    for row, number, state in rows:
        host = hosts.numbered(number)
        host.given_up = None
        sql.execute("UPDATE urls SET attempts = 0, suspects = 0, original = NULL WHERE id = ?", (row,))
        urls.move(row, host, state, "queued")


def take_up(sql: sqlite3.Connection, hosts: Hosts, urls: Urls) -> None:
    """Queue again what an earlier run ended for a reason that may have passed.

    That is what a host lost when it was given up, if it had ever answered, and start URLs that failed.
    """
    passing = ", ".join(f"'{word}'" for word in sorted(policy.PASSING_ERRORS))
    statuses = ", ".join(map(str, sorted(policy.PASSING)))
    rows = sql.execute(
        "SELECT u.id, u.host, u.state FROM hosts h CROSS JOIN urls u INDEXED BY urls_lost ON u.host = h.id"
        " WHERE h.given_up IS NOT NULL AND h.heard AND u.kind > 0 AND u.error = h.word"
        " AND (u.state = 'failed' OR u.state = 'refused' OR u.state = 'rejected'"
        " AND coalesce(u.status, 503) IN (429, 503))"
        f" UNION SELECT id, host, state FROM urls WHERE parent IS NULL AND kind = {PAGE}"
        f" AND (state = 'failed' AND error IN ({passing}) OR state = 'rejected' AND status IN ({statuses}))"
    )
    _queue(sql, hosts, urls, rows.fetchall())


def reconsider(sql: sqlite3.Connection, hosts: Hosts, urls: Urls, judge: Judge) -> None:
    """Ask `judge` about every URL that is queued, skipped or refused, or that redirected out of scope.

    It gives the word for which it is not followed.
    """
    last = 0
    while rows := sql.execute(
        "SELECT u.id, u.host, u.state, u.error, u.url, u.kind, u.depth, u.hops, p.url, u.place FROM urls u"
        " LEFT JOIN urls p ON p.id = u.parent"
        " WHERE u.id > ? AND u.kind > 0 AND (u.state IN ('queued', 'skipped', 'refused')"
        " OR u.state = 'failed' AND u.error = 'scope') ORDER BY u.id LIMIT 1000", (last,)
    ).fetchall():  # fmt: skip
        for row, host, state, error, url, kind, depth, hops, parent, place in rows:
            last = row
            link = Link(
                URL.known(url), KINDS[kind], depth, hops, URL.known(parent) if parent is not None else None, place
            )
            word = judge(link, None if state == "queued" else error)
            new = "queued" if word is None else "refused" if word == "robots" else "skipped"
            if new != state or word != (None if state == "queued" else error):
                urls.move(row, hosts.numbered(host), state, new, word)
