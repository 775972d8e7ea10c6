"""Who keeps which content, and under which name: no content lies twice, no two documents at one place.

A claim is in memory while its visit is out, and in the row of `claims` that is written together with the end of that
visit; so what a killed run had claimed is free again. It knows nothing of files.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from crawler.crawldb.urls import Lease
from crawler.model import Place
from crawler.web.names import folded, marked

NOWHERE: Final = Place("", is_duplicate=True)
"""For a visit that is no longer out: its outcome will be ignored, so it is to write nothing."""


@dataclass(slots=True)
class Claim:
    """What one visit asks for: this content at this path."""

    lease: Lease
    digest: str
    path: str
    answer: Callable[[Place], None]


@dataclass(slots=True)
class Owner:
    """The visit that has claimed a content, and those that wait for what becomes of it."""

    token: int
    waiting: list[Claim] = field(default_factory=list)


class ClaimRows:
    """The tables `claims` and `names`; every method works inside the caller's transaction.

    With `dedupe` content lies once. With `templated` two documents may come to one name, and the later has it with a
    mark. `is_out` tells whether the visit of a token is still under way.
    """

    def __init__(
        self,
        sql: sqlite3.Connection,
        is_out: Callable[[int], bool],
        *,
        dedupe: bool,
        templated: bool = False,
        max_name: int = 255,
    ) -> None:
        self.dedupe = dedupe
        self._sql = sql
        self._is_out = is_out
        self._templated = templated
        self._max_name = max_name
        self._owners: dict[str, Owner] = {}
        self._claimed: dict[int, str] = {}

    def claim(self, claim: Claim) -> None:
        """Answer where the content is to lie, now or once the visit that has claimed it is finished."""
        token = claim.lease.visit.token
        if not self._is_out(token):
            claim.answer(NOWHERE)
            return
        if self.dedupe:
            kept = self.kept(claim.digest)
            if kept is not None and kept[0] != claim.lease.row:
                claim.answer(Place(kept[1], is_duplicate=True))
                return
            owner = self._owners.setdefault(claim.digest, Owner(token))
            if owner.token != token:
                owner.waiting.append(claim)
                return
            self._claimed[token] = claim.digest
        claim.answer(Place(self._named(claim) if self._templated else claim.path))

    def kept(self, digest: str) -> tuple[int, str] | None:
        """The URL that keeps this content, and its path."""
        row = self._sql.execute(
            "SELECT k.id, k.path FROM claims c JOIN urls u ON u.id = c.url"
            " JOIN urls k ON k.id = coalesce(u.original, u.id)"
            " WHERE c.digest = ? AND k.path IS NOT NULL", (bytes.fromhex(digest),)
        ).fetchone()  # fmt: skip
        return (row[0], row[1]) if row is not None else None

    def keep(self, digest: bytes, row: int) -> None:
        """This URL's file has this content."""
        self._sql.execute("INSERT OR REPLACE INTO claims VALUES (?, ?)", (digest, row))

    def names_of(self, rows: Iterable[int]) -> list[str]:
        """The paths that were named for these URLs by a template."""
        found = (self._sql.execute("SELECT path FROM names WHERE url = ?", (row,)).fetchall() for row in rows)
        return [path for paths in found for (path,) in paths]

    def finished(self, token: int) -> None:
        """A visit is over: those who waited for its content may claim it."""
        digest = self._claimed.pop(token, None)
        if digest is not None:
            for waiting in self._owners.pop(digest).waiting:
                self.claim(waiting)

    def _named(self, claim: Claim) -> str:
        """The path, or, where that is another URL's, the same with a mark."""
        row, path = claim.lease.row, claim.path
        owner = self._sql.execute("SELECT url FROM names WHERE name = ?", (folded(path),)).fetchone()
        if owner is not None and owner[0] != row:
            path = marked(path, claim.lease.visit.link.url, self._max_name)
        self._sql.execute("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", (folded(path), row, path))
        return path
