"""Cases by their names, run in a few lanes at a time, and the figures that they come to."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from tests.faults.disks import DISKS
from tests.faults.judge import Judgement
from tests.faults.kills import Kill, Moment, kill
from tests.faults.lane import COMMAND, Lane, open_lane
from tests.faults.moments import MOMENTS, interrupted
from tests.faults.outages import OUTAGES, Disaster
from tests.faults.points import parse_point, strike
from tests.faults.shim import Call, compile_shim
from tests.faults.site import documents

Case = Callable[[Lane], Awaitable[Judgement]]
Tell = Callable[[Judgement], None]

DISASTERS: Final[Mapping[str, Disaster]] = {**DISKS, **OUTAGES, **MOMENTS}


@dataclass(slots=True)
class Figures:
    """What all cases together came to."""

    cases: Counter[bool] = field(default_factory=Counter)
    survived: Counter[bool] = field(default_factory=Counter)
    missed: int = 0
    lost: int = 0
    half: int = 0
    twice: int = 0
    broken: list[Judgement] = field(default_factory=list)

    def add(self, judgement: Judgement) -> None:
        """One more case."""
        if judgement.happened:
            self.cases[judgement.is_kill] += judgement.times
            self.survived[judgement.is_kill] += 0 if judgement.wrong else judgement.times
        else:
            self.missed += 1
        self.lost += judgement.lost
        self.half += judgement.half
        self.twice += judgement.twice
        if judgement.wrong:
            self.broken.append(judgement)

    def reasons(self) -> Iterator[str]:
        """What was wrong, case by case."""
        for judgement in self.broken:
            yield "\n  ".join([judgement.name, *judgement.wrong])

    def lines(self) -> Iterator[str]:
        """The report."""
        yield f"kills survived                  {self.survived[True]:6,} of {self.cases[True]:,}"
        yield f"faults survived                 {self.survived[False]:6,} of {self.cases[False]:,}"
        yield f"pages lost                      {self.lost:6,}"
        yield f"half files ever seen            {self.half:6,}"
        yield f"fetched twice beyond in flight  {self.twice:6,}"
        yield f"(points that were not reached   {self.missed:6,})"


def find_case(name: str, seconds: float) -> Case:
    """The case of a name, its outages of so many seconds; `ValueError` where there is none."""
    if name in DISASTERS:
        return lambda lane: DISASTERS[name](lane, seconds)
    if found := re.fullmatch(r"interrupted:([0-9]+)", name):
        disaster = interrupted(int(found[1]))
        return lambda lane: disaster(lane, seconds)
    if found := re.fullmatch(r"kill-([a-z]+):([0-9]+)", name):
        case = Kill(Moment(found[1]), int(found[2]))
        return lambda lane: kill(lane, case)
    point = parse_point(name)
    return lambda lane: strike(lane, point)


def _nobody(_: Judgement) -> None:
    """Who hears of nothing."""


@dataclass(slots=True)
class Run:
    """Cases in lanes that are open; each case is taken by the first lane that is free."""

    lanes: list[Lane]
    seconds: float
    tell: Tell
    figures: Figures = field(default_factory=Figures)

    @property
    def calls(self) -> dict[int, int]:
        """The most calls of each kind that an undisturbed crawl was seen to make."""
        return {call: max(lane.clean.calls[call] for lane in self.lanes) for call in Call}

    async def cases(self, names: Iterable[str]) -> Figures:
        """All of them."""
        waiting = iter([(name, find_case(name, self.seconds)) for name in names])

        async def work(lane: Lane) -> None:
            for name, case in waiting:
                judgement = await case(lane)
                assert judgement.name.startswith(name), (judgement.name, name)
                self.figures.add(judgement)
                self.tell(judgement)

        await asyncio.gather(*(work(lane) for lane in self.lanes))
        return self.figures


async def open_run(
    stack: AsyncExitStack, work: Path, *, lanes: int, seconds: float, tell: Tell = _nobody, command: str = COMMAND
) -> Run:
    """Lanes in the folder `work`, open as long as the stack is; `tell` hears of each case as it ends."""
    library = compile_shim(work)
    opened = [
        await stack.enter_async_context(open_lane(work / f"lane{number}", library, documents(), command))
        for number in range(lanes)
    ]
    return Run(opened, seconds, tell)


def json_line(judgement: Judgement) -> str:
    """A judgement for a file that is read later."""
    return json.dumps({"at": time.time(), **asdict(judgement)}) + "\n"
