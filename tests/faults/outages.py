"""Servers that go and come back, networks that fall silent, names that cannot be looked up, too few descriptors."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from tests.faults.ends import go_on, must_be_whole, must_stop
from tests.faults.judge import Judgement
from tests.faults.lane import IN_FLIGHT, Lane
from tests.faults.shim import Block
from tests.faults.site import LARGE, Mood
from tests.faults.watch import Watch

Disaster = Callable[[Lane, float], Awaitable[Judgement]]

NAME: Final = "site.test"
"""A host name that the shim answers for."""

PROBES: Final = 30
"""Connections to a host that resets each of them, from which on it is hammered: it is tried with growing waits."""

FIRST: Final = 0.015
"""Seconds after the return of a server within which one probe comes, and no herd."""


@asynccontextmanager
async def outage(
    lane: Lane, mood: Mood | None, seconds: float, judgement: Judgement, after: int = 10
) -> AsyncIterator[None]:
    """The site in that mood, or gone, for a while, once it was asked `after` times."""

    async def happen() -> None:
        while len(lane.site.asked) < after:
            await asyncio.sleep(0.001)
        lane.site.accepted.clear()
        if mood is None:
            await lane.site.down()
        else:
            lane.site.mood = mood
        await asyncio.sleep(seconds)
        if len(lane.site.accepted) > PROBES:
            judgement.say("herd", f"{len(lane.site.accepted)} connections in {seconds} s to a host that fails")
        lane.site.accepted.clear()
        lane.site.mood = Mood.SERVING
        if mood is None:
            await lane.site.up()

    lane.site.delay = 0.02
    happening = asyncio.create_task(happen())
    try:
        yield
    finally:
        lane.site.delay = 0.0
        try:
            await asyncio.wait_for(happening, seconds + 5)
        except TimeoutError:
            judgement.say("outage", "the crawl was over before it came about")
        came = lane.site.accepted
        at_once = sum(at - came[0] < FIRST for at in came)
        if at_once > 1:
            judgement.say("herd", f"{at_once} connections at once when the site was back")


def site_gone(name: str, mood: Mood | None, *, late: bool = False) -> Disaster:
    """The site does not answer for a while: retries with back-off, nothing failed for good, no herd at its return.

    In the middle of the crawl, or (`late`) when one document is left, asked for alone. Waits and time-outs are as long
    in proportion to the outage as a user's are to ten seconds (but the time to read, which would outlast that).
    """

    async def disaster(lane: Lane, seconds: float) -> Judgement:
        judgement = Judgement(name, is_kill=False)
        lane = lane.like(config=lane.config.replace('retry_wait = "50ms"', _patience(seconds)))
        lane.fresh()
        after = lane.clean.asked.total() if late else 10
        command = lane.command.replace(f"--concurrency {IN_FLIGHT}", "--concurrency 1") if late else lane.command
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            async with outage(lane, mood, seconds, judgement, after):
                ended = await lane.crawl(command=command, patience=10 * seconds + 60)
            must_be_whole(judgement, lane, ended, watch)
        return judgement

    return disaster


def _patience(seconds: float) -> str:
    """Waits and time-outs for an outage of so many seconds."""
    return (
        f'retry_wait = "{round(100 * seconds)}ms"\nread_timeout = "{round(200 * seconds)}ms"\n'
        f'connect_timeout = "{round(1000 * seconds)}ms"'
    )


async def rest_refused(lane: Lane, _: float) -> Judgement:
    """A document breaks off, and then no answer comes to who asks for its rest: its beginning is not forgotten."""
    judgement = Judgement("rest-refused", is_kill=False)
    lane.fresh()
    lane.site.hiccups[LARGE] = 2  # one more than are sent again over a new connection without being counted
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        ended = await lane.crawl()
        must_be_whole(judgement, lane, ended, watch)
    wholes = sum(asked.target == LARGE and not asked.is_rest for asked in lane.site.asked)
    if wholes != 1:
        judgement.twice += wholes - 1
        judgement.say("I2", f"the whole document was asked for {wholes} times, though its beginning was there")
    return judgement


async def few_descriptors(lane: Lane, _: float) -> Judgement:
    """`ulimit -n 24` and a hundred in flight: fewer sockets, nothing lost or failed for it, no busy loop."""
    judgement = Judgement("few-descriptors", is_kill=False)
    command = lane.command.replace(f"--concurrency {IN_FLIGHT}", "--concurrency 100") + " --per-host 100"
    times = lane.work / "times"
    took = []
    for limit in ("1024", "24"):
        lane.fresh()
        lane.site.delay = 0.2
        script = f'ulimit -n {limit}; "$@"; code=$?; times > {times}; exit $code'
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            ended = await lane.crawl(wrapper=["sh", "-c", script, "sh"], command=command)
            lane.site.delay = 0.0
            must_be_whole(judgement, lane, ended, watch)
        took.append(_seconds(times.read_text()))
        more = lane.site.times() - lane.clean.asked
        if more:
            judgement.say("I2", f"asked more than once: {dict(more)}")
    if took[1] > 1.5 * took[0] + 0.3:
        judgement.say("busy", f"{took[1]:.1f} s of CPU, {took[0]:.1f} s with descriptors enough")
    return judgement


def _seconds(times: str) -> float:
    """The CPU seconds of children, as the shell's `times` has them: `0m0.51s 0m0.06s`."""
    spent = 0.0
    for word in times.splitlines()[-1].split():
        minutes, _, seconds = word.removesuffix("s").partition("m")
        spent += 60 * float(minutes) + float(seconds)
    return spent


