"""What a person sees while a crawl runs: a view of it, drawn a few times a second by a thread of its own.

An observer must not block, and a terminal may: it is stopped with a key, or far away. So events only add to numbers
and to a bounded list of lines, and the thread alone writes. It knows neither the view's looks nor who runs the crawl.
"""

from collections import deque
from collections.abc import Sequence
from threading import Event as Flag
from threading import Thread
from types import TracebackType
from typing import Final, Protocol, Self

from crawler.model import Event, Finished, Noted, Verdict
from crawler.units import format_size
from crawler.watch.printable import printable
from crawler.watch.stats import Snapshot, Stats

INTERVAL: Final = 0.25
"""Seconds between two drawings."""
MAX_LINES: Final = 1000
"""Lines that may wait for the view; of more, the oldest are not shown."""
PATIENCE: Final = 2.0
"""Seconds that a terminal which does not take the last drawing may hold the end."""


class View(Protocol):
    """Shows a crawl to a person."""

    def show(self, snapshot: Snapshot) -> None:
        """Draw how it stands."""
        ...

    def say(self, lines: Sequence[str]) -> None:
        """Add lines that stay, above the drawing."""
        ...

    def close(self) -> None:
        """Take the drawing away."""
        ...


class Progress:
    """Shows a crawl by a view while its context is entered; an Observer. `verbose` gives each visit a line."""

    def __init__(self, view: View, stats: Stats, *, verbose: bool = False) -> None:
        self._view = view
        self._stats = stats
        self._verbose = verbose
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._over = Flag()
        self._thread = Thread(target=self._draw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def __call__(self, event: Event) -> None:
        """Take one event in."""
        self._stats(event)
        if isinstance(event, Noted):
            self._lines.append(("warning: " if event.warning else "") + printable(event.text))
        elif self._verbose and isinstance(event, Finished):
            self._lines.append(visit_line(event))

    def _draw(self) -> None:
        """Draw until the end; a terminal that is gone ends the drawing, not the crawl."""
        try:
            while not self._over.wait(INTERVAL):
                self._say()
                self._view.show(self._stats.snapshot())
            self._say()
            self._view.close()
        except (OSError, ValueError):
            return

    def _say(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._view.say(lines)


def visit_line(event: Finished) -> str:
    """One visit in one line: `saved       200    12.3 kB  http://example.org/`."""
    visit, outcome = event.visit, event.outcome
    status = str(outcome.head.status) if outcome.head is not None else ""
    word = outcome.verdict if outcome.verdict is not Verdict.CRASHED else Verdict.FAILED
    line = f"{word:<10}  {status:>3}  {format_size(outcome.size):>8}  {visit.link.url}"
    if outcome.moved is not None:
        line += f" to {outcome.moved.url}"
    if outcome.error is not None:
        line += f": {outcome.error}"
    if outcome.retry_in is not None:
        line += f", again in {outcome.retry_in:.0f} s"
    return printable(line)
