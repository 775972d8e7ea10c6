"""Lists: each row once, pointing at its URL, which is asked for once; and how far a list is read."""

import asyncio
from collections.abc import Iterable

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.records import ImageRecord, Records
from crawler.model import URL, Kind, Outcome, Row, Verdict, Visit
from tests.crawldb.desk import Desk, failed, found, head, link, picture, saved


def row(number: int, url: str | None, text: str = "", **more: object) -> Row:
    return Row(number, text or url or "", URL(url) if url else None, **more)  # type: ignore[arg-type]


async def opened(desk: Desk, known: str = "f", **sections: dict[str, object]) -> tuple[SqliteFrontier, int]:
    """A frontier, and the number of its list."""
    frontier = await desk.open(**sections)
    number, _, _ = frontier.list_at("urls.txt", lambda fingerprints: known)
    return frontier, number


async def feed(
    frontier: SqliteFrontier, number: int, *rows: Row, refused: str | None = None, offset: int = 100, more: bool = False
) -> None:
    last = max((one.number for one in rows), default=0)
    await frontier.feed(number, [(one, refused) for one in rows], offset, last, more=more)


async def visit_all(desk: Desk, frontier: SqliteFrontier) -> list[Visit]:
    """Keep all that is leased."""
    visits = []
    async with asyncio.timeout(10):
        while leased := await frontier.lease(5):
            for visit in leased:
                visits.append(visit)
                await frontier.finish(visit, picture(visit, str(visit.link.url), desk))
    return visits


def images(desk: Desk) -> list[ImageRecord]:
    with Records(desk.folder) as read:
        return list(read.images())


def leads(records: Iterable[ImageRecord]) -> list[tuple[int, str, str, str | None, str | None]]:
    return [(one.place, one.url, one.state, one.error, one.path) for one in records]


async def test_each_row_points_at_its_url_which_is_asked_for_once(desk: Desk) -> None:
    frontier, number = await opened(desk)
    rows = [
        row(1, "http://a/1.png", caption="one"),
        row(2, "http://b/2.png", columns={"licence": "CC0", "ü": "\n"}),
        row(3, "http://a/1.png", caption="one again"),
    ]
    await feed(frontier, number, *rows)
    visits = await visit_all(desk, frontier)
    assert sorted((str(visit.link.url), visit.link.place) for visit in visits) == [
        ("http://a/1.png", 1), ("http://b/2.png", 2),
    ]  # fmt: skip
    assert leads(images(desk)) == [
        (1, "http://a/1.png", "saved", None, "images/a/1.png"),
        (2, "http://b/2.png", "saved", None, "images/b/2.png"),
        (3, "http://a/1.png", "saved", None, "images/a/1.png"),
    ]
    said = [(one.role, one.list, one.page, one.caption, one.columns) for one in images(desk)]
    assert said == [
        ("list", "urls.txt", None, "one", None),
        ("list", "urls.txt", None, "", {"licence": "CC0", "ü": "\n"}),
        ("list", "urls.txt", None, "one again", None),
    ]


async def test_rows_that_name_nothing_to_ask_for_are_recorded(desk: Desk) -> None:
    frontier, number = await opened(desk)
    await feed(frontier, number, row(1, None, "ftp://a/x", error="scheme"), row(2, None, "", error="url"))
    await feed(frontier, number, row(3, "http://a/long"), refused="url")
    assert await frontier.lease(1) == []
    assert leads(images(desk)) == [
        (1, "ftp://a/x", "skipped", "scheme", None),
        (2, "", "skipped", "url", None),
        (3, "http://a/long", "skipped", "url", None),
    ]


async def test_a_row_that_is_fed_again_is_one(desk: Desk) -> None:
    frontier, number = await opened(desk)
    await feed(frontier, number, row(1, "http://a/1.png"), more=True)
    await feed(frontier, number, row(1, "http://a/1.png", caption="again"))
    assert [(one.place, one.caption) for one in images(desk)] == [(1, "again")]
    assert desk.query("SELECT count(*) FROM urls WHERE kind > 0") == [(1,)]


class TestOpen:
    async def test_it_stays_until_the_list_is_over(self, desk: Desk) -> None:
        frontier, number = await opened(desk)
        waiting = asyncio.ensure_future(frontier.lease(1))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await feed(frontier, number, row(1, "http://a/1.png"), more=True)
        (visit,) = await waiting
        waiting = asyncio.ensure_future(frontier.lease(1))
        await frontier.finish(visit, picture(visit, "x", desk))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await feed(frontier, number)
        assert await waiting == []

    async def test_not_for_what_a_limit_keeps_from_being_asked_for(self, desk: Desk) -> None:
        frontier, number = await opened(desk, crawl={"max_bytes": 5})
        await feed(frontier, number, row(1, "http://a/1.png"), row(2, "http://a/2.png"), more=True)
        assert len(await visit_all(desk, frontier)) == 1
        assert frontier.counts.limit == "max-bytes"


