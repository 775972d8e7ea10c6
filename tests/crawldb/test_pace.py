"""Hosts in memory: as many as there is room for, and their rules written once."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.crawldb.database import Database
from crawler.crawldb.pace import HOST_SIZE, RULES_SIZE, Hosts, Pace
from crawler.settings import Settings


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path)
    yield database
    database.close()


def hosts(database: Database, room: int) -> Hosts:
    settings = Settings()
    pace = Pace(
        settings.concurrency, settings.politeness, settings.fetch, settings.scope, {}, random.random
    )  # fmt: skip
    return Hosts(database.sql, pace, room)


def test_those_used_last_stay_and_others_come_back_as_they_were(database: Database) -> None:
    table = hosts(database, 2 * HOST_SIZE)
    first, second, third = (table.named(name) for name in ("first", "second", "third"))
    first.saved, first.delay = 3, 0.0
    table.numbered(first.id)
    table.flush()
    assert table.numbered(first.id) is first
    assert table.numbered(third.id) is third
    assert table.named("third") is third
    again = table.numbered(second.id)
    assert again is not second
    assert again.name == "second"
    table.flush()
    assert table.named("first") is not first, "the longest not used"
    assert table.named("first").saved == 3
    assert table.counts(None).saved == 3


def test_a_long_robots_txt_takes_the_room_of_many(database: Database) -> None:
    table = hosts(database, 3 * HOST_SIZE + RULES_SIZE * 1_000)
    few = [table.named(name) for name in "abc"]
    table.flush()
    assert [table.named(name) for name in "abc"] == few
    assert all(table.named(one.name) is one for one in few)
    few[2].rules = b"#" * 1_001
    table.flush()
    assert table.named("a") is not few[0]
    assert table.named("c") is few[2]
    few[2].rules = None
    table.flush()
    assert table.named("c") is few[2]
    assert table.named("b") is few[1]


def test_rules_are_written_when_they_change_and_at_no_other_time(database: Database) -> None:
    table = hosts(database, 10 * HOST_SIZE)
    host = table.named("a")
    said: list[str] = []
    database.sql.set_trace_callback(said.append)
    for rules in (None, b"Disallow: /", b"Disallow: /", b"", None):
        host.rules = rules
        host.saved += 1
        table.changed(host)
        table.flush()
        assert database.sql.execute("SELECT rules, saved FROM hosts").fetchone() == (rules, host.saved)
    assert sum("rules =" in statement for statement in said) == 3
