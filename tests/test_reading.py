"""What documents name: what the extractors of a page come to, each apart from the others; sitemaps and robots.txt."""

import threading
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import pytest

from crawler.errors import LimitError, WorkError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.interfaces import Finder
from crawler.model import URL, Found, Kind, Link, Outcome, Page, Reference, Verdict
from crawler.policy import Rules
from crawler.reading import FAR, LARGE_PAGE, MANY, Reading, checked
from crawler.settings import Settings

START = URL("http://a.example/")
HEAD = ResponseHead((1, 1), 200, "OK", Headers([("content-type", "text/html")]), b"")
SMALL, LARGE = b"<p>small", b" " * LARGE_PAGE


def reference(path: str) -> Reference:
    return Reference(START.join(path), Kind.PAGE, "a", "href", {}, "")


async def outcome(*finders: Finder, body: bytes = SMALL, max_links: int = 100_000) -> Outcome:
    settings = Settings.of({"crawl": {"max_links": max_links}})
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
    half = [reference(f"x{number}") for number in range(50)]
    done = await outcome(lambda page: half, lambda page: half, max_links=100)
    assert (done.links_error, len(done.found)) == (None, 100)
    done = await outcome(lambda page: half, lambda page: half, here, max_links=100)
    assert (done.links_error, done.detail) == ("limit", "more than 100 links (crawl.max_links)")
    assert paths(done) == [f"/x{number}" for number in range(50)] * 2


async def test_of_too_many_the_first_are_followed_and_no_more_is_even_asked_for() -> None:
    asked = count()
    done = await outcome(lambda page: (reference(f"x{number}") for number in asked), max_links=3)
    assert (done.links_error, paths(done), next(asked)) == ("limit", ["/x0", "/x1", "/x2"], 4)


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


def head(*fields: tuple[str, str]) -> ResponseHead:
    return ResponseHead((1, 1), 200, "OK", Headers(fields), b"")


def reading(*finders: Finder, **sections: dict[str, object]) -> Reading:
    settings = Settings.of(sections)
    return Reading(settings, finders, Rules.of(settings, [START]))


def ends(found: Iterable[Found]) -> list[tuple[str, str | None]]:
    return [(str(one.reference.url).removeprefix("http://a.example"), one.refused) for one in found]


async def read(what: Reading, body: bytes = b"<p>", link: Link | None = None, content_type: str = "") -> Outcome:
    return await what.page(link or Link(START), head(("Content-Type", content_type)), body, Outcome(Verdict.SAVED))


class TestPages:
    async def test_its_head_may_ask_that_nothing_is_followed(self) -> None:
        asked = head(("X-Robots-Tag", "nofollow"))
        done = await reading(here).page(Link(START), asked, b"", Outcome(Verdict.SAVED))
        assert ends(done.found) == [("/here", "nofollow")]

    @pytest.mark.parametrize(
        ("kind", "content_type", "body", "encoding"),
        [
            (Kind.PAGE, "text/html; charset=koi8-r", b"", "koi8-r"),
            (Kind.PAGE, "text/html", b"<meta charset=koi8-r>", "koi8-r"),
            (Kind.STYLE, "text/css", b"", "utf-8"),
            (Kind.STYLE, "text/css; charset=koi8-r", b"", "koi8-r"),
        ],
    )
    async def test_the_encoding_is_that_of_its_head_or_its_beginning(
        self, kind: Kind, content_type: str, body: bytes, encoding: str
    ) -> None:
        seen: list[Page] = []

        def see(page: Page) -> list[Reference]:
            seen.append(page)
            return []

        await read(reading(see), body, Link(START, kind), content_type)
        assert [page.encoding for page in seen] == [encoding]

    async def test_only_where_traps_are_there_is_a_fingerprint(self) -> None:
        shallow, deep = Link(START.join("/x")), Link(START.join("/x"), depth=FAR)
        counted = Link(START.join("/x/17"), parent=START)
        outcomes = [await read(reading(), b"Nothing here", link) for link in (shallow, deep, counted)]
        assert [outcome.fingerprint is not None for outcome in outcomes] == [False, True, True]
        style = await read(reading(), b"", Link(START.join("/x/17.css"), Kind.STYLE))
        assert style.fingerprint is None


