"""The images of a crawl, each once: the files that are kept, what equals or is like them, and those that are not kept.

It writes nothing into the crawl. What a page says lies packed in one row, so who shows an image is known only when all
of them were unfolded: that is gathered in tables of the connection's own, which SQLite holds in a temporary file.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, Final

from crawler.crawldb.digest import digest
from crawler.crawldb.links import unpack
from crawler.crawldb.urls import RANKS
from crawler.model import Kind

MAX_TWINS: Final = 50
"""Twins of one picture that are told of, the alike and the equal each; all are counted."""

MAX_TEXT: Final = 500
"""Characters of what is said of a picture that are gathered."""

MAX_REDIRECTS: Final = 50
"""Redirects in a row that are looked through for where a place leads."""

_IMAGE: Final = f"(u.kind = {RANKS[Kind.IMAGE]} OR u.media_type LIKE 'image/%')"

_TABLES: Final = """
CREATE TEMP TABLE places (url INTEGER PRIMARY KEY, count INTEGER, page INTEGER, alt TEXT, title TEXT, caption TEXT);
CREATE TEMP TABLE twins (url INTEGER PRIMARY KEY, root INTEGER, is_near INTEGER, is_kept INTEGER);
INSERT INTO temp.twins
    SELECT u.id, r.id, 1, 1 FROM urls u JOIN urls r ON r.id = u.near AND r.state = 'saved' WHERE u.state = 'saved';
INSERT INTO temp.twins
    SELECT u.id, coalesce(t.root, o.id), u.near IS NOT NULL, 0
    FROM urls u JOIN urls o ON o.id = u.original AND o.state = 'saved' LEFT JOIN temp.twins t ON t.url = o.id
    WHERE u.state = 'rejected' AND u.error = 'duplicate';
CREATE INDEX temp.twins_root ON twins (root, is_near DESC, url)
"""

_MORE: Final = (
    " ON CONFLICT (url) DO UPDATE SET count = count + excluded.count, page = coalesce(page, excluded.page),"
    " alt = iif(alt = '', excluded.alt, alt), title = iif(title = '', excluded.title, title),"
    " caption = iif(caption = '', excluded.caption, caption)"
)
_PLACE: Final = f"INSERT INTO temp.places VALUES (?, 1, ?, ?, ?, ?){_MORE}"
_LISTED: Final = (
    f"INSERT INTO temp.places SELECT url, count(*), NULL, '', '', substr(coalesce(max(caption), ''), 1, {MAX_TEXT})"
    f" FROM rows WHERE url IS NOT NULL GROUP BY url{_MORE}"
)
_REDIRECTED: Final = f"""
WITH RECURSIVE way (first, here, hops) AS (
    SELECT p.url, u.redirect, 1 FROM temp.places p JOIN urls u ON u.id = p.url WHERE u.redirect IS NOT NULL
    UNION ALL
    SELECT w.first, u.redirect, w.hops + 1 FROM way w JOIN urls u ON u.id = w.here
    WHERE u.redirect IS NOT NULL AND w.hops < {MAX_REDIRECTS}
)
INSERT INTO temp.places
    SELECT w.here, p.count, p.page, p.alt, p.title, p.caption
    FROM way w JOIN urls u ON u.id = w.here AND u.redirect IS NULL JOIN temp.places p ON p.url = w.first
    WHERE true ORDER BY p.url{_MORE}
