"""Images that look alike: which is kept, what leads to it, and that no file stays behind without a row."""

from collections.abc import Sequence

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.records import ImageRecord, Records, UrlRecord
from crawler.errors import StoreError
from crawler.model import Kind, Outcome, Visit
from crawler.web.paths import derived_paths
from tests.crawldb.desk import Desk, duplicate, fail_to_clean, found, link, own_path, picture, saved, sha256

NEAR = {"dedupe": "near", "max_distance": 6}
REPORT = {"dedupe": "report", "max_distance": 6}
LIKE = bytes(range(16))
UNLIKE = bytes(255 - byte for byte in LIKE)


def off(bits: int) -> bytes:
    """A hash that differs from `LIKE` in so many bits."""
    return (int.from_bytes(LIKE, "big") ^ ((1 << bits) - 1)).to_bytes(16, "big")


async def see(
    desk: Desk, frontier: SqliteFrontier, name: str, pixels: int, likeness: bytes | None = LIKE, size: int = 10
) -> Outcome:
    """An image is fetched and kept, for as long as no other takes its place."""
    visit = await lease(frontier, name)
    outcome = picture(visit, name, desk, pixels=pixels, likeness=likeness, size=size)
    await frontier.finish(visit, outcome)
    return outcome


async def lease(frontier: SqliteFrontier, name: str) -> Visit:
    await frontier.add([link(f"http://a/{name}", Kind.IMAGE)])
    (visit,) = await frontier.lease(1)
    return visit


def records(desk: Desk) -> dict[str, UrlRecord]:
    with Records(desk.folder) as read:
        return {one.url.removeprefix("http://a/"): one for one in read.urls()}


def leads(desk: Desk) -> dict[str, tuple[str, str | None, str | None]]:
    """The state of each image, its file, and whose that is."""
    return {name: (one.state, one.path, one.original and one.original[9:]) for name, one in records(desk).items()}


def check_counts(desk: Desk, frontier: SqliteFrontier) -> None:
    """The counts are those of the rows."""
    rows = records(desk).values()
    kept = [one for one in rows if one.state == "saved"]
    counts = frontier.counts
    assert (counts.saved, counts.images) == (len(kept), len(kept))
    assert counts.size == sum(one.bytes or 0 for one in kept)
    assert counts.rejected == sum(one.state == "rejected" for one in rows)


def files(*outcomes: Outcome) -> list[str]:
    """The files of these images, and what may have been made of them."""
    kept = [outcome.saved for outcome in outcomes if outcome.saved is not None]
    return [path for one in kept for path in (one.path, *derived_paths(one.digest))]


async def test_reported_ones_are_all_kept(desk: Desk) -> None:
    frontier = await desk.open(images=REPORT)
    for name, pixels in (("1", 10), ("2", 99), ("3", 5)):
        await see(desk, frontier, name, pixels, off(int(name)))
    await see(desk, frontier, "other", 7, UNLIKE)
    rows = records(desk)
    assert {one.state for one in rows.values()} == {"saved"}
    assert {name: one.near for name, one in rows.items()} == {
        "1": None, "2": "http://a/1", "3": "http://a/1", "other": None,
    }  # fmt: skip
    assert desk.discarded == []
    check_counts(desk, frontier)


async def test_the_larger_takes_the_place_of_the_smaller(desk: Desk) -> None:
    frontier = await desk.open(images=NEAR)
    small = await see(desk, frontier, "small", 10)
    large = await see(desk, frontier, "large", 11, off(6))
    assert leads(desk) == {
        "small": ("rejected", "images/a/large", "large"),
        "large": ("saved", "images/a/large", None),
    }
    await frontier.add([])
    assert desk.discarded == files(small)
    assert records(desk)["small"].error == "duplicate"
    assert desk.query("SELECT count(*) FROM near") == [(1,)], "nothing is to be like what is gone"
    assert not set(desk.discarded) & set(files(large))
    check_counts(desk, frontier)


