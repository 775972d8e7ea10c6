"""What is shared between pages: a text means on each of them what ada-url makes of it there."""

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.joiner import MAX_JOINED, MAX_KNOWN_TAG, MAX_PLACES, MAX_READY, Joiners
from crawler.web.url import URL

PAGES = [
    URL(text)
    for text in (
        "http://a.example/", "http://a.example/x", "http://a.example/d/", "http://a.example/d/x?q=/y/",
        "http://a.example/d/y", "http://a.example/d/e/x", "http://a.example:8080/d/x", "https://a.example/d/x",
        "http://b.example/d/x", "http://a.example/d//x", "http://a.example/?/", "mailto:a", "data:,a", "file:///d/x",
    )
]  # fmt: skip
WRITTEN = [
    "x", "x#y", "./x", "../x", "", "#", "#x", "?", "?x", "/x", "//b.example/x", "http:x", "http:?x", "http:#x", "http:",
    "https:x", "https:?x", "http://b.example", "https://b.example/x", "HTTP:?x", "ht\ttp:?x", " ?x", "\n#x", "\x01?x",
    " \t/x", "\t\n", " ", "x ", "x #y", "x\ny", "\\x", "\\\\b.example/x", "/\\b.example/x", "mailto:x", "a:b", "x/a:b",
    "x?a:b", "./a:b", "javascript:x", "http://[", ".", "..", "a?b#c", "%zz", "\u00e9?\u00e9", "\ud800", "file:x",
]  # fmt: skip
PIECES = [
    "h",
    "ttp",
    ":",
    "/",
    "?",
    "#",
    ".",
    "..",
    " ",
    "\t",
    "\n",
    "\\",
    "x",
    "@",
    "\x00",
    "\u00e9",
    "https://",
    "a.b",
]


def expected(page: URL, written: str) -> str | None:
    text = written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    try:
        href = ada_url.join_url(str(page), text)
    except ValueError:
        return None
    return str(URL(href.partition("#")[0]))


def joined(joiners: Joiners, page: URL, written: str) -> str | None:
    url = joiners.of(page, "utf-8").join(written)
    return None if url is None else str(url)


def test_on_every_page_as_ada_url_does_whatever_other_pages_asked_before() -> None:
    joiners = Joiners()
    for _ in range(2):
        for written in WRITTEN:
            for page in PAGES:
                assert joined(joiners, page, written) == expected(page, written), (page, written)


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_any_text_means_what_ada_url_makes_of_it(written: str) -> None:
    joiners = Joiners()
    for page in PAGES:
        assert joined(joiners, page, written) == expected(page, written)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("x", "folder"), ("./?x", "folder"), ("..", "folder"), ("\\x", "folder"),
        ("/x", "origin"), ("//x", "origin"), (" http://x", "origin"), ("https://x", "origin"),
        ("", "page"), ("#x", "page"), (" #x", "page"), ("?x", "page"), ("http:x", "page"), ("mailto:x", "page"),
    ],
)  # fmt: skip
def test_pages_share_what_means_the_same_on_all_of_them(written: str, place: str) -> None:
    joiners = Joiners()
    one = joiners.of(URL("http://a.example/d/x"), "utf-8")
    assert one.place(written) is getattr(one, place)
    beside = joiners.of(URL("http://a.example/d/y?z"), "utf-8")
    assert (beside.place(written) is one.place(written)) == (place != "page")
    below = joiners.of(URL("http://a.example/d/e/x"), "utf-8")
    assert (below.place(written) is one.place(written)) == (place == "origin")


def test_each_encoding_has_places_of_its_own() -> None:
    joiners = Joiners()
    page = URL("http://a.example/d/x")
    for _ in range(2):
        assert str(joiners.of(page, "utf-8").join("y?\u00e9")) == "http://a.example/d/y?%C3%A9"
        assert str(joiners.of(page, "cp1252").join("y?\u00e9")) == "http://a.example/d/y?%E9"


def test_one_text_is_one_object_within_a_place() -> None:
    joiners = Joiners()
    one, other = (joiners.of(URL(f"http://a.example/{name}"), "utf-8") for name in "xy")
    assert one.join("z#1") is other.join("z#2")


def test_bounds() -> None:
    joiners = Joiners()
    page = URL("http://a.example/d/x")
    first = joiners.of(page, "utf-8")
    url = first.join("x")
    for number in range(MAX_JOINED):
        first.join(str(number))
    assert first.join("x") is not url
    for number in range(MAX_PLACES):
        joiners.of(URL(f"http://a.example/{number}/"), "utf-8")
    assert joiners.of(page, "utf-8").folder is not first.folder


def test_what_tags_come_to_is_remembered_up_to_a_bound() -> None:
    joiners = Joiners()
    folder = joiners.of(URL("http://a.example/d/x"), "utf-8").folder
    joiners.remember(folder, "", [])
    joiners.remember(folder, "a" * (MAX_KNOWN_TAG + 1), [])
    assert not folder.ready
    for number in range(MAX_READY):
        joiners.remember(folder, str(number), [])
    assert len(folder.ready) == MAX_READY
    joiners.remember(folder, "one more", [])
    assert list(folder.ready) == ["one more"]
