"""Events as JSON lines, written by a thread of its own: one line for a finished visit, a held host, a note.

The writer may be slow or fail; the crawl neither waits for it nor ends with it. Lines that find no room are counted,
and the count is written. JSON's escapes keep control, ESC and bidi characters out of whatever shows the log.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event as ThreadEvent
from threading import Thread
from typing import Any, Final, TextIO

from crawler.model import Event, Finished, Held, Leased, Noted, Verdict
from crawler.settings import LogSettings
from crawler.watch.rotating import RotatingFile

MAX_WAITING: Final = 10_000
"""Lines that may wait to be written."""
PATIENCE: Final = 5.0
"""Seconds that a writer which does not come to its end may hold ours."""
LEVELS: Final = ("debug", "info", "warning", "error")

Line = dict[str, Any]


PAUSE: Final = 0.1
"""Seconds for which lines gather: waking a thread for each would cost the crawl more than the line."""


@contextmanager
def open_log(path: Path, settings: LogSettings) -> Iterator["EventLog"]:
    """An Observer that writes the log file, rotated as the settings say."""
    file = RotatingFile(path, settings.max_size, settings.keep)
    log = EventLog(file.write, settings.level)
    logger = logging.getLogger("crawler")
    tracebacks = logging.StreamHandler(_Tracebacks(log))
    logger.addHandler(tracebacks)
    try:
        yield log
    finally:
        logger.removeHandler(tracebacks)
        log.close()
        file.close()


class _Tracebacks:
    """What the heart says of an error that is a bug, as a line of the log and not on a terminal."""

    def __init__(self, log: "EventLog") -> None:
        self._log = log

    def write(self, text: str) -> None:
        """A message, its traceback included."""
        self._log.add("error", {"event": "bug", "text": text.rstrip("\n")})

    def flush(self) -> None:
        """Nothing waits here."""


@contextmanager
def open_stream_log(stream: TextIO, settings: LogSettings) -> Iterator["EventLog"]:
    """An Observer that writes the same lines to a stream, for machines."""

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    log = EventLog(write, settings.level)
    try:
        yield log
    finally:
        log.close()


class EventLog:
    """Writes events by `write`, from `level` upwards; an Observer, until closed."""

    def __init__(
        self, write: Callable[[str], None], level: str = "info", clock: Callable[[], float] = time.time
    ) -> None:
        self._write = write
        self._lowest = LEVELS.index(level)
        self._clock = clock
        self._queue: Queue[tuple[float, str, Line] | None] = Queue(MAX_WAITING)
        self._lost = 0
        self._closing = ThreadEvent()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Take one event in; what it holds besides its line is not kept."""
        described = describe(event)
        if described is not None:
            self.add(*described)

    def add(self, level: str, line: Line) -> None:
        """Write a line, where its level is high enough."""
        if LEVELS.index(level) < self._lowest:
            return
        try:
            self._queue.put_nowait((self._clock(), level, line))
        except Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits; gives up on a writer that does not."""
        deadline = time.monotonic() + PATIENCE
        self._closing.set()
        try:
            self._queue.put(None, timeout=PATIENCE)
        except Full:
            return
        self._thread.join(max(deadline - time.monotonic(), 0))

    def _run(self) -> None:
        while True:
            lines, over = self._take()
            try:
                if lines:
                    self._write("".join(lines))
            except (OSError, ValueError):
                self._lost += len(lines)
            if over:
                return
            self._closing.wait(PAUSE)

    def _take(self) -> tuple[list[str], bool]:
        """All lines that wait, one at least; and whether these were the last."""
        lines: list[str] = []
        item = self._queue.get()
        while item is not None:
            if self._lost:
                lost, self._lost = self._lost, 0
                lines.append(write_line(item[0], "warning", {"event": "lost", "lines": lost}))
            lines.append(write_line(*item))
            try:
                item = self._queue.get_nowait()
            except Empty:
                return lines, False
        return lines, True


def write_line(at: float, level: str, line: Line) -> str:
    """One event as a line of JSON, keys without a value left out."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = {"at": moment, "level": level} | {key: value for key, value in line.items() if value is not None}
    return json.dumps(whole).replace("\x7f", "\\u007f") + "\n"  # DEL is the one control that JSON leaves as it is


def describe(event: Event) -> tuple[str, Line] | None:
    """The level and the keys of an event; None for what is no line."""
    match event:
        case Finished():
            return _describe_visit(event)
        case Leased(visit):
            link = visit.link
            return "debug", {"event": "leased", "url": str(link.url), "kind": link.kind, "attempt": visit.attempt}
        case Held(host, seconds, word):
            return "info", {"event": "held", "host": host, "seconds": round(seconds, 3), "word": word}
        case Noted(text, warning):
            return "warning" if warning else "info", {"event": "noted", "text": text}
        case _:
            return None


def _describe_visit(event: Finished) -> tuple[str, Line]:
    link, outcome = event.visit.link, event.outcome
    saved, head = outcome.saved, outcome.head
    level = (
        "error" if outcome.verdict is Verdict.CRASHED else "warning" if outcome.verdict is Verdict.FAILED else "info"
    )
    return level, {
        "event": outcome.verdict,
        "url": str(link.url),
        "kind": link.kind,
        "depth": link.depth,
        "parent": str(link.parent) if link.parent is not None else None,
        "attempt": event.visit.attempt,
        "status": head.status if head is not None else None,
        "error": outcome.error,
        "detail": outcome.detail,
        "links_error": outcome.links_error,
        "path": saved.path if saved is not None else None,
        "media_type": saved.media_type if saved is not None else None,
        "bytes": saved.size if saved is not None else None,
        "moved": str(outcome.moved.url) if outcome.moved is not None else None,
        "retry_in": round(outcome.retry_in, 3) if outcome.retry_in is not None else None,
        "elapsed": round(outcome.elapsed, 4),
        "peer": outcome.peer,
    }
