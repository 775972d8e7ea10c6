"""A few crawls killed at seeded random moments: at the start, at work, during shutdown, and many times in a row."""

from contextlib import AsyncExitStack
from pathlib import Path

from tests.faults.cases import open_run
from tests.faults.kills import Moment, some_kills

SEED = 11
SAMPLE = 8


async def test_killed_at_random_moments_a_crawl_loses_nothing(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        run = await open_run(stack, tmp_path, lanes=2, seconds=1)
        figures = await run.cases([*map(str, some_kills(SAMPLE, SEED)), "interrupted:1", "interrupted:2"])
    assert not figures.broken, "\n".join(figures.reasons())
    assert figures.cases[True] >= SAMPLE // 2, "hardly a crawl was killed"


def test_the_kinds_of_moments_take_turns() -> None:
    kills = list(some_kills(8, SEED))
    assert [kill.moment for kill in kills] == [*Moment, *Moment]
    assert len({kill.seed for kill in kills}) == 8
