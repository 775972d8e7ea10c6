"""Each image once: its places, its twins, what it cost; whatever pages, redirects and lists name it."""

from pathlib import Path

import pytest

from crawler.crawldb.pictures import MAX_TEXT, MAX_TWINS
from crawler.crawldb.records import Cost, PictureRecord, Records
from crawler.errors import CrawldbError
from crawler.model import Kind
from tests.report.album import SITE, Album


def told(folder: Path, limit: int = 100) -> list[PictureRecord]:
    with Records(folder) as records:
        records.gather_pictures()
        return list(records.pictures(limit))


def names(pictures: list[PictureRecord]) -> list[str]:
    return [picture.url.removeprefix(SITE) for picture in pictures]


def test_an_image_is_told_of_once_with_all_its_places(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        album.picture("a.png")
        image = f"{SITE}a.png"
        album.page("1", [(image, ""), (image, "again")], caption="")
        album.page("2", [(image, "a boat")], caption="at noon")
        album.page("3", [(image, "another word"), (f"{SITE}unknown.png", "x")])
    (picture,) = told(tmp_path)
    assert (picture.places, picture.page, picture.alt, picture.caption) == (3, f"{SITE}1", "a boat", "at noon")
    assert (picture.state, picture.width, picture.height, picture.media_type) == ("saved", 40, 30, "image/png")


def test_what_a_link_leads_to_is_an_image_by_its_type_and_the_link_a_place(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        album.url(f"{SITE}a", Kind.PAGE, "saved", media_type="image/gif", path="images/a", size=3)
        album.url(f"{SITE}b", Kind.PAGE, "saved", media_type="text/html", path="pages/b", size=3)
        album.page("1", [(f"{SITE}a", "a word")], kind="page", role="link")
        album.page("2", [(f"{SITE}a", "")], kind="page", role="")
    (picture,) = told(tmp_path)
    assert (picture.url, picture.places, picture.alt) == (f"{SITE}a", 1, "a word")


def test_places_of_a_redirected_address_are_those_of_where_it_leads(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        end = album.picture("end.png")
        middle = album.lost("middle.png", "redirected", None, redirect=end)
        album.lost("first.png", "redirected", None, redirect=middle)
        album.page("1", [(f"{SITE}first.png", "by two ways")])
        album.page("2", [(f"{SITE}end.png", "")])
        circle = album.lost("circle.png", "redirected", None)
        album.sql.execute("UPDATE urls SET redirect = id WHERE id = ?", (circle,))
        album.page("3", [(f"{SITE}circle.png", "")])
    (picture,) = told(tmp_path)
    assert (picture.places, picture.page, picture.alt) == (2, f"{SITE}2", "by two ways")


def test_rows_of_lists_are_places_and_what_is_on_no_page_has_the_one_that_named_it(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        listed, named = album.picture("a.png"), album.picture("b.png", parent=album.start)
        album.sql.execute("INSERT INTO lists (id, name, fingerprint) VALUES (1, 'urls.csv', 'x')")
        rows = [(1, listed, "a long" * 1000, None), (2, listed, None, None), (3, None, None, "url")]
        album.sql.executemany("INSERT INTO rows (list, number, url, caption, error) VALUES (1, ?, ?, ?, ?)", rows)
    first, second = told(tmp_path)
    assert (first.places, first.page, len(first.caption)) == (2, None, MAX_TEXT)
    assert (second.places, second.page, named) == (0, SITE, listed + 1)
    with Records(tmp_path) as records:
        assert list(records.starts()) == [SITE, "urls.csv"]
        assert Cost("skipped", "url", 1, 0, 0) in records.gather_pictures()


def twins(album: Album) -> None:
    root = album.picture("root.png", size=100, received=100)
    album.picture("other.png", size=1, received=1)
    near = album.picture("near.png", near=root, size=50, received=50)
    duplicate = {"size": 100, "received": 7}
    album.lost("equal.png", "rejected", "duplicate", original=root, **duplicate)
    album.lost("equal-to-near.png", "rejected", "duplicate", original=near, size=50, received=8)
    album.lost("smaller.png", "rejected", "duplicate", original=root, near=root, width=2, size=3, received=3)
    gone = album.lost("gone.png", "failed", "timeout", received=5)
    album.picture("near-to-nothing.png", near=gone, size=1, received=1)
    album.lost("orphan.png", "rejected", "duplicate", original=gone)


def test_twins_follow_the_first_of_their_group_and_the_alike_come_before_the_equal(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        twins(album)
    pictures = told(tmp_path)
    assert names(pictures) == [
        "root.png", "near.png", "smaller.png", "equal.png", "equal-to-near.png", "other.png", "near-to-nothing.png",
        "gone.png", "orphan.png",
    ]  # fmt: skip
    root, near, smaller, equal, equal_to_near, *others = pictures
    assert {one.group for one in pictures[:5]} == {root.group}
    assert len({one.group for one in others} | {root.group}) == 5
    assert (root.near, root.equal) == (2, 2)
    assert [one.is_near for one in pictures[:5]] == [False, True, True, False, False]
    assert (equal.width, equal.height) == (40, 30)  # its own content, only never looked at
    assert (smaller.width, near.state, smaller.state, equal_to_near.state) == (2, "saved", "rejected", "rejected")


def test_what_images_came_to(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        twins(album)
        album.lost("now.png", "leased", None)
        album.lost("later.png", "queued", None)
        album.lost("away.png", "redirected", None)
    with Records(tmp_path) as records:
        costs = {
            (cost.state, cost.error): (cost.count, cost.bytes, cost.received) for cost in records.gather_pictures()
        }
    assert costs == {
        ("saved", None): (3, 102, 102),
        ("near", None): (1, 50, 50),
        ("smaller", None): (1, 0, 3),
        ("equal", None): (2, 0, 15),
        ("failed", "timeout"): (1, 0, 5),
        ("rejected", "duplicate"): (1, 0, 0),
        ("queued", None): (2, 0, 0),
    }


@pytest.mark.parametrize(("limit", "expected"), [
    (1, ["root.png", "equal.png", "gone.png"]),
    (2, ["root.png", "near.png", "equal.png", "equal-to-near.png", "gone.png", "orphan.png"]),
])  # fmt: skip
def test_no_more_files_than_asked_for_nor_equal_ones_nor_lost_ones(
    tmp_path: Path, limit: int, expected: list[str]
) -> None:
    with Album(tmp_path) as album:
        twins(album)
        album.sql.execute("DELETE FROM urls WHERE url LIKE '%smaller%'")
    assert names(told(tmp_path, limit)) == expected


def test_of_many_twins_some_are_told_of_and_all_are_counted(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        root = album.picture("root.png")
        for number in range(MAX_TWINS + 9):
            album.lost(f"{number}.png", "rejected", "duplicate", original=root)
    pictures = told(tmp_path, 1000)
    assert (pictures[0].equal, len(pictures)) == (MAX_TWINS + 9, 1 + MAX_TWINS)


def test_failures_come_before_what_was_not_wanted_and_that_before_the_rest(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        for state in ("queued", "skipped", "rejected", "failed", "refused"):
            album.lost(state, state, None)
    assert names(told(tmp_path)) == ["failed", "rejected", "queued", "skipped", "refused"]


def test_each_page_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        for number in range(5):
            album.page(f"{number}")
    before = (tmp_path / "crawl.sqlite").read_bytes()
    ticks: list[None] = []
    with Records(tmp_path) as records:
        records.gather_pictures(lambda: ticks.append(None))
        assert list(records.pictures(10)) == []
    assert len(ticks) >= 5
    assert (tmp_path / "crawl.sqlite").read_bytes() == before


def test_a_broken_database_is_an_error_of_one_line(tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        album.sql.execute("DROP TABLE rows")
    with Records(tmp_path) as records, pytest.raises(CrawldbError, match="no such table"):
        records.gather_pictures()
