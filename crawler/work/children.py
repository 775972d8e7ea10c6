"""`Workers` over a few child processes, each of which can be killed; it knows nothing of what the jobs do.

A child is started when a job finds none idle, and ended where a job is late, is not waited for any more, or has killed
it: so an answer is never another job's. It is ended, too, where none comes for a while, as it keeps the memory of its
largest job. Children stand in sessions of their own, where Ctrl-C does not reach them.

What a job gives comes as JSON: numbers, texts, None, lists and dicts of these, with lists for tuples. A child that its
document has taken over can say nothing else; whoever asked checks that it is what he asked for.
"""

import asyncio
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from crawler.errors import LimitError, SettingsError, StoreError, WorkError
from crawler.units import format_size
from crawler.work import child as program

T = TypeVar("T")

Answer = tuple[str, Any]
"""A word of `child.answer`, and what belongs to it."""

MAX_MEMORY: Final = 2 * 1024**3
"""Bytes of address space of a child: 100 million pixels take 400 MB, and are there three times when they are turned."""

MAX_ANSWER: Final = 64 * 1024**2
"""Bytes of an answer."""

WORKED_TOO_LONG: Final = "worked for longer than it may"
"""The fate of a job whose own timer of processor time rang (`ITIMER_PROF`)."""

ERRORS: Final = {error.__name__: error for error in (LimitError, SettingsError, StoreError, WorkError)}
"""The errors of a job that are raised here as they are."""

START_TIMEOUT: Final = 30.0

IDLE: Final = 10.0
"""Seconds that a child waits for its next job."""

PIECE: Final = 64 * 1024
"""Bytes taken from a socket at once."""


class NoChildError(WorkError):
    """No process could be started, for want of memory or descriptors: our shortage, and no fault of the job."""


class Children:
    """Up to `count` processes that do jobs, each job alone; callers beyond that wait, first come first served."""

    def __init__(
        self,
        count: int,
        *,
        max_memory: int = MAX_MEMORY,
        max_answer: int = MAX_ANSWER,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """`prepare` is done in each child before its first job; what it raises, the caller of that job gets."""
        self._prepare = prepare
        self._places = asyncio.Semaphore(count)
        self._max_memory = max_memory
        self._max_answer = max_answer
        self._idle: list[Child] = []
        self._alive: set[Child] = set()
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, job: Callable[..., T], *args: object, timeout: float) -> T:
        """As `Workers.run`; one of `ERRORS` that the job raises is raised here, any other as a `WorkError`."""
        name = f"{getattr(job, '__module__', '')}.{getattr(job, '__qualname__', job)}"
        async with self._places:
            order = pickle.dumps((timeout, job, args), pickle.HIGHEST_PROTOCOL)
            child = await self._take()
            try:
                answer = await self._ask(child, order, timeout)
            except TimeoutError:
                raise LimitError(f"{name} took more than {timeout:g} s") from None
            except (EOFError, OSError):
                fate = await self._fate(child)
                if fate == WORKED_TOO_LONG:
                    raise LimitError(f"{name} {fate}") from None
                raise WorkError(f"{name} {fate}") from None
            except ValueError as error:
                raise WorkError(f"{name} {error}") from error
            self._idle.append(child)
            child.leaving = asyncio.get_running_loop().call_later(IDLE, self._dismiss, child)
        value: T = _value(name, answer)
        return value

    async def close(self) -> None:
        """End all children, and the jobs they are at."""
        self._is_closed = True
        await asyncio.gather(*(self._end(child) for child in self._alive))

    async def _take(self) -> "Child":
        """A child that waits for a job."""
        while self._idle and not self._is_closed:
            child = self._idle.pop()
            if child.leaving is not None:
                child.leaving.cancel()
            if child.is_waiting():
                return child
            self._end(child)
        if self._is_closed:
            raise WorkError("the child processes are closed")
        return await self._start()

    def _dismiss(self, child: "Child") -> None:
        """No job has come for it."""
        self._idle.remove(child)
        self._end(child)

    async def _start(self) -> "Child":
        try:
            child = Child(self._max_memory)
        except OSError as error:
            raise NoChildError(f"no child process could be started: {error.strerror}") from error
        self._alive.add(child)
        try:
            await self._ask(child, pickle.dumps(_import_places()), START_TIMEOUT)
            if self._prepare is not None:
                order = pickle.dumps((START_TIMEOUT, self._prepare, ()), pickle.HIGHEST_PROTOCOL)
                self._check_prepared(child, await self._ask(child, order, START_TIMEOUT))
        except TimeoutError:
            raise WorkError(f"a child process did not start within {START_TIMEOUT:g} s") from None
        except (EOFError, OSError):
            raise WorkError(f"a child process that started {await self._fate(child)}") from None
        except ValueError as error:
            raise WorkError(f"a child process that started {error}") from error
        return child

    def _check_prepared(self, child: "Child", answer: Answer) -> None:
        try:
            _value("to prepare a child process", answer)
        except BaseException:
            self._end(child)
            raise

    async def _ask(self, child: "Child", order: bytes, timeout: float) -> Answer:
        """A child's answer; a child that gives none in time, or none at all, is ended."""
        is_answered = False
        try:
            async with asyncio.timeout(timeout):
                answer = _read(await child.ask(order, self._max_answer))
            is_answered = True
            return answer
        finally:
            if not is_answered:
                self._end(child)

    async def _fate(self, child: "Child") -> str:
        """What a child died of."""
        status = await asyncio.shield(self._end(child))
        if self._is_closed:
            return "was ended: the child processes are closed"
        if status == program.OUT_OF_MEMORY:
            return f"wanted more memory than {format_size(self._max_memory)}"
        if status == -signal.SIGPROF:
            return WORKED_TOO_LONG
        return f"died of {_signal_name(-status)}" if status < 0 else f"ended its process, with status {status}"

    def _end(self, child: "Child") -> "asyncio.Task[int]":
        """End a child beside what goes on; gives its exit status."""
        if child.ending is None:
            child.ending = asyncio.get_running_loop().create_task(child.end())
            child.ending.add_done_callback(lambda _: self._alive.discard(child))
        return child.ending


