"""Worker processes at one frontier: what one learns all know, and what a dead one had is tried again, not for ever."""

import asyncio
import json
from dataclasses import replace

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.records import Records
from crawler.crawldb.serve import Line
from crawler.errors import CrawldbError
from crawler.model import URL, Kind, Link, Noted, Outcome, Verdict, Visit
from crawler.web.cookies import parse_set_cookie
from tests.crawldb.desk import Desk, found, head, link, saved


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0.001)


async def die(line: Line) -> bool:
    """What the supervisor does once a worker is gone."""
    return await line.lost()


async def far_desk(desk: Desk, **sections: dict[str, object]) -> SqliteFrontier:
    desk.is_far = True
    return await desk.open(**sections)


def states(desk: Desk) -> dict[str, tuple[str, str | None, int]]:
    with Records(desk.folder) as read:
        return {one.url: (one.state, one.error, one.attempts) for one in read.urls()}


async def open_host(desk: Desk, frontier: SqliteFrontier, *paths: str) -> None:
    """A host that has answered, with these queued."""
    await frontier.add([link("http://a/")])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, saved(visit, desk, *found(visit, *(f"http://a/{path}" for path in paths))))


async def test_two_workers_share_what_is_due(desk: Desk) -> None:
    frontier = await far_desk(desk, concurrency={"per_host": 4})
    await open_host(desk, frontier, *"123456")
    _, first, _, _ = await desk.dial()
    _, second, _, _ = await desk.dial()
    one, two = await first.lease(2), await second.lease(2)
    assert {str(visit.link.url) for visit in [*one, *two]} == {f"http://a/{n}" for n in "1234"}
    waiting = asyncio.ensure_future(second.lease(1))
    await turns()
    assert not waiting.done(), "the host has as many out as it may, whoever has them"
    await first.finish(one[0], saved(one[0], desk))
    assert len(await waiting) == 1


async def test_no_more_are_out_in_all_than_may_be_in_flight(desk: Desk) -> None:
    frontier = await far_desk(desk, concurrency={"per_host": 9, "total": 3})
    await open_host(desk, frontier, *"123456")
    _, first, _, _ = await desk.dial()
    _, second, _, _ = await desk.dial()
    one = await first.lease(2)
    assert (len(one), len(await second.lease(2))) == (2, 1)
    waiting = asyncio.ensure_future(second.lease(1))
    await turns()
    assert not waiting.done()
    await first.finish(one[0], saved(one[0], desk))
    assert len(await waiting) == 1


async def test_a_link_that_was_named_is_not_sent_again_and_yet_rises_with_its_page(desk: Desk) -> None:
    """A page that was out while a shorter way to it was found takes along what it names, though that was known."""
    frontier = await far_desk(desk, concurrency={"per_host": 4}, crawl={"max_depth": 9})
    await frontier.add([link("http://a/")])
    (start,) = await frontier.lease(1)
    deep = replace(start, link=start.link._replace(depth=5))
    await frontier.finish(start, saved(start, desk, *found(deep, "http://a/far")))
    await frontier.add([link("http://a/second")])
    (page, other) = sorted(await frontier.lease(2), key=lambda visit: -visit.link.depth)
    assert (str(page.link.url), page.link.depth) == ("http://a/far", 6)
    await frontier.finish(other, saved(other, desk, *found(page, "http://a/below"), *found(other, "http://a/far")))
    await frontier.finish(page, saved(page, desk, *found(page, "http://a/below")))
    depths = dict(desk.query("SELECT url, depth FROM urls"))
    assert (depths["http://a/far"], depths["http://a/below"]) == (1, 2)


async def test_cookies_reach_every_worker_before_the_next_visit(desk: Desk) -> None:
    frontier = await far_desk(desk, concurrency={"per_host": 4})
    await open_host(desk, frontier, "1", "2")
    _, first, _, _ = await desk.dial()
    (visit,) = await first.lease(1)
    line = parse_set_cookie("k=v", visit.link.url, desk.now)
    assert line is not None
    _, second, jar, _ = await desk.dial()
    await first.finish(visit, replace(saved(visit, desk), cookies=[line]))
    (after,) = await second.lease(1)
    assert jar.header(after.link.url, desk.now) == "k=v"
    _, _, late, _ = await desk.dial()
    await turns()
    assert late.header(after.link.url, desk.now) == "k=v", "who comes later is told too"


