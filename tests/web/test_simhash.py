"""Fingerprints of pages: the definition counted out word by word, and what like and unlike pages come to."""

import calendar
import random
import sys
import time
from itertools import combinations
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.simhash import DEEP, LIKE, MAX_READ, MIN_WORDS, distance, saying, simhash
from crawler.web.url import URL

MANUALS = [Path("/usr/share/doc/python3.11/html/library"), Path("/usr/share/gimp/2.0/help/en")]
WORDS = [f"{a}{b}{c}" for a in ("ka", "lo", "mi", "ter") for b in ("ra", "to", "ne", "pil") for c in ("s", "", "ing")]


def counted(words: list[bytes]) -> int:
    """The same by its definition: the bits that most hashes of three words in a row have (Charikar 2002)."""
    plain = [crc32(word) for word in words] + [0, 0, 0]
    hashes = [
        plain[at] * 0x9E3779B1
        ^ (plain[at + 1] * 0x85EBCA77 | plain[at + 2] * 0x85EBCA77 << 64) >> 21
        ^ (plain[at + 2] * 0xC2B2AE3D | plain[at + 3] * 0xC2B2AE3D << 64) >> 42
        for at in range(len(words) - 2)
    ]
    return sum(1 << bit for bit in range(64) if 2 * sum(one >> bit & 1 for one in hashes) > len(hashes))


def text(count: int, seed: int) -> str:
    chance = random.Random(seed)
    return " ".join(chance.choice(WORDS) for _ in range(count))


def month(year: int, number: int, menu: str) -> bytes:
    name = calendar.month_name[number]
    table = calendar.HTMLCalendar().formatmonth(year, number)
    return f"<title>{name} {year}</title><p>{menu}</p><h1>{name} {year}</h1>{table}<a href='next'>next</a>".encode()


def known(page: bytes) -> int:
    value = simhash(page)
    assert value is not None
    return value


@given(st.lists(st.sampled_from(WORDS), min_size=MIN_WORDS, max_size=100))
def test_as_its_definition_has_it(words: list[str]) -> None:
    assert simhash(" ".join(words).encode()) == counted([word.encode() for word in words])


@pytest.mark.parametrize("count", [16, 17, 63, 64, 65, 66, 67, 1000, 1026])
def test_as_its_definition_has_it_for_any_number_of_words(count: int) -> None:
    page = text(count, count).encode()
    assert simhash(page) == counted(page.split())


def test_the_text_alone_counts() -> None:
    words = text(40, 1)
    first, rest = words[: words.index(" ", 100)], words[words.index(" ", 100) :]
    for page in (
        f"<html><head><title>{first}</title></head><body class='a b'><p>{rest}</p></body></html>",
        f"<!-- a comment --><h1 id=x>{first}</h1><p>{rest}<script>var a = '<p>b</p>';</script>",
        f"{first.upper()}<br><style>b {{ color: red }}</style>&nbsp;<td>&nbsp;</td>{rest}",
        f"{first}, ({rest}).",
        f"{first} 2026-11-20 17 {rest} 5f3c a1b2c3d4",
        f"<SCRIPT src='x'>more</SCRIPT ><Style>b</sTYLE>{first}<scripted>{rest}<!-- <p>without end",
        f"{first}{rest}<script>without end <p>text",
        f"{first}{rest}<a href='a tag without end",
    ):
        assert simhash(page.encode()) == simhash(words.encode()), page


def test_the_order_counts() -> None:
    words = text(40, 1).split()
    assert distance(known(" ".join(words).encode()), known(" ".join(reversed(words)).encode())) > LIKE


def test_the_encoding() -> None:
    words = text(30, 1) + " größe 漢字"
    assert simhash(words.encode("utf-16-le"), "utf-16-le") == simhash(words.encode())
    assert simhash(words.encode("utf-16-be"), "utf-16-be") == simhash(words.encode(), "utf-8")
    assert simhash(b"\xff" + words.encode(), "utf-8") is not None
    assert simhash(words.encode("utf-16-le") + b"\0\xd8", "utf-16-le") is not None


def test_too_little_text_has_none() -> None:
    assert simhash(b"") is None
    assert simhash(text(MIN_WORDS - 1, 1).encode()) is None
    assert simhash(text(MIN_WORDS, 1).encode()) is not None
    assert simhash(b"<title>Picture 12</title><img src='12.jpg'><a href='13.html'>next</a>") is None
    assert simhash(b"1 2 3 " * 100) is None


