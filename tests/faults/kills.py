"""SIGKILL at seeded random moments: from the very start, while it works, during shutdown, and many times in a row.

The shim strikes nothing here; it only tells when the program has begun to work on its folder.
"""

import asyncio
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.faults.folder import read_folder
from tests.faults.judge import Judgement, judge_end, judge_requests, judge_stop
from tests.faults.lane import Lane, begun, send
from tests.faults.watch import Watch

MOST_IN_A_ROW: Final = 12
"""Kills of one crawl, after which it is left alone."""

SLOW: Final = 0.01
"""Seconds the site takes for each answer, so that there is something in flight at any moment."""

SHUTDOWN: Final = 0.3
"""Seconds within which a crawl that was told to stop is killed."""


class Moment(StrEnum):
    """When it is killed."""

    START = "start"
    WORK = "work"
    SHUTDOWN = "shutdown"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Kill:
    """One case: the moments follow from the seed."""

    moment: Moment
    seed: int

    def __str__(self) -> str:
        return f"kill-{self.moment}:{self.seed}"


def some_kills(count: int, seed: int) -> Iterator[Kill]:
    """So many cases, the four kinds in turn."""
    for number in range(count):
        yield Kill(tuple(Moment)[number % len(Moment)], seed + number)


async def kill(lane: Lane, case: Kill) -> Judgement:
    """A crawl killed at its moments, then the same command to its end."""
    lane.fresh()
    lane.site.delay = SLOW
    chance = random.Random(str(case))
    judgement, killed = Judgement(str(case), is_kill=True), 0
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        for _ in range(MOST_IN_A_ROW if case.moment is Moment.ROW else 1):
            was_killed = await _killed_once(lane, case.moment, chance, judgement)
            stopped, before = read_folder(lane.folder), lane.site.times()
            judge_stop(judgement, stopped, lane.clean)
            killed += was_killed
            if not was_killed:
                break
        again = await lane.crawl()
    lane.site.delay = 0.0
    for seen in watch.seen:
        judgement.half += 1
        judgement.say("I3", seen)
    judgement.happened, judgement.times = killed > 0, killed
    judge_end(judgement, again, read_folder(lane.folder), lane.clean)
    asked = lane.site.times()
    judge_requests(judgement, asked, asked - before, stopped, lane.clean, max(killed, 1))
    return judgement


async def _killed_once(lane: Lane, moment: Moment, chance: random.Random, judgement: Judgement) -> bool:
    """Whether a run was killed before it came to its end by itself."""
    block = lane.new_block()
    process = await lane.start(block.environment)
    ending = asyncio.create_task(lane.end(process))
    if moment is Moment.START and chance.random() < 0.5:
        await asyncio.sleep(chance.uniform(0, 0.4))  # the interpreter itself may just be starting
    else:
        await begun(block, ending)
        share = {Moment.START: 0.1, Moment.ROW: 0.3}.get(moment, 0.9)
        await asyncio.sleep(chance.uniform(0, lane.clean.worked * share))
    if moment is Moment.SHUTDOWN:
        send(process, chance.choice((signal.SIGINT, signal.SIGTERM)))
        await asyncio.sleep(chance.uniform(0, SHUTDOWN))
    send(process, signal.SIGKILL)
    ended = await ending
    if ended.orphans:
        judgement.say("I5", "processes were left behind")
    return ended.status == -signal.SIGKILL
