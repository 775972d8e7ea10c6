"""What a crawl came to, in lines for a person: what was saved, what failed and why, where it lies, how to go on.

It reads values only; `status` says part of it of a folder, at any time.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from crawler.crawldb.records import Reason
from crawler.crawling import Summary
from crawler.model import Counts
from crawler.units import format_duration, format_size

LIMITS: Final = {"max-pages": "crawl.max_pages", "max-bytes": "crawl.max_bytes", "max-time": "crawl.max_time"}
"""The words of limits, and the keys that set them."""
NOT_KEPT: Final = {
    "read": "read for links",
    "redirected": "redirected",
    "rejected": "not wanted",
    "refused": "not allowed",
    "skipped": "not followed",
}
"""The states of URLs that are not kept, as a person says them."""


def summary_lines(
    summary: Summary, reasons: Sequence[Reason], folder: Path, rows: tuple[int, int] = (0, 0)
) -> Iterator[str]:
    """The end of a run; `rows` are those of lists that were read, and those that name no URL."""
    yield _first(summary)
    yield from count_lines(summary.counts, reasons)
    yield from row_lines(rows)
    yield f"it lies in {folder}"
    if summary.stopped in LIMITS:
        if summary.counts.queued:
            key = LIMITS[summary.stopped]
            yield f"to go on, run the same command again with a higher {key}"
    elif summary.stopped is not None:
        yield "to go on where this stopped, run the same command again"


def _first(summary: Summary) -> str:
    after = f"after {format_duration(summary.elapsed)}"
    if summary.already_finished:
        return "this crawl is finished already, nothing was fetched"
    if summary.stopped is None:
        nothing = "" if summary.counts.pages + summary.counts.images else ": nothing could be saved"
        return f"finished {after}{nothing}"
    if summary.stopped in LIMITS:
        return f"stopped {after}: the limit {LIMITS[summary.stopped]} is reached"
    if summary.stopped == "interrupted":
        return f"interrupted {after}"
    return f"stopped {after}: {summary.detail or summary.stopped}"


def count_lines(counts: Counts, reasons: Sequence[Reason]) -> Iterator[str]:
    """How many URLs came to what: `failed 3: timeout 2, dns 1`."""
    kept = f"{plural(counts.pages, 'page')}, {plural(counts.images, 'image')}, {format_size(counts.size)}"
    yield f"saved {counts.pages + counts.images:,}: {kept}"
    for state, words in NOT_KEPT.items():
        yield from _line(words, [reason for reason in reasons if reason.state == state])
    yield from _line("failed", [reason for reason in reasons if reason.state == "failed"])
    if counts.queued + counts.leased:
        yield f"still queued {counts.queued + counts.leased:,}"


def row_lines(rows: tuple[int, int]) -> Iterator[str]:
    """How many rows of lists were read."""
    if rows[0]:
        yield f"read {plural(rows[0], 'row')} of a list" + (f": {rows[1]:,} without a URL" if rows[1] else "")


def _line(words: str, reasons: Sequence[Reason]) -> Iterator[str]:
    total = sum(reason.count for reason in reasons)
    if total:
        named = ", ".join(f"{reason.error} {reason.count:,}" for reason in reasons if reason.error)
        yield f"{words} {total:,}" + (f": {named}" if named else "")


def exit_status(summary: Summary, interrupted: int | None) -> int:
    """0 finished, or stopped by a limit; 1 where nothing could be kept or it had to stop; 130 and 143 interrupted."""
    if summary.stopped == "interrupted":
        return interrupted or 130
    if summary.stopped is not None:
        return 0 if summary.stopped in LIMITS else 1
    return 0 if summary.counts.pages + summary.counts.images else 1


def plural(count: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def columns(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, each column as wide as its widest text."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
