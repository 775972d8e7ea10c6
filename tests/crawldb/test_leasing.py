"""What is leased next, within the limits of the crawl."""

import asyncio

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.model import Kind, Outcome, Verdict
from tests.crawldb.desk import Desk, head, link, picture, rejected, saved


def read(desk: Desk) -> Outcome:
    """A document was read for its links, and not kept."""
    return Outcome(Verdict.READ, head=head(), asked_at=desk.now)


async def leased(frontier: SqliteFrontier) -> list[str]:
    return [str(visit.link.url) for visit in await frontier.lease(9)]


async def test_a_host_that_had_to_wait_for_room_is_looked_at_again(desk: Desk) -> None:
    """One page may be kept; the other host has its turn once the first one's failed."""
    frontier = await desk.open(crawl={"max_pages": 1})
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(9)
    await frontier.add([link("http://b/")])
    waiting = asyncio.ensure_future(leased(frontier))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    await frontier.finish(visit, rejected(404, desk))
    assert await waiting == ["http://b/"]


async def test_pages_that_are_read_count_as_those_that_are_kept(desk: Desk) -> None:
    frontier = await desk.open(crawl={"max_pages": 2})
    await frontier.add([link(f"http://a/{n}") for n in range(4)])
    for outcome in (read, saved):
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, read(desk) if outcome is read else saved(visit, desk))
    assert await leased(frontier) == []
    assert frontier.counts.limit == "max-pages"


@pytest.mark.parametrize("kind", [Kind.STYLE, Kind.SITEMAP])
async def test_what_is_read_on_the_way_counts_as_no_page(desk: Desk, kind: Kind) -> None:
    frontier = await desk.open(crawl={"max_pages": 1})
    await frontier.add([link("http://a/s", kind, parent="http://a/"), link("http://a/")])
    (visit,) = await frontier.lease(1)
    assert visit.link.kind is kind
    await frontier.finish(visit, read(desk))
    assert await leased(frontier) == ["http://a/"]


async def test_images_go_on_where_no_page_may_follow(desk: Desk) -> None:
    frontier = await desk.open(crawl={"max_pages": 1})
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, read(desk))
    await frontier.add([link("http://a/2"), link("http://a/i.png", Kind.IMAGE)])
    (image,) = await frontier.lease(9)
    assert image.link.kind is Kind.IMAGE
    await frontier.finish(image, picture(image, "x", desk))
    assert await leased(frontier) == []
    assert frontier.counts.queued == 1
