"""The view where there is no terminal: a plain line every few seconds. It knows nothing of how it is counted."""

from collections.abc import Sequence
from typing import Final, TextIO

from crawler.units import format_duration, format_size
from crawler.watch.stats import Snapshot

EVERY: Final = 5.0
"""Seconds between two lines."""


class LinesView:
    """Writes lines to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = EVERY

    def show(self, snapshot: Snapshot) -> None:
        """A line, where the last one is long enough ago."""
        if snapshot.elapsed >= self._due:
            self._due = snapshot.elapsed + EVERY
            self.say([status_line(snapshot)])

    def say(self, lines: Sequence[str]) -> None:
        """Write the lines at once."""
        self._stream.write("".join(line + "\n" for line in lines))
        self._stream.flush()

    def close(self) -> None:
        """Nothing to take away."""


def status_line(snapshot: Snapshot) -> str:
    """How it stands, in one line."""
    counts = snapshot.counts
    parts = [
        f"{format_duration(snapshot.elapsed)}: saved {counts.pages + counts.images:,} ({format_size(counts.size)})",
        f"queued {counts.queued:,}",
        f"failed {counts.failed:,}",
        f"{snapshot.in_flight} in flight",
        f"{snapshot.requests_per_second:.1f} requests/s",
        f"{format_size(snapshot.bytes_per_second)}/s",
    ]
    if snapshot.dropped:
        parts.append("dropped " + " ".join(f"{word} {count:,}" for word, count in snapshot.dropped))
    if snapshot.left is not None:
        parts.append(f"about {format_duration(snapshot.left)} left")
    parts += [
        f"{host.host} waits {format_duration(host.held_for)}: {host.word}" for host in snapshot.hosts if host.word
    ]
    return ", ".join(parts)
