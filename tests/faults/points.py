"""Exact points: the n-th call of each kind that a crawl makes, for every n, struck in every way that it can be.

The kinds are those of shim.c: calls on files of the output folder, SQLite's own among them, and on internet sockets,
counted from the first touch of the folder. A point is named by what happens, the kind and n:

    kill@rename:3          the program dies before the third rename
    tear@write:40          it dies with the 40th write half done
    ENOSPC@create:7        the seventh open that creates a file fails; once
    short-ENOSPC@write:12  the 12th write takes half of its bytes, and every later one fails

How often each kind is called differs a little from run to run, as threads and the network have it. So n goes up to the
most that was seen in any undisturbed crawl, and points that were never reached are told apart and not counted.
"""

import errno
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.faults.folder import read_folder
from tests.faults.judge import Judgement, judge_end, judge_exit, judge_requests, judge_stop
from tests.faults.lane import Lane
from tests.faults.shim import Action, Call, Part
from tests.faults.watch import Watch

ERRORS: Final[dict[Call, tuple[int, ...]]] = {
    Call.OPEN: (errno.EIO, errno.EMFILE),
    Call.CREATE: (errno.ENOSPC, errno.EIO, errno.EMFILE),
    Call.READ: (errno.EIO,),
    Call.WRITE: (errno.ENOSPC, errno.EIO),
    Call.SYNC: (errno.ENOSPC, errno.EIO),
    Call.TRUNCATE: (errno.EIO,),
    Call.RENAME: (errno.ENOSPC, errno.EIO),
    Call.UNLINK: (errno.EIO,),
    Call.MKDIR: (errno.ENOSPC, errno.EIO),
    Call.TOUCH: (errno.EIO,),
    Call.LOCK: (errno.EIO,),
    Call.SOCKET: (errno.EMFILE,),
    Call.CONNECT: (errno.ECONNREFUSED,),
    Call.SEND: (errno.ECONNRESET,),
    Call.RECV: (errno.ECONNRESET,),
}
"""The failures that each kind of call can have of those that are tried: full, broken, no descriptor, no peer."""

TORN: Final = (Call.WRITE, Call.SEND)
WORDS: Final = {Action.KILL: "kill", Action.TEAR: "tear", Action.FAIL_ON: "ever-", Action.SHORT: "short-"}


@dataclass(frozen=True, slots=True)
class Point:
    """One call, and what happens at it; `part` of the output folder is counted."""

    action: Action
    call: Call
    number: int
    error: int = 0
    part: Part = Part.ALL

    @property
    def is_kill(self) -> bool:
        """Whether the program dies of it."""
        return self.action in (Action.KILL, Action.TEAR)

    def __str__(self) -> str:
        what = WORDS.get(self.action, "") + (errno.errorcode[self.error] if self.error else "")
        where = "" if self.part is Part.ALL else f"@{self.part.name.lower()}"
        return f"{what}@{self.call.name.lower()}:{self.number}{where}"


def parse_point(text: str) -> Point:
    """A point by its name."""
    found = re.fullmatch(r"(kill|tear|ever-|short-)?([A-Z]*)@([a-z]+):([0-9]+)(?:@([a-z]+))?", text)
    if found is None:
        raise ValueError(f"no point: {text}")
    word, error, call, number, part = found.groups()
    action = next((action for action, own in WORDS.items() if own == word), Action.FAIL)
    value = getattr(errno, error) if error else 0
    return Point(action, Call[call.upper()], int(number), value, Part[part.upper()] if part else Part.ALL)


def every_point(calls: Mapping[int, int]) -> Iterator[Point]:
    """All points of a crawl that makes so many calls of each kind."""
    for call in Call:
        for number in range(1, calls[call] + 1):
            yield Point(Action.KILL, call, number)
            if call in TORN:
                yield Point(Action.TEAR, call, number)
            for error in ERRORS[call]:
                yield Point(Action.FAIL, call, number, error)
            if call is Call.WRITE:
                yield Point(Action.SHORT, call, number, errno.ENOSPC)


def some_points(calls: Mapping[int, int], count: int, seed: int) -> Sequence[Point]:
    """A sample for which each kind of call, whether it is made often or seldom, is as likely as any other."""
    chance = random.Random(seed)
    points = list(every_point(calls))
    by_kind = {(point.call, point.action, point.error): point for point in points}
    kinds = chance.sample(sorted(by_kind), min(count, len(by_kind)))
    fitting = {kind: [one for one in points if (one.call, one.action, one.error) == kind] for kind in kinds}
    return [chance.choice(fitting[kind]) for kind in kinds]


async def strike(lane: Lane, point: Point) -> Judgement:
    """A crawl with the point in it, then the same command again to its end, and what is to be said of both."""
    lane.fresh()
    clean, judgement = lane.clean, Judgement(str(point), point.is_kill)
    block = lane.new_block()
    fields = block.fields
    fields.action, fields.call, fields.number = point.action, point.call, point.number
    fields.error, fields.part = point.error, point.part
    with Watch(lane.folder, clean.is_whole) as watch:
        ended = await lane.crawl(block.environment)
        stopped = read_folder(lane.folder)
        before = lane.site.times()
        judgement.happened = bool(fields.fired)
        again = await lane.crawl()
    folder = read_folder(lane.folder)
    if not (point.is_kill and judgement.happened):
        judge_exit(judgement, ended, stopped, clean)
    for seen in watch.seen:
        judgement.half += 1
        judgement.say("I3", seen)
    judge_stop(judgement, stopped, clean)
    judge_end(judgement, again, folder, clean)
    asked = lane.site.times()
    judge_requests(judgement, asked, asked - before, stopped, clean)
    if judgement.wrong:
        judgement.wrong.insert(0, f"(struck: {block.where}; then: {ended.status} {ended.err.strip()[-300:]!r})")
    return judgement
