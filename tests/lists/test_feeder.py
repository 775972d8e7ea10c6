"""How far ahead of the crawl a list is fed, and how it ends."""

import asyncio
import gzip
import io
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest

from crawler.errors import SettingsError, StoreError
from crawler.lists.feeder import PATIENCE, Feeder, in_thread
from crawler.lists.reader import ListReader
from crawler.model import Row


class Desk:
    """A frontier to be fed: it notes what it is given, and when, by a clock that only sleep moves."""

    def __init__(self, waiting: int = 0, served: float = 0) -> None:
        self.waiting = waiting
        self.served = served
        self.now = 0.0
        self.fed: list[tuple[float, list[int], int, bool]] = []

    async def feed(self, rows: Sequence[Row], offset: int, done: bool) -> None:
        self.fed.append((self.now, [row.number for row in rows], offset, done))
        self.waiting += len(rows)

    def queued(self) -> int:
        return self.waiting

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.waiting -= round(min(self.waiting, seconds * self.served))


class KilledError(Exception):
    """The end of a run."""


def feeder(desk: Desk, rows: int, **options: int) -> Feeder:
    reader = ListReader(io.BytesIO(b"http://a.example/\n" * rows))
    return Feeder(reader, desk.feed, desk.queued, sleep=desk.sleep, **options)


async def test_every_row_is_fed_once_with_the_offset_behind_it() -> None:
    desk = Desk()
    await feeder(desk, 5, batch=2).run()
    assert desk.fed == [
        (0, [1, 2], 36, False),
        (0, [3, 4], 72, False),
        (0, [5], 90, False),
        (0, [], 90, True),
    ]


@pytest.mark.parametrize("commits", range(6))
async def test_a_run_that_was_killed_goes_on_behind_what_it_committed(commits: int) -> None:
    content = b"".join(b"http://a.example/%d\n" % at for at in range(1, 12))
    committed: list[str] = []
    place = (0, 0)

    async def feed(rows: Sequence[Row], offset: int, done: bool) -> None:
        nonlocal place
        if len(committed) == killed_at:
            raise KilledError
        committed.extend(row.text for row in rows)
        place = (offset, reader.number)

    killed_at = 2 * commits
    reader = ListReader(io.BytesIO(content))
    with suppress(KilledError):
        await Feeder(reader, feed, lambda: 0, batch=2).run()
    assert len(committed) == killed_at
    killed_at = -1
    reader = ListReader(io.BytesIO(content))
    reader.advance(*place)
    await Feeder(reader, feed, lambda: 0, batch=2).run()
    assert committed == content.decode().split()


async def test_a_list_of_nothing_is_done() -> None:
    desk = Desk()
    await feeder(desk, 0).run()
    assert desk.fed == [(0, [], 0, True)]


async def test_the_lead_is_bounded_while_the_crawl_goes_on() -> None:
    desk, most = Desk(served=400), 0
    feed = desk.feed

    async def watched(rows: Sequence[Row], offset: int, done: bool) -> None:
        nonlocal most
        await feed(rows, offset, done)
        most = max(most, desk.waiting)

    desk.feed = watched  # type: ignore[method-assign]
    await feeder(desk, 5000, batch=100, lead=1000).run()
    assert 1000 < most <= 1100
    assert sum(len(numbers) for _, numbers, _, _ in desk.fed) == 5000
    assert desk.now == pytest.approx((5000 - 1000) / 400, abs=1)


async def test_a_host_that_does_not_answer_does_not_starve_the_others() -> None:
    desk = Desk(waiting=1001)
    await feeder(desk, 30, batch=10, lead=1000).run()
    assert [at for at, _, _, _ in desk.fed] == [PATIENCE, 2 * PATIENCE, 3 * PATIENCE, 3 * PATIENCE]


async def test_what_keeps_the_list_from_being_read_ends_the_feeding() -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read1(5000)

    desk = Desk()
    reader = ListReader(Broken(b"http://a.example/\n" * 9999), name="list.txt")
    with pytest.raises(SettingsError, match=r"^list\.txt: cannot be read"):
        await Feeder(reader, desk.feed, desk.queued).run()
    assert len(desk.fed) == 1
    assert not desk.fed[0][3]


async def test_what_keeps_rows_from_being_committed_ends_the_feeding() -> None:
    async def feed(rows: Sequence[Row], offset: int, done: bool) -> None:
        raise StoreError("disk full")

    with pytest.raises(StoreError):
        await Feeder(ListReader(io.BytesIO(b"x\n")), feed, lambda: 0).run()


async def test_a_call_in_a_thread_gives_what_it_gives() -> None:
    assert await in_thread(threading.current_thread) is not threading.current_thread()
    with pytest.raises(KeyError):
        await in_thread(lambda: {}["x"])


async def abandoned() -> tuple[threading.Thread, threading.Event]:
    """The thread of a call that nobody waits for any more, and what lets it end."""
    threads: list[threading.Thread] = []
    may_end = threading.Event()

    def call() -> None:
        threads.append(threading.current_thread())
        may_end.wait()

    task = asyncio.create_task(in_thread(call))
    while not threads:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return threads[0], may_end


async def test_a_call_that_nobody_waits_for_any_more_is_forgotten() -> None:
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    thread, may_end = await abandoned()
    may_end.set()
    await asyncio.to_thread(thread.join, 10)
    await asyncio.sleep(0)  # what it gave is here
    assert not failures


def test_a_call_may_end_after_its_loop() -> None:
    thread, may_end = asyncio.run(abandoned())
    may_end.set()
    thread.join(10)  # an exception in it would be a warning, and so a failure
    assert not thread.is_alive()


FEED_A_SILENT_PIPE = """
import asyncio
from crawler.lists.feeder import Feeder, in_thread
from crawler.lists.reader import open_list

async def feed(rows, offset, done):
    print(len(rows), offset, flush=True)

async def main():
    reader = await in_thread(lambda: open_list("-"))
    task = asyncio.create_task(Feeder(reader, feed, lambda: 0).run())
    await asyncio.sleep(1)
    task.cancel()
    reader.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_pipe_that_is_silent_does_not_hold_the_end_of_the_program(is_packed: bool) -> None:
    content = b"http://a.example/\n" * 300
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stdin, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(gzip.compress(content) if is_packed else content)
        done = subprocess.run(
            [sys.executable, "-c", FEED_A_SILENT_PIPE], stdin=stdin, capture_output=True, text=True, timeout=30
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"300 {len(content)}\n", "")
