"""What each worker waits for: noted where it waits, read where the crawl is watched.

A step is a word and a moment, set in the context of the worker's task, so that whoever makes it wait need not be handed
anything. Outside a crawl nothing is noted.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal

from crawler.model import ResponseHead, Visit

Word = Literal["frontier", "connection", "look-up", "connect", "head", "body", "save", "memory", "extraction", "images"]


class Steps:
    """The steps of one worker: `word` is what it waits for, `since` when, `visit` which visit it is at, if any.

    `deadline` is that visit's own, and `given_up` says why it was moved forward; `head` is that of its answer, once it
    has come.
    """

    __slots__ = ("_clock", "deadline", "given_up", "head", "since", "visit", "word")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.word: Word = "frontier"
        self.since = clock()
        self.visit: Visit | None = None
        self.deadline: asyncio.Timeout | None = None
        self.given_up: str | None = None
        self.head: ResponseHead | None = None

    def enter(self, word: Word) -> Word:
        """The next step; the word of the one before."""
        before, self.word, self.since = self.word, word, self._clock()
        return before

    def begin(self, visit: Visit | None) -> None:
        """Another visit, or none any more."""
        self.visit, self.deadline, self.given_up, self.head = visit, None, None, None


_STEPS: Final[ContextVar[Steps | None]] = ContextVar("steps", default=None)


def step(word: Word) -> Word:
    """From now on the worker of this task waits for that; the word for what it waited for before."""
    steps = _STEPS.get()
    return steps.enter(word) if steps is not None else word


@contextmanager
def waiting_for(word: Word) -> Iterator[None]:
    """For a while the worker of this task waits for that, and then for what it waited for before."""
    before = step(word)
    try:
        yield
    finally:
        step(before)


@contextmanager
def noting(steps: Steps) -> Iterator[None]:
    """The steps of the present task are noted there."""
    token = _STEPS.set(steps)
    try:
        yield
    finally:
        _STEPS.reset(token)
