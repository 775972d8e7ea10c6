"""The SQLite file of a crawl: opened, locked, brought to the present schema; it knows nothing of what the rows mean.

Every `sqlite3.Error` and `OSError` of the room becomes a `CrawldbError` here.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import IO, Final, Literal

from crawler.crawldb.digest import digest
from crawler.errors import CrawldbError, NoCrawlError

FILE: Final = "crawl.sqlite"
LOCK: Final = "crawl.lock"
TRIES, BETWEEN_TRIES = 5, 0.05
"""Of taking the lock, and the seconds between: who only asks whether a crawler is at work holds it for a moment."""

VERSION: Final = 3
"""Of the schema; `MIGRATIONS[n]` leads from version n to n + 1."""

MIGRATIONS: Final[dict[int, str]] = {
    1: """
        ALTER TABLE hosts ADD COLUMN read INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE hosts ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE hosts ADD COLUMN window REAL;
        ALTER TABLE urls ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE urls ADD COLUMN suspects INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE urls ADD COLUMN received INTEGER;
        ALTER TABLE urls ADD COLUMN width INTEGER;
        ALTER TABLE urls ADD COLUMN height INTEGER;
        ALTER TABLE urls ADD COLUMN likeness BLOB;
        ALTER TABLE urls ADD COLUMN near INTEGER REFERENCES urls;
        ALTER TABLE urls ADD COLUMN original INTEGER REFERENCES urls;
        ALTER TABLE urls ADD COLUMN work_error TEXT;
        UPDATE urls SET digest = digest(url);
        DROP INDEX urls_seeds;
    """,
    2: """
        ALTER TABLE hosts ADD COLUMN domain TEXT;
        UPDATE hosts SET domain = '' WHERE
            queued + leased + saved + read + redirected + rejected + refused + failed > 0;
    """,
}
"""What changes tables that are there; new tables and indexes come with the schema itself."""


@contextmanager
def database_errors(folder: Path) -> Iterator[None]:
    """Turns the failures of the database in `folder` into a `CrawldbError` of one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise CrawldbError(f"{folder / FILE}: {error}") from error
    except OSError as error:
        raise CrawldbError(f"{folder}: {error.strerror or error}") from error


class Database:
    """One run's hold on the crawl in `folder`: exclusive, and released by `close` or by the end of the process.

    `durability` is `process` (a commit outlives the process) or `power` (it outlives the machine). All use is by one
    thread at a time.
    """

    def __init__(self, folder: Path, durability: Literal["process", "power"] = "process") -> None:
        self.folder = folder
        with database_errors(folder):
            self._lock = _locked(folder)
            try:
                _make_private(folder / FILE)
                self.sql = sqlite3.connect(
                    folder / FILE, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=30
                )
                self._set_up(durability)
            except BaseException:
                self._lock.close()
                raise

    def _set_up(self, durability: str) -> None:
        sync = "FULL" if durability == "power" else "NORMAL"
        for pragma in ("journal_mode = WAL", f"synchronous = {sync}", "cache_size = -32000", "temp_store = MEMORY"):
            self.sql.execute(f"PRAGMA {pragma}")
        version = self.sql.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise CrawldbError(
                f"{self.folder / FILE} was written by a newer crawler (schema {version}, known: {VERSION})"
            )
        self.sql.create_function("digest", 1, digest, deterministic=True)
        with self.transaction():
            for step in range(version or VERSION, VERSION):
                self._run(MIGRATIONS[step])
            if version != VERSION:
                self._run((files("crawler.crawldb") / "schema.sql").read_text(encoding="utf-8"))

    def _run(self, script: str) -> None:
        """The statements of a script, inside the present transaction (`executescript` would commit it)."""
        statement = ""
        for line in script.splitlines():
            statement += line.partition("--")[0] + "\n"
            if sqlite3.complete_statement(statement):
                self.sql.execute(statement)
                statement = ""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        with self.changes():
            yield
        self.commit()

    @contextmanager
    def changes(self) -> Iterator[None]:
        """The statements of a transaction that `commit` is to end; undone where one fails."""
        with database_errors(self.folder):
            self.sql.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._undo()
                raise

    def commit(self) -> None:
        """Make the changes last."""
        with database_errors(self.folder):
            try:
                self.sql.execute("COMMIT")
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            self.sql.execute("ROLLBACK")

    def facts(self) -> dict[str, str]:
        """What shapes this crawl."""
        with database_errors(self.folder):
            return dict(self.sql.execute("SELECT key, value FROM facts"))

    def state(self, facts: dict[str, str]) -> None:
        """Write facts down, over what was known under their keys; inside a transaction."""
        self.sql.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def close(self) -> None:
        """Let go of the file and the lock; where nobody reads it, it is one plain file then."""
        with database_errors(self.folder):
            try:
                with suppress(sqlite3.Error):
                    self.sql.execute("PRAGMA journal_mode = DELETE")
                self.sql.close()
            finally:
                self._lock.close()


def _make_private(file: Path) -> None:
    """Make the file, where it is new, one that nobody else may read: it will hold cookies.

    SQLite gives the files that it puts beside it the same permissions.
    """
    os.close(os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _locked(folder: Path) -> IO[bytes]:
    """The crawl's lock, held by this process until the file is closed; it dies with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / LOCK).open("ab")
    for _ in range(TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            time.sleep(BETWEEN_TRIES)
    lock.close()
    raise NoCrawlError(f"{folder}: another crawler is at work in this folder")


def is_running(folder: Path) -> bool:
    """Whether a crawler is at work in `folder`."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def open_to_read(folder: Path) -> sqlite3.Connection:
    """A connection that reads the crawl in `folder` at any time; `NoCrawlError` where there is none."""
    if not (folder / FILE).is_file():
        raise NoCrawlError(f"{folder} holds no crawl (no {FILE} in it)")
    with database_errors(folder):
        sql = sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        version = sql.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        sql.close()
        raise NoCrawlError(f"{folder} holds no crawl yet")
    if version != VERSION:
        sql.close()
        hint = "; the command that made it brings it up to date" if version < VERSION else ""
        raise NoCrawlError(f"{folder / FILE} has schema {version}; this crawler reads {VERSION}{hint}")
    return sql
