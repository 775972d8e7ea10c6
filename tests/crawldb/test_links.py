"""A page's references, packed and unpacked."""

import json
import random
import zlib
from dataclasses import replace
from typing import Any

from crawler.crawldb.front import Front
from crawler.crawldb.links import MAX_TEXT, Folded, FoundRow, fold, pack, unpack
from crawler.model import URL, Found, Kind, Link, Outcome, Reference, Verdict


def reference(url: str | None, written: str, text: str = "", kind: Kind = Kind.PAGE) -> Reference:
    return Reference(URL(url) if url else None, kind, "a", "href", {"href": written}, text)


def test_order_and_repetition_are_kept() -> None:
    link = Link(URL("http://a/x"))
    found = [
        Found(reference("http://a/x", "x", "one"), link, None),
        Found(reference("http://a/x", "x", "zwei ü \ud800"), link, "nofollow"),
        Found(reference(None, "http://[", "bad"), None, "url"),
    ]
    assert unpack(pack(found)) == [
        FoundRow("http://a/x", "page", "a", "href", "one", None),
        FoundRow("http://a/x", "page", "a", "href", "zwei ü ?", "nofollow"),
        FoundRow("http://[", "page", "a", "href", "bad", "url"),
    ]


def test_of_many_references_each_is_kept_as_it_was() -> None:
    """Of equal addresses and ways, of one URL in two objects, of one that is no address beside one that is."""
    chance = random.Random(0)
    urls = [URL(f"http://a/{number}") for number in (1, 2, 3, 1)]
    found, expected = [], []
    for number in range(500):
        url, tag, reason = chance.choice(urls), chance.choice(["a", "area"]), chance.choice([None, "scope", "limit"])
        link = Link(url) if reason != "limit" else None
        kind = chance.choice([Kind.PAGE, Kind.IMAGE])
        found.append(Found(Reference(url, kind, tag, "href", {"title": str(number)}, str(number % 7)), link, reason))
        row = FoundRow(str(url), str(kind), tag, "href", str(number % 7), reason)
        expected.append(row if kind is Kind.PAGE else replace(row, title=str(number)))
    assert unpack(pack(found)) == expected


def test_what_can_never_be_asked_is_kept_in_part() -> None:
    long = "javascript:" + "x" * 10_000
    (row,) = unpack(pack([Found(reference(None, long), None, "scheme")]))
    assert row.target == long[:MAX_TEXT]


def test_none_is_an_empty_list() -> None:
    assert unpack(pack([])) == []


def shown(url: str, place: int = 0, **more: Any) -> Found:
    """An image, or with a role of `link` a link to one, whose tag says this."""
    said = {"src": url, **more.pop("said", {})}
    kind = more.pop("kind", Kind.IMAGE)
    reference = Reference(URL(url), kind, "img", "src", said, "", **{"role": "img", **more})
    return Found(
        reference, Link(URL(url), kind, place=place) if reference.url and reference.url.is_http else None, None
    )


class TestImages:
    def test_all_that_a_page_says_of_one_is_kept(self) -> None:
        said = {"alt": "A hare \ud800", "title": "Hare", "media": "print", "type": "image/webp"}
        one = shown("http://a/1", 3, said=said, caption="Fig.", context="around", width=640, density=2.0)
        assert unpack(pack([one])) == [
            FoundRow(
                "http://a/1", "image", "img", "src", "", None, "img", "A hare ?", "Hare", "Fig.", "around", "print",
                "image/webp", 640, 2.0, 3,
            )
        ]  # fmt: skip

    def test_the_candidates_of_a_picture_share_the_alt_of_its_img(self) -> None:
        found = [
            shown("http://a/large", role="source", group=1),
            shown("http://a/small", group=1, said={"alt": "A hare"}),
            shown("http://a/other", group=2, said={"alt": ""}),
            shown("http://a/alone"),
        ]
        assert [row.alt for row in unpack(pack(found))] == ["A hare", "A hare", "", ""]

    def test_a_link_to_an_image_is_one_and_one_to_a_page_is_not(self) -> None:
        to_image = shown("http://a/1.png", 1, role="link", kind=Kind.PAGE, context="around")
        to_page = shown("http://a/x", role="", kind=Kind.PAGE, context="around")
        assert [(row.role, row.context, row.place) for row in unpack(pack([to_image, to_page]))] == [
            ("link", "around", 1), ("", "", 0),
        ]  # fmt: skip

    def test_long_texts_are_kept_in_part(self) -> None:
        (row,) = unpack(pack([shown("http://a/1", said={"alt": "x" * 9999, "title": "y" * 9999})]))
        assert (row.alt, row.title) == ("x" * MAX_TEXT, "y" * MAX_TEXT)

    def test_what_is_not_asked_for_is_kept_in_part_and_has_no_number(self) -> None:
        (row,) = unpack(pack([shown("data:image/png;base64," + "A" * 9999)]))
        assert (len(row.target), row.place) == (MAX_TEXT, 0)

    def test_rows_of_earlier_versions_tell_less(self) -> None:
        old = zlib.compress(json.dumps([["http://a/1", "image", "img", "src", "", None]]).encode())
        assert unpack(old) == [FoundRow("http://a/1", "image", "img", "src", "", None)]


class TestFolding:
    """What is taken to the database of what was found."""

    PAGE = Link(URL("http://a/"))

    def fold(self, *found: Found, front: Front | None = None) -> Folded:
        return fold(self.PAGE, Outcome(Verdict.READ, found=found), front)

    def test_each_link_once_with_its_number_and_the_row(self) -> None:
        one, twice = shown("http://a/1", 1), shown("http://a/2", 2)
        folded = self.fold(one, twice, twice._replace(reference=one.reference), shown("data:,x"))
        assert folded.named == [("http://a/1", Kind.IMAGE, 0, 1, None), ("http://a/2", Kind.IMAGE, 0, 2, None)]
        assert folded.row is not None
        assert len(unpack(folded.row)) == 4

    def test_nothing_of_nothing(self) -> None:
        assert self.fold() == Folded()

    def test_what_was_named_before_is_not_named_again(self) -> None:
        front = Front()
        assert len(self.fold(shown("http://a/1"), front=front).named) == 1
        again = self.fold(shown("http://a/1"), shown("http://a/2"), front=front)
        assert [named[0] for named in again.named] == ["http://a/2"]
        assert again.row is not None
