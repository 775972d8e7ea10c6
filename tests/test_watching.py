"""What is stuck is found, said, given up; or the crawl ends with the truth. The clock is a number here."""

import asyncio
from math import inf
from typing import Any

import pytest

from crawler.crawling import Crawl, Summary
from crawler.model import URL, Counts, Event, Link, Noted, Outcome, Saved, Verdict, Visit
from crawler.policy import Rules
from crawler.settings import Settings
from crawler.steps import Steps, step, waiting_for
from crawler.visiting import Parts
from crawler.watching import Watching, bounds
from tests.fakes import FakeFetcher, FakeFrontier, FakeResponse, FakeStore

START = "http://a.example/"
VISIT = Visit(Link(URL(START)), 1, 1)
TABLE = {
    "concurrency": {"stall_timeout": 100, "total": 4, "work": 2},
    "fetch": {"connect_timeout": 5, "read_timeout": 7},
    "crawl": {"extractor_timeout": 1},
}


class Deadline:
    """As much of an `asyncio.Timeout` as is asked of it."""

    def __init__(self) -> None:
        self.moved: list[float | None] = []

    def reschedule(self, when: float | None) -> None:
        self.moved.append(when)


class Scene:
    """Workers, a clock that is a number, and what came of looking at them."""

    def __init__(self, table: dict[str, Any] | None = None) -> None:
        self.now = 0.0
        self.until: float | None = None
        self.events: list[Event] = []
        self.ended: list[tuple[str, str]] = []
        self.watching = Watching(
            Settings.of(table or TABLE),
            lambda: self.now,
            self.events.append,
            lambda word, detail: self.ended.append((word, detail)),
            lambda: self.until,
        )

    def look(self, at: float) -> None:
        self.now = at
        self.watching.look()

    @property
    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]


def busy(steps: Steps, word: Any) -> Deadline:
    deadline = Deadline()
    steps.begin(VISIT)
    steps.deadline = deadline  # type: ignore[assignment]
    steps.enter(word)
    return deadline


@pytest.mark.parametrize(
    ("word", "patience"),
    [("connection", 105), ("look-up", 105), ("connect", 105), ("head", 107), ("body", 107), ("extraction", 145)],
)
def test_a_visit_that_does_not_move_is_given_up(word: str, patience: float) -> None:
    scene = Scene()
    with scene.watching.worker() as steps, scene.watching.worker():
        deadline = busy(steps, word)
        scene.look(patience - 1)
        assert deadline.moved == []
        scene.look(patience)
        assert deadline.moved == [patience]
    assert steps.given_up is not None
    assert word in steps.given_up
    assert len(scene.said) == 1
    assert f"1 for {word}" in scene.said[0]
    assert "1 for frontier" in scene.said[0]
    assert not scene.ended


def test_every_step_is_movement() -> None:
    scene = Scene()
    with scene.watching.worker() as steps:
        deadline = busy(steps, "body")
        for second in range(0, 1000, 90):
            scene.now = second
            assert step("body") == "body"
            scene.look(second + 89)
    assert deadline.moved == []


def test_who_waits_for_others_is_not_stuck() -> None:
    scene = Scene()
    with scene.watching.worker() as steps:
        deadline = busy(steps, "memory")
        scene.look(1e6)
    assert deadline.moved == []
    assert not scene.ended


def test_a_visit_that_cannot_be_given_up_ends_the_crawl() -> None:
    scene = Scene()
    with scene.watching.worker() as steps:
        busy(steps, "head")
        scene.look(107)
        scene.look(116)
        assert not scene.ended
        scene.look(117)
    assert [word for word, _ in scene.ended] == ["stalled"]


@pytest.mark.parametrize("word", ["save", "frontier"])
def test_where_our_own_side_does_not_answer_no_page_is_blamed(word: str) -> None:
    scene = Scene()
    with scene.watching.worker() as steps:
        deadline = busy(steps, word)
        scene.look(100)
    assert deadline.moved == []
    assert [word for word, _ in scene.ended] == ["stalled"]
    assert START in scene.ended[0][1]
    assert word in scene.ended[0][1]


def test_a_moment_that_is_known_is_waited_for() -> None:
    scene = Scene()
    scene.until = 5000.0
    with scene.watching.worker(), scene.watching.worker():
        scene.look(5099)
        assert not scene.ended
        scene.look(5100)
        assert [word for word, _ in scene.ended] == ["stalled"]


