"""No content lies twice, no two documents at one place, whatever happens to the visits that ask for one."""

import asyncio
from collections.abc import Sequence

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.records import Records, UrlRecord
from crawler.model import Kind, Place, Visit
from tests.crawldb.desk import Desk, duplicate, failed, link, own_path, picture, sha256

EXACT = {"dedupe": "exact"}
NAMED = {"name": "{stem}.{ext}"}


async def out(desk: Desk, *hosts: str, **images: object) -> tuple[SqliteFrontier, list[Visit]]:
    """A frontier, and the visits of one image of each host, which are all in flight."""
    frontier = await desk.open(images=images)
    return frontier, await leased(frontier, hosts)


async def leased(frontier: SqliteFrontier, hosts: Sequence[str], path: str = "/i.png") -> list[Visit]:
    await frontier.add([link(f"http://{host}{path}", Kind.IMAGE) for host in hosts])
    visits: list[Visit] = []
    while len(visits) < len(hosts):
        visits += await frontier.lease(len(hosts) - len(visits))
    return sorted(visits, key=lambda visit: str(visit.link.url))


def claim(frontier: SqliteFrontier, visit: Visit, content: str = "x", path: str = "") -> "asyncio.Task[Place]":
    return asyncio.ensure_future(frontier.claim(visit, sha256(content), path or own_path(visit)))


async def still_waits(task: "asyncio.Task[Place]") -> bool:
    """Whether there is no answer, once everything that can run has run."""
    for _ in range(20):
        await asyncio.sleep(0.001)
    return not task.done()


def records(desk: Desk) -> dict[str, UrlRecord]:
    with Records(desk.folder) as read:
        return {one.url: one for one in read.urls()}


async def test_content_lies_where_it_was_first(desk: Desk) -> None:
    frontier, (first, second, other) = await out(desk, "a", "b", "c", **EXACT)
    assert await claim(frontier, first) == Place("images/a/i.png")
    await frontier.finish(first, picture(first, "x", desk))
    assert await claim(frontier, second) == Place("images/a/i.png", is_duplicate=True)
    assert await claim(frontier, other, "y") == Place("images/c/i.png")
    await frontier.finish(second, duplicate(second, "x", "images/a/i.png", desk))
    await frontier.finish(other, picture(other, "y", desk))
    found = records(desk)["http://b/i.png"]
    assert (found.state, found.error, found.path, found.original) == (
        "rejected", "duplicate", "images/a/i.png", "http://a/i.png",
    )  # fmt: skip
    counts = frontier.counts
    assert (counts.saved, counts.images, counts.rejected, counts.size) == (2, 2, 1, 20)


async def test_nothing_is_asked_of_content_where_equal_ones_are_wanted(desk: Desk) -> None:
    frontier, (first, second) = await out(desk, "a", "b", dedupe="off")
    for visit in (first, second):
        assert await claim(frontier, visit) == Place(own_path(visit))
        await frontier.finish(visit, picture(visit, "x", desk))
    assert [one.path for one in records(desk).values()] == ["images/a/i.png", "images/b/i.png"]


