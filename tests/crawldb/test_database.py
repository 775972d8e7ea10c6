"""The file: locked, of a known version, and read at any time."""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from crawler.crawldb.database import FILE, VERSION, Database, database_errors, is_running, open_to_read
from crawler.crawldb.digest import digest
from crawler.errors import CrawldbError

VERSION_1 = (Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8")


def test_a_new_one_has_the_present_schema_and_is_durable_as_asked(tmp_path: Path) -> None:
    for durability, synchronous in (("process", 1), ("power", 2)):
        database = Database(tmp_path / durability, durability)  # type: ignore[arg-type]
        assert database.sql.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert database.sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.sql.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        database.close()


def test_the_lock_goes_with_the_holder(tmp_path: Path) -> None:
    database = Database(tmp_path)
    assert is_running(tmp_path)
    with pytest.raises(CrawldbError, match="another crawler is at work"):
        Database(tmp_path)
    database.close()
    assert not is_running(tmp_path)
    Database(tmp_path).close()


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_nobody_else_may_read_the_cookies_in_it(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        database = Database(tmp_path)
        with database.transaction():
            database.state({"a": "1"})
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(f"{FILE}*")}
    assert modes == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}
    database.close()


def test_one_that_is_there_keeps_its_permissions(tmp_path: Path) -> None:
    Database(tmp_path).close()
    (tmp_path / FILE).chmod(0o640)
    Database(tmp_path).close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o640


def test_nothing_runs_where_there_is_nothing(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "none")


def test_one_written_by_a_newer_crawler_is_refused_and_let_go(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as sql:
        sql.execute(f"PRAGMA user_version = {VERSION + 1}")
    sql.close()
    with pytest.raises(CrawldbError, match="newer crawler"):
        Database(tmp_path)
    with pytest.raises(CrawldbError, match="schema"):
        open_to_read(tmp_path)
    assert not is_running(tmp_path)


def shape(sql: sqlite3.Connection) -> dict[str, set[str]]:
    """The columns of each table and index."""
    names = [row[0] for row in sql.execute("SELECT name FROM sqlite_schema")]
    return {name: {row[1] for row in sql.execute(f"PRAGMA table_xinfo('{name}')")} for name in names}


def test_one_of_version_1_becomes_what_a_new_one_is(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    with sqlite3.connect(old / FILE) as sql:
        sql.executescript(VERSION_1)
        sql.execute("INSERT INTO hosts (name) VALUES ('a.example')")
        sql.execute(
            "INSERT INTO urls (digest, url, host, kind, state, depth) VALUES (1, 'http://a.example/', 1, 4, 'saved', 0)"
        )
    sql.close()
    migrated, new = Database(old), Database(tmp_path / "new")
    assert shape(migrated.sql) == shape(new.sql)
    assert migrated.sql.execute("SELECT url, place, original FROM urls").fetchall() == [("http://a.example/", 0, None)]
    assert migrated.sql.execute("SELECT digest FROM urls").fetchall() == [(digest("http://a.example/"),)]
    migrated.close()
    new.close()


def test_hosts_of_version_2_that_were_followed_do_not_count(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as sql:
        sql.executescript("DROP INDEX hosts_domain; ALTER TABLE hosts DROP COLUMN domain; PRAGMA user_version = 2")
        sql.execute("INSERT INTO hosts (name, saved, skipped) VALUES ('a.example', 1, 1), ('b.example', 0, 1)")
    sql.close()
    migrated = Database(tmp_path)
    assert migrated.sql.execute("SELECT name, domain FROM hosts").fetchall() == [("a.example", ""), ("b.example", None)]
    migrated.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(CrawldbError, match=FILE):
        Database(tmp_path)


def test_a_folder_without_a_crawl_is_named(tmp_path: Path) -> None:
    with pytest.raises(CrawldbError, match="holds no crawl"):
        open_to_read(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CrawldbError, match="file"):
        Database(tmp_path / "file" / "below")


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with suppress(ZeroDivisionError), database.transaction():
        database.state({"a": "1"})
        raise ZeroDivisionError
    assert database.facts() == {}
    with database.transaction():
        database.state({"a": "1"})
        database.state({"a": "2"})
    assert database.facts() == {"a": "2"}
    database.close()


def test_failures_are_translated(tmp_path: Path) -> None:
    with pytest.raises(CrawldbError, match="disk full"), database_errors(tmp_path):
        raise sqlite3.OperationalError("disk full")
    with pytest.raises(CrawldbError, match="No space"), database_errors(tmp_path):
        raise OSError(28, "No space left on device")


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    database = Database(tmp_path)
    with database.transaction():
        database.state({"a": "1"})
        reader = open_to_read(tmp_path)
        assert reader.execute("SELECT count(*) FROM facts").fetchone() == (0,)
    assert reader.execute("SELECT count(*) FROM facts").fetchone() == (1,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM facts")
    reader.close()
    database.close()