class TestWhereItGoesOn:
    async def test_is_known_with_the_rows(self, desk: Desk) -> None:
        frontier, number = await opened(desk)
        await feed(frontier, number, row(1, "http://a/1.png"), offset=17, more=True)
        await feed(frontier, number, row(2, "http://a/2.png"), offset=34, more=True)
        await desk.close()
        frontier = await desk.open()
        asked: list[object] = []

        def choose(fingerprints: object) -> str:
            asked.append(fingerprints)
            return "f"

        assert frontier.list_at("urls.txt", choose) == (number, 34, 2)
        assert asked == [["f"]]
        assert len(images(desk)) == 2

    async def test_another_list_of_that_name_is_another(self, desk: Desk) -> None:
        frontier, number = await opened(desk)
        await feed(frontier, number, row(1, "http://a/1.png"))
        await desk.close()
        frontier, other = await opened(desk, "g")
        assert other != number
        await feed(frontier, other, row(1, "http://a/1.png"), row(2, "http://a/2.png"))
        assert [one.place for one in images(desk)] == [1, 1, 2]
        assert len(await visit_all(desk, frontier)) == 2


class TestBesideACrawl:
    async def test_what_a_page_has_already_is_not_asked_for_again(self, desk: Desk) -> None:
        frontier, number = await opened(desk)
        await frontier.add([link("http://a/i.png", Kind.IMAGE, parent="http://a/")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, picture(visit, "x", desk))
        await feed(frontier, number, row(1, "http://a/i.png"))
        assert await frontier.lease(1) == []
        assert leads(images(desk)) == [(1, "http://a/i.png", "saved", None, "images/a/i.png")]

    async def test_what_was_not_followed_is_now_and_is_no_start_url(self, desk: Desk) -> None:
        """A page links to it, out of scope; that makes no crawl of its host."""
        frontier, number = await opened(desk)
        await frontier.add([link("http://a/")])
        (page,) = await frontier.lease(1)
        await frontier.finish(page, saved(page, desk, *found(page, "http://cdn/i.png", refused="scope")))
        await feed(frontier, number, row(1, "http://cdn/i.png"))
        (visit,) = await frontier.lease(1)
        assert (visit.link.kind, visit.link.is_seed, visit.link.parent) == (Kind.IMAGE, False, None)
        await desk.close()
        frontier = await desk.open()
        assert [str(url) for url in frontier.seeds()] == ["http://a/"]

    @pytest.mark.parametrize("refused", [None, "scope", "nofollow"])
    @pytest.mark.parametrize("is_out", [False, True])
    async def test_nor_is_one_that_a_page_links_to_later(self, desk: Desk, refused: str | None, is_out: bool) -> None:
        frontier, number = await opened(desk)
        await frontier.add([link("http://a/")])
        (page,) = await frontier.lease(1)
        await feed(frontier, number, row(1, "http://cdn/i.png"))
        if is_out:
            (visit,) = await frontier.lease(1)
        await frontier.finish(page, saved(page, desk, *found(page, "http://cdn/i.png", refused=refused)))
        if not is_out:
            (visit,) = await frontier.lease(1)
            expected = Kind.PAGE if refused is None else Kind.IMAGE
            assert (visit.link.kind, visit.link.is_seed) == (expected, False)
        await frontier.finish(visit, failed("connect", desk))
        await desk.close()
        frontier = await desk.open()
        assert [str(url) for url in frontier.seeds()] == ["http://a/"]

    async def test_a_listed_page_that_is_a_start_url_too_is_one(self, desk: Desk) -> None:
        frontier, number = await opened(desk)
        await feed(frontier, number, row(1, "http://a/"), more=True)
        await frontier.add([link("http://a/")])
        assert [str(url) for url in frontier.seeds()] == ["http://a/"]


async def test_where_a_listed_image_redirects_to_is_followed_to_any_host(desk: Desk) -> None:
    frontier, number = await opened(desk)
    await feed(frontier, number, row(1, "http://a/i.png"), row(2, "http://a/j.png"))
    (visit,) = await frontier.lease(1)
    moved = visit.link.moved(URL("http://b/k.png"))
    assert (moved.kind, moved.parent) == (Kind.IMAGE, None)
    await frontier.finish(visit, Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now))
    visits = await visit_all(desk, frontier)
    assert {str(visit.link.url) for visit in visits} == {"http://a/j.png", "http://b/k.png"}
    (first, _) = images(desk)
    assert (first.url, first.state, first.path) == ("http://a/i.png", "saved", "images/b/k.png")


async def test_a_listed_page_is_no_image_and_is_asked_for_once(desk: Desk) -> None:
    frontier, number = await opened(desk)
    await feed(frontier, number, row(1, "http://a/page"))
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, Outcome(Verdict.REJECTED, error="type", head=head(), asked_at=desk.now))
    assert await frontier.lease(1) == []
    assert leads(images(desk)) == [(1, "http://a/page", "rejected", "type", None)]