async def test_a_smaller_one_is_not_kept(desk: Desk) -> None:
    frontier = await desk.open(images=NEAR)
    await see(desk, frontier, "large", 11)
    small = await see(desk, frontier, "small", 10, off(6))
    assert leads(desk) == {
        "large": ("saved", "images/a/large", None),
        "small": ("rejected", "images/a/large", "large"),
    }
    await frontier.add([])
    assert desk.discarded == files(small)
    check_counts(desk, frontier)


@pytest.mark.parametrize(("size", "kept"), [(9, "first"), (10, "first"), (11, "second")])
async def test_of_equal_pixels_more_bytes_win_and_then_who_was_first(desk: Desk, size: int, kept: str) -> None:
    frontier = await desk.open(images=NEAR)
    await see(desk, frontier, "first", 10, size=10)
    await see(desk, frontier, "second", 10, size=size)
    assert {name for name, (state, _, _) in leads(desk).items() if state == "saved"} == {kept}
    check_counts(desk, frontier)


@pytest.mark.parametrize("likeness", [off(7), UNLIKE, None])
async def test_what_is_not_alike_stays(desk: Desk, likeness: bytes | None) -> None:
    frontier = await desk.open(images=NEAR)
    await see(desk, frontier, "1", 10)
    await see(desk, frontier, "2", 99, likeness)
    await see(desk, frontier, "3", 99, likeness if likeness is None else UNLIKE)
    assert {name for name, (state, _, _) in leads(desk).items() if state == "saved"} >= {"1", "2"}


async def test_blank_ones_are_never_alike(desk: Desk) -> None:
    frontier = await desk.open(images=NEAR)
    for name in "12":
        await see(desk, frontier, name, 10, None)
    assert {state for state, _, _ in leads(desk).values()} == {"saved"}


async def test_one_may_take_the_place_of_many(desk: Desk) -> None:
    """Two that are not alike may both be like a third."""
    frontier = await desk.open(images=NEAR)
    one = int.from_bytes(LIKE, "big")
    low, high = ((one ^ bits).to_bytes(16, "big") for bits in (0b11111, 0b11111 << 100))
    await see(desk, frontier, "low", 10, low)
    await see(desk, frontier, "high", 20, high)
    await see(desk, frontier, "middle", 30, LIKE)
    assert {name: path for name, (_, path, _) in leads(desk).items()} == dict.fromkeys(
        ("low", "high", "middle"), "images/a/middle"
    )
    check_counts(desk, frontier)


async def test_of_many_the_one_with_most_pixels_counts(desk: Desk) -> None:
    """However many bytes it has: what is like both of two, and larger than the one with more bytes, is not kept."""
    frontier = await desk.open(images=NEAR)
    one = int.from_bytes(LIKE, "big")
    low, high = ((one ^ bits).to_bytes(16, "big") for bits in (0b11111, 0b11111 << 100))
    await see(desk, frontier, "most pixels", 30, low, size=10)
    await see(desk, frontier, "most bytes", 10, high, size=99)
    await see(desk, frontier, "middle", 20, LIKE, size=50)
    assert leads(desk)["middle"][2] == "most%20pixels"


