"""The read side of a crawl: its records, at any time, also while it runs; synchronous, and constant in memory.

It never writes, and it knows nothing of how a crawl goes on.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crawler.crawldb import database
from crawler.crawldb.cookies import SELECT, cookie_of
from crawler.crawldb.digest import digest
from crawler.crawldb.links import unpack
from crawler.crawldb.pace import COUNTERS
from crawler.crawldb.pictures import PictureRows
from crawler.crawldb.urls import KINDS, RANKS
from crawler.model import Counts, Kind
from crawler.web.cookies import Cookie

STATES: Final = ("saved", "read", "redirected", "rejected", "refused", "skipped", "failed", "queued", "leased")


NOTHING: Final = (None,) * 11
"""What is known of an image that was never asked for, behind its state and word."""

MAX_REDIRECTS: Final = 50
"""Redirects in a row that are looked through for what became of an image."""

_IMAGE: Final = (
    "SELECT u.url, u.redirect, u.state, u.error, u.detail, k.path, k.sha256, k.media_type, k.width, k.height, k.size,"
    " u.received, o.url, n.url, k.work_error FROM urls u JOIN urls k ON k.id = coalesce(u.original, u.id)"
    " LEFT JOIN urls o ON o.id = u.original LEFT JOIN urls n ON n.id = u.near"
)


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
    received: int | None
    width: int | None
    height: int | None
    original: str | None
    near: str | None
    work_error: str | None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One place where an image was seen: on a page, or in a row of a list; and what became of it.

    `place` is its number there, 0 where it can never be asked for. From `path` to `bytes` and in `work_error` it is the
    file that is kept, where the URL was redirected or is a duplicate; `received` are the bytes that it took, kept or
    not.
    """

    url: str
    state: str
    error: str | None
    detail: str | None
    path: str | None
    sha256: str | None
    media_type: str | None
    width: int | None
    height: int | None
    bytes: int | None
    received: int | None
    original: str | None
    near: str | None
    work_error: str | None
    page: str | None
    place: int
    role: str
    alt: str
    title: str
    caption: str
    context: str
    media: str
    list: str | None = None
    columns: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """One image: a file that is kept, a twin of one, or an image that is not kept; and where it was seen.

    What is alike has one `group`, its first comes first and knows how many `near` and `equal` twins it has. `is_near`
    is a twin that only looks like the first. `places` counts the pages and rows of lists that name it, `page` is the
    first of those pages, or the one by which it became known.
    """

    group: int
    near: int
    equal: int
    is_near: bool
    url: str
    state: str
    error: str | None
    detail: str | None
    status: int | None
    path: str | None
    sha256: str
    media_type: str | None
    width: int | None
    height: int | None
    bytes: int | None
    received: int | None
    work_error: str | None
    places: int
    page: str | None
    alt: str
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class Cost:
    """How many images came to a state with a word, the bytes of their files, and the body bytes that came for them.

    Three states are told apart here alone: `near` is kept and looks like another; `smaller` does too, and is not kept;
    `equal` is not kept either.
    """

    state: str
    error: str | None
    count: int
    bytes: int
    received: int


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
        self._pictures = PictureRows(self._sql)

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

    def fact(self, key: str) -> str | None:
        """What was written down of the crawl under this key: its settings, its rules."""
        rows = self._rows("SELECT value FROM facts WHERE key = ?", (key,))
        return next((row[0] for row in rows), None)

    def rows(self) -> tuple[int, int]:
        """How many rows of lists were read, and how many of them name no URL that can be asked for."""
        total = next(self._rows("SELECT coalesce(sum(rows), 0) FROM lists"))[0]
        return total, next(self._rows("SELECT count(*) FROM rows WHERE url IS NULL"))[0] if total else 0

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
            "SELECT u.url, u.kind, u.state, u.status, u.error, u.links_error, coalesce(u.path, o.path), u.size,"
            " u.sha256, u.media_type, u.depth, p.url, r.url, u.attempts, u.fetched_at, u.elapsed, u.detail, u.received,"
            " u.width, u.height, o.url, n.url, u.work_error FROM urls u"
            " LEFT JOIN urls p ON p.id = u.parent LEFT JOIN urls r ON r.id = u.redirect"
            " LEFT JOIN urls o ON o.id = u.original LEFT JOIN urls n ON n.id = u.near ORDER BY u.id"
        )
        for url, kind, state, status, error, links_error, path, size, sha256, *rest in rows:
            media_type, depth, parent, redirect, attempts, fetched_at, elapsed, *more = rest
            yield UrlRecord(
                url,
                KINDS[kind].value,
                "queued" if state == "leased" else state,
                status,
                error,
                links_error,
                path,
                size,
                sha256.hex() if sha256 is not None else None,
                media_type,
                depth,
                parent,
                redirect,
                attempts,
                _iso(fetched_at),
                round(elapsed, 6) if elapsed is not None else None,
                *more,
            )

    def images(self) -> Iterator[ImageRecord]:
        """Every place where an image was seen: page by page, then the rows of lists."""
        for source, found in self._rows(
            "SELECT u.url, l.found FROM links l JOIN urls u ON u.id = l.url ORDER BY l.url"
        ):
            for one in unpack(found):
                if one.kind == Kind.IMAGE or one.role == "link":
                    said = (source, one.place, one.role, one.alt, one.title, one.caption, one.context, one.media)
                    yield _image(one.target, self._came_to(one.target, one.reason), said)
        for name, number, url, text, caption, columns, error in self._rows(
            "SELECT l.name, r.number, u.url, r.text, r.caption, r.columns, r.error FROM rows r"
            " JOIN lists l ON l.id = r.list LEFT JOIN urls u ON u.id = r.url ORDER BY r.list, r.number"
        ):
            outcome = self._came_to(url, None) if url is not None else ("skipped", error, *NOTHING)
            extra = json.loads(columns) if columns else None
            row = (None, number, "list", "", "", caption or "", "", "", name, extra)
            yield _image(url or text or "", outcome, row)

    def _came_to(self, url: str, reason: str | None) -> tuple[Any, ...]:
        """What became of an image, in the order of `ImageRecord`, redirects followed."""
        rows = self._sql.execute(f"{_IMAGE} WHERE u.digest = ?", (digest(url),)).fetchall()
        row = next((row for row in rows if row[0] == url), None)
        for _ in range(MAX_REDIRECTS):
            if row is None or row[1] is None:
                break
            row = self._sql.execute(f"{_IMAGE} WHERE u.id = ?", (row[1],)).fetchone()
        if row is None:
            return "skipped", reason, *NOTHING
        state, error, detail, path, sha256, *rest = row[2:]
        return "queued" if state == "leased" else state, error, detail, path, sha256.hex() if sha256 else None, *rest

    def links(self) -> Iterator[LinkRecord]:
        """Every reference of every page whose links were read."""
        for source, found in self._rows(
            "SELECT u.url, l.found FROM links l JOIN urls u ON u.id = l.url ORDER BY l.url"
        ):
            for one in unpack(found):
                yield LinkRecord(source, one.target, one.tag, one.attribute, one.text, one.reason)

    def gather_pictures(self, tick: Callable[[], object] = lambda: None) -> list[Cost]:
        """What the crawl's images came to; beforehand each page is looked through, `tick` called after each."""
        with database.database_errors(self._folder):
            self._pictures.gather(tick)
            return [Cost(*row) for row in self._pictures.costs()]

    def pictures(self, limit: int) -> Iterator[PictureRecord]:
        """Up to `limit` images that are kept, each followed by its twins; then as many that are not.

        `gather_pictures` comes first.
        """
        with database.database_errors(self._folder):
            for read in (self._pictures.kept, self._pictures.lost):
                for group, near, equal, is_near, *rest in read(limit):
                    yield PictureRecord(group, near, equal, bool(is_near), *rest)

    def starts(self) -> Iterator[str]:
        """Where the crawl began: its start URLs, then the names of its lists."""
        page = RANKS[Kind.PAGE]
        rows = self._rows("SELECT url FROM urls WHERE parent IS NULL AND kind = ? ORDER BY id", (page,))
        names = self._rows("SELECT name FROM lists ORDER BY id")
        return (row[0] for part in (rows, names) for row in part)

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


def _image(url: str, outcome: tuple[Any, ...], said: tuple[Any, ...]) -> ImageRecord:
    values = (url, *outcome, *said)
    return ImageRecord(*values)


def _iso(moment: float | None) -> str | None:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds") if moment is not None else None
