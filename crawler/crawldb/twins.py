"""Images that look alike: which of them is kept, and what becomes of the others; it computes no likeness itself."""

import sqlite3
from dataclasses import dataclass, field
from typing import Final

from crawler.crawldb.near import NearRows
from crawler.crawldb.pace import Hosts
from crawler.model import Saved
from crawler.web.paths import derived_paths

_FOUND: Final = (
    "SELECT id, host, coalesce(near, id), coalesce(width, 0) * coalesce(height, 0), size, path, hex(sha256)"
    " FROM urls WHERE id = ? AND state = 'saved'"
)


@dataclass(frozen=True, slots=True)
class Twin:
    """A kept image that looks like another."""

    row: int
    host: int
    group: int
    pixels: int
    size: int
    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class Twins:
    """The kept images by their likeness, inside the caller's transaction.

    Two are alike within `max_distance` bits. With `keeps_largest` only the largest of those that are alike is kept.
    """

    sql: sqlite3.Connection
    hosts: Hosts
    rows: NearRows
    max_distance: int
    keeps_largest: bool
    _discarded: list[str] = field(default_factory=list)

    def discarded(self) -> list[str]:
        """The files that no row has any more, since this was last asked."""
        paths = self._discarded.copy()
        self._discarded.clear()
        return paths

    def place(self, row: int, saved: Saved) -> tuple[int | None, int | None]:
        """An image is kept: (the first that it looks like, the one that is kept in its place), each may be None."""
        if saved.likeness is None:
            return None, None
        found = self._alike(row, saved.likeness)
        if not self.keeps_largest or not found:
            self.rows.add(row, saved.likeness)
            return (found[0].group if found else None), None
        best = max(found, key=lambda twin: (twin.pixels, twin.size))
        pixels = (saved.width or 0) * (saved.height or 0)
        if (best.pixels, best.size) >= (pixels, saved.size):
            self._discard(saved.path, saved.digest)
            return best.row, best.row
        for twin in found:
            self._replace(twin, row)
        self.rows.add(row, saved.likeness)
        return None, None

    def _alike(self, row: int, likeness: bytes) -> list[Twin]:
        found = (
            self.sql.execute(_FOUND, (other,)).fetchone()
            for other, _ in self.rows.find(likeness, self.max_distance)
            if other != row
        )
        return [Twin(*one) for one in found if one is not None]

    def _replace(self, twin: Twin, row: int) -> None:
        """A smaller twin gives way: its file goes, and all that led to it leads to the larger one."""
        self.rows.remove(twin.row)
        self._discard(twin.path, twin.digest.lower())
        self.sql.execute(
            "UPDATE urls SET near = iif(near = original, ?1, near), original = ?1 WHERE original = ?2", (row, twin.row)
        )
        self.sql.execute(
            "UPDATE urls SET state = 'rejected', error = 'duplicate', path = NULL, original = ?, near = ? WHERE id = ?",
            (row, row, twin.row),
        )
        host = self.hosts.numbered(twin.host)
        host.count("saved", -1)
        host.count("rejected", 1)
        host.images -= 1
        host.size -= twin.size

    def _discard(self, path: str, digest: str) -> None:
        paths = [path, *derived_paths(digest)]
        self.sql.executemany("INSERT OR IGNORE INTO trash VALUES (?)", [(path,) for path in paths])
        self._discarded.extend(paths)
