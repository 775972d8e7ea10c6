"""What a document of an unwanted type comes to."""

import pytest

from crawler.model import Kind, Outcome, Verdict
from tests.crawldb.desk import Desk, found, head, link, saved


def of_another_type(desk: Desk) -> Outcome:
    return Outcome(Verdict.REJECTED, error="type", head=head(), asked_at=desk.now)


@pytest.mark.parametrize("kind", [Kind.PAGE, Kind.IMAGE, Kind.STYLE])
async def test_it_is_rejected_once_and_for_all(desk: Desk, kind: Kind) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/x.pdf", kind, parent="http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, of_another_type(desk))
    assert await frontier.lease(1) == []
    assert frontier.counts.rejected == 1


async def test_one_asked_for_as_an_image_and_then_as_a_page_ends_there(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/x", Kind.IMAGE, parent="http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.add([link("http://a/x", Kind.PAGE, depth=1, parent="http://a/")])
    await frontier.finish(visit, of_another_type(desk))
    (visit,) = await frontier.lease(1)
    assert visit.link.kind is Kind.PAGE
    await frontier.finish(visit, of_another_type(desk))
    assert await frontier.lease(1) == []


@pytest.mark.parametrize("refused", ["scope", "nofollow", "limit"])
async def test_a_link_that_is_not_followed_makes_no_page_of_an_image(desk: Desk, refused: str) -> None:
    """An image of another host is often linked to as well, and its host is not in the scope of pages."""
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (page,) = await frontier.lease(1)
    links = [*found(page, "http://cdn/i.png", kind=Kind.IMAGE), *found(page, "http://cdn/i.png", refused=refused)]
    await frontier.finish(page, saved(page, desk, *links))
    (visit,) = await frontier.lease(1)
    assert (str(visit.link.url), visit.link.kind) == ("http://cdn/i.png", Kind.IMAGE)


@pytest.mark.parametrize("refused", ["scope", "nofollow"])
async def test_nor_does_one_that_was_not_followed_before(desk: Desk, refused: str) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (page,) = await frontier.lease(1)
    links = [*found(page, "http://cdn/i.png", refused=refused), *found(page, "http://cdn/i.png", kind=Kind.IMAGE)]
    await frontier.finish(page, saved(page, desk, *links))
    (visit,) = await frontier.lease(1)
    assert visit.link.kind is Kind.IMAGE
