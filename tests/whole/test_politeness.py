"""How the crawler treats servers, measured where it counts: at the server."""

import time
from pathlib import Path

import pytest

from tests.command import by_path, crawl, known, run, settings
from tests.hits import shortest_gap
from tests.toysite import Reply, ToySite, image, in_turn, page, text

SLACK = 0.02
"""What a busy machine may add between a request's beginning here and its arrival there."""


def star(count: int, delay: float = 0.0, prefix: str = "/") -> dict[str, Reply]:
    """A start page that links `count` others."""
    leaves = [f"{prefix}{number}" for number in range(count)]
    return {prefix: page(*leaves), **{leaf: Reply(body=b"leaf", delay=delay) for leaf in leaves}}


async def test_no_more_in_flight_than_set(tmp_path: Path) -> None:
    async with ToySite(star(60, delay=0.05)) as site:
        site.pages["/"] = page(*(site.at(f"/{n}", host) for n in range(30) for host in ("127.0.0.1", "localhost")))
        await crawl(site.url, tmp_path / "out", "--scope", "any", "--concurrency", 6, "--per-host", 4)
        assert site.max_in_flight == 6
        assert site.max_in_flight_of == {"127.0.0.1": 4, "localhost": 4}
        assert len(site.targets("localhost")) == 31, "robots.txt and thirty pages"


async def test_the_total_holds_where_hosts_allow_more(tmp_path: Path) -> None:
    async with ToySite(star(20, delay=0.05)) as site:
        await crawl(site.url, tmp_path / "out", "--concurrency", 3, "--per-host", 10)
        assert site.max_in_flight == 3


async def test_defaults_are_four_for_one_host(tmp_path: Path) -> None:
    async with ToySite(star(20, delay=0.05)) as site:
        await crawl(site.url, tmp_path / "out")
        assert site.max_in_flight == 4


async def test_a_delay_lies_between_all_requests_to_a_host(tmp_path: Path) -> None:
    async with ToySite({**star(3), "/0": page(images=["/i.png"]), "/i.png": image()}) as site:
        site.pages["localhost/"] = page()
        site.pages["/1"] = page(site.at("/", "localhost"))
        await crawl(site.url, tmp_path / "out", "--delay", "0.5s", "--per-host", 4, "--scope", "any")
        here = [hit for hit in site.hits if hit.host.startswith("127.0.0.1")]
        assert {hit.target for hit in here} == {"/robots.txt", "/", "/0", "/1", "/2", "/i.png"}
        assert shortest_gap(here) >= 0.5 - SLACK
        assert shortest_gap(hit for hit in site.hits if hit not in here) >= 0.5 - SLACK
        assert shortest_gap(site.hits) < 0.4, "two hosts do not wait for each other"


async def test_a_slow_answer_is_not_waited_for_twice(tmp_path: Path) -> None:
    """The delay counts from the beginning of a request: an answer that takes longer than it costs no wait on top."""
    async with ToySite(star(4, delay=0.3)) as site:
        began = time.monotonic()
        await crawl(site.url, tmp_path / "out", "--delay", "0.3s")
        beginnings = sorted(hit.began_at for hit in site.hits)
        assert shortest_gap(site.hits) >= 0.3 - SLACK
        assert beginnings[-1] - beginnings[0] < 5 * 0.3 + 0.5, time.monotonic() - began


async def test_crawl_delay_of_robots_txt(tmp_path: Path) -> None:
    async with ToySite({**star(2), "/robots.txt": text("User-agent: *\nCrawl-delay: 0.4\n")}) as site:
        await crawl(site.url, tmp_path / "out")
        assert len(site.hits) == 4
        assert shortest_gap(site.hits) >= 0.4 - SLACK


async def test_a_crawl_delay_beyond_the_cap_is_cut_and_said(tmp_path: Path) -> None:
    async with ToySite({**star(2), "/robots.txt": text("User-agent: *\nCrawl-delay: 3600\n")}) as site:
        flags = settings(tmp_path, politeness={"max_crawl_delay": "0.2s"})
        ended = await crawl(site.url, tmp_path / "out", *flags)
        assert 0.2 - SLACK <= shortest_gap(site.hits) < 2
        assert "asks for a crawl-delay of 1h" in ended.said


async def test_ten_thousand_disallowed_urls_end_at_once(tmp_path: Path) -> None:
    pages = {"/": page(*(f"/no/{n}" for n in range(10_000))), "/robots.txt": text("User-agent: *\nDisallow: /no/\n")}
    async with ToySite(pages) as site:
        began = time.monotonic()
        await crawl(site.url, tmp_path / "out", "--delay", "1s")
        assert site.targets() == ["/robots.txt", "/"]
        assert time.monotonic() - began < 8
    states = [(row["state"], row["error"]) for row in (await known(tmp_path / "out")).values()]
    assert states.count(("refused", "robots")) == 10_000
    assert states.count(("saved", None)) == 1


async def test_rules_for_our_token_whatever_the_user_agent(tmp_path: Path) -> None:
    rules = "User-agent: crawler\nDisallow: /0\n\nUser-agent: *\nDisallow: /\n"
    async with ToySite({**star(3), "/robots.txt": text(rules)}) as site:
        await crawl(site.url, tmp_path / "out", "--user-agent", "Other/1.0")
        assert set(site.targets()) == {"/robots.txt", "/", "/1", "/2"}
        assert {asked.headers["user-agent"] for asked in site.requests} == {"Other/1.0"}


