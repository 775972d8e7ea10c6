"""The parent of worker processes: starts them, watches that they live and go on, replaces and stops them.

It knows neither what they do nor what is said on their lines: their command is an argument, and so is what answers
them. A worker that ends without a goodbye, or is not heard of for too long, is killed with all it has started, and
replaced; what it was at is then done by one that does nothing else.
"""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from crawler.errors import CrawlError, WorkError
from crawler.interfaces import Line, Observer, Stop
from crawler.model import Counts, Noted

LOOKS: Final = 4
"""How often a worker is looked at within the time after which it counts as stuck."""

START_TIMEOUT: Final = 60.0
"""Seconds that a worker has to say its first word, however busy the machine is."""

DYING: Final = 1.0
"""Seconds for which a process that has hung up may still be on its way to its end."""

MAX_IN_VAIN: Final = 3
"""Workers in a row that may end without having been given anything."""

WINDOW: Final = 0.75
"""Seconds over which a crawl is looked at before it counts as large."""

BUSY: Final = 0.7
"""The share of that time in which this process has computed."""

WORTH: Final = 3.0
"""Seconds of work, at the present pace, that make it worth while to start other processes."""

Connect = Callable[[socket.socket, Stop, bool], Awaitable[Line]]
"""Answers a new worker at the other end of this socket; True: it is given one visit at a time, which is a suspect."""


class Worker:
    """A process with the other end of a socket pair as its standard input."""

    def __init__(self, command: Sequence[str]) -> None:
        self.end, theirs = socket.socketpair()
        # Not in a thread of its own: the kernel takes the end of the thread that starts a child for the parent's.
        try:
            with theirs:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
        except BaseException:
            self.end.close()
            raise

    def kill(self) -> None:
        """End it and all it has started, if they live."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def fate(self, patience: float) -> str:
        """What it died of, by itself within so many seconds or killed then, once it is gone."""
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, patience)
        self.kill()
        status = await asyncio.to_thread(self._process.wait)
        if status >= 0:
            return f"ended with status {status}"
        with suppress(ValueError):
            return f"died of {signal.Signals(-status).name}"
        return f"died of signal {-status}"


class Supervisor:
    """`Crew` of `count` processes, each run by `command` and answered by what `connect` gives.

    One that says nothing for `hang_timeout` seconds is stuck. `is_needed` is asked whether they are worth their start.
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        connect: Connect,
        is_needed: Callable[[], bool],
        observe: Observer,
        hang_timeout: float,
    ) -> None:
        self.is_needed = is_needed
        self._command = command
        self._count = count
        self._connect = connect
        self._observe = observe
        self._hang_timeout = hang_timeout
        self._workers: dict[Worker, Line | None] = {}
        self._keepers: set[asyncio.Task[None]] = set()
        self._warder: asyncio.Task[None] | None = None
        self._has_suspects = False
        self._is_stopping = False
        self._fail: Stop = lambda word, detail: None
        self._begun: Callable[[], None] = lambda: None

    async def run(self, stop: Stop, begun: Callable[[], None]) -> None:
        """As `Crew.run`."""
        self._fail, self._begun = stop, begun
        self._keepers = {asyncio.create_task(self._keep()) for _ in range(self._count)}
        try:
            while self._keepers:
                done, _ = await asyncio.wait(self._keepers, return_when=asyncio.FIRST_COMPLETED)
                self._keepers -= done
                for keeper in done:
                    self._check(keeper)
                if self._warder in done:
                    self._warder = None
                    self._guard()
        finally:
            await self._end()

    def stop(self) -> None:
        """As `Crew.stop`."""
        self._is_stopping = True
        for worker, line in self._workers.items():
            if line is None or not line.stop():
                worker.kill()

    def _check(self, keeper: "asyncio.Task[None]") -> None:
        error = keeper.exception()
        if isinstance(error, CrawlError):
            self._fail(error.kind, str(error))
        elif error is not None:
            raise error

    async def _end(self) -> None:
        """Whatever still runs is ended at once."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def _guard(self) -> None:
        """Have suspects visited by a process of their own, one at a time."""
        if self._has_suspects and self._warder is None and not self._is_stopping:
            self._has_suspects = False
            self._warder = asyncio.create_task(self._keep(alone=True))
            self._keepers.add(self._warder)

    async def _keep(self, *, alone: bool = False) -> None:
        """Keep one worker alive until one has nothing more to do."""
        in_vain = 0
        while not self._is_stopping:
            try:
                worker = Worker(self._command)
            except OSError as error:
                raise WorkError(f"no worker process could be started: {error.strerror}") from error
            self._workers[worker] = None
            patience = 0.0
            try:
                line = self._workers[worker] = await self._connect(worker.end, self._fail, alone)
                word = await self._watch(line)
                patience = DYING if word is None else 0.0
            finally:
                fate = await asyncio.shield(worker.fate(patience))
                del self._workers[worker]
            if word == "" or self._is_stopping:
                return
            had_some = await line.lost()
            in_vain = 0 if had_some else in_vain + 1
            if in_vain == MAX_IN_VAIN:
                raise WorkError(f"a worker process {word or fate}, and so did those before it")
            self._observe(Noted(f"a worker process {word or fate}; it is replaced", warning=True))
            self._has_suspects = self._has_suspects or had_some
            self._guard()

    async def _watch(self, line: Line) -> str | None:
        """Until the worker is gone or stuck: empty where it had finished, the word for it where it was stuck."""
        ended, begun = asyncio.create_task(line.ended()), asyncio.create_task(line.begun())
        begun.add_done_callback(lambda task: None if task.cancelled() else self._begun())
        looks = patience = LOOKS * max(1.0, START_TIMEOUT / self._hang_timeout)
        try:
            while looks > 0:
                done, _ = await asyncio.wait({ended}, timeout=self._hang_timeout / LOOKS)
                if done:
                    return "" if ended.result() else None
                if line.heard():
                    patience = looks = LOOKS
                else:
                    looks -= 1  # looks are counted, not seconds: a machine that slept makes nobody stuck
            return f"said nothing for {patience / LOOKS * self._hang_timeout:g} s"
        finally:
            ended.cancel()
            begun.cancel()


class Growth:
    """Whether a crawl that this process does alone has proven large: much is queued, and it is busy with computing."""

    def __init__(self, counts: Callable[[], Counts], clock: Callable[[], float], computed: Callable[[], float]) -> None:
        self._counts = counts
        self._clock = clock
        self._computed = computed
        self._since = (clock(), computed(), _done(counts()))

    def __call__(self) -> bool:
        """As of now; over the time since this was last decided."""
        at, computed, done = self._since
        took = self._clock() - at
        if took < WINDOW:
            return False
        counts = self._counts()
        self._since = (self._clock(), self._computed(), _done(counts))
        is_busy = self._since[1] - computed > BUSY * took
        pace = (self._since[2] - done) / took
        return is_busy and pace > 0 and counts.queued > WORTH * pace


def _done(counts: Counts) -> int:
    """The URLs whose visits are over."""
    return counts.saved + counts.read + counts.redirected + counts.rejected + counts.failed
