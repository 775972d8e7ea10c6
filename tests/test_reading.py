"""What the extractors of a page come to: here or elsewhere, checked, counted, each apart from the others."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from crawler.errors import LimitError, WorkError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.interfaces import Finder
from crawler.model import URL, Kind, Link, Outcome, Page, Reference, Verdict
from crawler.policy import Rules
from crawler.reading import LARGE_PAGE, MANY, MAX_REFERENCES, Reading, checked
from crawler.settings import Settings

START = URL("http://a.example/")
HEAD = ResponseHead((1, 1), 200, "OK", Headers([("content-type", "text/html")]), b"")
SMALL, LARGE = b"<p>small", b" " * LARGE_PAGE


def reference(path: str) -> Reference:
    return Reference(START.join(path), Kind.PAGE, "a", "href", {}, "")


async def outcome(*finders: Finder, body: bytes = SMALL) -> Outcome:
    settings = Settings()
    reading = Reading(settings, finders, Rules.of(settings, [START]))
    return await reading.page(Link(START), HEAD, body, Outcome(Verdict.SAVED))


def paths(outcome: Outcome) -> list[str]:
    return [found.reference.url.path for found in outcome.found if found.reference.url is not None]


def here(page: Page) -> list[Reference]:
    return [reference("here")]


def one_by_one(page: Page) -> Iterator[Reference]:
    yield reference("one")
    yield reference("two")


async def elsewhere(page: Page) -> list[Reference]:
    return [reference("elsewhere")]


def failing(error: Exception) -> Finder:
    async def fail(page: Page) -> list[Reference]:
        raise error

    return fail


@pytest.mark.parametrize("body", [SMALL, LARGE])
async def test_all_are_asked_in_their_order_wherever_they_are(body: bytes) -> None:
    assert paths(await outcome(here, elsewhere, one_by_one, body=body)) == ["/here", "/elsewhere", "/one", "/two"]


@pytest.mark.parametrize(
    ("error", "word", "detail"),
    [
        (LimitError("too much"), "limit", "too much"),
        (WorkError("it died"), "crash", "it died"),
        (KeyError("x"), "KeyError: 'x'", None),
    ],
)
async def test_one_that_fails_spoils_nothing_else(error: Exception, word: str, detail: str | None) -> None:
    done = await outcome(here, failing(error), one_by_one)
    assert (done.verdict, done.links_error, done.detail) == (Verdict.SAVED, word, detail)
    assert paths(done) == ["/here", "/one", "/two"]


@pytest.mark.parametrize(("body", "is_main"), [(SMALL, True), (LARGE, False)])
async def test_a_large_page_holds_nobody_up(body: bytes, is_main: bool) -> None:
    threads = set()

    def note(page: Page) -> Iterator[Reference]:
        threads.add(threading.current_thread() is threading.main_thread())
        yield from ()

    await outcome(note, body=body)
    assert threads == {is_main}


async def test_references_are_counted_over_all() -> None:
    half = [reference("x")] * (MAX_REFERENCES // 2)
    assert len((await outcome(lambda page: half, lambda page: half)).found) == MAX_REFERENCES
    done = await outcome(lambda page: half, lambda page: half, here)
    assert (done.links_error, len(done.found)) == ("limit", MAX_REFERENCES)


async def test_many_are_judged_as_few_are() -> None:
    found = [reference("x"), Reference(URL("ftp://a.example/"), Kind.PAGE, "a", "href", {}, "")]
    done = await outcome(lambda page: found * MANY)
    assert [one.refused for one in done.found] == [None, "scheme"] * MANY


@pytest.mark.parametrize(
    "wrong",
    [
        "http://a.example/",
        None,
        ("url", "page"),
        reference("x")._replace(url="http://a.example/"),
        reference("x")._replace(kind="page"),
        reference("x")._replace(attributes={"href": 1}),
        reference("x")._replace(attributes=None),
        reference("x")._replace(nofollow="no"),
        reference("x")._replace(width="wide"),
    ],
)
async def test_what_is_no_reference_is_said(wrong: Any) -> None:
    done = await outcome(checked(lambda page: [wrong]), here)
    assert (done.links_error or "").startswith("TypeError: an extractor gives references")
    assert paths(done) == ["/here"]


async def test_what_is_one_passes() -> None:
    good = [reference("x"), Reference(None, Kind.IMAGE, "", "", {"a": "b"}, "", width=3, density=1.5)]
    assert len((await outcome(checked(lambda page: good))).found) == 2
