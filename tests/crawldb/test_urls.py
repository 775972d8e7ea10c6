"""What a URL costs does not depend on how many are known, and no host holds the others up."""

import asyncio
import random
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.pace import Pace
from crawler.crawldb.urls import CHUNK, MOST_LOOKS, TURN
from crawler.model import Kind, Outcome, Verdict, Visit
from crawler.settings import Settings
from crawler.web.cookies import Jar
from tests.crawldb.desk import Desk, failed, found, head, link, rejected, saved

FEW = {
    "hosts", "h", "trash", "facts", "runs", "cookies", "lists",
    "urls USING INDEX urls_seeds", "urls USING INDEX urls_leased", "u USING INDEX urls_leased",
    "urls USING INDEX urls_partials", "urls USING INDEX urls_later", "urls USING INDEX urls_suspects",
    "urls USING INDEX urls_robots", "hosts USING INDEX hosts_due", "c USING INDEX crowds_closed",
}  # fmt: skip
"""What may be gone through from end to end: a row a host, a row of each visit that is out, and the like."""


def scans(sql: sqlite3.Connection, statement: str) -> list[str]:
    """The tables and indexes that a statement goes through from end to end, or sorts all it finds in them."""
    plan = [row[3] for row in sql.execute(f"EXPLAIN QUERY PLAN {statement}")]
    gone_through = [line.removeprefix("SCAN ").replace("COVERING ", "") for line in plan if line.startswith("SCAN ")]
    return [what for what in gone_through if what not in FEW and not what.startswith(("(", "CONSTANT"))]


def test_a_scan_is_seen_where_there_is_one(tmp_path: Path) -> None:
    with closing(Database(tmp_path)) as database:
        assert scans(database.sql, "SELECT id FROM urls WHERE parent IS NULL AND depth = 0") == ["urls"]
        assert scans(database.sql, "SELECT id FROM urls WHERE state = 'queued'") == ["urls USING INDEX urls_queue"]
        assert scans(database.sql, "SELECT id FROM urls WHERE digest = 1") == []


async def visit(desk: Desk, frontier: SqliteFrontier, one: Visit) -> None:
    """Each kind of end once, by the name of what is asked for."""
    outcome = {
        "/robots.txt": Outcome(Verdict.READ, head=head(), rules=b"User-agent: *\nDisallow: /no", asked_at=desk.now),
        "/": saved(one, desk, *found(one, *(f"http://a/{name}" for name in ("moved", "gone", "later", "no", "bad")))),
        "/moved": Outcome(Verdict.REDIRECTED, head=head(302), moved=one.link.moved(link("http://a/").url)),
        "/gone": rejected(404, desk),
        "/later": rejected(503, desk, retry_in=0.0),
        "/bad": failed("timeout", desk, asked=True),
    }[one.link.url.path]
    await frontier.finish(one, outcome)


@pytest.mark.parametrize("robots", [True, False])
async def test_no_statement_of_a_start_or_a_visit_goes_through_all_urls(tmp_path: Path, robots: bool) -> None:
    desk = Desk(tmp_path)
    said: set[str] = set()
    for _ in range(2):
        with closing(Database(tmp_path)) as database:
            database.sql.set_trace_callback(said.add)
            frontier = opened(desk, database, robots=robots)
            await frontier.add([link("http://a/"), link("http://b/i.png", Kind.IMAGE, parent="http://a/")])
            assert [str(url) for url in frontier.seeds()] == ["http://a/"]
            for _ in range(8):
                for one in await asyncio.wait_for(frontier.lease(1), 5):
                    if one.link.url.host == "b":
                        await frontier.release([one])
                    else:
                        await visit(desk, frontier, one)
                    desk.now += 100
            await frontier.close()
            statements = [text for text in said if re.match(r"(?i)\s*(select|insert|update|delete|with)\b", text)]
            assert len(statements) > 50
            assert {text: gone for text in statements if (gone := scans(database.sql, text))} == {}
            database.sql.execute("UPDATE hosts SET given_up = 1, word = 'timeout' WHERE name = 'a'")


def opened(desk: Desk, database: Database, *, robots: bool) -> SqliteFrontier:
    settings = Settings()
    politeness = replace(settings.politeness, robots=robots)
    pace = Pace(settings.concurrency, politeness, settings.fetch, settings.scope, {}, random.random)
    return SqliteFrontier(
        database, pace, settings, Jar(), lambda: desk.now, desk.events.append, desk.discard, desk.clean
    )


async def test_what_is_refused_by_the_thousand_leaves_others_their_turn(desk: Desk) -> None:
    frontier = await desk.open(politeness={"robots": True})
    many = [f"http://a/no/{number}" for number in range(3 * MOST_LOOKS * CHUNK)]
    await frontier.add([*map(link, many), link("http://a/yes")])
    (rules,) = await frontier.lease(1)
    await frontier.finish(
        rules, Outcome(Verdict.READ, head=head(), rules=b"User-agent: *\nDisallow: /no/", asked_at=desk.now)
    )
    waiting = asyncio.ensure_future(frontier.lease(1))
    counted = []
    while not waiting.done():
        counted.append(frontier.counts.refused)
        await desk.pass_time(frontier, TURN)
        await asyncio.sleep(0)
    assert [str(one.link.url) for one in await waiting] == ["http://a/yes"]
    steps = [after - before for before, after in zip([0, *counted], [*counted, frontier.counts.refused], strict=False)]
    assert frontier.counts.refused == len(many)
    assert 0 < max(steps) <= (MOST_LOOKS + 1) * CHUNK


@pytest.mark.parametrize(
    ("word", "back"),
    [
        ("timeout", {"failed timeout"}),
        ("scope", {"failed scope"}),
        ("robots", {"refused robots"}),
        ("status", {"rejected status 503", "rejected status 429", "rejected status"}),
    ],
)
async def test_a_host_that_was_given_up_has_back_what_it_lost_by_that(desk: Desk, word: str, back: set[str]) -> None:
    ends = {
        *(f"{state} {error}" for state in ("failed", "skipped") for error in ("timeout", "scope")),
        *(f"rejected status{code}" for code in ("", " 404", " 429", " 503")),
        *("refused robots", "saved", "rejected type"),
    }
    frontier = await desk.open()
    urls = {f"http://{host}/{end.replace(' ', '-')}": (host, end) for host in ("given-up", "fine") for end in ends}
    await frontier.add([link(url, parent="http://a/") for url in urls])
    for url, (_, end) in urls.items():
        state, error, status = [*end.split(" "), "null", "null"][:3]
        desk.execute(
            f"UPDATE urls SET state = '{state}', error = nullif('{error}', 'null'), status = {status}, parent = 1"
            f" WHERE url = '{url}'"
        )
    desk.execute(f"UPDATE hosts SET queued = 0, open = 0, heard = 1, word = '{word}'")
    desk.execute("UPDATE hosts SET given_up = 1 WHERE name = 'given-up'")
    await desk.close()
    frontier = await desk.open()
    assert {urls[url] for [url] in desk.query("SELECT url FROM urls WHERE state = 'queued'")} == {
        ("given-up", end) for end in back
    }
    assert frontier.counts.queued == len(back)
