"""What failed is asked for again for the words that were given, and nothing else."""

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.records import Records
from crawler.crawldb.requeue import CHUNK
from crawler.model import Kind, Outcome, Verdict
from tests.crawldb.desk import Desk, duplicate, failed, found, head, link, picture, rejected, saved

ENDS = ("saved", "404", "500", "503", "200", "timeout", "truncated", "damaged", "too-small", "duplicate")


async def ended(desk: Desk) -> SqliteFrontier:
    """A crawl in which images came to all kinds of ends, in its second run."""
    options = {"fetch": {"max_retries": 0}, "images": {"dedupe": "exact"}}
    frontier = await desk.open(**options)
    await frontier.add([link("http://a/")])
    (page,) = await frontier.lease(1)
    shown = found(page, *(f"http://a/{end}" for end in ENDS), kind=Kind.IMAGE)
    await frontier.finish(page, saved(page, desk, *shown, *found(page, "http://b/skipped", refused="scope")))
    while visits := await frontier.lease(1):
        for visit in visits:
            end = visit.link.url.path[1:]
            if end == "saved":
                outcome = picture(visit, "x", desk)
            elif end == "duplicate":
                outcome = duplicate(visit, "x", "images/a/saved", desk)
            elif end.isdecimal():
                outcome = rejected(int(end), desk)
            elif end in ("timeout", "truncated"):
                outcome = Outcome(Verdict.FAILED, error=end, head=head(), asked_at=desk.now)
            else:
                outcome = Outcome(Verdict.REJECTED, error=end, head=head(), asked_at=desk.now)
            await frontier.finish(visit, outcome)
    await desk.close()
    return await desk.open(**options)


async def again(desk: Desk, frontier: SqliteFrontier) -> set[str]:
    """What is asked for."""
    asked = set()
    while visits := await frontier.lease(1):
        for visit in visits:
            assert visit.attempt == 1, "as if never asked for"
            asked.add(visit.link.url.path[1:])
            await frontier.finish(visit, picture(visit, str(visit.link.url), desk))
    return asked


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["timeout"], {"timeout"}),
        (["404"], {"404"}),
        (["5xx"], {"500", "503"}),
        (["4xx", "503", "truncated"], {"404", "503", "truncated"}),
        (["damaged", "too-small"], {"damaged", "too-small"}),
        (["3xx", "410", "dns"], set()),
        ([], set()),
    ],
)
async def test_what_failed_for_a_word_is_asked_for_again(desk: Desk, words: list[str], expected: set[str]) -> None:
    frontier = await ended(desk)
    assert await frontier.retry(words) == len(expected)
    assert await again(desk, frontier) == expected
    counts = frontier.counts
    assert (counts.queued, counts.saved, counts.images) == (0, 2 + len(expected), 1 + len(expected))
    with Records(desk.folder) as read:
        states = {one.url.rpartition("/")[2]: one.state for one in read.urls()}
    assert {name for name, state in states.items() if state == "saved"} == {"", "saved", *expected}
    assert states["skipped"] == "skipped"


async def test_a_host_that_was_given_up_is_tried_again(desk: Desk) -> None:
    frontier = await desk.open(fetch={"max_retries": 0})
    await frontier.add([link("http://dead/1", Kind.IMAGE), link("http://dead/2", Kind.IMAGE)])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, failed("connect", desk))
    assert await frontier.lease(1) == []
    assert await frontier.retry(["connect"]) == 2
    assert await again(desk, frontier) == {"1", "2"}


async def test_more_than_are_looked_at_at_once(desk: Desk) -> None:
    await desk.open()
    desk.execute(
        "INSERT INTO hosts (name, failed) VALUES ('a', 2500)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
        " INSERT INTO urls (digest, url, host, kind, state, depth, error)"
        " SELECT i, 'http://a/' || i, 1, 3, 'failed', 0, 'timeout' FROM n",
    )
    await desk.close()
    assert CHUNK < 2500
    frontier = await desk.open()
    assert await frontier.retry(["timeout"]) == 2500
    assert (frontier.counts.queued, frontier.counts.failed) == (2500, 0)


async def test_robots_are_never_asked_for_that_way(desk: Desk) -> None:
    frontier = await desk.open(politeness={"robots": True})
    await frontier.add([link("http://a/i.png", Kind.IMAGE)])
    (robots,) = await frontier.lease(1)
    await frontier.finish(robots, rejected(404, desk, rules=b""))
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, rejected(404, desk))
    assert await frontier.retry(["404"]) == 1
    assert await again(desk, frontier) == {"i.png"}
