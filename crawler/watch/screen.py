"""The live view on a terminal, drawn by rich: a title, the counts, the speeds, the busiest hosts.

It reads snapshots and knows nothing of how they come about.
"""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from crawler.units import format_duration, format_size
from crawler.watch.printable import printable
from crawler.watch.stats import HostView, Snapshot


class ScreenView:
    """Draws on a terminal, in place."""

    def __init__(self, console: Console, title: str, folder: str) -> None:
        self._title = Text.assemble((printable(title), "bold"), (" \u2192 ", "dim"), printable(folder))
        self._console = console
        self._live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )

    def show(self, snapshot: Snapshot) -> None:
        """Draw anew; the first time, begin."""
        self._live.start()
        self._live.update(drawing(self._title, snapshot), refresh=True)

    def say(self, lines: Sequence[str]) -> None:
        """Print the lines above the drawing."""
        for line in lines:
            style = "yellow" if line.startswith("warning: ") else "red" if line.startswith("failed") else ""
            self._console.print(Text(line, style), soft_wrap=True)

    def close(self) -> None:
        """Take the drawing away and show the cursor again."""
        self._live.stop()


def drawing(title: Text, snapshot: Snapshot) -> RenderableType:
    """The whole picture of one moment."""
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(title, Text(format_duration(snapshot.elapsed), "dim"))
    parts: list[RenderableType] = [
        Text(),
        head,
        Text(),
        _counts(snapshot),
        Text(),
        _bar(snapshot),
        Text(),
        _speeds(snapshot),
    ]
    if snapshot.hosts:
        parts += [Text(), _hosts(snapshot)]
    return Group(*parts)


def _counts(snapshot: Snapshot) -> RenderableType:
    counts = snapshot.counts
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=8)
    grid.add_column(justify="right", min_width=7)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    kept = f"{_plural(counts.pages, 'page')}, {_plural(counts.images, 'image')}, {format_size(counts.size)}"
    others = (
        ("read for links", counts.read),
        ("redirected", counts.redirected),
        ("rejected", counts.rejected),
        ("refused", counts.refused),
    )
    unwanted = [f"{count:,} {word}" for word, count in others if count]
    dropped = ", ".join(f"{word} {count:,}" for word, count in snapshot.dropped)
    grid.add_row(Text("  saved"), Text(f"{counts.pages + counts.images:,}", "bold green"), Text(kept, "dim"))
    grid.add_row(Text("  queued"), Text(f"{counts.queued:,}", "bold"), Text(", ".join(unwanted), "dim"))
    failed = Text(f"{counts.failed:,}", "bold red" if counts.failed else "bold")
    grid.add_row(Text("  failed"), failed, Text(dropped, "dim"))
    return grid


def _bar(snapshot: Snapshot) -> RenderableType:
    counts = snapshot.counts
    done = counts.saved + counts.redirected + counts.rejected + counts.refused + counts.failed
    known = done + counts.queued + counts.leased
    grid = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=max(known, 1), completed=done, width=40, complete_style="green", finished_style="green")
    grid.add_row(Text(""), bar, Text(f"{done:,} of {known:,} known URLs", "dim"))
    return grid


def _speeds(snapshot: Snapshot) -> RenderableType:
    parts = [
        f"{snapshot.requests_per_second:,.1f} requests/s",
        f"{format_size(snapshot.bytes_per_second)}/s",
        f"{snapshot.in_flight} in flight",
    ]
    if snapshot.left is not None:
        parts.append(f"about {format_duration(snapshot.left)} left")
    return Text("  " + "   ".join(parts), no_wrap=True, overflow="ellipsis")


def _hosts(snapshot: Snapshot) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, overflow="ellipsis", min_width=24)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for host in snapshot.hosts:
        grid.add_row(
            Text("  " + printable(host.host)),
            Text(f"{host.in_flight} in flight", "dim"),
            Text(f"{host.done:,} done", "dim"),
            _slowed(host),
        )
    if snapshot.more_hosts:
        grid.add_row(Text(f"  and {_plural(snapshot.more_hosts, 'more host')}", "dim"))
    return grid


def _slowed(host: HostView) -> Text:
    """What slows a host, and its failures."""
    if host.word is not None:
        return Text(f"{printable(host.word)}: waits {format_duration(host.held_for)}", "yellow")
    slowed = Text(f"{host.failed:,} failed  ", "red") if host.failed else Text()
    if host.window is not None:
        slowed.append(f"bears {host.window} at once  ", "dim")
    return slowed.append(f"delay {format_duration(host.delay)}", "dim") if host.delay else slowed


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
