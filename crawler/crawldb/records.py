"""The read side of a crawl: its records, at any time, also while it runs; synchronous, and constant in memory.

It never writes, and it knows nothing of how a crawl goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crawler.crawldb import database
from crawler.crawldb.cookies import SELECT, cookie_of
from crawler.crawldb.links import unpack
from crawler.crawldb.pace import COUNTERS
from crawler.crawldb.urls import KINDS
from crawler.model import Counts
from crawler.web.cookies import Cookie

STATES: Final = ("saved", "redirected", "rejected", "refused", "skipped", "failed", "queued", "leased")


@dataclass(frozen=True, slots=True)
class UrlRecord:
    """One known URL, in the words of the export. `path` is relative to the output folder.

    `fetched_at` is ISO 8601 in UTC.
    """

    url: str
    kind: str
    state: str
    status: int | None
    error: str | None
    links_error: str | None
    path: str | None
    bytes: int | None
    sha256: str | None
    media_type: str | None
    depth: int
    parent: str | None
    redirect: str | None
    attempts: int
    fetched_at: str | None
    elapsed: float | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """One reference of one page; `reason` says why it was not followed."""

    source: str
    target: str
    tag: str
    attribute: str
    text: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """How many URLs ended in a state with a word."""

    state: str
    error: str | None
    count: int


@dataclass(frozen=True, slots=True)
class HostRecord:
    """How one host stands; `held_until` is seconds of the wall clock, None where it is not held."""

    host: str
    queued: int
    leased: int
    saved: int
    failed: int
    delay: float
    held_until: float | None
    word: str | None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run over this folder; `stopped` is None where the crawl was finished, or the run was killed or goes on."""

    started_at: float
    ended_at: float | None
    stopped: str | None


class Records:
    """The records of the crawl in `output`; `CrawldbError` where the folder holds none."""

    def __init__(self, output: Path) -> None:
        self._folder = output
        self._sql = database.open_to_read(output)

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._sql.close()

    @property
    def is_running(self) -> bool:
        """Whether a crawler is at work in the folder."""
        return database.is_running(self._folder)

    def counts(self) -> Counts:
        """How the crawl stands."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTERS)
        runs = self.runs()
        stopped = runs[-1].stopped if runs else None
        limit = stopped if stopped in ("max-pages", "max-bytes") else None
        totals = next(self._rows(f"SELECT {sums} FROM hosts"))
        return Counts(**dict(zip(COUNTERS, totals, strict=True)), limit=limit)

    def reasons(self) -> list[Reason]:
        """The states and words of all URLs but robots.txt, the most frequent word of each state first."""
        rows = self._rows("SELECT state, error, count(*) FROM urls WHERE kind > 0 GROUP BY state, error")
        found = [Reason("queued" if state == "leased" else state, error, count) for state, error, count in rows]
        return sorted(found, key=lambda one: (STATES.index(one.state), -one.count))

    def urls(self) -> Iterator[UrlRecord]:
        """Every known URL, in the order in which they became known."""
        rows = self._rows(
            "SELECT u.url, u.kind, u.state, u.status, u.error, u.links_error, u.path, u.size, u.sha256, u.media_type,"
            " u.depth, p.url, r.url, u.attempts, u.fetched_at, u.elapsed, u.detail FROM urls u"
            " LEFT JOIN urls p ON p.id = u.parent LEFT JOIN urls r ON r.id = u.redirect ORDER BY u.id"
        )
        for url, kind, state, status, error, links_error, path, size, sha256, *rest in rows:
            media_type, depth, parent, redirect, attempts, fetched_at, elapsed, detail = rest
            yield UrlRecord(
                url=url,
                kind=KINDS[kind].value,
                state="queued" if state == "leased" else state,
                status=status,
                error=error,
                links_error=links_error,
                path=path,
                bytes=size,
                sha256=sha256.hex() if sha256 is not None else None,
                media_type=media_type,
                depth=depth,
                parent=parent,
                redirect=redirect,
                attempts=attempts,
                fetched_at=_iso(fetched_at),
                elapsed=round(elapsed, 6) if elapsed is not None else None,
                detail=detail,
            )

    def links(self) -> Iterator[LinkRecord]:
        """Every reference of every page whose links were read."""
        for source, found in self._rows(
            "SELECT u.url, l.found FROM links l JOIN urls u ON u.id = l.url ORDER BY l.url"
        ):
            for one in unpack(found):
                yield LinkRecord(source, one.target, one.tag, one.attribute, one.text, one.reason)

    def cookies(self) -> Iterator[Cookie]:
        """The cookies as they are kept for the next request."""
        return (cookie_of(row) for row in self._rows(SELECT))

    def hosts(self, limit: int) -> list[HostRecord]:
        """The busiest hosts first."""
        rows = self._rows(
            "SELECT name, queued, leased, saved, failed, delay, nullif(pace_at, 0), word FROM hosts"
            " WHERE queued + leased + saved + failed > 0"
            " ORDER BY queued + leased DESC, saved DESC LIMIT ?", (limit,)
        )  # fmt: skip
        return [HostRecord(*row) for row in rows]

    def runs(self) -> list[RunRecord]:
        """The runs over this folder, in order."""
        return [RunRecord(*row) for row in self._rows("SELECT started_at, ended_at, stopped FROM runs ORDER BY id")]

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        with database.database_errors(self._folder):
            yield from self._sql.execute(statement, values)


def _iso(moment: float | None) -> str | None:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds") if moment is not None else None