@pytest.mark.parametrize(("until", "ends"), [(None, True), (inf, False)])
def test_a_frontier_that_gives_nothing(until: float | None, ends: bool) -> None:
    scene = Scene()
    scene.until = until
    with scene.watching.worker():
        scene.look(99)
        assert not scene.ended
        scene.look(100)
    assert bool(scene.ended) == ends
    scene.ended.clear()
    scene.look(1000)
    assert not scene.ended, "nobody works any more"


def test_work_on_pixels_has_its_time() -> None:
    limits = bounds(Settings.of({**TABLE, "images": {"thumbnails": 100, "work_timeout": 20}}))
    assert (limits["images"], limits["save"]) == (60.0, 60.0)
    assert bounds(Settings.of(TABLE))["save"] == 0.0


async def test_steps_are_those_of_the_task() -> None:
    scene = Scene()
    assert step("head") == "head", "outside a crawl nothing is noted"
    with scene.watching.worker() as steps:
        with waiting_for("save"):
            await asyncio.to_thread(step, "images")
            assert steps.word == "images"
        assert steps.word == "frontier"


class Stuck:
    """Whatever it is asked for never comes."""

    async def __aenter__(self) -> Any:
        await asyncio.Event().wait()

    async def __aexit__(self, *raised: Any) -> None: ...


class StuckFetcher(FakeFetcher):
    def fetch(self, request: Any) -> Any:
        return Stuck() if str(request.url).endswith("/stuck") else super().fetch(request)


class StuckStore(FakeStore):
    async def save(self, *_: Any) -> Saved:
        await asyncio.Event().wait()
        raise AssertionError


class StuckFrontier(FakeFrontier):
    async def finish(self, visit: Visit, outcome: Outcome) -> None:
        await asyncio.Event().wait()


def html() -> FakeResponse:
    return FakeResponse(b"<p>hello", content_type="text/html")


async def crawled(*links: Link, **parts: Any) -> tuple[Summary, FakeFrontier, list[Event]]:
    """A crawl in which whatever does not move for a hundredth of a second is stuck."""
    settings = Settings.of(
        {
            "concurrency": {"stall_timeout": 0.01, "total": 2},
            "fetch": {"connect_timeout": 0.001, "read_timeout": 0.001, "retry_wait": 0},
        }
    )
    events: list[Event] = []
    fetcher = StuckFetcher({START: html(), START + "good": html()})
    known: dict[str, Any] = {"frontier": FakeFrontier(), "fetcher": fetcher, "robots": fetcher, "store": FakeStore()}
    known |= parts
    known["frontier"].queue += links
    made = Parts(**known, extractors=[], observe=events.append, counts=Counts, clock=lambda: 0.0, chance=lambda: 1.0)
    crawl = Crawl(made, settings, Rules.of(settings, [URL(START)]), [])
    return await asyncio.wait_for(crawl.run(), 20), known["frontier"], events


async def test_a_fetcher_that_never_answers_costs_that_visit_alone() -> None:
    summary, frontier, events = await crawled(Link(URL(START + "stuck")), Link(URL(START)), Link(URL(START + "good")))
    assert summary.stopped is None
    stuck = frontier.finished[START + "stuck"]
    assert (stuck.verdict, stuck.error) == (Verdict.FAILED, "timeout")
    assert stuck.detail is not None
    assert "connection" in stuck.detail
    assert stuck.retry_in is not None
    assert {frontier.finished[START + path].verdict for path in ("", "good")} == {Verdict.SAVED}
    assert any(isinstance(event, Noted) and event.warning for event in events)


@pytest.mark.parametrize(
    ("parts", "word"), [({"store": StuckStore()}, "save"), ({"frontier": StuckFrontier()}, "frontier")]
)
async def test_a_store_or_frontier_that_never_answers_ends_the_crawl(parts: Any, word: str) -> None:
    summary, frontier, _ = await crawled(Link(URL(START)), **parts)
    assert summary.stopped == "stalled"
    assert summary.detail is not None
    assert word in summary.detail
    assert frontier.finished == {}


async def test_who_will_not_be_cancelled_is_left_behind() -> None:
    released = asyncio.Event()

    class Deaf(Stuck):
        async def __aenter__(self) -> Any:
            while not released.is_set():
                try:
                    await released.wait()
                except asyncio.CancelledError:
                    asyncio.get_running_loop().call_later(0.1, released.set)

    class DeafFetcher(FakeFetcher):
        def fetch(self, request: Any) -> Any:
            return Deaf()

    summary, _, _ = await crawled(Link(URL(START)), fetcher=DeafFetcher({}))
    assert summary.stopped == "stalled"
    assert "connection" in (summary.detail or "")
