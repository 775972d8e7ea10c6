"""Clocks that jump, signals that stop a crawl, and a second crawler in the same folder."""

import asyncio
import random
import signal
import time
from pathlib import Path
from typing import Final

from tests.faults.ends import go_on, must_be_whole, shell
from tests.faults.folder import LOG
from tests.faults.judge import Judgement
from tests.faults.lane import IN_FLIGHT, Ended, Lane, begun, send
from tests.faults.outages import Disaster
from tests.faults.site import LARGE, Mood
from tests.faults.watch import Watch

HOUR, DAY = 3_600, 86_400
HEARD: Final = 0.5
"""Seconds after which a signal has been heard on a busy machine; meanwhile the site gives no answer."""
AT_ONCE: Final = 5.0
"""Seconds that `now` may take on a busy machine."""
IN_ORDER: Final = 11.0
"""Seconds within which a crawl has stopped in good order."""


async def _under_way(lane: Lane, count: int, ending: "asyncio.Task[Ended]") -> None:
    """Wait until the site was asked so many times."""
    while len(lane.site.asked) < count and not ending.done():
        await asyncio.sleep(0.001)


def clock_jumps(name: str, seconds: int) -> Disaster:
    """The wall clock jumps while a crawl runs, which takes no longer for it."""

    async def disaster(lane: Lane, _: float) -> Judgement:
        judgement = Judgement(name, is_kill=False)
        lane.fresh()
        lane.site.delay = 0.02
        block = lane.new_block()
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            process = await lane.start(block.environment)
            ending = asyncio.create_task(lane.end(process, 20))
            await _under_way(lane, 10, ending)
            block.fields.clock = seconds
            ended = await ending
            lane.site.delay = 0.0
            must_be_whole(judgement, lane, ended, watch)
        if more := lane.site.times() - lane.clean.asked:
            judgement.say("I2", f"asked more often: {dict(more)}")
        return judgement

    return disaster


def clock_set_back(name: str, seconds: int) -> Disaster:
    """A crawl is killed while a document waits for its next attempt; when it goes on, the clock was set back."""

    async def disaster(lane: Lane, _: float) -> Judgement:
        judgement = Judgement(name, is_kill=True)
        lane = lane.like(config=lane.config.replace('retry_wait = "50ms"', 'retry_wait = "2s"'))
        lane.fresh()
        block = lane.new_block()
        block.fields.clock = seconds
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            process = await lane.start(block.environment)
            ending = asyncio.create_task(lane.end(process))
            while lane.site.at(LARGE) not in lane.site.times() and not ending.done():
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.3)
            send(process, signal.SIGKILL)
            await ending
            await go_on(judgement, lane, watch, patience=20)
        return judgement

    return disaster


async def two_crawlers(lane: Lane, _: float) -> Judgement:
    """A second crawler is started in the folder: it leaves at once and touches nothing, the log neither."""
    judgement = Judgement("two-crawlers", is_kill=False)
    lane.fresh()
    log = lane.folder / LOG
    second = lane.like(config=f"{lane.config}[log]\nmax_size = 1000\n")
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        process = await lane.start()
        ending = asyncio.create_task(lane.end(process))
        await _under_way(lane, 8, ending)
        lane.site.open.clear()
        before = _state(log)
        began = time.monotonic()
        command = lane.command.replace(f"--concurrency {IN_FLIGHT}", "--concurrency 100")
        other = await second.start(wrapper=shell("ulimit -n 24"), command=command)
        said = (await other.communicate())[1]
        took = time.monotonic() - began
        lane.site.open.set()
        _judge_second(judgement, other.returncode, said.decode(), took, before, log)
        must_be_whole(judgement, lane, await ending, watch)
    if more := lane.site.times() - lane.clean.asked:
        judgement.say("I2", f"asked more often: {dict(more)}")
    return judgement


def _state(log: Path) -> tuple[int, bytes]:
    return (log.stat().st_ino, log.read_bytes()) if log.exists() else (0, b"")


def _judge_second(
    judgement: Judgement, status: int | None, err: str, took: float, before: tuple[int, bytes], log: Path
) -> None:
    if status != 2 or len(err.splitlines()) != 1 or "another crawler" not in err:
        judgement.say("two", f"the second ended with status {status}: {err!r}")
    if took > 2 * AT_ONCE:
        judgement.say("two", f"the second took {took:.1f} s")
    inode, content = _state(log)
    if before[0] not in (0, inode) or not content.startswith(before[1]) or log.with_name(f"{LOG}.1").exists():
        judgement.say("two", "the second has replaced the first one's log")
    if b'"noted"' in content:
        judgement.say("two", "the second has written into the first one's log")


