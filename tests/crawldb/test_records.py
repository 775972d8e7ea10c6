"""The read side tells what was written, in the words of the export."""

import json
import zlib
from collections.abc import Callable
from typing import Any

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.records import ImageRecord, LinkRecord, Reason, Records, RunRecord
from crawler.model import URL, Found, Kind, Outcome, Reference, Saved, Verdict, Visit
from tests.crawldb.desk import Desk, duplicate, failed, found, head, link, picture, rejected, saved, sha256


async def test_a_small_crawl(desk: Desk) -> None:
    frontier = await desk.open(fetch={"max_retries": 0})
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    children = [*found(visit, "http://a/1", "http://dead/"), *found(visit, "http://b/", refused="scope")]
    image = found(visit, "http://a/i.png", kind=Kind.IMAGE)
    outcome = saved(visit, desk, *children, *image)
    await frontier.finish(visit, outcome)
    while visits := await frontier.lease(4):
        for visit in visits:
            path = visit.link.url.path
            if visit.link.url.host == "dead":
                await frontier.finish(visit, failed("dns", desk))
            elif path == "/1":
                await frontier.finish(visit, rejected(404, desk, detail="404 Not Found"))
            else:
                kept = Saved("images/a/i.png", "image/png", 7, "ab" * 32)
                await frontier.finish(
                    visit, Outcome(Verdict.SAVED, head=head(), saved=kept, asked_at=desk.now, elapsed=0.5)
                )
    frontier.end(None)
    await frontier.add([])
    with Records(desk.folder) as read:
        rows = {one.url: one for one in read.urls()}
        assert list(rows) == ["http://a/", "http://a/1", "http://dead/", "http://b/", "http://a/i.png"]
        picture = rows["http://a/i.png"]
        assert (picture.kind, picture.state, picture.status, picture.path) == ("image", "saved", 200, "images/a/i.png")
        assert (picture.bytes, picture.sha256, picture.media_type) == (7, "ab" * 32, "image/png")
        assert (picture.depth, picture.parent, picture.attempts, picture.elapsed) == (0, "http://a/", 1, 0.5)
        assert picture.fetched_at == "1970-01-12T13:46:40.000+00:00"
        assert (rows["http://a/1"].state, rows["http://a/1"].error, rows["http://a/1"].status) == (
            "rejected",
            "status",
            404,
        )
        assert rows["http://a/1"].detail == "404 Not Found"
        assert rows["http://dead/"].fetched_at is None
        assert rows["http://b/"].depth == 1
        assert read.reasons() == [
            Reason("saved", None, 2),
            Reason("rejected", "status", 1),
            Reason("skipped", "scope", 1),
            Reason("failed", "dns", 1),
        ]
        counts = read.counts()
        assert (counts.saved, counts.pages, counts.images, counts.size, counts.skipped) == (2, 1, 1, 17, 1)
        assert [(one.host, one.saved, one.failed, one.word) for one in read.hosts(9)] == [
            ("a", 2, 0, None), ("dead", 0, 1, "dns"),
        ]  # fmt: skip
        assert len(read.hosts(1)) == 1
        assert list(read.links())[2] == LinkRecord("http://a/", "http://b/", "a", "href", "http://b/", "scope")
        assert read.runs() == [RunRecord(desk.now, desk.now, None)]
        assert read.is_running
    await desk.close()
    with Records(desk.folder) as read:
        assert not read.is_running


