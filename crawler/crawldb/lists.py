"""The lists of URLs that a crawl was given: how far each is read, and what each row said; it reads no list."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.crawldb.urls import Urls
from crawler.model import Kind, Link, Row


@dataclass(frozen=True, slots=True)
class ListRows:
    """The tables `lists` and `rows`; every method works inside the caller's transaction."""

    sql: sqlite3.Connection
    urls: Urls

    def fingerprints(self, name: str) -> list[str]:
        """Those of all lists of that name."""
        return [row[0] for row in self.sql.execute("SELECT fingerprint FROM lists WHERE name = ?", (name,))]

    def at(self, name: str, fingerprint: str) -> tuple[int, int, int]:
        """The number of a list, and where it goes on: bytes and rows. It is made known where it was not."""
        self.sql.execute("INSERT OR IGNORE INTO lists (name, fingerprint) VALUES (?, ?)", (name, fingerprint))
        row: tuple[int, int, int] = self.sql.execute(
            "SELECT id, offset, rows FROM lists WHERE name = ? AND fingerprint = ?", (name, fingerprint)
        ).fetchone()
        return row

    def feed(self, number: int, rows: Sequence[tuple[Row, str | None]], offset: int, count: int) -> None:
        """Rows, each with the word for which its URL is not followed; `offset` and `count` are where it goes on."""
        self.sql.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)",
            [self._values(number, row, refused) for row, refused in rows],
        )
        self.sql.execute("UPDATE lists SET offset = ?, rows = ? WHERE id = ?", (offset, count, number))

    def _values(self, number: int, row: Row, refused: str | None) -> tuple[object, ...]:
        url = None
        if row.url is not None:
            url = self.urls.place(Link(row.url, Kind.IMAGE, place=row.number), refused)
        text = row.text if row.url is None or row.text != str(row.url) else None
        columns = json.dumps(row.columns, ensure_ascii=False) if row.columns else None
        return number, row.number, url, text, row.caption or None, columns, row.error