class TestTwoAtOnce:
    async def test_the_second_waits_until_the_first_is_kept(self, desk: Desk) -> None:
        frontier, (first, second) = await out(desk, "a", "b", **EXACT)
        assert await claim(frontier, first) == Place("images/a/i.png")
        waiting = claim(frontier, second)
        assert await still_waits(waiting)
        await frontier.finish(first, picture(first, "x", desk))
        assert await waiting == Place("images/a/i.png", is_duplicate=True)

    async def test_where_the_first_fails_the_second_keeps_it(self, desk: Desk) -> None:
        frontier, (first, second) = await out(desk, "a", "b", **EXACT)
        await claim(frontier, first)
        waiting = claim(frontier, second)
        await frontier.finish(first, failed("crash", desk, asked=True))
        assert await waiting == Place("images/b/i.png")
        await frontier.finish(second, picture(second, "x", desk))
        assert records(desk)["http://b/i.png"].path == "images/b/i.png"

    async def test_where_the_first_is_given_back_the_second_keeps_it(self, desk: Desk) -> None:
        frontier, (first, second) = await out(desk, "a", "b", **EXACT)
        await claim(frontier, first)
        waiting = claim(frontier, second)
        await frontier.release([first])
        assert await waiting == Place("images/b/i.png")
        await frontier.finish(second, picture(second, "x", desk))
        (again,) = await frontier.lease(1)
        assert await claim(frontier, again) == Place("images/b/i.png", is_duplicate=True)

    async def test_all_who_wait_wait_for_the_next(self, desk: Desk) -> None:
        frontier, visits = await out(desk, "a", "b", "c", "d", **EXACT)
        await claim(frontier, visits[0])
        waiting = [claim(frontier, visit) for visit in visits[1:]]
        await frontier.finish(visits[0], failed("timeout", desk, asked=True))
        assert await waiting[0] == Place("images/b/i.png")
        assert await still_waits(waiting[1])
        await frontier.finish(visits[1], picture(visits[1], "x", desk))
        assert [await one for one in waiting[1:]] == [Place("images/b/i.png", is_duplicate=True)] * 2

    async def test_who_waited_too_long_is_passed_over(self, desk: Desk) -> None:
        """Its visit ended otherwise: it is neither given the content nor does it hold it from others."""
        frontier, (first, tired, third) = await out(desk, "a", "b", "c", **EXACT)
        await claim(frontier, first)
        given_up, waiting = claim(frontier, tired), claim(frontier, third)
        await still_waits(waiting)
        given_up.cancel()
        await frontier.finish(tired, failed("timeout", desk, asked=True))
        await frontier.finish(first, failed("timeout", desk, asked=True))
        assert await waiting == Place("images/c/i.png")

    async def test_a_retry_of_the_first_is_one_among_others(self, desk: Desk) -> None:
        frontier, (first, second) = await out(desk, "a", "b", **EXACT)
        await claim(frontier, first)
        waiting = claim(frontier, second)
        await frontier.finish(first, failed("truncated", desk, asked=True, retry_in=0.0))
        assert await waiting == Place("images/b/i.png")
        (again,) = await frontier.lease(1)
        repeated = claim(frontier, again)
        assert await still_waits(repeated)
        await frontier.finish(second, picture(second, "x", desk))
        assert (await repeated).is_duplicate


async def test_a_visit_that_is_no_longer_out_writes_nothing(desk: Desk) -> None:
    frontier, (visit, second) = await out(desk, "a", "b", **EXACT)
    await frontier.release([visit])
    assert (await claim(frontier, visit)).is_duplicate
    assert await claim(frontier, second) == Place("images/b/i.png"), "it has claimed nothing"


async def test_nor_does_one_that_was_released_while_it_waited(desk: Desk) -> None:
    frontier, (first, second) = await out(desk, "a", "b", **EXACT)
    await claim(frontier, first)
    waiting = claim(frontier, second)
    await still_waits(waiting)
    await frontier.release([second])
    await frontier.finish(first, failed("crash", desk, asked=True))
    assert (await waiting).is_duplicate


async def test_a_url_is_no_duplicate_of_itself(desk: Desk) -> None:
    """The row says saved, and the file may be gone: it is asked for again by hand."""
    frontier, (visit,) = await out(desk, "a", **EXACT)
    await claim(frontier, visit)
    await frontier.finish(visit, picture(visit, "x", desk))
    await desk.close()
    frontier = await desk.open(images=EXACT)
    desk.execute("UPDATE urls SET state = 'queued'", "UPDATE hosts SET queued = 1, saved = 0, open = 1, due_at = 0")
    await desk.close()
    frontier = await desk.open(images=EXACT)
    (visit,) = await frontier.lease(1)
    assert await claim(frontier, visit) == Place("images/a/i.png")


