"""The life of one visit, over fakes at every seam."""

import asyncio
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from crawler.crawling import Crawl, Parts, Summary
from crawler.errors import ConnectError, FetchError, StoreError, TLSError
from crawler.interfaces import Accept
from crawler.model import (
    URL,
    Counts,
    Event,
    Finished,
    Kind,
    Leased,
    Link,
    Noted,
    Outcome,
    Page,
    Partial,
    Reference,
    Verdict,
    Visit,
)
from crawler.policy import Rules
from crawler.settings import Settings
from tests.fakes import FakeFetcher, FakeFrontier, FakeResponse, FakeStore

START = "http://a.example/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
Web = Mapping[str, FakeResponse | FetchError | Callable[[], FakeResponse]]


def html(body: bytes = b"<!doctype html><p>hello", **fields: str) -> FakeResponse:
    return FakeResponse(body, content_type="text/html; charset=utf-8", **fields)


class Scene:
    """A crawl over a made-up web, and all that can be seen of it."""

    def __init__(self, web: Web, table: Mapping[str, Any] | None = None) -> None:
        self.settings = Settings.of(table or {})
        self.frontier = FakeFrontier()
        self.fetcher = FakeFetcher(web)
        self.store = FakeStore()
        self.events: list[Event] = []
        self.extractors = [no_links]

    def crawl(self, *links: Link) -> Crawl:
        self.frontier.queue += links
        parts = Parts(
            frontier=self.frontier, fetcher=self.fetcher, robots=self.fetcher, store=self.store,
            extractors=self.extractors, observe=self.events.append, counts=Counts,
            clock=lambda: 5000.0, chance=lambda: 1.0,
        )  # fmt: skip
        starts = [] if links else [Link(URL(START))]
        return Crawl(parts, self.settings, Rules.of(self.settings, [URL(START)]), starts)

    async def outcome(self, *links: Link) -> Outcome:
        await self.crawl(*links).run()
        return next(iter(self.frontier.finished.values()))


def no_links(page: Page) -> list[Reference]:
    return []


async def outcome_of(
    response: FakeResponse | FetchError | Callable[[], FakeResponse], link: Link | None = None
) -> Outcome:
    url = str(link.url) if link is not None else START
    return await Scene({url: response}).outcome(*([link] if link is not None else []))


async def test_a_page_is_saved_with_what_there_is_to_know_of_it() -> None:
    scene = Scene({START: html()})
    outcome = await scene.outcome()
    assert outcome.verdict is Verdict.SAVED
    assert outcome.saved is not None
    assert scene.store.saved == {START: b"<!doctype html><p>hello"}
    assert (outcome.peer, outcome.size, outcome.head is not None) == ("127.0.0.1:80", 23, True)
    assert outcome.asked_at is not None
    assert outcome.asked_at <= 5000.0


async def test_extractors_get_the_page_and_their_references_are_judged() -> None:
    scene = Scene({START: html(x_robots_tag="noindex")})
    seen: list[Page] = []

    def extract(page: Page) -> list[Reference]:
        seen.append(page)
        return [Reference(URL(START + "x"), Kind.PAGE, "a", "href", {}, "")]

    scene.extractors = [extract, no_links]
    outcome = await scene.outcome()
    assert (seen[0].encoding, str(seen[0].url)) == ("utf-8", START)
    assert [(str(one.reference.url), one.refused) for one in outcome.found] == [(START + "x", None)]


@pytest.mark.parametrize("body", [b"<p>small", b"<p>" + b"large " * 100_000])
async def test_a_page_whose_links_cannot_be_read_is_saved_all_the_same(body: bytes) -> None:
    scene = Scene({START: html(body)})

    def broken(page: Page) -> list[Reference]:
        raise ValueError("a bug")

    scene.extractors = [broken]
    outcome = await scene.outcome()
    assert (outcome.verdict, outcome.links_error) == (Verdict.SAVED, "ValueError: a bug")


async def test_html_beyond_the_limit_is_saved_without_its_links() -> None:
    scene = Scene({START: html(b"<p>" * 1000)}, {"fetch": {"max_html": 1000}})
    outcome = await scene.outcome()
    assert (outcome.verdict, outcome.links_error) == (Verdict.SAVED, "too-large")
    assert scene.store.saved[START] == b"<p>" * 1000


async def test_a_large_page_is_read_again_from_the_store() -> None:
    seen: list[int] = []

    def measure(page: Page) -> list[Reference]:
        seen.append(len(page.body))
        return []

    body = b"<p>" * 500_000
    scene = Scene({START: html(body)})
    scene.extractors = [measure]
    assert (await scene.outcome()).links_error is None
    assert seen == [len(body)]


