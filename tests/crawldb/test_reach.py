"""Where the hosts of a crawl may lie: visits carry what the settings and the start URLs make of it."""

from dataclasses import replace

import pytest

from crawler.model import Kind
from tests.crawldb.desk import Desk, found, link, saved

PRIVATE, OTHER, LOOPBACK = "http://intranet.example/", "http://other.example/", "http://127.0.0.1:8000/"


async def reaches(desk: Desk, start: str, *named: str, setting: str = "start-only") -> list[str]:
    """Where the start, and then what it names, may lie."""
    frontier = await desk.open(scope={"private_networks": setting})
    await frontier.add([link(start)])
    (visit,) = await frontier.lease(1)
    await frontier.finish(visit, saved(visit, desk, *found(visit, *named)))
    visits = {str(one.link.url): one for one in [visit, *await frontier.lease(10)]}
    return [visits[url].reach for url in (start, *named)]


@pytest.mark.parametrize(
    ("setting", "start", "other"),
    [("start-only", "host", "public"), ("allow", "any", "any"), ("refuse", "public", "public")],
)
async def test_a_host_that_was_asked_for_may_lie_anywhere_and_others_in_public(
    desk: Desk, setting: str, start: str, other: str
) -> None:
    assert await reaches(desk, PRIVATE, OTHER, setting=setting) == [start, other]


async def test_other_pages_and_ports_of_it_are_judged_by_name_and_port(desk: Desk) -> None:
    assert await reaches(desk, PRIVATE, f"{PRIVATE}x", "http://intranet.example:81/") == ["host", "host", "public"]


@pytest.mark.parametrize("start", [LOOPBACK, "http://localhost/", "http://[::1]:8000/", "http://a.localhost/"])
async def test_a_crawl_that_starts_on_loopback_may_stay_there(desk: Desk, start: str) -> None:
    assert await reaches(desk, start, OTHER) == ["loopback", "loopback"]


async def test_one_that_is_led_there_may_not(desk: Desk) -> None:
    assert await reaches(desk, PRIVATE, LOOPBACK, "http://localhost/") == ["host", "public", "public"]


async def test_an_unspecified_address_is_no_loopback(desk: Desk) -> None:
    assert await reaches(desk, "http://0.0.0.0:8000/", LOOPBACK) == ["host", "public"]


async def test_a_redirect_names_nobody(desk: Desk) -> None:
    frontier = await desk.open()
    await frontier.add([link(PRIVATE)])
    (visit,) = await frontier.lease(1)
    assert visit.link.is_seed
    await frontier.add([visit.link.moved(link(LOOPBACK).url)])
    (moved,) = [one for one in await frontier.lease(10) if str(one.link.url) == LOOPBACK]
    assert moved.reach == "public"


async def test_a_restart_knows_who_was_asked_for(desk: Desk) -> None:
    assert await reaches(desk, PRIVATE, OTHER) == ["host", "public"]
    await desk.close()
    frontier = await desk.open()
    visits = {str(one.link.url): one.reach for one in await frontier.lease(10)}
    assert visits == {OTHER: "public"}
    await frontier.add([link(f"{PRIVATE}x", Kind.PAGE, parent=OTHER)])
    (again,) = await frontier.lease(10)
    assert again.reach == "host"


@pytest.mark.parametrize(
    ("peer", "later"),
    [
        ("93.184.216.34:80", "public"),
        ("[2606:2800::1]:80", "public"),
        ("10.0.0.7:80", "host"),
        ("[fd00::1]:80", "host"),
    ],
)
async def test_a_start_host_stays_where_it_was_found(desk: Desk, peer: str, later: str) -> None:
    """A name that led to a public address at first leads nowhere else later, nor in the next run."""
    frontier = await desk.open()
    await frontier.add([link(PRIVATE)])
    (visit,) = await frontier.lease(1)
    outcome = replace(saved(visit, desk, *found(visit, f"{PRIVATE}x")), peer=peer)
    await frontier.finish(visit, outcome)
    (visit,) = await frontier.lease(1)
    assert visit.reach == later
    await desk.close()
    frontier = await desk.open()
    (visit,) = await frontier.lease(1)
    assert visit.reach == later
