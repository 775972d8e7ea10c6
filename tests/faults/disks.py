"""Disks that are full, too small or read-only, for the documents and for the database, and then are not any more.

Where a file system cannot be mounted the shim stands in for it, and the case says so in its name.
"""

import asyncio
import errno
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.faults.ends import go_on, must_stop, shell
from tests.faults.judge import Judgement
from tests.faults.lane import Lane, send
from tests.faults.outages import Disaster
from tests.faults.points import Point, strike
from tests.faults.shim import Action, Call, Part
from tests.faults.watch import Watch


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[bool]:
    """Something mounted on a folder; False where that is not allowed here."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """The same mount with other options."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


async def full_disk(lane: Lane, _: float) -> Judgement:
    """The output folder on a tmpfs that fills; then there is room."""
    judgement = Judgement("full-disk", is_kill=False)
    lane.fresh()
    with mounted(lane.folder, "-t", "tmpfs", "-o", "size=700k", "faults") as is_mounted:
        if not is_mounted:
            found = await strike(lane, Point(Action.SHORT, Call.WRITE, 200, errno.ENOSPC))
            return replace(found, name="full-disk (no tmpfs can be mounted here: by the shim)")
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            for _ in range(2):  # and once more, while there is still no room
                must_stop(judgement, lane, await lane.crawl())
            remount(lane.folder, "size=100m")
            await go_on(judgement, lane, watch, stops=2)
    return judgement


async def too_little_room(lane: Lane, _: float) -> Judgement:
    """Less room than `store.min_free` keeps: nothing is begun, and the setting is named."""
    judgement = Judgement("too-little-room", is_kill=False)
    lane.fresh()
    tight = lane.like(config=lane.config.replace("min_free = 0", 'min_free = "900TB"'))
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        must_stop(judgement, lane, await tight.crawl(), "store.min_free")
        await go_on(judgement, lane, watch)
    return judgement


async def full_for_documents(lane: Lane, _: float) -> Judgement:
    """No room for documents any more, and all the room there is for the database."""
    return await _full("full-documents", lane, Part.FILES, 9)


async def full_for_database(lane: Lane, _: float) -> Judgement:
    """No room for the database any more, and all the room there is for documents."""
    return await _full("full-database", lane, Part.DATABASE, 300)


async def _full(name: str, lane: Lane, part: Part, number: int) -> Judgement:
    return replace(await strike(lane, Point(Action.SHORT, Call.WRITE, number, errno.ENOSPC, part)), name=name)


async def too_large_database(lane: Lane, _: float) -> Judgement:
    """A limit on the size of a file (RLIMIT_FSIZE) that the database grows into."""
    judgement = Judgement("too-large-database", is_kill=False)
    lane.fresh()
    with Watch(lane.folder, lane.clean.is_whole) as watch:
        ended = await lane.crawl(wrapper=shell("ulimit -f 140"))  # in units of 512 bytes
        must_stop(judgement, lane, ended)
        await go_on(judgement, lane, watch)
    return judgement


async def read_only(lane: Lane, _: float) -> Judgement:
    """A folder that cannot be written to: at the start, and for a run that goes on with what another began."""
    judgement = Judgement("read-only", is_kill=False)
    lane.fresh()
    with mounted(lane.folder, "--bind", str(lane.folder)) as is_mounted:
        if not is_mounted:
            found = await strike(lane, Point(Action.FAIL_ON, Call.CREATE, 1, errno.EROFS))
            return replace(found, name="read-only (nothing can be mounted here: by the shim)")
        with Watch(lane.folder, lane.clean.is_whole) as watch:
            remount(lane.folder, "bind,ro")
            must_stop(judgement, lane, await lane.crawl())
            remount(lane.folder, "bind,rw")
            await _killed_half_way(lane)
            remount(lane.folder, "bind,ro")
            must_stop(judgement, lane, await lane.crawl())
            remount(lane.folder, "bind,rw")
            await go_on(judgement, lane, watch)
    return judgement


async def _killed_half_way(lane: Lane) -> None:
    process = await lane.start()
    ending = asyncio.create_task(lane.end(process))
    while len(lane.site.asked) < 12 and not ending.done():
        await asyncio.sleep(0.001)
    send(process, signal.SIGKILL)
    await ending


DISKS: Final[dict[str, Disaster]] = {
    "full-disk": full_disk,
    "too-little-room": too_little_room,
    "full-documents": full_for_documents,
    "full-database": full_for_database,
    "too-large-database": too_large_database,
    "read-only": read_only,
}