async def test_what_is_in_flight_counts_as_queued(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    await frontier.lease(1)
    with Records(desk.folder) as read:
        assert next(read.urls()).state == "queued"
        assert read.reasons() == [Reason("queued", None, 1)]


def shown(visit: Visit, text: str | None, place: int, refused: str | None = None, **more: Any) -> Found:
    """An image of a page, or a link to one where `role` says so."""
    url = URL(text) if text is not None else None
    kind = Kind.PAGE if more.get("role") == "link" else Kind.IMAGE
    said = {"src": text or "http://[", **more.pop("said", {})}
    reference = Reference(url, kind, "img", "src", said, "", **{"role": "img", **more})
    link = visit.link.child(reference)._replace(place=place) if url is not None and url.is_http else None
    return Found(reference, link, refused)


def images(desk: Desk) -> list[ImageRecord]:
    with Records(desk.folder) as read:
        return list(read.images())


async def page_of(desk: Desk, frontier: SqliteFrontier, *found: Callable[[Visit], Found]) -> None:
    """A page is read, and not kept, for what it shows."""
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    references = [one(visit) for one in found]
    await frontier.finish(visit, Outcome(Verdict.READ, head=head(), found=references, asked_at=desk.now))


class TestImages:
    async def test_of_a_page_in_its_order_with_all_that_it_says(self, desk: Desk) -> None:
        frontier = await desk.open()
        said = {"alt": "A hare", "title": "Hare", "media": "(min-width: 9px)"}
        await page_of(
            desk,
            frontier,
            lambda visit: shown(visit, "http://a/1.png", 1, said=said, caption="Fig. 1", context="in the snow"),
            lambda visit: shown(visit, "http://a/big.png", 2, role="link"),
            lambda visit: shown(visit, "http://a/1.png", 1, role="og"),
            lambda visit: found(visit, "http://a/page.html")[0],
        )
        while visits := await frontier.lease(1):
            await frontier.finish(visits[0], picture(visits[0], str(visits[0].link.url), desk, pixels=7, size=5))
        first, second, third = images(desk)
        assert first == ImageRecord(
            url="http://a/1.png", state="saved", error=None, detail=None, path="images/a/1.png",
            sha256=sha256("http://a/1.png"), media_type="image/png", width=7, height=1, bytes=5, received=5,
            original=None, near=None, work_error=None, page="http://a/", place=1, role="img", alt="A hare",
            title="Hare", caption="Fig. 1", context="in the snow", media="(min-width: 9px)",
        )  # fmt: skip
        assert (second.url, second.role, second.place, second.state) == ("http://a/big.png", "link", 2, "saved")
        assert (third.url, third.role, third.place, third.path) == ("http://a/1.png", "og", 1, "images/a/1.png")

    async def test_that_were_not_asked_for_say_why(self, desk: Desk) -> None:
        frontier = await desk.open()
        await page_of(
            desk,
            frontier,
            lambda visit: shown(visit, "http://b/1.png", 1, "scope"),
            lambda visit: shown(visit, "http://a/2.png", 2, "noai"),
            lambda visit: shown(visit, "data:image/png;base64,AAAA", 0, "scheme"),
            lambda visit: shown(visit, None, 0, "url"),
            lambda visit: shown(visit, "http://a/5.png", 3),
        )
        await frontier.lease(1)
        assert [(one.url, one.state, one.error, one.path, one.place) for one in images(desk)] == [
            ("http://b/1.png", "skipped", "scope", None, 1),
            ("http://a/2.png", "skipped", "noai", None, 2),
            ("data:image/png;base64,AAAA", "skipped", "scheme", None, 0),
            ("http://[", "skipped", "url", None, 0),
            ("http://a/5.png", "queued", None, None, 3),
        ]

    async def test_that_were_rejected_say_why_and_what_they_cost(self, desk: Desk) -> None:
        frontier = await desk.open()
        await page_of(desk, frontier, lambda visit: shown(visit, "http://a/1.png", 1))
        (visit,) = await frontier.lease(1)
        lost = Outcome(Verdict.REJECTED, error="too-small", detail="its width is 1", head=head(), size=4096)
        await frontier.finish(visit, lost)
        (one,) = images(desk)
        assert (one.state, one.error, one.detail, one.received, one.path) == (
            "rejected", "too-small", "its width is 1", 4096, None,
        )  # fmt: skip

    async def test_that_redirect_are_what_they_lead_to(self, desk: Desk) -> None:
        frontier = await desk.open()
        await page_of(desk, frontier, lambda visit: shown(visit, "http://a/1.png", 1))
        for target in ("http://a/2.png", "http://a/3.png"):
            (visit,) = await frontier.lease(1)
            moved = visit.link.moved(URL(target))
            await frontier.finish(visit, Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now))
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, picture(visit, "x", desk))
        (one,) = images(desk)
        assert (one.url, one.state, one.path, one.sha256) == ("http://a/1.png", "saved", "images/a/3.png", sha256("x"))

    async def test_that_are_duplicates_lead_to_the_file(self, desk: Desk) -> None:
        frontier = await desk.open(images={"dedupe": "exact"})
        await page_of(
            desk,
            frontier,
            lambda visit: shown(visit, "http://a/1.png", 1),
            lambda visit: shown(visit, "http://a/2.png", 2),
        )
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, picture(visit, "x", desk, pixels=7))
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, duplicate(visit, "x", "images/a/1.png", desk))
        _, second = images(desk)
        assert (second.state, second.error, second.original) == ("rejected", "duplicate", "http://a/1.png")
        assert (second.path, second.sha256, second.width, second.bytes) == ("images/a/1.png", sha256("x"), 7, 10)

    async def test_of_a_crawl_of_an_earlier_version_have_no_number(self, desk: Desk) -> None:
        """Its pages tell less of their images."""
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk))
        old = [["http://a/i.png", "image", "img", "src", "", None]]
        desk.execute(f"INSERT INTO links VALUES (1, X'{zlib.compress(json.dumps(old).encode()).hex()}')")
        assert [(one.url, one.place, one.alt) for one in images(desk)] == [("http://a/i.png", 0, "")]


async def test_pages_that_were_read_and_not_kept(desk: Desk) -> None:
    frontier = await desk.open()
    await page_of(desk, frontier, lambda visit: found(visit, "http://a/1", refused="limit")[0])
    with Records(desk.folder) as read:
        assert read.reasons() == [Reason("read", None, 1), Reason("skipped", "limit", 1)]
        counts = read.counts()
        assert (counts.read, counts.saved, counts.pages, counts.size) == (1, 0, 0, 0)
        (page, _) = read.urls()
        assert (page.state, page.path, page.bytes, page.status) == ("read", None, None, 200)
        assert [one.target for one in read.links()] == ["http://a/1"]


async def test_facts_are_told_by_name(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.state({"settings": "{}"})
    with Records(desk.folder) as read:
        assert (read.fact("settings"), read.fact("nothing")) == ("{}", None)