async def test_robots_can_be_switched_off(tmp_path: Path) -> None:
    async with ToySite({**star(2), "/robots.txt": text("User-agent: *\nDisallow: /\n")}) as site:
        await crawl(site.url, tmp_path / "out", "--no-robots")
        assert set(site.targets()) == {"/", "/0", "/1"}


async def test_a_robots_txt_elsewhere_is_followed_to(tmp_path: Path) -> None:
    async with ToySite(star(3)) as site:
        site.pages["127.0.0.1/robots.txt"] = Reply(301, headers={"Location": site.at("/rules", "localhost")})
        site.pages["localhost/rules"] = text("User-agent: *\nDisallow: /1\n")
        await crawl(site.url, tmp_path / "out")
        assert set(site.targets("127.0.0.1")) == {"/robots.txt", "/", "/0", "/2"}


@pytest.mark.parametrize("status", [404, 403, 401])
async def test_no_robots_txt_allows_all(tmp_path: Path, status: int) -> None:
    async with ToySite({**star(2), "/robots.txt": text("User-agent: *\nDisallow: /", status)}) as site:
        await crawl(site.url, tmp_path / "out")
        assert set(site.targets()) == {"/robots.txt", "/", "/0", "/1"}


async def test_a_robots_txt_that_fails_holds_the_host_until_it_comes(tmp_path: Path) -> None:
    robots = in_turn(Reply(503), Reply(503), text("User-agent: *\nDisallow: /1\n"))
    async with ToySite({**star(2), "/robots.txt": robots}) as site:
        await crawl(site.url, tmp_path / "out", *settings(tmp_path, fetch={"retry_wait": "0.1s"}))
        assert site.targets() == ["/robots.txt"] * 3 + ["/", "/0"]


async def test_a_robots_txt_that_never_comes_ends_its_host(tmp_path: Path) -> None:
    async with ToySite({**star(2), "/robots.txt": Reply(500)}) as site:
        wait = settings(tmp_path, fetch={"retry_wait": "0.05s"}, politeness={"give_up_after": "1s"})
        ended = await run("crawl", site.url, "-o", tmp_path / "out", *wait)
        assert ended.status == 1, ended.said
        assert set(site.targets()) == {"/robots.txt"}
    [row] = (await known(tmp_path / "out")).values()
    assert row["state"] in ("failed", "refused")
    assert row["error"]


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_the_whole_host(tmp_path: Path, status: int) -> None:
    busy = Reply(status, headers={"Retry-After": "1"})
    async with ToySite({**star(6, delay=0.02), "/0": in_turn(busy, page())}) as site:
        await crawl(site.url, tmp_path / "out", "--per-host", 1)
        told = next(hit for hit in site.hits if hit.status == status)
        later = [hit for hit in site.hits if hit.began_at > told.ended_at]
        assert min(hit.began_at for hit in later) >= told.ended_at + 1 - SLACK
        assert {hit.target for hit in later} == {"/0", "/1", "/2", "/3", "/4", "/5"}
    row = by_path(await known(tmp_path / "out"))["/0"]
    assert (row["state"], row["attempts"]) == ("saved", 2)


async def test_a_retry_after_beyond_the_cap_is_cut(tmp_path: Path) -> None:
    busy = Reply(503, headers={"Retry-After": "99999999999999999999"})
    async with ToySite({**star(2), "/0": in_turn(busy, page())}) as site:
        wait = settings(tmp_path, politeness={"max_retry_after": "0.5s"}, fetch={"retry_wait": "0.1s"})
        await crawl(site.url, tmp_path / "out", *wait)
        assert site.targets().count("/0") == 2


async def test_retries_back_off_and_end(tmp_path: Path) -> None:
    async with ToySite({**star(3), "/0": Reply(500), "/1": in_turn(Reply(502), Reply(504), page())}) as site:
        wait = settings(tmp_path, fetch={"retry_wait": "0.2s", "max_retries": 2})
        await crawl(site.url, tmp_path / "out", *wait)
        assert site.targets().count("/0") == 3
        asked = [hit for hit in site.hits if hit.target == "/0"]
        assert shortest_gap(asked) >= 0.1 - SLACK, "half of the wait is jitter"
    found = by_path(await known(tmp_path / "out"))
    assert (found["/0"]["state"], found["/0"]["error"], found["/0"]["attempts"]) == ("rejected", "status", 3)
    assert (found["/1"]["state"], found["/1"]["attempts"]) == ("saved", 3)


async def test_a_slow_host_holds_up_no_other(tmp_path: Path) -> None:
    async with ToySite(star(20)) as site:
        slow = {f"localhost/{n}": Reply(body=b"slow", delay=0.4) for n in range(8)}
        site.pages.update(slow)
        site.pages["/"] = page(*(site.at(key[9:], "localhost") for key in slow), *(f"/{n}" for n in range(20)))
        await crawl(site.url, tmp_path / "out", "--scope", "any", "--concurrency", 4, "--per-host", 2)
        done = {name: max(hit.ended_at for hit in site.hits if hit.host.startswith(name)) for name in ("127", "local")}
        assert done["127"] < done["local"] - 0.3
