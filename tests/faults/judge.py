"""What must hold after a fault and the same command again to its end: the rules I1 to I6, each with its reason broken.

I1  no page lost: the same URLs, states, paths, sizes and digests as an undisturbed crawl
I2  nothing asked again but what was in flight when the crawl ended; nothing at all that was finished
I3  at no moment a half document under a final name; no temporary file left but the beginning of one that a row knows
I4  the database is sound; each saved row has its file, with its size and digest; each file has a row
I5  nothing in progress for ever, no process left behind; whoever kills the program spends no attempt of a page
I6  an honest exit: where it had to stop, a status that is not 0 and one line, no traceback; 0 only where all is there
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.faults.folder import Folder, Row
from tests.faults.lane import IN_FLIGHT, Clean, Ended

ENDED: Final = (1, 2)
"""The statuses of a crawl that had to stop."""


@dataclass(slots=True)
class Judgement:
    """What was wrong, and the figures.

    `is_kill` where the program was killed, `happened` where the fault came about, `times` how often.
    """

    name: str
    is_kill: bool
    happened: bool = True
    times: int = 1
    wrong: list[str] = field(default_factory=list)
    lost: int = 0
    half: int = 0
    twice: int = 0

    def say(self, rule: str, what: str) -> None:
        """A rule is broken."""
        self.wrong.append(f"{rule}: {what}")


def judge_exit(judgement: Judgement, ended: Ended, folder: Folder, clean: Clean) -> None:
    """How a crawl with a fault in it ended (I6), and that it ended at all (I5)."""
    if ended.orphans:
        judgement.say("I5", "processes were left behind")
    if ended.status is None:
        judgement.say("I5", f"it did not end within {ended.took:.0f} s: {ended.err[-3000:]}")
        return
    if "Traceback" in ended.err + ended.out or "Exception ignored" in ended.err:
        judgement.say("I6", f"a traceback (status {ended.status}): {ended.err[-600:]}")
    lines = [line for line in ended.err.splitlines() if line.strip()]
    if ended.status == 0:
        if lines:
            judgement.say("I6", f"status 0, and it complains: {ended.err[-300:]}")
        lost = lost_pages(folder, clean)
        if lost:
            judgement.say("I6", f"status 0, and not there: {', '.join(lost[:5])}")
    elif ended.status not in ENDED:
        judgement.say("I6", f"status {ended.status}: {ended.err[-300:]}")
    elif len(lines) != 1:
        judgement.say("I6", f"status {ended.status} with {len(lines)} lines: {ended.err[-600:]}")


def judge_stop(judgement: Judgement, folder: Folder, clean: Clean) -> None:
    """The folder as a fault left it: what must hold at any moment (I3, I4)."""
    for path, digest in folder.files.items():
        if clean.folder.files.get(path) != digest:
            judgement.half += 1
            judgement.say("I3", f"{path} is no whole document")
    _judge_database(judgement, folder)


def judge_end(judgement: Judgement, ended: Ended, folder: Folder, clean: Clean) -> None:
    """The folder after the same command came to its end."""
    if ended.status != 0 or ended.err.strip():
        judgement.say("I1", f"the same command again ended with status {ended.status}: {ended.err[-600:]}")
    lost = lost_pages(folder, clean)
    judgement.lost += len(lost)
    if lost:
        judgement.say("I1", f"lost {len(lost)}: {', '.join(lost[:5])}")
    for url in clean.folder.rows.keys() | folder.rows.keys():
        there, expected = folder.rows.get(url), clean.folder.rows.get(url)
        if there is None or expected is None or (there.state, there.error) != (expected.state, expected.error):
            judgement.say("I1", f"{url} is {_spell(there)}, not {_spell(expected)}")
        elif judgement.is_kill and there.attempts != expected.attempts:
            judgement.say("I5", f"{url} has spent {there.attempts} attempts, not {expected.attempts}")
    _judge_database(judgement, folder)
    if folder.files != clean.folder.files:
        more = sorted(folder.files.keys() - clean.folder.files.keys())
        judgement.say("I4", f"other files than an undisturbed crawl has: {more[:5]}")
    if folder.temporary:
        judgement.say("I3", f"temporary files are left: {sorted(folder.temporary)[:5]}")
    if folder.others != clean.folder.others:
        judgement.say("I3", f"left at the top of the folder: {sorted(folder.others ^ clean.folder.others)}")
    if folder.bugs:
        judgement.say("I6", f"{folder.bugs} tracebacks in the log")


def judge_requests(
    judgement: Judgement, asked: Counter[str], again: Counter[str], stopped: Folder, clean: Clean, kills: int = 1
) -> None:
    """What was asked twice: in all, `asked`, and by the last run, `again`, which found the folder `stopped` (I2)."""
    finished = sorted(stopped.done & again.keys())
    if finished:
        judgement.twice += len(finished)
        judgement.say("I2", f"finished, and asked again: {', '.join(finished[:5])}")
    more = {url: times - clean.asked[url] for url, times in asked.items() if times > clean.asked[url]}
    beyond = sum(more.values()) - kills * IN_FLIGHT
    if beyond > 0:
        judgement.twice += beyond
        judgement.say("I2", f"asked {sum(more.values())} times more than needed: {json.dumps(more)}")


def lost_pages(folder: Folder, clean: Clean) -> list[str]:
    """What an undisturbed crawl saves and this folder has not, or has otherwise."""
    return [
        url
        for url, row in clean.folder.rows.items()
        if row.state == "saved"
        and (
            url not in folder.rows
            or folder.rows[url].kept != row.kept
            or folder.files.get(row.path or "") != row.digest
        )
    ]


def _judge_database(judgement: Judgement, folder: Folder) -> None:
    for damage in folder.damage:
        judgement.say("I4", f"the database: {damage}")
    for url, row in folder.rows.items():
        if row.state == "saved" and folder.files.get(row.path or "") != row.digest:
            judgement.say("I4", f"{url} is saved, and its file is not as its row says")


def _spell(row: Row | None) -> str:
    return "unknown" if row is None else f"{row.state} {row.error or ''}".strip()