def test_a_prefix_counts() -> None:
    page = b"kara los " * (MAX_READ // 9) + b"kara los "[: MAX_READ % 9]
    assert simhash(page + text(10_000, 1).encode()) == simhash(page)


@pytest.mark.parametrize(("one", "other", "expected"), [(0, 0, 0), (0, 2**64 - 1, 64), (0b1011, 0b0110, 3)])
def test_distance(one: int, other: int, expected: int) -> None:
    assert distance(one, other) == distance(other, one) == expected


def test_another_number_date_or_session_is_the_same_page() -> None:
    pages = [
        f"<p>{text(40, 1)}</p><p>Visit {n} of session {n * 0x9E3779B97F4A7C15 % 2**64:016x}9, 2026-11-{n % 30}</p>"
        for n in range(100)
    ]
    assert len({simhash(page.encode()) for page in pages}) == 1


@pytest.mark.parametrize("words", [50, 200])
def test_a_calendar_soon_repeats_itself(words: int) -> None:
    seen: list[int] = []
    unlike = 0
    for number in range(240):
        value = known(month(2000 + number // 12, number % 12 + 1, text(words, 1)))
        unlike += all(distance(value, other) > LIKE for other in seen)
        seen.append(value)
    assert unlike <= 12  # the months have names


def test_pages_that_answer_everything_with_the_name_asked_for_soon_repeat_themselves() -> None:
    seen: list[int] = []
    unlike = 0
    for number in range(300):
        name = text(1, number) + text(1, number + 1000)
        value = known(f"<title>{name}</title><h1>{name}</h1><p>{text(300, 1)} {name}</p>".encode())
        unlike += all(distance(value, other) > LIKE for other in seen)
        seen.append(value)
    assert unlike <= 15


@pytest.mark.parametrize("words", [50, 100, 300])
def test_pages_of_one_template_that_say_something_are_unlike(words: int) -> None:
    menu = text(words, 0)
    values = [known(f"<p>{menu}</p><p>{text(words, number)}".encode()) for number in range(1, 100)]
    assert min(distance(one, other) for one, other in combinations(values, 2)) > LIKE


@pytest.mark.parametrize("manual", MANUALS, ids=str)
def test_pages_of_a_manual_are_unlike(manual: Path) -> None:
    pages = sorted(manual.glob("*.html"))[:150]
    if not pages:
        pytest.skip(f"{manual} is not installed")
    values = [known(page.read_bytes()) for page in pages]
    assert min(distance(one, other) for one, other in combinations(values, 2)) > LIKE


@pytest.mark.parametrize(
    "unit",
    ["<", "<!--", "<!-->", "<script", "<script>", "</script>", "<style ", "<a ", "a ", "0", "&nbsp;", ">", "-->"],
)
def test_no_input_is_slow(unit: str) -> None:
    page = (unit * (2_000_000 // len(unit))).encode()
    tracer = sys.gettrace()
    sys.settrace(None)  # coverage would be timed, too
    began = time.process_time()
    simhash(page)
    took = time.process_time() - began
    sys.settrace(tracer)
    assert took < 1.0


def said(page: str, address: str = "http://a.example/x/1", depth: int = 1, encoding: str = "utf-8") -> int:
    return saying(page.encode(encoding), encoding, URL(address), depth)


class TestSaying:
    def test_near_to_the_start_only_links_and_the_own_address_may_differ(self) -> None:
        page = "<title>Sorry</title><p>{} is not here; maybe <a class=x href='{}'>{}</a>"
        one, other = (
            said(page.format(f"/maze/{name}", name * 2, name * 3), f"http://a.example/maze/{name}")
            for name in ("ab12", "cd34")
        )
        assert one == other
        assert one != said(page.format("/maze/ab12", "", ""), "http://a.example/maze/cd34")

    @pytest.mark.parametrize("depth", [0, DEEP - 1])
    def test_there_a_number_makes_another_page(self, depth: int) -> None:
        page = f"<title>page {{}}</title><p>{text(500, 1)}"
        assert said(page.format(17), depth=depth) != said(page.format(18), depth=depth)

    def test_far_from_it_pages_may_differ_in_numbers_and_a_few_words(self) -> None:
        page = f"<title>{{}}</title><p>{text(500, 1)}"
        one, other = (said(page.format(title), depth=DEEP) for title in ("page 17", "leaf 18"))
        assert distance(one, other) <= LIKE
        assert distance(one, said(text(500, 2), depth=DEEP)) > LIKE

    def test_those_that_say_next_to_nothing_say_the_same(self) -> None:
        pages = ["<h1>March 2026</h1>No events", "<h1>You are here: /x/y/z</h1>", "", "<p>" + "17 " * 100]
        assert {said(page, depth=DEEP) for page in pages} == {0}

    def test_what_has_words_with_digits_alone_says_something(self) -> None:
        one, other = (" ".join(f"{n * seed:x}g" for n in range(10**6, 10**6 + 50)) for seed in (7, 11))
        assert distance(said(one, depth=DEEP), said(other, depth=DEEP)) > LIKE

    @pytest.mark.parametrize("depth", [1, DEEP])
    def test_whatever_the_encoding(self, depth: int) -> None:
        page = f"<p>{text(100, 1)}"
        assert said(page, depth=depth) == said(page, depth=depth, encoding="utf-16-le")

    def test_the_root_is_no_word_of_its_text(self) -> None:
        assert said("a / b", "http://a.example/") != said("a  b", "http://a.example/")

    @pytest.mark.parametrize("unit", ["<a ", "<a>", "<a></a>", "</a", "<", "a ", "1a "])
    @pytest.mark.parametrize("depth", [1, DEEP])
    def test_none_is_slow(self, unit: str, depth: int) -> None:
        page = (unit * (MAX_READ // len(unit))).encode()
        began = time.process_time()
        saying(page, "utf-8", URL("http://a.example/a"), depth)
        assert time.process_time() - began < 2
