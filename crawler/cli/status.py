"""`crawler status`: how the crawl in a folder stands, at any time, also while it runs."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from crawler.cli.terminal import show
from crawler.units import format_duration

if TYPE_CHECKING:
    from crawler.crawldb.records import HostRecord, Records

HOSTS: Final = 10


def status(folder: str = typer.Argument(..., metavar="FOLDER", show_default=False)) -> int:
    """Show how the crawl in a folder stands.

    What is saved, what failed and why, the busiest hosts.

    It reads only, and may be asked at any time, also while the crawl runs.

    \b
    Examples
      crawler status docs
      watch crawler status docs
    """
    from crawler.crawldb.records import Records

    with Records(Path(folder)) as records:
        show("\n".join(status_lines(records, Path(folder), time.time())))
    return 0


def status_lines(records: "Records", folder: Path, now: float) -> Iterator[str]:
    """All of it; `now` is the wall clock."""
    from crawler.cli.summary import columns, count_lines, plural, row_lines

    counts = records.counts()
    yield f"{folder} {_standing(records)}"
    yield from count_lines(counts, records.reasons())
    yield from row_lines(records.rows())
    hosts = records.hosts(HOSTS + 1)
    if hosts:
        yield ""
        yield from columns(_host_row(host, now) for host in hosts[:HOSTS])
        if len(hosts) > HOSTS:
            yield f"and more hosts than these {plural(HOSTS, 'host')}"


def _standing(records: "Records") -> str:
    if records.is_running:
        return "is being crawled now"
    counts = records.counts()
    if counts.limit is not None:
        return f"has reached its limit ({counts.limit}); the same command with a higher one goes on"
    if counts.queued + counts.leased:
        return "is not finished; the same command goes on where it stopped"
    return "is finished"


def _host_row(host: "HostRecord", now: float) -> tuple[str, ...]:
    held = f"waits {format_duration(host.held_until - now)}" if host.held_until and host.held_until > now else ""
    slowed = [held, host.word or "", f"delay {format_duration(host.delay)}" if host.delay else ""]
    numbers = (("saved", host.saved), ("queued", host.queued + host.leased), ("failed", host.failed))
    return (host.host, *(f"{word} {count:,}" for word, count in numbers), ", ".join(text for text in slowed if text))