class TestRestart:
    async def test_what_is_kept_is_known(self, desk: Desk) -> None:
        frontier, (first,) = await out(desk, "a", **EXACT)
        await claim(frontier, first)
        await frontier.finish(first, picture(first, "x", desk))
        await desk.close()
        frontier, (second,) = await out(desk, "b", **EXACT)
        assert await claim(frontier, second) == Place("images/a/i.png", is_duplicate=True)

    async def test_what_a_killed_run_had_claimed_is_free(self, desk: Desk) -> None:
        frontier, (first, _) = await out(desk, "a", "b", **EXACT)
        await claim(frontier, first)
        await desk.close()
        frontier = await desk.open(images=EXACT)
        visits = {visit.link.url.host: visit for visit in await frontier.lease(2)}
        assert await claim(frontier, visits["b"]) == Place("images/b/i.png")


class TestNames:
    """With a template, two URLs may come to one name."""

    async def test_the_second_has_it_with_a_mark(self, desk: Desk) -> None:
        frontier, (first, second) = await out(desk, "a", "b", **NAMED)
        assert await claim(frontier, first, "x", "images/i.png") == Place("images/i.png")
        marked = await claim(frontier, second, "y", "images/i.png")
        assert marked.path.startswith("images/i#m")
        assert not marked.is_duplicate

    async def test_names_that_differ_in_case_are_one(self, desk: Desk) -> None:
        frontier, (first, second) = await out(desk, "a", "b", **NAMED)
        await claim(frontier, first, "x", "images/Photo.png")
        assert (await claim(frontier, second, "y", "images/PHOTO.png")).path.startswith("images/PHOTO#m")

    async def test_each_keeps_its_own_over_retries_and_restarts(self, desk: Desk) -> None:
        frontier, visits = await out(desk, "a", "b", **NAMED)
        places = [await claim(frontier, visit, path="images/i.png") for visit in visits]
        await frontier.finish(visits[1], failed("truncated", desk, asked=True, retry_in=0.0))
        (again,) = await frontier.lease(1)
        assert await claim(frontier, again, path="images/i.png") == places[1]
        await desk.close()
        frontier = await desk.open(images=NAMED)
        visits = sorted(await frontier.lease(2), key=lambda visit: visit.link.url.host)
        assert [await claim(frontier, visit, path="images/i.png") for visit in reversed(visits)] == places[::-1]

    async def test_what_was_in_flight_and_may_lie_there_is_told_at_the_next_start(self, desk: Desk) -> None:
        frontier, visits = await out(desk, "a", "b", **NAMED)
        places = [
            await claim(frontier, visit, content, "images/i.png") for visit, content in zip(visits, "xy", strict=True)
        ]
        await frontier.finish(visits[0], picture(visits[0], "x", desk, places[0].path))
        await desk.close()
        await desk.open(images=NAMED)
        assert desk.begun.leftovers == [places[1].path]

    async def test_a_duplicate_takes_no_name(self, desk: Desk) -> None:
        frontier, visits = await out(desk, "a", "b", "c", **NAMED, **EXACT)
        await claim(frontier, visits[0], "x", "images/1.png")
        await frontier.finish(visits[0], picture(visits[0], "x", desk, "images/1.png"))
        assert (await claim(frontier, visits[1], "x", "images/2.png")).path == "images/1.png"
        assert await claim(frontier, visits[2], "y", "images/2.png") == Place("images/2.png")

    @pytest.mark.parametrize("length", [64, 255])
    async def test_a_mark_fits_into_the_longest_name(self, desk: Desk, length: int) -> None:
        frontier = await desk.open(images=NAMED, store={"max_name": length})
        visits = await leased(frontier, ["a", "b"])
        path = f"images/{'n' * (length - 4)}.png"
        await claim(frontier, visits[0], "x", path)
        place = await claim(frontier, visits[1], "y", path)
        assert place.path != path
        assert len(place.path.rpartition("/")[2]) <= length
