"""What every frontier promises: each URL once, breadth first, politely, and nothing forgotten."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.links import MANY
from crawler.crawldb.records import Records
from crawler.errors import CrawldbError, StoreError
from crawler.model import URL, Counted, Held, Kind, Noted, Outcome, Partial, Verdict, Visit
from crawler.settings import HostSettings
from crawler.web.cookies import Cookie, Jar, parse_set_cookie
from tests.crawldb.desk import Desk, fail_to_clean, failed, found, head, link, rejected, saved


@pytest.fixture(params=[False, True], ids=["near", "far"])
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """All of this holds in the parent process, and in a worker process over its line to it."""
    desk = Desk(tmp_path, is_far=request.param)
    yield desk
    await desk.close()


async def settled(task: "asyncio.Task[object]") -> bool:
    """Whether a waiting call has come back, once everything that can run has run."""
    for _ in range(50):
        await asyncio.sleep(0.001)
        if task.done():
            return True
    return False


async def visit_all(desk: Desk, frontier: SqliteFrontier, pages: dict[str, list[str]]) -> list[str]:
    """Crawl a made-up site to its end; the URLs in the order in which they were leased."""
    order = []
    while visits := await frontier.lease(1):
        for visit in visits:
            url = str(visit.link.url)
            order.append(url)
            await frontier.finish(visit, saved(visit, desk, *found(visit, *pages.get(url, []))))
    return order


def cookie(line: str, visit: Visit) -> Cookie:
    parsed = parse_set_cookie(line, visit.link.url, 1_000_000.0)
    assert parsed is not None
    return parsed


def records(desk: Desk) -> dict[str, tuple[str, str | None]]:
    with Records(desk.folder) as read:
        return {one.url: (one.state, one.error) for one in read.urls()}


async def test_what_a_page_of_very_many_links_takes_to_book_does_not_hold_the_loop(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/"), link("http://b/")])
    many, few = sorted([await frontier.lease(1), await frontier.lease(1)], key=str)
    threads: dict[str, set[int]] = {}
    desk.trace(lambda text: threads.setdefault(text.partition("(")[0], set()).add(threading.get_ident()))
    await frontier.finish(few[0], saved(few[0], desk, *found(few[0], *(f"http://b/{n}" for n in range(10)))))
    assert threads.pop("INSERT INTO urls ") == {threading.get_ident()}
    texts = [f"http://a/{number}" for number in range(MANY)]
    await frontier.finish(many[0], saved(many[0], desk, *found(many[0], *texts)))
    assert threading.get_ident() not in threads["INSERT INTO urls "]
    assert {url for url, (state, _) in records(desk).items() if state == "queued"} >= set(texts)


async def test_a_url_is_leased_once_however_often_it_is_found(desk: Desk) -> None:
    frontier = await desk.open()
    assert await frontier.add([link("http://a/"), link("http://a/")]) == 1
    assert await frontier.add([link("http://a/")]) == 0
    order = await visit_all(
        desk, frontier, {"http://a/": ["http://a/x", "http://a/x", "http://a/"], "http://a/x": ["http://a/"]}
    )
    assert order == ["http://a/", "http://a/x"]


async def test_breadth_first(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    pages = {"http://a/": ["http://a/1", "http://a/2"], "http://a/1": ["http://a/11"], "http://a/2": ["http://a/21"]}
    assert await visit_all(desk, frontier, pages) == [
        "http://a/", "http://a/1", "http://a/2", "http://a/11", "http://a/21",
    ]  # fmt: skip


async def test_over_only_when_nothing_is_queued_and_nothing_is_out(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    waiting = asyncio.ensure_future(frontier.lease(1))
    assert not await settled(waiting)
    await frontier.finish(visit, saved(visit, desk))
    assert await waiting == []


async def test_more_keeps_the_crawl_open(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([], more=True)
    waiting = asyncio.ensure_future(frontier.lease(1))
    assert not await settled(waiting)
    await frontier.add([link("http://a/")], more=False)
    assert [str(visit.link.url) for visit in await waiting] == ["http://a/"]


async def test_a_host_not_heard_from_has_one_visit_out_then_per_host(desk: Desk) -> None:
    frontier = await desk.open(concurrency={"per_host": 3})
    await frontier.add([link(f"http://a/{n}") for n in range(6)])
    first = await frontier.lease(6)
    assert len(first) == 1
    await frontier.finish(first[0], saved(first[0], desk))
    assert len(await frontier.lease(6)) == 3


async def test_every_host_gets_its_share(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link(f"http://a/{n}") for n in range(50)] + [link("http://b/"), link("http://c/")])
    assert {visit.link.url.host for visit in await frontier.lease(3)} == {"a", "b", "c"}


async def test_delay_counts_from_when_the_request_began(desk: Desk) -> None:
    frontier = await desk.open(politeness={"delay": 10.0})
    await frontier.add([link("http://a/1"), link("http://a/2")])
    (visit,) = await frontier.lease(2)
    outcome = saved(visit, desk)
    desk.now += 4
    await frontier.finish(visit, outcome)
    waiting = asyncio.ensure_future(frontier.lease(1))
    await desk.pass_time(frontier, 5.9)
    assert not await settled(waiting)
    await desk.pass_time(frontier, 0.2)
    assert len(await waiting) == 1


async def test_a_host_may_have_its_own_delay_and_share(desk: Desk) -> None:
    hosts = {"http://a": HostSettings(delay=5.0), "b": HostSettings(per_host=2)}
    frontier = await desk.open(hosts=hosts)
    await frontier.add([link(f"http://{host}/{n}") for host in "ab" for n in range(5)])
    for visit in await frontier.lease(2):
        await frontier.finish(visit, saved(visit, desk))
    assert sorted(visit.link.url.host for visit in await frontier.lease(9)) == ["b", "b"]


async def test_what_asked_nothing_costs_no_pace(desk: Desk) -> None:
    frontier = await desk.open(politeness={"delay": 10.0})
    await frontier.add([link("http://a/1"), link("http://a/2")])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, Outcome(Verdict.FAILED, error="scheme"))
    assert len(await frontier.lease(1)) == 1


async def test_released_visits_come_back_with_their_attempt(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.release([visit])
    (again,) = await frontier.lease(1)
    assert (again.link, again.attempt) == (visit.link, 1)
    assert again.token != visit.token


async def test_a_stale_token_changes_nothing(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.release([visit])
    await frontier.finish(visit, saved(visit, desk))
    assert frontier.counts.saved == 0
    assert len(await frontier.lease(1)) == 1


async def test_a_lease_that_was_cancelled_is_not_lost(desk: Desk) -> None:
    frontier = await desk.open()
    waiting = asyncio.ensure_future(frontier.lease(1))
    await frontier.add([], more=True)
    waiting.cancel()
    await frontier.add([link("http://a/")])
    assert len(await frontier.lease(1)) == 1


async def test_retry_waits_its_time_and_spends_an_attempt(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, rejected(500, desk, retry_in=5.0))
    waiting = asyncio.ensure_future(frontier.lease(1))
    await desk.pass_time(frontier, 4.9)
    assert not await settled(waiting)
    await desk.pass_time(frontier, 0.2)
    assert (await waiting)[0].attempt == 2


async def test_a_pause_holds_the_whole_host_and_no_other(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/1"), link("http://a/2"), link("http://b/")])
    visits = await frontier.lease(2)
    for visit in visits:
        if visit.link.url.host == "a":
            await frontier.finish(visit, rejected(503, desk, retry_in=1.0, pause=60.0))
        else:
            await frontier.finish(visit, saved(visit, desk, *found(visit, "http://b/2")))
    assert [str(visit.link.url) for visit in await frontier.lease(5)] == ["http://b/2"]
    assert any(isinstance(event, Held) and event.host == "a" and event.seconds == 60 for event in desk.events)
    waiting = asyncio.ensure_future(frontier.lease(5))
    await desk.pass_time(frontier, 59)
    assert not await settled(waiting)
    await desk.pass_time(frontier, 2)
    assert {visit.link.url.host for visit in await waiting} == {"a"}


class TestHostFailure:
    async def test_backs_off_one_probe_at_a_time_and_spends_no_attempt(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/0")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk, *found(visit, "http://a/1", "http://a/2")))
        for _ in range(10):
            desk.now += 61
            waiting = asyncio.ensure_future(frontier.lease(4))
            await desk.pass_time(frontier, 0)
            visits = await waiting
            for visit in visits:
                assert visit.attempt == 1
            for visit in visits:
                await frontier.finish(visit, failed("connect", desk))
        assert {state for _, state in records(desk).items()} == {("saved", None), ("failed", "connect")}
        assert any(isinstance(event, Noted) and event.warning for event in desk.events)

    async def test_one_that_never_answered_has_as_many_tries_as_a_document(self, desk: Desk) -> None:
        frontier = await desk.open(fetch={"max_retries": 2})
        await frontier.add([link("http://a/1"), link("http://a/2")])
        tries = 0
        while visits := await asyncio.wait_for(self._after(desk, frontier, 100), 5):
            tries += len(visits)
            for visit in visits:
                await frontier.finish(visit, failed("dns", desk))
        assert tries == 3
        assert records(desk) == {"http://a/1": ("failed", "dns"), "http://a/2": ("failed", "dns")}

    async def _after(self, desk: Desk, frontier: SqliteFrontier, seconds: float) -> "list[Visit]":
        waiting = asyncio.ensure_future(frontier.lease(4))
        await desk.pass_time(frontier, seconds)
        return list(await waiting)

    async def test_links_found_later_to_a_host_that_was_given_up_end_with_its_word(self, desk: Desk) -> None:
        frontier = await desk.open(fetch={"max_retries": 0})
        await frontier.add([link("http://dead/"), link("http://a/")])
        for visit in await frontier.lease(2):
            dead = visit.link.url.host == "dead"
            await frontier.finish(
                visit, failed("dns", desk) if dead else saved(visit, desk, *found(visit, "http://dead/x"))
            )
        assert await frontier.lease(1) == []
        assert records(desk)["http://dead/x"] == ("failed", "dns")

    async def test_an_answer_ends_the_back_off(self, desk: Desk) -> None:
        frontier = await desk.open(concurrency={"per_host": 4}, politeness={"adaptive": False})
        await frontier.add([link(f"http://a/{n}") for n in range(9)])
        (visit,) = await frontier.lease(9)
        await frontier.finish(visit, failed("connect", desk))
        (visit,) = await self._after(desk, frontier, 2)
        await frontier.finish(visit, saved(visit, desk))
        assert len(await frontier.lease(9)) == 4

    async def test_a_failure_halves_what_the_host_gets_and_a_later_run_knows_it(self, desk: Desk) -> None:
        frontier = await desk.open(concurrency={"per_host": 8})
        await frontier.add([link(f"http://a/{n}") for n in range(30)])
        (visit,) = await frontier.lease(9)
        await frontier.finish(visit, failed("connect", desk))
        (visit,) = await self._after(desk, frontier, 2)
        await frontier.finish(visit, saved(visit, desk))
        assert len(await frontier.lease(9)) == 4
        await desk.close()
        frontier = await desk.open(concurrency={"per_host": 8})
        assert len(await frontier.lease(9)) == 4

    async def test_a_reset_spends_an_attempt_and_lets_another_url_probe(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/1"), link("http://a/2")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, failed("reset", desk, asked=True, retry_in=1.0))
        (probe,) = await self._after(desk, frontier, 1.5)
        assert str(probe.link.url) == "http://a/2"
        await frontier.finish(probe, saved(probe, desk))
        (again,) = await self._after(desk, frontier, 3)
        assert (str(again.link.url), again.attempt) == ("http://a/1", 2)
        await frontier.finish(again, failed("reset", desk, asked=True))
        assert await self._after(desk, frontier, 100) == []
        assert records(desk)["http://a/1"] == ("failed", "reset")

    async def test_failures_at_the_same_moment_are_one(self, desk: Desk) -> None:
        frontier = await desk.open(concurrency={"per_host": 16})
        await frontier.add([link(f"http://a/{n}") for n in range(20)])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk))
        for visit in await frontier.lease(16):
            await frontier.finish(visit, failed("reset", desk, asked=True, retry_in=1.0))
        (held,) = {round(event.seconds, 3) for event in desk.events if isinstance(event, Held)}
        assert held == 1.0

    async def test_what_a_host_lost_when_it_was_given_up_is_taken_up_by_the_next_run(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"give_up_after": 100.0})
        await frontier.add([link("http://a/0"), link("http://a/1"), link("http://dead/")])
        for visit in await frontier.lease(2):
            dead = visit.link.url.host == "dead"
            await frontier.finish(
                visit, failed("dns", desk) if dead else saved(visit, desk, *found(visit, "http://a/2"))
            )
        while visits := await self._after(desk, frontier, 70):
            for visit in visits:
                await frontier.finish(visit, failed("dns" if visit.link.url.host == "dead" else "connect", desk))
        assert records(desk)["http://a/1"] == ("failed", "connect")
        await desk.close()
        frontier = await desk.open()
        again = await visit_all(desk, frontier, {})
        assert sorted(again) == ["http://a/1", "http://a/2", "http://dead/"]

    async def test_what_had_come_of_its_documents_goes_when_it_is_given_up(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"give_up_after": 100.0, "adaptive": False})
        await frontier.add([link(f"http://a/{n}") for n in range(4)])
        (visit,) = await frontier.lease(4)
        await frontier.finish(visit, saved(visit, desk))
        *broken, other = await frontier.lease(4)
        for number, visit in enumerate(broken):
            outcome = failed("truncated", desk, asked=True, retry_in=1.0)
            await frontier.finish(visit, replace(outcome, partial=Partial(f"{number}.part", 5, '"v"')))
        await frontier.finish(other, failed("connect", desk))
        (probe,) = await self._after(desk, frontier, 200)
        assert probe.partial is not None
        assert desk.discarded == []
        await frontier.finish(probe, replace(failed("connect", desk, retry_in=1.0), partial=probe.partial))
        assert await frontier.lease(1) == []
        assert sorted(desk.discarded) == ["0.part", "1.part"]
        await desk.close()
        frontier = await desk.open(politeness={"adaptive": False})
        assert desk.begun.partials == []
        assert [visit.partial for visit in await frontier.lease(4)] == [None] * 3

    async def test_what_had_come_of_a_document_that_is_over_goes(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        for _ in range(3):
            (visit,) = await frontier.lease(1)
            outcome = failed("truncated", desk, asked=True, retry_in=0.0)
            await frontier.finish(visit, replace(outcome, partial=Partial("x.part", 5, '"v"')))
        (visit,) = await frontier.lease(1)
        assert desk.discarded == []
        await frontier.finish(visit, failed("truncated", desk, asked=True))
        assert await frontier.lease(1) == []
        assert desk.discarded == ["x.part"]

    async def _with_trash(self, desk: Desk, discard: Callable[[Sequence[str]], Awaitable[None]]) -> SqliteFrontier:
        """A frontier that has a file to remove, by `discard`, and one URL more."""
        desk.discard_with = discard
        frontier = await desk.open()
        await frontier.add([link("http://a/"), link("http://a/2")])
        (visit,) = await frontier.lease(1)
        outcome = replace(failed("truncated", desk, asked=True), partial=Partial("x.part", 5, '"v"'))
        await frontier.finish(visit, outcome)
        return frontier

    async def test_what_cannot_be_removed_holds_nothing_up(self, desk: Desk) -> None:
        async def refuse(paths: Sequence[str]) -> None:
            raise StoreError("x.part: Input/output error")

        frontier = await self._with_trash(desk, refuse)
        assert [str(visit.link.url) for visit in await frontier.lease(1)] == ["http://a/2"]
        assert desk.discarded == ["x.part"]
        assert Noted("x.part: Input/output error; the next run removes it", warning=True) in desk.events

    async def test_an_error_that_is_a_bug_ends_it_and_leaves_nobody_waiting(self, desk: Desk) -> None:
        async def fail(paths: Sequence[str]) -> None:
            raise ZeroDivisionError

        frontier = await self._with_trash(desk, fail)
        with pytest.raises(CrawldbError, match="the frontier failed: ZeroDivisionError"):
            await frontier.lease(1)

    async def test_so_does_that_of_one_that_worker_processes_die_of(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        outcome = failed("truncated", desk, asked=True, retry_in=0.0)
        await frontier.finish(visit, replace(outcome, partial=Partial("x.part", 5, '"v"')))
        await frontier.call("suspect", await frontier.call("lease", 1, False))
        await frontier.add([])
        assert desk.discarded == ["x.part"]

    async def test_a_link_revived_at_a_host_that_was_given_up_ends_with_its_word(self, desk: Desk) -> None:
        frontier = await desk.open(fetch={"max_retries": 0})
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        skipped = found(visit, "http://dead/x", refused="nofollow")
        await frontier.finish(visit, saved(visit, desk, *skipped, *found(visit, "http://a/2", "http://dead/")))
        for visit in await frontier.lease(2):
            if visit.link.url.host == "dead":
                await frontier.finish(visit, failed("dns", desk))
            else:
                last = visit
        await frontier.finish(last, saved(last, desk, *found(last, "http://dead/x")))
        assert await frontier.lease(1) == []
        assert records(desk)["http://dead/x"] == ("failed", "dns")


class TestBusy:
    async def busy(self, desk: Desk, frontier: SqliteFrontier, visit: Visit) -> None:
        await frontier.finish(visit, rejected(503, desk, retry_in=None if visit.attempt > 3 else 1.0))

    async def after(self, desk: Desk, frontier: SqliteFrontier, seconds: float) -> "list[Visit]":
        waiting = asyncio.ensure_future(frontier.lease(4))
        await desk.pass_time(frontier, seconds)
        return list(await waiting)

    async def test_a_storm_costs_a_url_one_attempt_at_the_most(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"give_up_after": 10_000.0})
        await frontier.add([link(f"http://a/{n}") for n in range(5)])
        for _ in range(12):
            for visit in await self.after(desk, frontier, 61):
                assert visit.attempt <= 2
                await self.busy(desk, frontier, visit)
        while visits := await self.after(desk, frontier, 100):
            for visit in visits:
                await frontier.finish(visit, saved(visit, desk))
        assert {state for _, (state, _) in records(desk).items()} == {"saved"}

    async def test_the_last_url_of_a_host_is_not_asked_for_ever(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        asked = 0
        while visits := await self.after(desk, frontier, 61):
            asked += 1
            await self.busy(desk, frontier, visits[0])
        assert asked == 4
        assert records(desk) == {"http://a/": ("rejected", "status")}

    async def test_one_that_stays_busy_is_given_up(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"give_up_after": 200.0})
        await frontier.add([link(f"http://a/{n}") for n in range(5)])
        while visits := await self.after(desk, frontier, 61):
            for visit in visits:
                await self.busy(desk, frontier, visit)
        assert set(records(desk).values()) == {("rejected", "status")}
        await desk.close()
        frontier = await desk.open()
        assert len(await visit_all(desk, frontier, {})) == 5


class TestRobots:
    async def rules(self, desk: Desk, frontier: SqliteFrontier, text: bytes) -> None:
        (visit,) = await frontier.lease(9)
        assert (visit.link.kind, visit.link.url.path) == (Kind.ROBOTS, "/robots.txt")
        await frontier.finish(
            visit, Outcome(Verdict.REJECTED, error="status", head=head(404), rules=text, asked_at=desk.now)
        )

    async def test_come_first_and_are_obeyed_in_bulk(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True})
        await frontier.add([link("http://a/ok")] + [link(f"http://a/no/{n}") for n in range(3_000)])
        await self.rules(desk, frontier, b"User-agent: *\nDisallow: /no/\n")
        (visit,) = await frontier.lease(9)
        assert str(visit.link.url) == "http://a/ok"
        await frontier.finish(visit, saved(visit, desk))
        assert await frontier.lease(9) == []
        assert frontier.counts.refused == 3_000
        assert records(desk)["http://a/no/7"] == ("refused", "robots")

    async def test_give_the_crawl_delay_before_the_first_page_within_its_cap(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True, "max_crawl_delay": 20.0})
        await frontier.add([link("http://a/1")])
        await self.rules(desk, frontier, b"User-agent: crawler\nCrawl-delay: 100\n")
        waiting = asyncio.ensure_future(frontier.lease(1))
        await desk.pass_time(frontier, 19)
        assert not await settled(waiting)
        await desk.pass_time(frontier, 2)
        assert len(await waiting) == 1
        assert any(isinstance(event, Noted) and "crawl-delay" in event.text for event in desk.events)

    async def test_not_to_be_had_for_now_hold_the_host_until_it_is_given_up(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True, "give_up_after": 100.0})
        await frontier.add([link("http://a/1"), link("http://a/2")])
        asked = 0
        while True:
            waiting = asyncio.ensure_future(frontier.lease(9))
            await desk.pass_time(frontier, 70)
            visits = await waiting
            if not visits:
                break
            (visit,) = visits
            assert visit.link.kind is Kind.ROBOTS
            asked += 1
            await frontier.finish(visit, Outcome(Verdict.REJECTED, error="status", head=head(503), asked_at=desk.now))
        assert asked == 3
        assert records(desk)["http://a/1"] == ("refused", "robots")

    async def test_that_redirect_in_a_circle_allow_all(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True})
        await frontier.add([link("http://a/1")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, failed("redirect", desk, asked=True))
        assert [str(visit.link.url) for visit in await frontier.lease(1)] == ["http://a/1"]

    async def test_that_wait_are_dropped_by_a_run_that_asks_for_none(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True})
        await frontier.add([link("http://a/1")])
        await frontier.lease(1)
        await desk.close()
        frontier = await desk.open()
        assert frontier.counts.queued == 1
        assert [str(visit.link.url) for visit in await frontier.lease(5)] == ["http://a/1"]

    async def test_are_asked_for_again_after_a_day(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True})
        await frontier.add([link("http://a/1"), link("http://a/2")])
        await self.rules(desk, frontier, b"")
        (visit,) = await frontier.lease(1)
        desk.now += 100_000
        await frontier.finish(visit, saved(visit, desk))
        await self.rules(desk, frontier, b"User-agent: *\nDisallow: /")
        assert await frontier.lease(1) == []

    async def test_that_refuse_now_what_was_to_be_tried_again_leave_nothing_in_the_queue(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True, "adaptive": False})
        paths = [f"http://a/{n}" for n in range(4)]
        await frontier.add([link("http://a/")])
        await self.rules(desk, frontier, b"")
        (visit,) = await frontier.lease(9)
        await frontier.finish(visit, saved(visit, desk, *found(visit, *paths)))
        visits = await frontier.lease(9)
        assert len(visits) == 4
        desk.now += 100_000
        for visit in visits:
            await frontier.finish(visit, failed("truncated", desk, asked=True, retry_in=1.0))
        desk.now += 10
        await self.rules(desk, frontier, b"User-agent: *\nDisallow: /")
        assert await frontier.lease(1) == []
        assert {records(desk)[path] for path in paths} == {("refused", "robots")}

    async def test_that_worker_processes_die_of_end_their_host(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"robots": True})
        await frontier.add([link("http://a/1")])
        for alone in (False, True, True):
            await frontier.call("suspect", await frontier.call("lease", 1, alone))
        assert await frontier.lease(1) == []
        assert records(desk)["http://a/1"] == ("failed", "crash")
        said = "a is given up: a worker process ended or hung over it: http://a/robots.txt"
        assert [event.text for event in desk.events if isinstance(event, Noted)] == [said]

    async def test_switched_on_for_a_crawl_that_was_begun_without(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/1")])
        await desk.close()
        frontier = await desk.open(politeness={"robots": True})
        await self.rules(desk, frontier, b"")
        assert len(await frontier.lease(1)) == 1


class TestDepth:
    async def test_a_shorter_way_lowers_a_page_and_all_below_it_and_revives_what_was_too_deep(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_depth": 3})
        await frontier.add([link("http://a/")])
        ways = {"http://a/": ["http://a/1", "http://a/x"], "http://a/1": ["http://a/2"], "http://a/2": ["http://a/3"]}
        held = None
        while visits := await asyncio.wait_for(frontier.lease(1), 5):
            (visit,) = visits
            url = str(visit.link.url)
            if url == "http://a/x" and held is None:
                held = visit
            elif url == "http://a/3":
                await frontier.finish(visit, saved(visit, desk, *found(visit, "http://a/4", refused="limit")))
                assert held is not None
                assert records(desk)["http://a/4"] == ("skipped", "limit")
                await frontier.finish(held, saved(held, desk, *found(held, "http://a/3")))
            else:
                await frontier.finish(visit, saved(visit, desk, *found(visit, *ways.get(url, []))))
        assert records(desk)["http://a/4"] == ("saved", None)

    async def test_a_page_that_rises_while_it_is_out_lifts_its_children(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_depth": 5})
        await frontier.add([link("http://a/deep", depth=5, parent="http://a/p")])
        (visit,) = await frontier.lease(1)
        await frontier.add([link("http://a/deep", depth=0, parent=None)])
        await frontier.finish(visit, saved(visit, desk, *found(visit, "http://a/child", refused="limit")))
        (child,) = await frontier.lease(1)
        assert (str(child.link.url), child.link.depth) == ("http://a/child", 1)


class TestKinds:
    async def test_images_of_a_page_come_before_the_next_page(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/p1"), link("http://a/i", Kind.IMAGE)])
        assert (await frontier.lease(1))[0].link.kind is Kind.IMAGE

    async def test_a_page_that_was_first_seen_as_an_image_is_visited_as_a_page(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/x", Kind.IMAGE, parent="http://a/")])
        await frontier.add([link("http://a/x", parent="http://a/")])
        (visit,) = await frontier.lease(1)
        assert visit.link.kind is Kind.PAGE

    async def test_one_rejected_as_no_image_is_asked_for_again_as_a_page(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/x", Kind.IMAGE)])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, Outcome(Verdict.REJECTED, error="type", head=head(), asked_at=desk.now))
        await frontier.add([link("http://a/x")])
        (visit,) = await frontier.lease(1)
        assert visit.link.kind is Kind.PAGE

    async def test_and_also_when_it_became_one_while_it_was_out(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/x", Kind.IMAGE)])
        (visit,) = await frontier.lease(1)
        await frontier.add([link("http://a/x")])
        await frontier.finish(visit, Outcome(Verdict.REJECTED, error="type", head=head(), asked_at=desk.now))
        (visit,) = await frontier.lease(1)
        assert (visit.link.kind, visit.attempt) == (Kind.PAGE, 1)


class TestLimits:
    async def test_max_pages_leaves_the_rest_queued_and_counts_what_is_out(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_pages": 3})
        await frontier.add([link("http://a/0")])
        (visit,) = await frontier.lease(9)
        image = found(visit, "http://a/i.png", kind=Kind.IMAGE)
        pages = found(visit, *(f"http://a/{n}" for n in range(1, 9)))
        image = [type(image[0])(image[0].reference, link("http://a/i.png", Kind.IMAGE, parent="http://a/0"), None)]
        await frontier.finish(visit, saved(visit, desk, *pages, *image))
        visits = await frontier.lease(9)
        assert [visit.link.kind for visit in visits].count(Kind.PAGE) == 2
        for visit in visits:
            await frontier.finish(visit, saved(visit, desk))
        assert await frontier.lease(9) == []
        assert (frontier.counts.pages, frontier.counts.queued, frontier.counts.limit) == (3, 6, "max-pages")

    async def test_a_page_that_failed_makes_room_for_another(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_pages": 1})
        await frontier.add([link("http://a/0"), link("http://a/1")])
        (visit,) = await frontier.lease(9)
        waiting = asyncio.ensure_future(frontier.lease(9))
        assert not await settled(waiting)
        await frontier.finish(visit, rejected(404, desk))
        assert [str(visit.link.url) for visit in await waiting] == ["http://a/1"]

    async def test_max_bytes_stops_leasing(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_bytes": 100})
        await frontier.add([link("http://a/0"), link("http://a/1")])
        (visit,) = await frontier.lease(9)
        await frontier.finish(visit, saved(visit, desk, size=100))
        assert await frontier.lease(9) == []
        assert frontier.counts.limit == "max-bytes"

    async def test_a_higher_limit_goes_on(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_pages": 1})
        await frontier.add([link("http://a/0"), link("http://a/1")])
        await visit_all(desk, frontier, {})
        await desk.close()
        frontier = await desk.open(crawl={"max_pages": 2})
        assert await visit_all(desk, frontier, {}) == ["http://a/1"]


class TestRedirects:
    async def test_a_redirect_is_a_link_and_a_seed_s_is_a_seed(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        moved = visit.link.moved(URL("http://b/"))
        await frontier.finish(visit, Outcome(Verdict.REDIRECTED, head=head(301), moved=moved, asked_at=desk.now))
        (target,) = await frontier.lease(1)
        assert (str(target.link.url), target.link.hops, target.link.is_seed) == ("http://b/", 1, True)
        assert [str(url) for url in frontier.seeds()] == ["http://a/", "http://b/"]
        with Records(desk.folder) as read:
            assert next(read.urls()).redirect == "http://b/"

    async def test_a_loop_is_a_failure(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/1")])
        for target in ("http://a/2", "http://a/3", "http://a/1"):
            (visit,) = await frontier.lease(1)
            moved = visit.link.moved(URL(target))
            await frontier.finish(visit, Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now))
        assert await frontier.lease(1) == []
        assert records(desk)["http://a/3"] == ("failed", "redirect")

    async def test_one_to_itself_is_a_failure_unless_there_is_a_cookie_and_then_once(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a.example/1"), link("http://b.example/2")])
        asked = []
        while visits := await frontier.lease(1):
            (visit,) = visits
            asked.append((visit.link.url.path, visit.attempt))
            cookies = [cookie(f"n={len(asked)}", visit)] if visit.link.url.path == "/1" else []
            moved = visit.link.moved(visit.link.url)
            outcome = Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now, cookies=cookies)
            await frontier.finish(visit, outcome)
        assert sorted(asked) == [("/1", 1), ("/1", 2), ("/2", 1)]
        assert set(records(desk).values()) == {("failed", "redirect")}


class TestCookies:
    async def test_that_another_page_got_lead_back_too(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a.example/1"), link("http://a.example/2")])
        asked = []
        while visits := await frontier.lease(1):
            (visit,) = visits
            path = visit.link.url.target
            asked.append(path)
            if path.startswith("/gate"):
                to, cookies = path.partition("?")[2], [cookie("ok=1; Path=/", visit)]
            elif desk.jar.header(visit.link.url, desk.now) is None or asked.count(path) == 1:
                to, cookies = f"/gate?{path}", []
            else:
                await frontier.finish(visit, saved(visit, desk))
                continue
            moved = visit.link.moved(visit.link.url.join(to))
            outcome = Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now, cookies=cookies)
            await frontier.finish(visit, outcome)
        assert sorted(asked) == ["/1", "/1", "/2", "/2", "/gate?/1", "/gate?/2"]
        assert records(desk)["http://a.example/2"] == ("saved", None)

    @pytest.mark.parametrize("status", [404, 429, 503])
    async def test_of_any_answer_are_kept(self, desk: Desk, status: int) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a.example/")])
        (visit,) = await frontier.lease(1)
        outcome = rejected(status, desk, retry_in=0.0 if status != 404 else None)
        await frontier.finish(visit, replace(outcome, cookies=[cookie("ok=1", visit)]))
        assert desk.jar.header(visit.link.url, desk.now) == "ok=1"

    async def test_the_bounce_by_way_of_a_page_that_sets_one_comes_back(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a.example/")])
        (visit,) = await frontier.lease(1)
        moved = visit.link.moved(URL("http://a.example/consent"))
        await frontier.finish(visit, Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now))
        (consent,) = await frontier.lease(1)
        outcome = Outcome(
            Verdict.REDIRECTED,
            head=head(302),
            moved=consent.link.moved(visit.link.url),
            asked_at=desk.now,
            cookies=[cookie("ok=1; Path=/", consent)],
        )
        await frontier.finish(consent, outcome)
        (again,) = await frontier.lease(1)
        assert (str(again.link.url), again.link.hops, again.attempt) == ("http://a.example/", 2, 2)
        assert desk.jar.header(again.link.url, desk.now) == "ok=1"
        await frontier.finish(again, saved(again, desk))
        assert records(desk) == {"http://a.example/": ("saved", None), "http://a.example/consent": ("redirected", None)}

    async def test_are_there_again_after_a_restart_and_gone_when_taken_back(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a.example/1"), link("http://a.example/2")])
        (visit,) = await frontier.lease(1)
        kept = [cookie("a=1", visit), cookie("b=2; Max-Age=100", visit), cookie("c=3", visit)]
        await frontier.finish(visit, replace(saved(visit, desk), cookies=kept))
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, replace(saved(visit, desk), cookies=[cookie("c=; Max-Age=0", visit)]))
        await desk.close()
        desk.jar = Jar()
        await desk.open()
        assert desk.jar.header(visit.link.url, desk.now) == "a=1; b=2"
        await desk.close()
        desk.jar, desk.now = Jar(), desk.now + 200
        await desk.open()
        assert desk.jar.header(visit.link.url, desk.now) == "a=1"
        assert desk.query("SELECT name FROM cookies") == [("a",)]

    async def test_of_a_person_are_kept_too(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.keep([Cookie("n", "v", "a.example", True, "/", None, False, False, desk.now)])
        assert desk.jar.header(URL("http://a.example/x"), desk.now) == "n=v"


class TestRestart:
    async def test_what_was_in_flight_is_queued_again_with_its_attempt(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/1"), link("http://a/2")])
        await frontier.lease(1)
        await desk.close()
        frontier = await desk.open()
        assert [str(url) for url in desk.begun.interrupted] == ["http://a/1"]
        assert frontier.counts.leased == 0
        assert sorted(await visit_all(desk, frontier, {})) == ["http://a/1", "http://a/2"]

    async def test_who_was_killed_while_cleaning_up_is_told_the_same_again(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        for wanted in (None, Partial("x.part", 5, '"v"')):
            (visit,) = await frontier.lease(1)
            if wanted is not None:
                await frontier.finish(
                    visit, replace(failed("truncated", desk, asked=True, retry_in=0.0), partial=wanted)
                )
                await frontier.lease(1)
            await desk.close()
            desk.clean_with = fail_to_clean
            for _ in range(2):
                with pytest.raises(StoreError):
                    await desk.open()
                assert list(map(str, desk.begun.interrupted)) == ["http://a/"]
                assert desk.begun.partials == ([] if wanted is None else ["x.part"])
            desk.clean_with = None
            frontier = await desk.open()
            assert list(map(str, desk.begun.interrupted)) == ["http://a/"]

    async def test_a_finished_crawl_has_nothing_to_lease(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        await visit_all(desk, frontier, {})
        await desk.close()
        frontier = await desk.open()
        assert await frontier.add([link("http://a/")]) == 0
        assert await frontier.lease(1) == []

    async def test_a_start_url_that_failed_is_asked_again_where_nothing_was_saved(self, desk: Desk) -> None:
        frontier = await desk.open(fetch={"max_retries": 0})
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, failed("connect", desk))
        assert await frontier.lease(1) == []
        await desk.close()
        frontier = await desk.open()
        assert [str(visit.link.url) for visit in await frontier.lease(1)] == ["http://a/"]

    async def test_what_came_of_a_large_document_travels_with_its_next_visit(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        begun = Partial("x.part", 5, '"v"')
        await frontier.finish(visit, replace(failed("truncated", desk, asked=True, retry_in=0.0), partial=begun))
        await desk.close()
        frontier = await desk.open()
        assert desk.begun.partials == ["x.part"]
        (visit,) = await frontier.lease(1)
        assert (visit.attempt, visit.partial) == (2, begun)
        await frontier.finish(visit, rejected(416, desk, retry_in=0.0))
        (visit,) = await frontier.lease(1)
        assert visit.partial is None

    async def test_looser_rules_revive_and_stricter_ones_skip(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        out, queued = found(visit, "http://b/", refused="scope"), found(visit, "http://a/1")
        await frontier.finish(visit, saved(visit, desk, *out, *queued))
        await frontier.reconsider(lambda link, before: None if link.url.host == "b" else "scope")
        assert records(desk) == {
            "http://a/": ("saved", None), "http://b/": ("queued", None), "http://a/1": ("skipped", "scope"),
        }  # fmt: skip

    async def test_the_delay_holds_over_a_kill(self, desk: Desk) -> None:
        frontier = await desk.open(politeness={"delay": 10.0})
        await frontier.add([link("http://a/1"), link("http://a/2")])
        await frontier.lease(1)
        await desk.close()
        frontier = await desk.open(politeness={"delay": 10.0})
        waiting = asyncio.ensure_future(frontier.lease(1))
        await desk.pass_time(frontier, 9)
        assert not await settled(waiting)
        await desk.pass_time(frontier, 2)
        assert len(await waiting) == 1

    async def test_a_url_that_failed_is_asked_again_when_it_is_given_as_a_start(self, desk: Desk) -> None:
        frontier = await desk.open(fetch={"max_retries": 0})
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk, *found(visit, "http://dead/")))
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, failed("dns", desk))
        await desk.close()
        frontier = await desk.open()
        assert await frontier.lease(1) == []
        await frontier.add([link("http://dead/")])
        (visit,) = await frontier.lease(1)
        assert (str(visit.link.url), visit.link.is_seed, visit.attempt) == ("http://dead/", True, 1)

    async def test_a_redirect_out_of_a_scope_that_is_wider_now_is_asked_again(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/", parent="http://p/")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, Outcome(Verdict.FAILED, error="scope", head=head(302), asked_at=desk.now))
        await frontier.reconsider(lambda link, before: None)
        assert records(desk) == {"http://a/": ("queued", None)}

    async def test_the_word_for_what_is_still_skipped_is_the_present_one(self, desk: Desk) -> None:
        frontier = await desk.open()
        await frontier.add([link("http://a/")])
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk, *found(visit, "http://b/", refused="scope")))
        await frontier.reconsider(lambda link, before: "limit")
        assert records(desk)["http://b/"] == ("skipped", "limit")

    async def test_two_at_once_are_refused(self, desk: Desk) -> None:
        await desk.open()
        with pytest.raises(CrawldbError, match="another crawler"):
            Database(desk.folder)


async def test_a_broken_database_is_heard_of_by_every_caller(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([], more=True)
    waiting = asyncio.ensure_future(frontier.lease(1))
    await asyncio.sleep(0)
    desk.break_it()
    with pytest.raises(CrawldbError):
        await frontier.add([link("http://a/")])
    with pytest.raises(CrawldbError):
        await waiting
    with pytest.raises(CrawldbError):
        await frontier.lease(1)


async def test_counts_are_told_after_each_commit(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    counted = [event.counts for event in desk.events if isinstance(event, Counted)]
    assert counted[-1] == frontier.counts
    assert frontier.counts.queued == 1


async def test_the_visits_are_kept(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, rejected(500, desk, retry_in=0.0))
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, saved(visit, desk))
    rows = desk.query("SELECT run, attempt, verdict, error, head FROM visits ORDER BY id")
    assert rows == [(1, 1, "rejected", "status", head().raw), (1, 2, "saved", None, head().raw)]


async def test_links_are_kept_in_page_order_with_their_reasons(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    both = [*found(visit, "http://a/1"), *found(visit, "http://b/", refused="scope"), *found(visit, "http://a/1")]
    await frontier.finish(visit, saved(visit, desk, *both))
    with Records(desk.folder) as read:
        assert [(one.source, one.target, one.tag, one.attribute, one.text, one.reason) for one in read.links()] == [
            ("http://a/", "http://a/1", "a", "href", "http://a/1", None),
            ("http://a/", "http://b/", "a", "href", "http://b/", "scope"),
            ("http://a/", "http://a/1", "a", "href", "http://a/1", None),
        ]
