from pathlib import Path

import pytest

from crawler.cli.summary import columns, exit_status, summary_lines
from crawler.crawldb.records import Reason
from crawler.crawling import Summary
from crawler.model import Counts


def summary(
    stopped: str | None = None, detail: str | None = None, *, saved: int = 3, queued: int = 0, over: bool = False
) -> Summary:
    counts = Counts(queued=queued, saved=saved, pages=saved, size=saved * 1000)
    return Summary(counts, stopped, detail, resumed=False, already_finished=over, elapsed=12.3)


def lines(one: Summary, *reasons: Reason) -> list[str]:
    return list(summary_lines(one, reasons, Path("docs")))


def test_a_finished_crawl() -> None:
    reasons = (
        Reason("saved", None, 3), Reason("redirected", None, 2), Reason("rejected", "status", 5),
        Reason("failed", "timeout", 2), Reason("failed", "dns", 1), Reason("queued", None, 4),
    )  # fmt: skip
    assert lines(summary(), *reasons) == [
        "finished after 12 s",
        "saved 3: 3 pages, 0 images, 3.0 kB",
        "redirected 2",
        "not wanted 5: status 5",
        "failed 3: timeout 2, dns 1",
        "it lies in docs",
    ]


@pytest.mark.parametrize(
    ("one", "first", "last"),
    [
        (summary(over=True), "this crawl is finished already, nothing was fetched", "it lies in docs"),
        (
            summary("interrupted", queued=4),
            "interrupted after 12 s",
            "to go on where this stopped, run the same command again",
        ),
        (
            summary("max-bytes", queued=4),
            "stopped after 12 s: the limit crawl.max_bytes is reached",
            "to go on, run the same command again with a higher crawl.max_bytes",
        ),
        (summary("max-time"), "stopped after 12 s: the limit crawl.max_time is reached", "it lies in docs"),
        (
            summary("store", "the disk is full"),
            "stopped after 12 s: the disk is full",
            "to go on where this stopped, run the same command again",
        ),
        (
            summary("disk full"),
            "stopped after 12 s: disk full",
            "to go on where this stopped, run the same command again",
        ),
    ],
)
def test_how_it_ended_and_how_to_go_on(one: Summary, first: str, last: str) -> None:
    said = lines(one)
    assert (said[0], said[-1]) == (first, last)
    assert ("still queued 4" in said) == (one.counts.queued == 4)


@pytest.mark.parametrize(
    ("one", "interrupted", "status"),
    [
        (summary(), None, 0),
        (summary(over=True), None, 0),
        (summary(saved=0), None, 1),
        (summary("max-pages"), None, 0),
        (summary("max-time", saved=0), None, 0),
        (summary("store", "disk full"), None, 1),
        (summary("crawldb"), None, 1),
        (summary("interrupted"), 130, 130),
        (summary("interrupted", saved=0), 143, 143),
        (summary("interrupted"), None, 130),
    ],
)
def test_the_exit_status(one: Summary, interrupted: int | None, status: int) -> None:
    assert exit_status(one, interrupted) == status


def test_columns_are_as_wide_as_their_widest_text() -> None:
    assert list(columns([("a", "bb", ""), ("aaa", "b", "c")])) == ["a    bb", "aaa  b   c"]