def told_to_stop(name: str, number: signal.Signals, mood: Mood = Mood.SERVING) -> Disaster:
    """One signal in the middle of a crawl: it stops in good order, in time, and says so by its status."""

    async def disaster(lane: Lane, _: float) -> Judgement:
        judgement = Judgement(name, is_kill=True)
        lane.fresh()
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            process = await lane.start()
            ending = asyncio.create_task(lane.end(process))
            await _under_way(lane, 10, ending)
            lane.site.open.clear()
            lane.site.mood = mood
            send(process, number)
            await asyncio.sleep(HEARD)
            lane.site.open.set()
            ended = await _ended(judgement, ending, IN_ORDER)
            lane.site.mood = Mood.SERVING
            expected = (-number, 128 + number) if number is signal.SIGHUP else (128 + number,)
            _judge_stopped(judgement, ended, expected)
            await go_on(judgement, lane, watch)
        return judgement

    return disaster


async def twice(lane: Lane, _: float) -> Judgement:
    """Ctrl-C, and again while the site says nothing: it leaves now."""
    judgement = Judgement("ctrl-c-twice", is_kill=True)
    lane.fresh()
    lane.site.delay = 0.02
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        process = await lane.start()
        ending = asyncio.create_task(lane.end(process))
        await _under_way(lane, 10, ending)
        lane.site.mood = Mood.SILENT
        await asyncio.sleep(0.1)
        send(process, signal.SIGINT)
        await asyncio.sleep(0.3)
        if process.returncode is not None:
            judgement.say("stop", "it did not wait for what was in flight")
        send(process, signal.SIGINT)
        ended = await _ended(judgement, ending, AT_ONCE)
        lane.site.mood, lane.site.delay = Mood.SERVING, 0.0
        _judge_stopped(judgement, ended, (130,))
        await go_on(judgement, lane, watch)
    return judgement


def interrupted(seed: int) -> Disaster:
    """Ctrl-C at a random moment, or two of them: never a traceback."""

    async def disaster(lane: Lane, _: float) -> Judgement:
        judgement = Judgement(f"interrupted:{seed}", is_kill=True)
        chance = random.Random(seed)
        lane.fresh()
        lane.site.delay = 0.01
        block = lane.new_block()
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            process = await lane.start(block.environment)
            ending = asyncio.create_task(lane.end(process))
            await begun(block, ending)
            await asyncio.sleep(chance.uniform(0, lane.clean.worked * chance.choice((0.1, 1.0))))
            for _ in range(chance.randint(1, 2)):
                send(process, chance.choice((signal.SIGINT, signal.SIGTERM)))
                await asyncio.sleep(chance.uniform(0, 0.1))
            ended = await _ended(judgement, ending, IN_ORDER)
            lane.site.delay = 0.0
            judgement.happened = ended.status != 0
            _judge_stopped(judgement, ended, (0, 130, 143, -signal.SIGTERM))  # the last: before it listens, or after
            await go_on(judgement, lane, watch)
        return judgement

    return disaster


async def _ended(judgement: Judgement, ending: "asyncio.Task[Ended]", within: float) -> Ended:
    began = time.monotonic()
    ended = await ending
    if time.monotonic() - began > within:
        judgement.say("stop", f"it took {time.monotonic() - began:.1f} s to stop, not {within:.0f} s at the most")
    return ended


def _judge_stopped(judgement: Judgement, ended: Ended, statuses: tuple[int, ...]) -> None:
    if ended.status not in statuses or "Traceback" in ended.err or len(ended.err.splitlines()) > 1:
        judgement.say("I6", f"status {ended.status}, not {statuses}: {ended.err[-3000:]}")
    if ended.orphans:
        judgement.say("I5", "processes were left behind")


MOMENTS: Final[dict[str, Disaster]] = {
    "clock-an-hour-ahead": clock_jumps("clock-an-hour-ahead", HOUR),
    "clock-an-hour-back": clock_jumps("clock-an-hour-back", -HOUR),
    "clock-years-ahead": clock_jumps("clock-years-ahead", 3_000 * DAY),
    "clock-years-back": clock_jumps("clock-years-back", -3_000 * DAY),
    "clock-set-back-an-hour": clock_set_back("clock-set-back-an-hour", HOUR),
    "clock-set-back-a-month": clock_set_back("clock-set-back-a-month", 30 * DAY),
    "two-crawlers": two_crawlers,
    "terminated": told_to_stop("terminated", signal.SIGTERM),
    "terminated-in-silence": told_to_stop("terminated-in-silence", signal.SIGTERM, Mood.SILENT),
    "ctrl-c": told_to_stop("ctrl-c", signal.SIGINT),
    "ctrl-c-twice": twice,
    "hung-up": told_to_stop("hung-up", signal.SIGHUP),
}
