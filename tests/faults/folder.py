"""What lies in an output folder, read from its files and its database without the crawler, and without touching it."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

DATABASE: Final = "crawl.sqlite"
LOG: Final = "crawl.log"
TEMPORARY: Final = ".tmp"
DONE: Final = frozenset({"saved", "redirected", "rejected", "refused"})
"""The states of what was answered for good, or never to be asked."""


@dataclass(frozen=True, slots=True)
class Row:
    """The present state of one URL."""

    state: str
    error: str | None
    attempts: int
    path: str | None
    size: int | None
    digest: str | None
    partial: str | None

    @property
    def kept(self) -> tuple[str | None, int | None, str | None]:
        """What must be the same in every crawl of the same site."""
        return self.path, self.size, self.digest


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was at one moment; `files` are the documents under final names, with their digests.

    `others` are what else lies at its top, `damage` is what the database's own checks found.
    """

    rows: dict[str, Row]
    files: dict[str, str]
    temporary: frozenset[str]
    others: frozenset[str]
    damage: tuple[str, ...]
    bugs: int

    @property
    def done(self) -> set[str]:
        """The URLs that need not be asked again."""
        return {url for url, row in self.rows.items() if row.state in DONE}


def read_folder(folder: Path) -> Folder:
    """The folder as it is now; of the database a copy is read, as a reader of the real one would mend it."""
    files: dict[str, str] = {}
    top = set()
    for entry in os.scandir(folder) if folder.exists() else ():
        if entry.is_dir() and entry.name != TEMPORARY:
            for file in Path(entry.path).rglob("*"):
                if file.is_file():
                    files[str(file.relative_to(folder))] = sha256(file.read_bytes()).hexdigest()
        else:
            top.add(entry.name)
    temporary = folder / TEMPORARY
    left = frozenset(file.name for file in temporary.iterdir()) if temporary.is_dir() else frozenset()
    log = folder / LOG
    bugs = log.read_text(encoding="utf-8").count('"event": "bug"') if log.exists() else 0
    rows, damage = _read_database(folder)
    return Folder(rows, files, left, frozenset(top), damage, bugs)


def _read_database(folder: Path) -> tuple[dict[str, Row], tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as name:
        for file in folder.glob(f"{DATABASE}*"):
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, Path(name) / file.name)
        copy = Path(name) / DATABASE
        if not copy.exists():
            return {}, ()
        with closing(sqlite3.connect(copy)) as sql:
            try:
                damage = [str(row[0]) for row in sql.execute("PRAGMA integrity_check") if row[0] != "ok"]
                damage += [f"a row of {row[0]} refers to nothing" for row in sql.execute("PRAGMA foreign_key_check")]
                if not sql.execute("SELECT count(*) FROM sqlite_master WHERE name = 'urls'").fetchone()[0]:
                    return {}, tuple(damage)
                damage += _miscounted(sql)
                columns = "url, state, error, attempts, path, size, lower(hex(sha256)), partial"
                rows = {row[0]: Row(*row[1:]) for row in sql.execute(f"SELECT {columns} FROM urls")}
            except sqlite3.Error as error:
                return {}, (f"unreadable: {error}",)
    return rows, tuple(damage)


def _miscounted(sql: sqlite3.Connection) -> list[str]:
    """Where the counters that a host carries differ from its URLs (a robots.txt counts while it is under way)."""
    wrong = []
    for state in ("queued", "leased", "saved", "redirected", "rejected", "refused", "skipped", "failed"):
        also = "" if state in ("queued", "leased") else " AND kind > 0"
        counted, there = sql.execute(
            f"SELECT (SELECT coalesce(sum({state}), 0) FROM hosts),"
            f" (SELECT count(*) FROM urls WHERE state = ?{also})", (state,)
        ).fetchone()  # fmt: skip
        if counted != there:
            wrong.append(f"hosts count {counted} {state}, there are {there}")
    return wrong