async def test_what_is_no_html_is_saved_and_not_read() -> None:
    scene = Scene({START: gif(3, 2)})
    scene.extractors = []
    assert (await scene.outcome()).verdict is Verdict.SAVED


async def test_an_image_that_is_none_is_rejected() -> None:
    link = Link(URL(START + "x.png"), Kind.IMAGE, 0, 0, URL(START))
    outcome = await outcome_of(html(), link)
    assert (outcome.verdict, outcome.error) == (Verdict.REJECTED, "type")
    assert (await outcome_of(gif(3, 2), link)).verdict is Verdict.SAVED


def gif(width: int, height: int) -> FakeResponse:
    return FakeResponse(b"GIF89a" + struct.pack("<HH", width, height) + bytes(3) + b"\0;", content_type="image/gif")


@pytest.mark.parametrize(("width", "error"), [(100, None), (99, "too-small")])
async def test_an_image_that_is_too_small_is_not_kept(width: int, error: str | None) -> None:
    scene = Scene({START: gif(width, 100)}, {"images": {"min_width": 100}})
    outcome = await scene.outcome()
    assert outcome.error == error
    assert (START in scene.store.saved) == (error is None)


async def test_an_image_that_says_nothing_of_itself_is_kept() -> None:
    scene = Scene({START: FakeResponse(b"\xff\xd8\xff" + b"\xff" * 9000 + b"\xff\xd9")}, {"images": {"min_width": 100}})
    assert (await scene.outcome()).verdict is Verdict.SAVED


async def test_images_are_asked_for_as_they_are_and_with_a_referer() -> None:
    link = Link(URL(START + "x.png"), Kind.IMAGE, 0, 0, URL(START))
    scene = Scene({})
    await scene.outcome(link)
    assert dict(scene.fetcher.requests[0].headers) == {"Accept-Encoding": "identity", "Referer": START}


async def test_other_statuses_are_rejected_and_passing_ones_tried_again() -> None:
    gone = await outcome_of(FakeResponse(status=404))
    assert (gone.verdict, gone.error, gone.retry_in, gone.pause) == (Verdict.REJECTED, "status", None, None)
    broken = await outcome_of(FakeResponse(status=500))
    assert (broken.error, broken.retry_in, broken.pause) == ("status", 1.0, None)


async def test_retry_after_holds_the_host() -> None:
    assert (await outcome_of(FakeResponse(status=503, retry_after="7"))).pause == 7.0
    assert (await outcome_of(FakeResponse(status=429))).pause is None


async def test_a_retry_after_beyond_the_cap_is_cut_and_said() -> None:
    scene = Scene({START: FakeResponse(status=503, retry_after="9999")})
    assert (await scene.outcome()).pause == 300.0
    assert any(isinstance(event, Noted) and "cut to 5m 00s" in event.text for event in scene.events)


async def test_failures_become_outcomes() -> None:
    refused = await outcome_of(ConnectError("connection refused by a.example"))
    assert (refused.verdict, refused.error, refused.asked_at, refused.retry_in) == (
        Verdict.FAILED,
        "connect",
        None,
        1.0,
    )
    untrusted = await outcome_of(TLSError("no trust"))
    assert (untrusted.error, untrusted.retry_in) == ("tls", None)


async def test_a_failure_within_the_body_knows_when_it_was_asked() -> None:
    class Cut(FakeResponse):
        async def peek(self, size: int) -> bytes:
            raise ConnectError("gone")

    assert (await outcome_of(Cut())).asked_at is not None


async def test_a_redirect_becomes_a_link_and_widens_the_scope_of_a_seed() -> None:
    scene = Scene({START: FakeResponse(status=301, location="http://b.example/x/"), "http://b.example/x/": html()})

    def extract(page: Page) -> list[Reference]:
        return [Reference(URL("http://b.example/x/y"), Kind.PAGE, "a", "href", {}, "")]

    scene.extractors = [extract]
    await scene.crawl().run()
    assert scene.frontier.finished[START].verdict is Verdict.REDIRECTED
    assert scene.frontier.finished["http://b.example/x/"].found[0].refused is None
    assert any(isinstance(event, Noted) and "http://b.example/x/" in event.text for event in scene.events)


class TestRobots:
    LINK = Link(URL(START + "robots.txt"), Kind.ROBOTS)

    async def test_rules_travel_with_the_outcome_and_the_file_is_kept(self) -> None:
        outcome = await outcome_of(FakeResponse(b"User-agent: *\nDisallow: /x\n"), self.LINK)
        assert (outcome.verdict, outcome.rules) == (Verdict.SAVED, b"User-agent: *\nDisallow: /x\n")

    @pytest.mark.parametrize(
        ("status", "rules"), [(404, b""), (403, b""), (410, b""), (500, None), (503, None), (429, None)]
    )
    async def test_none_to_be_had(self, status: int, rules: bytes | None) -> None:
        outcome = await outcome_of(FakeResponse(status=status), self.LINK)
        assert (outcome.verdict, outcome.rules) == (Verdict.REJECTED, rules)