async def test_a_start_url_that_moved_moves_for_all(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await frontier.add([link("http://a/")])
    _, first, _, _ = await desk.dial()
    _, second, _, crawl = await desk.dial()
    (visit,) = await first.lease(1)
    moved = visit.link.moved(URL("http://b/"))
    await first.finish(visit, Outcome(Verdict.REDIRECTED, head=head(302), moved=moved, asked_at=desk.now))
    assert [str(one.link.url) for one in await second.lease(1)] == ["http://b/"]
    assert crawl.roots == [URL("http://b/")]
    _, _, _, late = await desk.dial()
    await turns()
    assert late.roots == [URL("http://b/")]


async def test_what_a_dead_worker_had_is_leased_alone(desk: Desk) -> None:
    frontier = await far_desk(desk, concurrency={"per_host": 4})
    await open_host(desk, frontier, "1", "2", "3")
    line, doomed, _, _ = await desk.dial()
    held = await doomed.lease(2)
    assert await die(line)
    assert desk.cleared == [("2-", [visit.link.url for visit in held], [])]
    _, worker, _, _ = await desk.dial()
    assert [str(visit.link.url) for visit in await worker.lease(5)] == ["http://a/3"]
    waiting = asyncio.ensure_future(worker.lease(1))
    _, alone, _, _ = await desk.dial(alone=True)
    suspects = []
    for _ in held:
        (visit,) = await alone.lease(1)
        suspects.append(visit)
        await alone.finish(visit, saved(visit, desk))
    assert await alone.lease(1) == [], "there are no more"
    assert [(str(visit.link.url), visit.attempt) for visit in suspects] == [("http://a/1", 2), ("http://a/2", 2)]
    assert not waiting.done(), "one is still out"
    assert states(desk)["http://a/1"] == ("saved", None, 2)


async def test_suspects_keep_the_crawl_open(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await open_host(desk, frontier, "1")
    line, doomed, _, _ = await desk.dial()
    await doomed.lease(1)
    _, worker, _, _ = await desk.dial()
    waiting = asyncio.ensure_future(worker.lease(1))
    await die(line)
    await turns()
    assert not waiting.done()
    _, alone, _, _ = await desk.dial(alone=True)
    (visit,) = await alone.lease(1)
    await alone.finish(visit, saved(visit, desk))
    assert await waiting == []


async def test_a_page_that_costs_three_processes_has_failed(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await open_host(desk, frontier, "1")
    for alone in (False, True, True):
        line, doomed, _, _ = await desk.dial(alone=alone)
        (visit,) = await doomed.lease(1)
        await die(line)
    assert visit.attempt == 3
    assert states(desk)["http://a/1"] == ("failed", "crash", 3)
    _, worker, _, _ = await desk.dial()
    assert await worker.lease(1) == []
    assert desk.query("SELECT count(*) FROM visits WHERE verdict = 'crashed'") == [(3,)]


async def test_a_suspect_waits_for_its_hosts_pace(desk: Desk) -> None:
    frontier = await far_desk(desk, politeness={"delay": 10.0})
    await frontier.add([link("http://a/")])
    line, doomed, _, _ = await desk.dial()
    await doomed.lease(1)
    await die(line)
    _, alone, _, _ = await desk.dial(alone=True)
    waiting = asyncio.ensure_future(alone.lease(1))
    await turns()
    assert not waiting.done(), "it may have been asked for a moment ago"
    await desk.pass_time(frontier, 10.1)
    assert len(await waiting) == 1


async def test_a_new_run_takes_suspects_up(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await open_host(desk, frontier, "1")
    line, doomed, _, _ = await desk.dial()
    await doomed.lease(1)
    await die(line)
    await desk.close()
    desk.is_far = False
    again = await desk.open()
    (visit,) = await again.lease(1)
    assert (str(visit.link.url), visit.attempt) == ("http://a/1", 2)


async def test_who_says_goodbye_gives_back_what_it_has_unspent(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await open_host(desk, frontier, "1")
    line, worker, _, _ = await desk.dial()
    await worker.lease(1)
    worker.say_goodbye(None, None)
    await worker.close()
    assert await line.ended()
    (visit,) = await frontier.lease(1)
    assert visit.attempt == 1
    assert desk.stopped == []


async def test_a_worker_whose_disk_is_full_ends_the_crawl(desk: Desk) -> None:
    await far_desk(desk)
    line, worker, _, _ = await desk.dial()
    worker.say_goodbye("store", "disk full")
    await worker.close()
    assert await line.ended()
    assert desk.stopped == ["store"]


async def test_a_worker_that_hangs_up_without_a_word_had_not_finished(desk: Desk) -> None:
    await far_desk(desk)
    line, worker, _, _ = await desk.dial()
    await worker.close()
    assert not await line.ended()


async def test_visits_for_a_caller_that_is_gone_come_back(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await open_host(desk, frontier)
    _, worker, _, _ = await desk.dial()
    await frontier.add([], more=True)
    waiting = asyncio.ensure_future(worker.lease(1))
    await turns()
    waiting.cancel()
    await frontier.add([link("http://a/1", parent="http://a/")])
    assert len(await frontier.lease(1)) == 1


async def test_a_worker_is_told_to_stop_once_it_has_begun(desk: Desk) -> None:
    await far_desk(desk)
    line, _, _, crawl = await desk.dial()
    assert not line.stop(), "its first word is still on the way"
    await turns()
    assert line.stop()
    await turns()
    assert crawl.reasons == ["interrupted"]


async def test_a_worker_is_heard_of_by_whatever_it_says(desk: Desk) -> None:
    await far_desk(desk)
    line, worker, _, _ = await desk.dial()
    await turns()
    assert line.heard()
    assert not line.heard()
    worker.beat()
    await turns()
    assert line.heard()


async def test_notes_travel_and_nothing_else_does(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    await far_desk(desk)
    told: list[object] = []
    desk.board.observe = told.append
    _, worker, _, _ = await desk.dial()
    worker.observe(Noted("look", warning=True))
    worker.report("a bug, with its traceback")
    await turns()
    assert told == [Noted("look", warning=True)]
    assert "a bug, with its traceback" in caplog.text


async def test_a_database_that_fails_ends_all(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await open_host(desk, frontier, "1")
    _, worker, _, _ = await desk.dial()
    (visit,) = await worker.lease(1)
    desk.break_it()
    with pytest.raises(CrawldbError):
        await worker.finish(visit, saved(visit, desk))
    assert desk.stopped == ["crawldb"]
    with pytest.raises(CrawldbError):
        await worker.lease(1)


async def test_names_by_a_template_are_cleared_with_the_rest(desk: Desk) -> None:
    frontier = await far_desk(desk, images={"name": "{stem}.{ext}"})
    await frontier.add([Link(URL("http://a/i.png"), Kind.IMAGE)])
    line, doomed, _, _ = await desk.dial()
    (visit,) = await doomed.lease(1)
    place = await doomed.claim(visit, "00" * 32, "images/i.png")
    assert place == ("images/i.png", False)
    await die(line)
    assert desk.cleared[0][2] == ["images/i.png"]


async def test_a_stale_claim_is_answered(desk: Desk) -> None:
    await far_desk(desk)
    _, worker, _, _ = await desk.dial()
    stale = Visit(Link(URL("http://a/")), 1, 4711)
    assert await worker.claim(stale, "00" * 32, "p") == ("p", False)
    await worker.finish(stale, Outcome(Verdict.SAVED))


async def test_links_arrive_whole(desk: Desk) -> None:
    frontier = await far_desk(desk)
    await frontier.add([link("http://a/")])
    _, worker, _, _ = await desk.dial()
    (visit,) = await worker.lease(1)
    named = [*found(visit, "http://a/i.png", kind=Kind.IMAGE), *found(visit, "http://b/", refused="scope")]
    await worker.finish(visit, saved(visit, desk, *named))
    rows = desk.query("SELECT url, kind, state, error, depth FROM urls WHERE id > 1 ORDER BY id")
    assert rows == [("http://a/i.png", 3, "queued", None, 0), ("http://b/", 4, "skipped", "scope", 1)]
    assert json.dumps(desk.query("SELECT url FROM links")) == "[[1]]"
