"""Feeds a list to the frontier beside the crawl, a batch at a time and never far ahead; it reads and keeps nothing.

A batch is awaited until it is committed together with the offset behind it, so the list is never read beyond what is
known of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Final, TypeVar

from crawler.lists.reader import ListReader
from crawler.model import Row

T = TypeVar("T")

BATCH: Final = 2000
"""Rows fed at once, at the most."""

LEAD: Final = 20_000
"""URLs waiting beyond which nothing is fed."""

PAUSE: Final = 0.25
"""Seconds between two looks at how many wait."""

PATIENCE: Final = 10.0
"""Seconds after which a batch is fed all the same: what waits may be that of a host which does not answer."""

Feed = Callable[[Sequence[Row], int, bool], Awaitable[None]]
"""Commits rows together with the offset behind them, and whether they were the last."""


class Feeder:
    """Gives the rows of `reader` to `feed`, while no more than `LEAD` URLs wait by `queued`."""

    def __init__(
        self,
        reader: ListReader,
        feed: Feed,
        queued: Callable[[], int],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        batch: int = BATCH,
        lead: int = LEAD,
    ) -> None:
        self._reader = reader
        self._feed = feed
        self._queued = queued
        self._sleep = sleep
        self._batch = batch
        self._lead = lead

    async def run(self) -> None:
        """Feed the list to its end; the last call of `feed` is one without rows."""
        while rows := await in_thread(partial(self._reader.read, self._batch)):
            await self._wait_for_room()
            await self._feed(rows, self._reader.offset, False)
        await self._feed((), self._reader.offset, True)

    async def _wait_for_room(self) -> None:
        for _ in range(round(PATIENCE / PAUSE)):
            if self._queued() <= self._lead:
                return
            await self._sleep(PAUSE)


async def in_thread(call: Callable[[], T]) -> T:
    """What `call` gives, called in a thread of its own that nobody need wait for.

    A thread of an executor would hold the end of the program for as long as a pipe is silent.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = call()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, error)

    Thread(target=run, name="list", daemon=True).start()
    return await future