class TestPartial:
    PARTIAL = Partial("x.part", 1000, '"v1"')

    async def outcome(
        self, response: FakeResponse | FetchError, table: Mapping[str, Any] | None = None
    ) -> tuple[Outcome, dict[str, str]]:
        scene = Scene({START: response}, table)
        scene.frontier.begun = self.PARTIAL
        return await scene.outcome(), dict(scene.fetcher.requests[0].headers)

    async def test_the_rest_is_asked_for_on_the_condition_that_it_is_the_same(self) -> None:
        rest = FakeResponse(b"rest", status=206, content_range="bytes 1000-1003/1004")
        outcome, headers = await self.outcome(rest)
        assert headers == {"Range": "bytes=1000-", "If-Range": '"v1"', "Accept-Encoding": "identity"}
        assert outcome.verdict is Verdict.SAVED

    @pytest.mark.parametrize(
        "text", ["bytes 999-1003/1004", "bytes 1000-1002/1004", "bytes */1004", "", "bytes 1000-1003"]
    )
    async def test_another_part_is_not_taken_for_it(self, text: str) -> None:
        outcome, _ = await self.outcome(FakeResponse(b"rest", status=206, content_range=text))
        assert (outcome.verdict, outcome.error, outcome.retry_in) == (Verdict.REJECTED, "status", 0.0)

    @pytest.mark.parametrize("status", [304, 412, 416])
    async def test_a_range_that_cannot_be_had_begins_anew(self, status: int) -> None:
        outcome, _ = await self.outcome(FakeResponse(status=status))
        assert (outcome.retry_in, outcome.partial) == (0.0, None)

    async def test_where_the_beginning_is_gone_the_whole_is_asked_for(self) -> None:
        scene = Scene({START: html()})
        scene.frontier.begun = self.PARTIAL
        scene.store.lost.add(self.PARTIAL)
        assert (await scene.outcome()).verdict is Verdict.SAVED
        assert scene.fetcher.requests[0].headers == ()

    async def test_a_whole_answer_is_a_document_like_any_other(self) -> None:
        outcome, _ = await self.outcome(html())
        assert outcome.verdict is Verdict.SAVED

    @pytest.mark.parametrize(
        "response",
        [ConnectError("reset"), FakeResponse(status=503), FakeResponse(status=429)],
        ids=["reset", "503", "429"],
    )
    async def test_a_failure_that_says_nothing_of_the_document_forgets_nothing(
        self, response: FakeResponse | FetchError
    ) -> None:
        outcome, _ = await self.outcome(response)
        assert outcome.partial == self.PARTIAL
        assert outcome.retry_in is not None

    @pytest.mark.parametrize(
        "response",
        [
            html(),
            FakeResponse(b"rest", status=206, content_range="bytes 1000-1003/1004"),
            FakeResponse(b"rest", status=206, content_range="bytes 999-1003/1004"),
            FakeResponse(status=416),
            FakeResponse(status=500),
            FakeResponse(status=404),
            TLSError("no trust"),
        ],
        ids=["the whole", "the rest", "another part", "416", "500", "404", "failed for good"],
    )
    async def test_after_any_other_answer_nothing_goes_on_from_it(self, response: FakeResponse | FetchError) -> None:
        outcome, _ = await self.outcome(response)
        assert outcome.partial is None or outcome.retry_in is None

    async def test_where_the_host_failed_the_frontier_decides_whether_that_was_the_last(self) -> None:
        outcome, _ = await self.outcome(ConnectError("reset"), {"fetch": {"max_retries": 0}})
        assert (outcome.retry_in, outcome.partial) == (None, self.PARTIAL)

    async def test_its_parts_together_are_no_larger_than_a_document_may_be(self) -> None:
        rest = FakeResponse(b"rest", status=206, content_range="bytes 1000-1003/1004")
        outcome, _ = await self.outcome(rest, {"fetch": {"max_body": 1004}})
        assert outcome.error is None
        outcome, _ = await self.outcome(rest, {"fetch": {"max_body": 1003}})
        assert (outcome.verdict, outcome.error) == (Verdict.FAILED, "too-large")

    async def test_the_links_of_a_page_that_came_in_parts_are_read(self) -> None:
        rest = html(status=206, content_range="bytes 1000-1022/1023")
        scene = Scene({START: rest})
        scene.frontier.begun = self.PARTIAL
        scene.extractors = [lambda page: [Reference(URL(START + "x"), Kind.PAGE, "a", "href", {}, "")]]
        outcome = await scene.outcome(Link(URL(START)))
        assert [str(one.reference.url) for one in outcome.found] == [START + "x"]


