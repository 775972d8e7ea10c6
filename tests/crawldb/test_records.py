"""The read side tells what was written, in the words of the export."""

from crawler.crawldb.records import LinkRecord, Reason, Records, RunRecord
from crawler.model import Kind, Outcome, Saved, Verdict
from tests.crawldb.desk import Desk, failed, found, head, link, rejected, saved


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
