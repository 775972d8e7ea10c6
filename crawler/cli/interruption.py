"""Ctrl-C and SIGTERM while a crawl runs: the first ends it in good order, the second at once.

It knows what to call, and nothing of what that does. Ending at once is safe: a crawl outlives being killed.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Final, NoReturn, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
SHOW_CURSOR: Final = b"\x1b[?25h\n"


def leave(status: int) -> NoReturn:
    """End the process now, and leave the terminal with its cursor."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), SHOW_CURSOR)
    os._exit(status)


class Interruption:
    """Catches both signals while its context is entered; `status` is the exit status of the one that came."""

    def __init__(self, stop: Callable[[], None], leave: Callable[[int], None] = leave) -> None:
        self._stop = stop
        self._leave = leave
        self.status: int | None = None

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._caught, number)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def _caught(self, number: int) -> None:
        if self.status is not None:
            self._leave(128 + number)
            return
        self.status = 128 + number
        self._stop()