async def test_an_unexpected_exception_is_a_crash_of_that_visit_alone() -> None:
    def crash() -> FakeResponse:
        raise ZeroDivisionError

    scene = Scene({START: crash, START + "x": html()})
    await scene.crawl(Link(URL(START)), Link(URL(START + "x"))).run()
    assert scene.frontier.finished[START].verdict is Verdict.CRASHED
    assert scene.frontier.finished[START + "x"].verdict is Verdict.SAVED


async def test_a_full_disk_ends_the_crawl_in_good_order() -> None:
    scene = Scene({START: html()})

    class Full(FakeStore):
        async def save(self, visit: Visit, response: FakeResponse, accept: Accept | None = None) -> Any:
            raise StoreError("disk full")

    scene.store = Full()
    summary = await scene.crawl().run()
    assert (summary.stopped, summary.detail) == ("store", "disk full")
    assert scene.frontier.finished == {}


async def test_observers_see_each_visit_begin_and_end() -> None:
    scene = Scene({START: html()})
    await scene.crawl().run()
    assert [type(event) for event in scene.events] == [Leased, Finished]


async def run_stopped(scene: Scene, reason: str = "interrupted") -> Summary:
    scene.frontier.waiting.set()
    crawl = scene.crawl()
    running = asyncio.ensure_future(crawl.run())
    while not scene.frontier.finished:
        await asyncio.sleep(0)
    crawl.stop(reason)
    crawl.stop("a second reason does not count")
    return await asyncio.wait_for(running, 5)


class SlowFrontier(FakeFrontier):
    """Takes its time to commit, and notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.committed = asyncio.Event()

    async def lease(self, count: int) -> Sequence[Visit]:
        self.asked.append("lease")
        return await super().lease(count)

    async def finish(self, visit: Visit, outcome: Outcome) -> None:
        self.asked.append("finish")
        await super().finish(visit, outcome)
        await self.committed.wait()


@pytest.mark.parametrize("stopped", [False, True])
async def test_the_next_visit_is_asked_for_in_the_commit_that_ends_one(stopped: bool) -> None:
    scene = Scene({START: html()}, {"concurrency": {"total": 1}})
    scene.frontier = frontier = SlowFrontier()
    frontier.waiting.set()
    crawl = scene.crawl()
    running = asyncio.ensure_future(crawl.run())
    async with asyncio.timeout(5):
        while len(frontier.asked) < 3:
            await asyncio.sleep(0)
        assert frontier.asked == ["lease", "finish", "lease"]
        if stopped:
            crawl.stop("interrupted")
            await asyncio.sleep(0)
            assert not running.done()
        frontier.committed.set()
        if not stopped:
            while Finished not in map(type, scene.events):
                await asyncio.sleep(0)
            crawl.stop("interrupted")
        assert (await running).stopped == "interrupted"
    assert [type(event) for event in scene.events] == [Leased, Finished]


async def test_stop_wakes_those_that_wait_and_says_why() -> None:
    summary = await run_stopped(Scene({START: html()}))
    assert summary.stopped == "interrupted"


async def test_max_time_stops_the_run() -> None:
    scene = Scene({START: html()}, {"crawl": {"max_time": 0.01}})
    scene.frontier.waiting.set()
    summary = await asyncio.wait_for(scene.crawl().run(), 5)
    assert summary.stopped == "max-time"


async def test_a_resumed_crawl_that_finds_nothing_to_do_says_so() -> None:
    scene = Scene({})
    crawl = scene.crawl()
    crawl = Crawl(crawl._parts, scene.settings, Rules.of(scene.settings, []), [], resumed=True)
    assert (await crawl.run()).already_finished
    assert not (await scene.crawl().run()).already_finished


async def test_as_many_workers_as_there_may_be_requests_in_flight() -> None:
    busy, most = 0, 0

    class Counting(FakeFetcher):
        def fetch(self, request: Any) -> Any:
            return counted(super().fetch(request))

    def counted(context: Any) -> Any:
        class Context:
            async def __aenter__(self) -> Any:
                nonlocal busy, most
                busy += 1
                most = max(most, busy)
                await asyncio.sleep(0)
                return await context.__aenter__()

            async def __aexit__(self, *raised: Any) -> Any:
                nonlocal busy
                busy -= 1
                return await context.__aexit__(*raised)

        return Context()

    scene = Scene({}, {"concurrency": {"total": 3}})
    scene.fetcher = Counting({})
    await scene.crawl(*(Link(URL(f"{START}{n}")) for n in range(20))).run()
    assert most == 3
    assert len(scene.frontier.finished) == 20