class TestSitemaps:
    LINK = Link(START.join("/map.xml"), Kind.SITEMAP, depth=0, parent=START)

    async def sitemap(self, body: str, content_type: str = "application/xml") -> Outcome:
        return await reading().sitemap(self.LINK, head(("Content-Type", content_type)), body.encode("latin-1"))

    async def test_each_location_is_a_link_of_its_kind(self) -> None:
        outcome = await self.sitemap(
            "<urlset><url><loc>http://a.example/x</loc><image:loc>http://a.example/x.png</image:loc></url></urlset>"
        )
        assert outcome.verdict is Verdict.READ
        assert outcome.links_error is None
        links = [one.link for one in outcome.found if one.link is not None]
        assert [(link.kind, str(link.url), link.depth, link.parent) for link in links] == [
            (Kind.PAGE, "http://a.example/x", 1, self.LINK.url),
            (Kind.IMAGE, "http://a.example/x.png", 0, self.LINK.url),
        ]

    async def test_an_index_leads_to_others_one_deeper_and_not_for_ever(self) -> None:
        index = "<sitemapindex><sitemap><loc>http://a.example/2.xml</loc></sitemap></sitemapindex>"
        outcome = await self.sitemap(index)
        (found,) = outcome.found
        depth = 0
        while found.link is not None and found.refused is None:
            assert (found.link.kind, found.link.depth) == (Kind.SITEMAP, depth + 1)
            depth = found.link.depth
            (found,) = (await reading().sitemap(found.link, head(), index.encode())).found
        assert found.refused == "limit"

    async def test_what_is_elsewhere_is_out_of_scope(self) -> None:
        outcome = await self.sitemap("<urlset><url><loc>http://b.example/x</loc></url></urlset>")
        assert ends(outcome.found) == [("http://b.example/x", "scope")]

    async def test_the_charset_of_its_head_counts(self) -> None:
        body = "<urlset><url><loc>http://a.example/\xe9</loc></url></urlset>"
        outcome = await self.sitemap(body, "application/xml; charset=iso-8859-1")
        assert ends(outcome.found) == [("/%C3%A9", None)]

    async def test_flaws_are_said(self) -> None:
        outcome = await self.sitemap("<urlset><url><loc>http://a.example/x</loc></url>")
        assert outcome.links_error is not None
        assert outcome.links_error.startswith("cut short")
        assert ends(outcome.found) == [("/x", None)]


class TestRobots:
    LINK = Link(START.join("/robots.txt"), Kind.ROBOTS)

    def named(self, rules: str, **sections: dict[str, object]) -> list[Found]:
        return reading(**sections).robots(self.LINK, rules.encode())

    def test_its_sitemaps_are_links_wherever_they_are_named(self) -> None:
        found = self.named("Sitemap: /a.xml\nUser-agent: *\nDisallow: /\nSitemap: http://b.example/b.xml\n")
        assert ends(found) == [("/a.xml", None), ("http://b.example/b.xml", "scope")]
        assert [one.link.kind for one in found if one.link is not None] == [Kind.SITEMAP, Kind.SITEMAP]

    def test_one_that_is_no_url_is_none(self) -> None:
        (found,) = self.named("Sitemap: http://[\n")
        assert (found.link, found.reference.url) == (None, None)

    def test_so_many_and_no_more(self) -> None:
        rules = "".join(f"Sitemap: /{n}.xml\n" for n in range(5))
        assert len(self.named(rules, crawl={"max_sitemaps": 3})) == 3

    def test_none_where_they_are_not_wanted(self) -> None:
        assert ends(self.named("Sitemap: /a.xml\n", crawl={"sitemaps": False})) == [("/a.xml", "scope")]
