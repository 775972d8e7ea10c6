"""Some of the disasters, with short outages: `python -m tests.faults disasters` has all of them, and longer ones."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.faults.cases import DISASTERS, find_case, open_run

SAMPLE = (
    "few-descriptors", "full-disk", "full-database", "read-only", "server-gone", "rest-refused", "name-unknown",
    "clock-years-back", "clock-set-back-an-hour", "two-crawlers", "terminated", "ctrl-c-twice",
)  # fmt: skip


async def test_a_crawl_outlives_disasters(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        run = await open_run(stack, tmp_path, lanes=2, seconds=1)
        figures = await run.cases(SAMPLE)
    assert not figures.broken, "\n".join(figures.reasons())
    assert figures.cases.total() == len(SAMPLE)


def test_every_disaster_of_the_sample_is_one() -> None:
    assert set(SAMPLE) <= DISASTERS.keys()
    with pytest.raises(ValueError, match="no point"):
        find_case("flood", 1.0)
