"""A sample of the exact points: each kind of call in each way that it is struck, at a seeded n."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.faults.cases import Run, open_run
from tests.faults.points import Point, every_point, parse_point, some_points
from tests.faults.shim import Call

SEED = 5
SAMPLE = 18
ALWAYS = ("kill@open:1@large", "short-ENOSPC@write:6@files", "tear@write:9@files", "short-ENOSPC@write:200@database")
"""Points at which much can go wrong: between the name of a document finished by Range and its row; half a write."""


async def test_struck_at_some_points_a_crawl_loses_nothing(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        run: Run = await open_run(stack, tmp_path, lanes=2, seconds=1)
        names = [str(point) for point in some_points(run.calls, SAMPLE, SEED)]
        figures = await run.cases([*ALWAYS, *names])
    assert not figures.broken, "\n".join(figures.reasons())
    assert figures.cases.total() >= SAMPLE // 2, "hardly a point was reached"


def test_points_are_known_by_their_names() -> None:
    points = list(every_point(dict.fromkeys(Call, 2)))
    assert [parse_point(str(point)) for point in points] == points
    assert len(points) > 2 * len(Call)
    with pytest.raises(ValueError, match="no point"):
        parse_point("kill@")


def test_a_sample_has_each_kind_of_call_and_strike_once() -> None:
    points = list(every_point({call: 10 + call for call in Call}))
    kinds = {(point.call, point.action, point.error) for point in points}
    sample = some_points({call: 10 + call for call in Call}, len(kinds), SEED)
    assert {(point.call, point.action, point.error) for point in sample} == kinds
    assert sample == some_points({call: 10 + call for call in Call}, len(kinds), SEED)
    assert all(isinstance(point, Point) and 1 <= point.number <= 10 + point.call for point in sample)
