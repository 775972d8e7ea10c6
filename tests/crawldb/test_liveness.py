"""Crawls made up at random: the frontier never spins, never stalls, counts right, and comes to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.crawldb.frontier import SqliteFrontier
from crawler.model import Kind, Outcome, Visit
from tests.crawldb.desk import Desk, failed, found, link, rejected, saved

HOSTS = ("a", "b", "c")
PATHS = ("", "1", "2", "x/1", "x/2", "x/3", "x/4")
RULES = (b"", b"User-agent: *\nDisallow: /x", b"User-agent: *\nCrawl-delay: 7", b"User-agent: *\nDisallow: /")
TOTAL = 6
STEPS = 400
"""In which a crawl of so few URLs is over, once all that is asked for is there."""


class Crawler:
    """Does at random what crawlers do; `turn` after `turn` looks whether all is well."""

    def __init__(self, desk: Desk, frontier: SqliteFrontier, chance: Random) -> None:
        self.desk = desk
        self.frontier = frontier
        self.chance = chance
        self.out: list[Visit] = []
        self.waiting: list[asyncio.Future[Sequence[Visit]]] = []

    async def turn(self, *, alone: bool = False) -> None:
        """One more is waited for, alone or not, and what has come is taken."""
        self.waiting.append(self.frontier.call("lease", self.chance.randrange(1, 4), alone))
        await self.frontier.add([])
        for future in [one for one in self.waiting if one.done()]:
            self.waiting.remove(future)
            self.out += future.result()
        self.check()

    def check(self) -> None:
        rows = self.desk.query(
            "SELECT h.name, h.queued, h.leased, count(*) FILTER (WHERE u.state = 'queued'),"
            " count(*) FILTER (WHERE u.state = 'leased') FROM hosts h JOIN urls u ON u.host = h.id GROUP BY h.id"
        )
        for name, *counted in rows:
            assert counted[:2] == counted[2:], name
        due = self.frontier._next_due
        assert due is None or due > self.desk.now or len(self.out) == TOTAL

    async def act(self) -> None:
        """Something happens."""
        match self.chance.randrange(8):
            case 0:
                await self.frontier.add([link(self.url(), parent=self.chance.choice([None, "http://a/"]))])
            case 1:
                self.desk.now += self.chance.choice([0.5, 3.0, 20.0, 400.0, 90_000.0])
            case 2 if self.out:
                await self.frontier.release([self.taken()])
            case 3 if self.out and self.chance.random() < 0.3:
                await self.frontier.call("suspect", [self.taken()])
            case _ if self.out:
                visit = self.taken()
                await self.frontier.finish(visit, self.outcome(visit))

    def taken(self) -> Visit:
        return self.out.pop(self.chance.randrange(len(self.out)))

    def url(self) -> str:
        return f"http://{self.chance.choice(HOSTS)}/{self.chance.choice(PATHS)}"

    def outcome(self, visit: Visit) -> Outcome:
        """What a visit may come to."""
        desk, chance = self.desk, self.chance
        again = chance.choice([0.0, 1.0, 30.0]) if visit.attempt < 3 else None
        pause = chance.choice([None, None, 5.0])
        ill = chance.choice(
            [
                failed("connect", desk, retry_in=again),
                failed("dns", desk),
                failed("reset", desk, asked=True, retry_in=again),
                failed("truncated", desk, asked=True, retry_in=again),
                failed("crash", desk, asked=True),
                rejected(503, desk, retry_in=again, pause=pause),
                rejected(429, desk, retry_in=again, pause=pause),
                rejected(404, desk),
            ]
        )
        if chance.random() < 0.4:
            is_gone = ill.head is not None and ill.head.status == 404
            return replace(ill, rules=b"") if visit.link.kind is Kind.ROBOTS and is_gone else ill
        return self.well(visit, *found(visit, *(self.url() for _ in range(chance.randrange(4)))))

    def well(self, visit: Visit, *links: object) -> Outcome:
        if visit.link.kind is Kind.ROBOTS:
            return replace(saved(visit, self.desk), rules=self.chance.choice(RULES))
        return saved(visit, self.desk, *links)  # type: ignore[arg-type]

    async def come_to_an_end(self) -> None:
        """All goes well from now on."""
        for _ in range(STEPS):
            await self.turn()
            await self.turn(alone=True)
            if self.out:
                visit = self.taken()
                await self.frontier.finish(visit, self.well(visit))
            elif self.frontier._next_due is not None:
                self.desk.now = max(self.desk.now, self.frontier._next_due)
            elif not self.waiting:
                return
        pytest.fail("there is no end")


async def live(seed: int, folder: Path) -> list[Any]:
    """A crawl to its end, and what it left, unless a limit ended it."""
    chance = Random(seed)
    desk = Desk(folder)
    frontier = await desk.open(
        concurrency={"total": TOTAL, "per_host": chance.choice([1, 2, 5])},
        politeness={
            "robots": chance.random() < 0.6,
            "delay": chance.choice([0.0, 0.0, 2.0]),
            "give_up_after": chance.choice([0.0, 30.0, 300.0]),
            "adaptive": chance.random() < 0.5,
        },
        fetch={"max_retries": chance.choice([0, 2])},
        crawl={"max_pages": chance.choice([None, None, 2, 5])},
    )
    try:
        crawler = Crawler(desk, frontier, chance)
        for _ in range(60):
            await crawler.act()
            if chance.random() < 0.7:
                await crawler.turn(alone=chance.random() < 0.2)
        await crawler.come_to_an_end()
        if frontier.counts.limit is not None:
            return []
        return desk.query("SELECT url, state FROM urls WHERE state IN ('queued', 'leased')")
    finally:
        await desk.close()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
def test_a_crawl_lives_until_it_is_over(seed: int) -> None:
    with TemporaryDirectory() as folder:
        assert asyncio.run(live(seed, Path(folder))) == []