"""

_PICTURE: Final = (
    "coalesce(t.is_near, 0), u.url, u.state, u.error, u.detail, u.status, u.path, lower(hex(u.sha256)), u.media_type,"
    " coalesce(u.width, e.width), coalesce(u.height, e.height), u.size, u.received, u.work_error,"
    " coalesce(p.count, 0), coalesce(s.url, f.url), coalesce(p.alt, ''), coalesce(p.title, ''), coalesce(p.caption, '')"
    " FROM urls u LEFT JOIN temp.twins t ON t.url = u.id LEFT JOIN temp.places p ON p.url = u.id"
    " LEFT JOIN urls s ON s.id = p.page LEFT JOIN urls f ON f.id = u.parent"
    " LEFT JOIN urls e ON e.id = u.original AND u.near IS NULL"
)
_ROOTS: Final = f"SELECT u.id, {_PICTURE} WHERE {_IMAGE} AND u.state = 'saved' AND t.url IS NULL ORDER BY u.id LIMIT ?"
_TWINS: Final = (
    f"SELECT t.is_kept, {_PICTURE.replace('LEFT JOIN temp.twins', 'JOIN temp.twins')}"
    " WHERE t.root = ? AND t.is_near = ? ORDER BY t.url LIMIT ?"
)
_LOST: Final = (
    f"SELECT u.id, {_PICTURE} WHERE {_IMAGE} AND u.state NOT IN ('saved', 'redirected') AND t.url IS NULL"
    " ORDER BY CASE u.state WHEN 'failed' THEN 0 WHEN 'rejected' THEN 1 ELSE 2 END, u.id LIMIT ?"
)
_TWIN: Final = "CASE WHEN t.is_kept THEN 'near' WHEN t.is_near THEN 'smaller' ELSE 'equal' END"
_COSTS: Final = (
    "SELECT state, error, count(*), coalesce(sum(size), 0), coalesce(sum(received), 0) FROM ("
    f" SELECT iif(t.url IS NULL, iif(u.state = 'leased', 'queued', u.state), {_TWIN}) AS state,"
    " iif(t.url IS NULL, u.error, NULL) AS error, iif(u.state = 'saved', u.size, 0) AS size, u.received AS received"
    f" FROM urls u LEFT JOIN temp.twins t ON t.url = u.id WHERE {_IMAGE} AND u.state <> 'redirected'"
    " UNION ALL SELECT 'skipped', error, 0, 0 FROM rows WHERE url IS NULL) GROUP BY state, error"
)


class PictureRows:
    """The images of the crawl behind a connection that only reads; `gather` comes first."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def gather(self, tick: Callable[[], object]) -> None:
        """Find out which pictures are twins, and where each was seen; `tick` is called after each page."""
        for statement in _TABLES.split(";"):
            self._sql.execute(statement)
        for page, found in self._sql.execute("SELECT url, found FROM links ORDER BY url"):
            self._sql.executemany(_PLACE, self._places(page, found))
            tick()
        for statement in (_LISTED, _REDIRECTED):
            self._sql.execute(statement)
            tick()
        self._sql.commit()  # or the whole report would hold the crawl's log back

    def _places(self, page: int, found: bytes) -> Iterator[tuple[object, ...]]:
        """The images that a page shows or leads to, each once."""
        shown = {one.target: one for one in reversed(unpack(found)) if one.kind == Kind.IMAGE or one.role == "link"}
        for target, one in reversed(shown.items()):
            rows = self._sql.execute("SELECT id FROM urls WHERE digest = ? AND url = ?", (digest(target), target))
            for (url,) in rows.fetchall():
                yield url, page, *(text[:MAX_TEXT] for text in (one.alt, one.title, one.caption))

    def kept(self, limit: int) -> Iterator[tuple[Any, ...]]:
        """Up to `limit` files in the order in which they became known, behind each its twins, like ones before equals.

        A row begins with the group, and with what the group has of twins that are like its first or equal to it.
        Equal ones are not counted as files, but are no more than `limit` either.
        """
        equals = limit
        for root, *picture in self._sql.execute(_ROOTS, (limit,)):
            if limit <= 0:
                break
            count = "SELECT coalesce(sum(is_near), 0), coalesce(sum(NOT is_near), 0) FROM temp.twins WHERE root = ?"
            twins = self._sql.execute(count, (root,)).fetchone()
            yield root, *twins, *picture
            limit -= 1
            for is_near in (1, 0):
                most = min(MAX_TWINS, limit if is_near else equals)
                for is_kept, *twin in self._sql.execute(_TWINS, (root, is_near, most)) if any(twins) else ():
                    yield root, 0, 0, *twin
                    limit -= is_kept
                    equals -= not is_kept

    def lost(self, limit: int) -> Iterator[tuple[Any, ...]]:
        """Up to `limit` images of which no file is kept, in the same form: failures first, then what was not wanted."""
        for number, *picture in self._sql.execute(_LOST, (limit,)):
            yield number, 0, 0, *picture

    def costs(self) -> Iterator[tuple[Any, ...]]:
        """(state, word, how many, bytes of files, body bytes that came).

        The state of a twin is `near` where it is kept; else `equal`, or `smaller` where it was only like the other.
        """
        return self._sql.execute(_COSTS)