async def _named(lane: Lane, command: str | None = None) -> tuple[Lane, Block]:
    """The same site under a name that the shim looks up, with its own undisturbed crawl."""
    lane.fresh()
    block = lane.new_block()
    named = lane.like(url=lane.site.at("/", NAME), environment=block.environment, command=command or lane.command)
    await named.measure()
    named.fresh()
    block = named.new_block()
    return named, block


async def name_unknown(lane: Lane, _: float) -> Judgement:
    """The host's name is unknown at first; later it is known."""
    judgement = Judgement("name-unknown", is_kill=False)
    lane, block = await _named(lane)
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        block.fields.name_error = socket.EAI_NONAME
        must_stop(judgement, lane, await lane.crawl())
        block.fields.name_error = 0
        await go_on(judgement, lane, watch)
    return judgement


async def names_fail(lane: Lane, seconds: float) -> Judgement:
    """The site is gone, and its name cannot be looked up either, for a while."""
    judgement = Judgement("names-fail", is_kill=False)
    lane, block = await _named(lane.like(config=lane.config + 'dns_ttl = "1ms"\n'))
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        async with outage(lane, None, seconds, judgement):
            crawling = asyncio.create_task(lane.crawl(patience=10 * seconds + 60))
            while len(lane.site.asked) < 8 and not crawling.done():
                await asyncio.sleep(0.001)
            block.fields.name_error = socket.EAI_AGAIN
            await asyncio.sleep(seconds)
            block.fields.name_error = 0
            ended = await crawling
        must_be_whole(judgement, lane, ended, watch)
    return judgement


async def names_slow(lane: Lane, seconds: float) -> Judgement:
    """One host's name takes long to look up; the other host is crawled meanwhile, and the loop never waits."""
    judgement = Judgement("names-slow", is_kill=False)
    lane, block = await _named(lane, f"{lane.command} {lane.site.at('/')}")
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        block.fields.name_delay = int(1000 * (seconds + 2))
        ended = await lane.crawl()
        must_be_whole(judgement, lane, ended, watch)
    asked = {host: [one.at for one in lane.site.asked if one.host.startswith(host)] for host in (NAME, "127.0.0.1")}
    if min(asked[NAME]) < max(asked["127.0.0.1"]):
        judgement.say("held", "the other host had to wait for a name that was looked up")
    return judgement


OUTAGES: Final[dict[str, Disaster]] = {
    "server-gone": site_gone("server-gone", None),
    "resets": site_gone("resets", Mood.RESETTING),
    "silence": site_gone("silence", Mood.SILENT),
    "server-gone-late": site_gone("server-gone-late", None, late=True),
    "resets-late": site_gone("resets-late", Mood.RESETTING, late=True),
    "silence-late": site_gone("silence-late", Mood.SILENT, late=True),
    "rest-refused": rest_refused,
    "few-descriptors": few_descriptors,
    "name-unknown": name_unknown,
    "names-fail": names_fail,
    "names-slow": names_slow,
}
