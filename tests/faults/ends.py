"""How disasters are judged: what every one of them has to leave behind, in a few words."""

from tests.faults.folder import read_folder
from tests.faults.judge import Judgement, judge_end, judge_exit, judge_requests, judge_stop
from tests.faults.lane import Ended, Lane
from tests.faults.watch import Watch


def shell(script: str) -> list[str]:
    """A wrapper that does something before it becomes the command."""
    return ["sh", "-c", f'{script}; exec "$@"', "sh"]


def must_stop(judgement: Judgement, lane: Lane, ended: Ended, word: str = "") -> None:
    """The fault is one that no crawl can live with: it ends with status 1 or 2 and one line, in which `word` stands."""
    judge_exit(judgement, ended, read_folder(lane.folder), lane.clean)
    if ended.status == 0:
        judgement.say("I6", "status 0, though it could not go on")
    if word not in ended.err:
        judgement.say("I6", f"the line does not say {word!r}: {ended.err!r}")


def must_be_whole(judgement: Judgement, lane: Lane, ended: Ended, watch: Watch) -> None:
    """The crawl lived through the fault, and came to what an undisturbed one comes to."""
    folder = read_folder(lane.folder)
    judge_exit(judgement, ended, folder, lane.clean)
    judge_end(judgement, ended, folder, lane.clean)
    judge_watch(judgement, watch)


async def go_on(judgement: Judgement, lane: Lane, watch: Watch, stops: int = 1, patience: float = 60.0) -> None:
    """The same command to its end, and what is to be said of the folder before and after; it had stopped so often."""
    stopped, before = read_folder(lane.folder), lane.site.times()
    judge_stop(judgement, stopped, lane.clean)
    ended = await lane.crawl(patience=patience)
    judge_end(judgement, ended, read_folder(lane.folder), lane.clean)
    asked = lane.site.times()
    judge_requests(judgement, asked, asked - before, stopped, lane.clean, stops)
    judge_watch(judgement, watch)


def judge_watch(judgement: Judgement, watch: Watch) -> None:
    """What was seen under final names while it ran."""
    for seen in watch.seen:
        judgement.half += 1
        judgement.say("I3", seen)
