"""One alarm for many short waits: setting it costs no more than remembering a moment.

It knows nothing of what it watches. `asyncio.timeout` makes and cancels a timer for every wait, which costs more than
the read that it guards; here one timer stays set, and looks when it rings whether the moment has moved on.
"""

import asyncio
from collections.abc import Callable
from math import inf


class Watchdog:
    """Calls `on_late` once, when the moment that was expected last has passed."""

    __slots__ = ("_armed_at", "_due", "_loop", "_on_late", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_late: Callable[[], None]) -> None:
        self._loop = loop
        self._on_late = on_late
        self._due = inf
        self._armed_at = inf
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, due: float) -> None:
        """From now on `due`, a moment of the loop's clock, counts; infinity: nothing does."""
        self._due = due
        if due < self._armed_at:
            self._arm()

    def close(self) -> None:
        """Never calls again."""
        self._due = inf
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_at = self._due
        self._timer = self._loop.call_at(self._due, self._ring) if self._due < inf else None

    def _ring(self) -> None:
        # Where the loop was busy until now, what came meanwhile lies in the stream, and its reader has the next turn.
        self._loop.call_soon(self._look)

    def _look(self) -> None:
        if self._loop.time() < self._due:
            self._arm()
        else:
            self.close()
            self._on_late()
