"""What is written, as another parser reads it; how the page behaves is seen in a browser."""

import json
import re
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

import html5lib
import pytest

from crawler.crawldb.records import Cost, PictureRecord, RunRecord
from crawler.report.contact_sheet import MAX_THUMBNAIL, SLICE, ContactSheet, Heading
from tests.report.test_escaping import HOSTILE

HEADING = Heading(("http://a.example/",), (RunRecord(0.0, 60.0, None),), False, True, (), 100)
PICTURE = PictureRecord(
    7, 0, 0, False, "http://a.example/i/a.png?x=1", "saved", None, None, 200, "images/a.example/i/a.png",
    "ab" * 32, "image/png", 40, 30, 1234, 1234, None, 2, "http://a.example/", "a boat", "", "",
)  # fmt: skip
WEBP = b"RIFF\x04\0\0\0WEBP"


class Page:
    """A page as a parser of HTML has it."""

    def __init__(self, pictures: Sequence[tuple[PictureRecord, bytes | None]] = (), heading: Heading = HEADING) -> None:
        written: list[bytes] = []
        sheet = ContactSheet(written.append)
        sheet.begin(heading)
        for picture, thumbnail in pictures:
            sheet.add(picture, thumbnail)
        sheet.end()
        self.source = b"".join(written)
        self.tree = html5lib.parse(self.source, namespaceHTMLElements=False)

    def data(self, kind: str) -> list[Any]:
        """What the script elements of a kind hold."""
        elements = [one for one in self.tree.iter("script") if one.get("class") == kind]
        assert all(one.get("type") == "application/json" for one in elements)
        return [row for one in elements for row in json.loads(one.text)]

    def text(self, tag: str) -> list[str]:
        return ["".join(element.itertext()) for element in self.tree.iter(tag)]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The pictures, their fields named as the script names them."""
        script = (files("crawler.report") / "contact_sheet.js").read_text()
        (names,) = re.findall(r"const FIELDS = \[(.*?)\]", script, re.DOTALL)
        fields = re.findall(r'"(\w+)"', names)
        return [dict(zip(fields, row, strict=True)) for row in self.data("rows")]


def test_a_picture_is_a_row_and_its_thumbnail_apart() -> None:
    page = Page([(PICTURE, WEBP), (PICTURE, None)])
    assert page.rows[0] == {
        "group": 7, "reason": "", "near": 0, "equal": 0, "isNear": 0, "url": PICTURE.url, "name": "a.png",
        "path": PICTURE.path, "type": "png", "width": 40, "height": 30, "bytes": 1234, "received": 1234, "places": 2,
        "page": "http://a.example/", "alt": "a boat", "caption": "", "detail": "",
    }  # fmt: skip
    assert page.data("thumbnails") == ["data:image/webp;base64,UklGRgQAAABXRUJQ", ""]


@pytest.mark.parametrize("thumbnail", [b"", b"<svg onload=alert(1)>", b"GIF89a", b"RIFF" + bytes(MAX_THUMBNAIL)])
def test_what_is_no_thumbnail_does_not_become_one(thumbnail: bytes) -> None:
    assert Page([(PICTURE, thumbnail)]).data("thumbnails") == [""]


@pytest.mark.parametrize(("state", "error", "reason"), [
    ("saved", None, ""), ("failed", "dns", "failed: dns"), ("rejected", "too-small", "not wanted: too-small"),
    ("refused", "robots", "not allowed: robots"), ("skipped", "scope", "not followed: scope"),
    ("queued", None, "not yet"),
    ("new", "\x1b", "new: \\x1b"),
])  # fmt: skip
def test_why_an_image_is_not_kept(state: str, error: str | None, reason: str) -> None:
    lost = replace(PICTURE, state=state, error=error, path=None, bytes=None, received=None, width=None, media_type=None)
    (row,) = Page([(lost, None)]).rows
    assert (row["reason"], row["name"], row["bytes"], row["received"], row["width"]) == (reason, "a.png", 0, 0, 0)


@pytest.mark.parametrize(("media_type", "name"), [
    ("image/svg+xml", "svg"), ("image/x-icon", "icon"), ("image/jpeg", "jpeg"), (None, ""),
    ("image/" + "x" * 99, "x" * 39 + "…"),
])  # fmt: skip
def test_types_are_named_shortly(media_type: str | None, name: str) -> None:
    assert Page([(replace(PICTURE, media_type=media_type), None)]).rows[0]["type"] == name


@pytest.mark.parametrize("text", [*HOSTILE, "x" * 100_000])
def test_whatever_is_said_is_data(text: str) -> None:
    hostile = replace(
        PICTURE, url=f"http://a.example/{text}", path=f"images/{text}", media_type=f"image/{text}", error=text,
        state=text, detail=text, page=text, alt=text, title=text, caption=text, work_error=text,
    )  # fmt: skip
    heading = replace(HEADING, starts=(text, text), costs=(Cost("failed", text, 1, 0, 0),))
    page, plain = Page([(hostile, None)], heading), Page([(PICTURE, None)], replace(heading, starts=("", "")))
    assert [one.tag for one in page.tree.iter()] == [one.tag for one in plain.tree.iter()]
    assert all(not name.startswith("on") for one in page.tree.iter() for name in one.attrib)
    assert len(page.source) < len(plain.source) + 25_000
    assert page.source.decode().replace("\n", "").isprintable()


def test_nothing_runs_but_the_pages_own_and_nothing_is_loaded() -> None:
    page = Page([(PICTURE, WEBP)])
    (policy,) = [one.get("content") for one in page.tree.iter("meta") if one.get("http-equiv")]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["script-src"].startswith("'sha256-")
    assert "unsafe" not in policy
    for one in page.tree.iter():
        assert not {"src", "srcset", "style", "background", "poster", "action"} & set(one.keys())
    assert b"url(" not in page.source
    assert b"innerHTML" not in page.source
    assert b"eval" not in page.source


def test_the_policy_comes_before_all_it_is_to_bind() -> None:
    page = Page()
    head = next(page.tree.iter("head"))
    assert [one.tag for one in head][:2] == ["meta", "meta"]
    assert head[1].get("http-equiv") == "Content-Security-Policy"


def test_it_is_written_as_it_comes_in_constant_memory() -> None:
    written: list[int] = []
    sheet = ContactSheet(lambda part: written.append(len(part)))
    sheet.begin(HEADING)
    started = len(written)
    thumbnail = WEBP + bytes(5000)
    tracemalloc.start()
    for _ in range(SLICE):
        sheet.add(replace(PICTURE, alt="x" * 5000), thumbnail)
    first = tracemalloc.get_traced_memory()[1]
    assert len(written) == started + 2
    for _ in range(40 * SLICE):
        sheet.add(replace(PICTURE, alt="x" * 5000), thumbnail)
    assert tracemalloc.get_traced_memory()[1] < 2 * first
    tracemalloc.stop()
    sheet.end()
    assert sum(written) > 40 * SLICE * 5000 * 4 / 3


def heading_of(**changes: Any) -> list[str]:
    page = Page(heading=replace(HEADING, **changes))
    return page.text("p")


def test_when_and_how_it_went() -> None:
    runs = (RunRecord(1e9, 1e9 + 60, "interrupted"), RunRecord(1e9 + 100, 1e9 + 160, None))
    once = "crawled 2001-09-09 01:46:40 UTC"
    assert heading_of(runs=runs[:1])[0] == f"{once} to 2001-09-09 01:47:40 UTC"
    assert heading_of(runs=runs)[0] == f"{once} to 2001-09-09 01:49:20 UTC, in 2 runs"
    assert heading_of(runs=runs[:1], is_finished=False)[0].endswith("UTC; it is not finished")
    assert heading_of(runs=(RunRecord(1e9, None, None),), is_running=True)[0] == f"{once}, and goes on"
    assert heading_of(runs=(RunRecord(1e9, None, None),))[0] == once
    assert heading_of(runs=())[0] == "not crawled yet"


def test_where_it_began() -> None:
    many = tuple(f"http://{number}.example/" for number in range(11))
    page = Page(heading=replace(HEADING, starts=many))
    assert page.text("title") == page.text("h1") == ["Images of http://0.example/"]
    assert page.text("p")[:10] == [*(f"and of {start}" for start in many[1:10]), "and of others"]
    assert Page(heading=replace(HEADING, starts=())).text("title") == ["Images"]


COSTS = (
    Cost("saved", None, 1200, 5_000_000, 5_000_000), Cost("near", None, 30, 1_000_000, 0),
    Cost("smaller", None, 2, 0, 9), Cost("equal", None, 4, 0, 9), Cost("skipped", "scope", 9, 0, 0),
    Cost("failed", "dns", 1, 0, 0), Cost("failed", "timeout", 5, 0, 4100),
)  # fmt: skip


def test_what_the_images_came_to() -> None:
    page = Page(heading=replace(HEADING, costs=COSTS, limit=10))
    assert page.text("p")[1:4] == [
        "1,230 kept, 6.0 MB; 30 of them look like another; 2 like a larger one, not kept;"
        " 4 equal to one of them, not kept again; 15 not kept",
        "Of the 1,230 kept, 10 are shown here.",
        "Of the 15 not kept, 10 are shown here.",
    ]
    cells = page.text("td")
    assert [cells[place : place + 3] for place in range(0, len(cells), 3)] == [
        ["failed: timeout", "5", "4.1 kB"], ["failed: dns", "1", "0 B"], ["not followed: scope", "9", "0 B"],
    ]  # fmt: skip
    assert not [one for one in heading_of(costs=COSTS, limit=1230) if "shown here" in one]


def test_the_parts_of_the_page_keep_the_measure_of_files() -> None:
    for name in ("contact_sheet.js", "contact_sheet.css", "contact_sheet.html"):
        text = (files("crawler.report") / name).read_text()
        assert max(map(len, text.splitlines())) <= 120, name
        assert text.count("\n") <= 400, name
        assert "</" not in text or name.endswith(".html"), name
        assert "<!--" not in text, name