class Child:
    """A process that does one job after another, and the socket that leads to it."""

    def __init__(self, max_memory: int) -> None:
        self.ending: asyncio.Task[int] | None = None
        self.leaving: asyncio.TimerHandle | None = None
        self._line = asyncio.Lock()  # held while somebody waits at the socket, which must not be closed then
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        # Not in a thread of its own: the kernel takes the end of the thread that starts a child for the parent's.
        try:
            with theirs:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(
                    [sys.executable, "-P", program.__file__, str(max_memory)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
        except BaseException:
            self._socket.close()
            raise

    def is_waiting(self) -> bool:
        """Whether it lives and has nothing to say, as it should while it has no job."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except OSError as error:
            return isinstance(error, BlockingIOError)
        return False

    async def ask(self, order: bytes, max_answer: int) -> bytes:
        """The answer to an order; `EOFError` or `OSError` where it dies over it, `LimitError` if that is too long."""
        loop = asyncio.get_running_loop()
        async with self._line:
            await loop.sock_sendall(self._socket, len(order).to_bytes(program.HEAD, "big") + order)
            answer = bytearray()
            size = program.HEAD
            while len(answer) < size:
                piece = await loop.sock_recv(self._socket, PIECE)
                if not piece:
                    raise EOFError
                answer += piece
                if size == program.HEAD <= len(answer):
                    size += int.from_bytes(answer[: program.HEAD], "big")
                    if size > max_answer:
                        raise LimitError(f"a job's answer has more than {format_size(max_answer)}")
        return bytes(memoryview(answer)[program.HEAD :])

    async def end(self) -> int:
        """Kill it and all it has started, if they live; gives its exit status once it is gone."""
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = await asyncio.to_thread(self._process.wait)
        async with self._line:
            self._socket.close()
        return status


def _read(answer: bytes) -> Answer:
    """What a child says; `ValueError` where that is nothing a child says."""
    try:
        word, value = json.loads(answer)
        if word != "returned":
            kind, text, trace = (str(part).encode(errors="replace").decode() for part in value)
            value = kind, " ".join(text.split()), trace
    except Exception as error:
        raise ValueError(f"gave what cannot be read: {error}") from error
    return word, value


def _value(name: str, answer: Answer) -> Any:
    """What a job returned, or its error raised."""
    word, value = answer
    if word == "returned":
        return value
    kind, text, trace = value
    if word == "raised" and kind in ERRORS:
        raise ERRORS[kind](text)
    failure = WorkError(f"{name}: {kind}: {text}")
    failure.add_note(trace)
    raise failure


def _import_places() -> list[str]:
    """Where this process finds modules: a child finds the same ones there."""
    return [str(Path(place).absolute()) for place in sys.path]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