class TestAllThatLedToTheSmaller:
    async def duplicate_of(self, desk: Desk, frontier: SqliteFrontier, name: str, content: str) -> str:
        """A byte for byte duplicate of what was seen as `content`; where its content lies."""
        visit = await lease(frontier, name)
        place = await frontier.claim(visit, sha256(content), own_path(visit))
        assert place.is_duplicate
        await frontier.finish(visit, duplicate(visit, content, place.path, desk))
        return place.path

    async def test_leads_to_the_larger(self, desk: Desk) -> None:
        frontier = await desk.open(images=NEAR)
        await see(desk, frontier, "small", 10)
        await self.duplicate_of(desk, frontier, "equal", "small")
        await see(desk, frontier, "large", 20)
        await see(desk, frontier, "largest", 30)
        assert {path for _, path, _ in leads(desk).values()} == {"images/a/largest"}
        assert {original for _, _, original in leads(desk).values()} == {None, "largest"}
        assert {one.near for one in records(desk).values()} == {None, "http://a/largest"}
        check_counts(desk, frontier)

    async def test_also_what_is_met_later(self, desk: Desk) -> None:
        frontier = await desk.open(images=NEAR)
        await see(desk, frontier, "small", 10)
        await see(desk, frontier, "large", 20)
        assert await self.duplicate_of(desk, frontier, "equal", "small") == "images/a/large"
        assert leads(desk)["equal"] == ("rejected", "images/a/large", "large")
        check_counts(desk, frontier)

    async def test_also_what_was_told_where_it_lies_before_it_went(self, desk: Desk) -> None:
        frontier = await desk.open(images=NEAR)
        await see(desk, frontier, "small", 10)
        equal = await lease(frontier, "equal")
        place = await frontier.claim(equal, sha256("small"), own_path(equal))
        assert place.path == "images/a/small"
        await see(desk, frontier, "large", 20)
        await frontier.finish(equal, duplicate(equal, "small", place.path, desk))
        assert leads(desk)["equal"] == ("rejected", "images/a/large", "large")

    async def test_and_what_is_like_the_smaller_is_no_longer_looked_for(self, desk: Desk) -> None:
        frontier = await desk.open(images=NEAR)
        await see(desk, frontier, "small", 10)
        await see(desk, frontier, "large", 20, off(6))
        beyond = (int.from_bytes(off(6), "big") ^ (0b1111111 << 64)).to_bytes(16, "big")
        await see(desk, frontier, "other", 5, beyond)
        assert leads(desk)["other"][0] == "saved"


async def test_what_a_page_says_of_the_smaller_leads_to_the_larger_whole(desk: Desk) -> None:
    """Path, digest, pixels and bytes are those of one file."""
    frontier = await desk.open(images=NEAR)
    await frontier.add([link("http://a/")])
    (page,) = await frontier.lease(1)
    await frontier.finish(page, saved(page, desk, *found(page, "http://a/small", "http://a/large", kind=Kind.IMAGE)))
    visits: Sequence[Visit] = []
    for name, pixels, size in (("small", 10, 1000), ("large", 20, 500)):
        visits = visits or await frontier.lease(2)
        visit = next(one for one in visits if one.link.url.path == f"/{name}")
        await frontier.finish(visit, picture(visit, name, desk, pixels=pixels, size=size, likeness=LIKE))
    with Records(desk.folder) as read:
        rows: list[ImageRecord] = list(read.images())
    assert [one.url for one in rows] == ["http://a/small", "http://a/large"]
    assert [(one.path, one.sha256, one.width, one.bytes) for one in rows] == [
        ("images/a/large", sha256("large"), 20, 500)
    ] * 2
    assert [(one.state, one.original, one.received) for one in rows] == [
        ("rejected", "http://a/large", 1000), ("saved", None, 500),
    ]  # fmt: skip


class TestTrash:
    async def test_is_written_down_before_a_file_goes_and_forgotten_after(self, desk: Desk) -> None:
        frontier = await desk.open(images=NEAR)
        noted: list[str] = []

        async def discard(paths: Sequence[str]) -> None:
            noted.extend(row[0] for row in desk.query("SELECT path FROM trash"))

        desk.discard_with = discard
        small = await see(desk, frontier, "small", 10)
        await see(desk, frontier, "large", 20)
        await frontier.add([])
        assert sorted(noted) == sorted(files(small))
        await frontier.add([])
        assert desk.query("SELECT count(*) FROM trash") == [(0,)]

    async def test_that_a_killed_run_left_is_told_until_it_is_gone(self, desk: Desk) -> None:
        await desk.open()
        desk.execute("INSERT INTO trash VALUES ('images/a/left.png')")
        await desk.close()
        desk.clean_with = fail_to_clean
        for _ in range(2):
            with pytest.raises(StoreError):
                await desk.open()
            assert desk.begun.leftovers == ["images/a/left.png"]
        desk.clean_with = None
        await desk.open()
        assert desk.begun.leftovers == ["images/a/left.png"]
        await desk.close()
        await desk.open()
        assert desk.begun.leftovers == []
