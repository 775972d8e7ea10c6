"""The program of a worker process: a whole crawler, but for the frontier, the claims and the display of its parent.

It is started by `supervise`, with one end of a socket pair as its standard input, and ends with its parent.
"""

import asyncio
import ctypes
import gc
import logging
import os
import pickle
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from crawler import policy
from crawler.assemble_parts import (
    Assignment,
    Place,
    clock_from,
    file_store,
    has_claims,
    http_fetcher,
    open_finders,
    open_parts,
)
from crawler.crawldb.remote import RemoteFrontier, take_call
from crawler.crawling import Crawl
from crawler.model import URL, Counts
from crawler.net.pool import Pool
from crawler.web.cookies import Jar

BEAT: Final = 0.5
"""Seconds between two words to the parent that this process lives."""

PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; from crawler.assemble_worker import main; main()"  # found as we found it
)


def command() -> Sequence[str]:
    """The command that runs a worker process like this one."""
    return (sys.executable, "-P", "-c", PROGRAM, *(str(Path(place).absolute()) for place in sys.path))


def settle_in() -> None:
    """The ways with memory of a process that is a crawl's own, and not a user's program.

    A page's references are many small objects that die young and hardly ever in cycles: collected at Python's default
    pace, they cost a tenth of the time of a crawl. And glibc gives each thread a heap, which keeps what it had at its
    fullest (mallopt(3)): all of them together take a sixth more than one.
    """
    gc.set_threshold(20_000, 50, 100)
    if sys.platform == "linux":
        most_heaps = -8
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(most_heaps, 1)


def main() -> None:
    """Crawl for the parent until there is nothing more to do."""
    _die_with_parent()
    # The parent decides when a worker ends: Ctrl-C, or a signal to all that runs here, lets it finish.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    settle_in()
    end = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    asyncio.run(work(end, lambda: os._exit(1)))


async def work(end: socket.socket, lost: Callable[[], None]) -> None:
    """Crawl for the parent at the other end; `lost` is called where that is gone before this has finished."""
    wire, first = await take_call(end, lost)
    assignment: Assignment = pickle.loads(first)
    clock, jar = clock_from(assignment.offset), Jar()
    frontier = RemoteFrontier(wire, jar, clock)
    reports, logger = logging.StreamHandler(_Reports(frontier)), logging.getLogger("crawler")
    logger.addHandler(reports)
    try:
        stopped, detail = await _crawl(assignment, frontier, jar)
        frontier.say_goodbye(*((None, None) if stopped in (None, "interrupted") else (stopped, detail)))
    except Exception:
        frontier.report(traceback.format_exc())
    finally:
        logger.removeHandler(reports)
    wire.lost = lambda: None
    await frontier.close()


async def _crawl(assignment: Assignment, frontier: RemoteFrontier, jar: Jar) -> tuple[str | None, str | None]:
    """Crawl to the end; the word for what ended it before, and a line for a person."""
    settings, folder = assignment.settings, Path(assignment.folder)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(Pool(settings.fetch, settings.concurrency.total))
        store = file_store(settings, folder, assignment.writer)
        store.share(frontier if has_claims(settings) else None)
        place = Place(
            frontier=frontier,
            store=store,
            jar=jar,
            observe=frontier.observe,
            counts=Counts,
            clock=clock_from(assignment.offset),
            writer=assignment.writer,
        )
        found_by = await stack.enter_async_context(open_finders(settings))
        fetcher = http_fetcher(settings, pool, assignment.environ)
        parts = await stack.enter_async_context(open_parts(settings, folder, fetcher, place, found_by))
        rules = policy.Rules.of(settings, map(URL.known, assignment.roots))
        crawl = Crawl(parts, settings, rules, ())
        beating = asyncio.create_task(_beat(frontier), name="beat")
        frontier.attend(crawl)
        try:
            summary = await crawl.run()
        finally:
            beating.cancel()
    return summary.stopped, summary.detail


async def _beat(frontier: RemoteFrontier) -> None:
    """Say now and then that this process lives: where its loop is held up, it does not."""
    while True:
        frontier.beat()
        await asyncio.sleep(BEAT)


class _Reports:
    """What the heart says of an error that is a bug, on its way to the parent's log."""

    def __init__(self, frontier: RemoteFrontier) -> None:
        self._frontier = frontier

    def write(self, text: str) -> None:
        """A message, its traceback included."""
        self._frontier.report(text.rstrip("\n"))

    def flush(self) -> None:
        """Nothing waits here."""


def _die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies; elsewhere it sees the end of its line."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        with suppress(OSError):
            ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
