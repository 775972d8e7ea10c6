"""Sites without end, met by a frontier: what ends them, what is said of it, and all that must not be taken for one."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.traps import CACHED, domain_of
from crawler.model import URL, Kind, Link, Noted, Outcome, Row, Verdict
from crawler.web.simhash import DEEP, saying
from tests.crawldb.desk import Desk, found, head, link, saved

HOST = "http://a.example"
START = f"{HOST}/start"

Site = Callable[[str], tuple[Iterable[str], str]]
"""What a path of a site names, and what its page says."""


async def walk(desk: Desk, frontier: SqliteFrontier, site: Site, most: int = 10_000) -> list[str]:
    """Visit what is due until nothing is, or too much was; the paths in their order."""
    visited: list[str] = []
    while len(visited) < most and desk.query("SELECT 1 FROM urls WHERE state = 'queued' LIMIT 1"):
        for visit in await frontier.lease(1):
            path = visit.link.url.target
            named, text = site(path)
            images = [one for one in named if one.endswith(".png")]
            pages = [one for one in named if not one.endswith(".png")]
            references = [
                *found(visit, *(HOST + one for one in images), kind=Kind.IMAGE),
                *found(visit, *(HOST + one for one in pages)),
            ]
            says = saying(text.encode(), "utf-8", visit.link.url, visit.link.depth)
            outcome = replace(saved(visit, desk, *references), fingerprint=says)
            await frontier.finish(visit, outcome)
            if visit.link.kind is Kind.PAGE:
                visited.append(path)
    return visited


def notes(desk: Desk) -> list[str]:
    return [event.text for event in desk.events if isinstance(event, Noted)]


def states(desk: Desk) -> dict[tuple[str, str | None], int]:
    rows = desk.query("SELECT state, error, count(*) FROM urls WHERE kind = 4 GROUP BY state, error")
    return {(state, error): count for state, error, count in rows}


def number(path: str) -> int:
    digits = path.rpartition("/")[2].rpartition("=")[2]
    return int(digits) if digits.isdigit() else 0


WORDS = [first + last for first in ("ab", "be", "co", "du", "el", "fa") for last in ("le", "ra", "mo", "ti", "us")]


def article(seed: object, words: int = 150) -> str:
    return " ".join(Random(f"{seed}").choices(WORDS, k=words))


SAME = article("the same")


class TestLikePages:
    """A text that no page may repeat more than `max_like` times and lead on."""

    async def crawl(self, desk: Desk, site: Site, start: str, **traps: int) -> list[str]:
        frontier = await desk.open(traps={"max_like": 50, **traps})
        await frontier.add([link(HOST + start)])
        return await walk(desk, frontier, site, 3000)

    async def test_a_maze_is_left_and_named_once(self, desk: Desk) -> None:
        def maze(path: str) -> tuple[list[str], str]:
            return [f"/maze/{Random(path).randbytes(6).hex()}{n}.html" for n in range(5)], f"{path} is not here"

        visited = await self.crawl(desk, maze, "/maze/")
        assert len(visited) == 50
        assert notes(desk) == ["a.example/maze/*.html: 50 like pages, no longer followed"]
        assert states(desk) == {("saved", None): 50, ("skipped", "trap"): 5 * 50 + 1 - 50}

    async def test_what_it_was_crawled_from_goes_on(self, desk: Desk) -> None:
        def site(path: str) -> tuple[list[str], str]:
            if path.startswith("/maze/"):
                return [f"/maze/{path.count('x')}{n}x{'x' * path.count('x')}" for n in range(5)], "not here"
            now = number(path)
            return [f"/articles/{now + 1}", "/maze/0"] if now < 300 else [], article(path)

        visited = await self.crawl(desk, site, "/articles/0")
        assert sum(path.startswith("/articles/") for path in visited) == 301

    async def test_a_calendar_is_left_once_it_leads_far_from_the_start(self, desk: Desk) -> None:
        def months(path: str) -> tuple[list[str], str]:
            year, month = (int(part) for part in path.split("/")[2:4])
            return [f"/calendar/{year + month // 12}/{month % 12 + 1}"], f"<h1>{month} {year}</h1>No events"

        assert len(await self.crawl(desk, months, "/calendar/2026/1")) == DEEP + 50

    async def test_a_query_that_only_grows_is_one_place_whatever_its_names(self, desk: Desk) -> None:
        def facets(path: str) -> tuple[list[str], str]:
            return [f"{path}&{name}={n}" for name in "abcdef" for n in range(3)], f"12 products for {path}"

        assert len(await self.crawl(desk, facets, "/shop?z=1")) == 50

    async def test_like_pages_elsewhere_are_others(self, desk: Desk) -> None:
        def two(path: str) -> tuple[list[str], str]:
            first = path.split("/")[1]
            return [f"/{first}/{number(path) + 1}"] if number(path) < 40 else ["/b/0"] if first == "a" else [], SAME

        assert len(await self.crawl(desk, two, "/a/0")) == 82
        assert notes(desk) == []

    async def test_restarts_keep_what_is_known(self, desk: Desk) -> None:
        def paging(path: str) -> tuple[list[str], str]:
            return [f"/list?page={number(path) + 1}"], "Nothing here"

        visited = []
        for _ in range(5):
            frontier = await desk.open(traps={"max_like": 50})
            await frontier.add([link(f"{HOST}/list?page=0")])
            visited += await walk(desk, frontier, paging, DEEP + 5)
            await desk.close()
        assert len(visited) == len(set(visited)) == DEEP + 50
        assert notes(desk) == ["a.example/list?page=*: 50 like pages, no longer followed"]

    async def test_a_new_start_there_is_no_trap_but_leads_no_further(self, desk: Desk) -> None:
        def paging(path: str) -> tuple[list[str], str]:
            return [f"/list?page={number(path) + 1}"], "Nothing here"

        await self.crawl(desk, paging, "/list?page=0")
        await desk.close()
        frontier = await desk.open(traps={"max_like": 50})
        await frontier.add([link(f"{HOST}/list?page=5000")])
        assert await walk(desk, frontier, paging) == [f"/list?page={5000 + n}" for n in range(DEEP + 1)]

    async def test_more_places_than_are_kept_in_memory(self, desk: Desk) -> None:
        places = ["".join(chr(ord("a") + int(digit)) for digit in str(n)) for n in range(CACHED + 1)]

        def site(path: str) -> tuple[list[str], str]:
            if path == "/start":
                return [f"/{place}/0" for place in places], "An index"
            folder = path.rpartition("/")[0]
            return [f"{folder}/{number(path) + 1}"] if folder == "/a" or path.endswith("/0") else [], "not here"

        visited = await self.crawl(desk, site, "/start", max_like=10, max_same=10_000)
        assert len(visited) == 1 + 2 * CACHED + 10

    async def test_many_other_texts_between_do_not_hide_them(self, desk: Desk) -> None:
        def site(path: str) -> tuple[list[str], str]:
            if path.startswith("/a/x"):
                return [f"/a/x{path.count('x')}{n}{'x' * path.count('x')}" for n in range(2)], "not here"
            return [f"/a/{number(path) + 1}", "/a/x"] if number(path) < 200 else [], article(path)

        visited = await self.crawl(desk, site, "/a/0")
        assert len(visited) <= 201 + 200


class TestHonestSites:
    """What looks like a trap, and of which nothing may be lost by default."""

    async def crawl(self, desk: Desk, site: Site, start: str, **traps: int) -> list[str]:
        frontier = await desk.open(traps=traps)
        await frontier.add([link(HOST + start)])
        visited = await walk(desk, frontier, site)
        assert notes(desk) == []
        return visited

    async def test_five_thousand_articles_behind_one_query(self, desk: Desk) -> None:
        def articles(path: str) -> tuple[list[str], str]:
            now = number(path)
            return [f"/item?id={n}" for n in range(now * 8 + 1, now * 8 + 9) if n < 5000], article(path)

        assert len(await self.crawl(desk, articles, "/item?id=0")) == 5000

    async def test_two_thousand_lists_of_other_threads(self, desk: Desk) -> None:
        def lists(path: str) -> tuple[list[str], str]:
            threads = "".join(f"<a href=x>{article((path, n), 6)}</a> 12 replies" for n in range(20))
            return [f"/forum?page={number(path) + 1}"] if number(path) < 1999 else [], f"<p>Threads {threads}"

        assert len(await self.crawl(desk, lists, "/forum?page=0")) == 2000

    async def test_pages_of_one_template_that_differ_in_a_number(self, desk: Desk) -> None:
        def generated(path: str) -> tuple[list[str], str]:
            now = number(path)
            return [f"/page/{n}" for n in range(now * 10 + 1, now * 10 + 11) if n < 1200], f"<h1>Page {now}</h1>{SAME}"

        assert len(await self.crawl(desk, generated, "/page/0")) == 1200

    @pytest.mark.parametrize("pages", [700, 1500])
    async def test_pages_of_one_text_that_name_one_another_at_random(self, desk: Desk, pages: int) -> None:
        def generated(path: str) -> tuple[list[str], str]:
            return [f"/page/{n}" for n in Random(path).sample(range(pages), 40)], SAME

        visited = await self.crawl(desk, generated, "/page/0")
        assert len(visited) == pages

    async def test_pages_of_one_text_that_each_name_the_next_forty(self, desk: Desk) -> None:
        def generated(path: str) -> tuple[list[str], str]:
            return [f"/page/{n}" for n in range(number(path) + 1, min(number(path) + 41, 1000))], SAME

        assert len(await self.crawl(desk, generated, "/page/0")) == 1000

    async def test_a_gallery_that_says_nothing_and_shows_a_picture_on_each_page(self, desk: Desk) -> None:
        def gallery(path: str) -> tuple[list[str], str]:
            now = number(path)
            return [f"/photo/{now}.png", *([f"/photo/{now + 1}"] if now < 799 else [])], "A photo"

        assert len(await self.crawl(desk, gallery, "/photo/0")) == 800

    async def test_like_pages_that_name_nothing_new(self, desk: Desk) -> None:
        def stubs(path: str) -> tuple[list[str], str]:
            if path == "/stub/":
                return [f"/stub/{n}" for n in range(700)], "An index"
            return [f"/stub/{n}" for n in range(number(path) + 1, 700)[:1]], "This page is empty"

        assert len(await self.crawl(desk, stubs, "/stub/")) == 701

    async def test_like_pages_that_lead_elsewhere(self, desk: Desk) -> None:
        def users(path: str) -> tuple[list[str], str]:
            if path.startswith("/user/"):
                return [f"/{path.strip('/').replace('/', '')}/index"], "A member"
            if path == "/start":
                return [f"/user/{n}" for n in range(600)], "Members"
            return [], article(path)

        assert len(await self.crawl(desk, users, "/start")) == 1201


FOLDERS = "/".join(f"w{n}x" for n in range(32))
NAMES = "&".join(f"p{n}=" for n in range(32))


class TestForms:
    """URLs that only grow, and those with session ids."""

    async def refused(self, desk: Desk, *paths: str, parent: str = "/start", **traps: int) -> list[str]:
        await desk.close()
        frontier = await desk.open(traps=traps)
        await frontier.add([link(HOST + path, parent=HOST + parent) for path in paths])
        return [
            row[0].removeprefix(HOST) for row in desk.query("SELECT url FROM urls WHERE error = 'trap' ORDER BY id")
        ]

    @pytest.mark.parametrize(
        ("traps", "parent", "path"),
        [
            ({}, "/a/b/a/b/a/b/", "/a/b/a/b/a/b/a/b"),
            ({}, "/a////", "/a/////"),
            ({}, "/" + FOLDERS, f"/{FOLDERS}/more"),
            ({}, "/?" + NAMES, f"/?{NAMES}&more="),
            ({"max_repeats": 2}, "/a", "/a/a"),
            ({"max_segments": 2}, "/a/b", "/a/b/c"),
            ({"max_parameters": 1}, "/?a", "/?a&b"),
        ],
    )
    async def test_what_grows_beyond_a_bound_is_not_followed(
        self, desk: Desk, traps: dict[str, int], parent: str, path: str
    ) -> None:
        assert await self.refused(desk, path, "/fine", parent=parent, **traps) == [path]

    @pytest.mark.parametrize(
        "path", ["/a/b/a/b/a/b/a/b", "/a/////", "/" + "d/" * 200, f"/{FOLDERS}/more", f"/?{NAMES}&more="]
    )
    async def test_a_long_one_that_a_short_one_names_is_none_of_these(self, desk: Desk, path: str) -> None:
        assert await self.refused(desk, path) == []

    async def test_repeats_are_not_looked_at_where_that_is_not_wanted(self, desk: Desk) -> None:
        assert await self.refused(desk, "/" + "a/" * 30, parent="/" + "a/" * 29, max_repeats=0) == []

    async def test_of_a_start_url_and_of_images_are_what_was_asked_for(self, desk: Desk) -> None:
        frontier = await desk.open()
        parent = f"{HOST}/b/b/b/b/"
        await frontier.add([link(f"{HOST}/a/a/a/a/"), link(f"{parent}b/x.png", Kind.IMAGE, parent=parent)])
        assert desk.query("SELECT count(*) FROM urls WHERE state = 'queued'") == [(2,)]

    async def test_one_session_is_enough(self, desk: Desk) -> None:
        ids = [f"{n * 0x9E3779B97F4A7C15:032x}" for n in range(1, 5)]
        paths = [f"/a?PHPSESSID={one}" for one in ids] + [f"/b;jsessionid={one}" for one in ids] + ["/a", "/b"]
        assert await self.refused(desk, *paths) == [*paths[1:4], *paths[5:8]]

    async def test_also_after_a_restart(self, desk: Desk) -> None:
        assert await self.refused(desk, "/a?PHPSESSID=one") == []
        assert await self.refused(desk, "/a?PHPSESSID=two") == ["/a?PHPSESSID=two"]

    async def test_all_are_followed_where_that_is_wanted(self, desk: Desk) -> None:
        assert await self.refused(desk, "/a?PHPSESSID=one", "/a?PHPSESSID=two", one_session=False) == []


class TestBounds:
    async def test_a_host_has_no_more_than_so_many_urls_and_that_is_said_once(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_host_urls": 10})
        await frontier.add([link(f"{HOST}/{n}", parent=START) for n in range(20)])
        await frontier.add([link("http://b.example/x", parent=START), Link(URL(f"{HOST}/start"))])
        assert states(desk) == {("queued", None): 12, ("skipped", "trap"): 10}
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk, *found(visit, f"{HOST}/one/more")))
        assert notes(desk) == ["a.example: 10 URLs, no more are followed"]

    async def test_no_more_than_so_many_sitemaps_but_those_asked_for(self, desk: Desk) -> None:
        frontier = await desk.open(crawl={"max_sitemaps": 3})
        await frontier.add([link(f"{HOST}/{n}.xml", Kind.SITEMAP, parent=START) for n in range(5)])
        await frontier.add(
            [link("http://b.example/x.xml", Kind.SITEMAP, parent=START), link(f"{HOST}/m", Kind.SITEMAP)]
        )
        rows = desk.query("SELECT url FROM urls WHERE state = 'skipped' AND error = 'trap'")
        assert [row[0] for row in rows] == [f"{HOST}/3.xml", f"{HOST}/4.xml"]
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk))
        assert notes(desk) == ["a.example: 3 sitemaps, no more are followed"]


class TestHosts:
    """How many names one domain may have."""

    def trapped(self, desk: Desk) -> list[str]:
        rows = desk.query("SELECT url FROM urls WHERE state = 'skipped' AND error = 'trap' ORDER BY id")
        return [row[0] for row in rows]

    async def visit(self, frontier: SqliteFrontier, desk: Desk, *texts: str, **how: Any) -> None:
        """The next page names these."""
        (visit,) = await frontier.lease(1)
        await frontier.finish(visit, saved(visit, desk, *found(visit, *texts, **how)))

    async def test_names_without_end_end_and_are_named_once(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 3})
        await frontier.add([link(START), link("http://start.evil.example/")])
        await self.visit(frontier, desk, *(f"http://{n}.evil.example/{page}" for n in range(5) for page in "ab"))
        beyond = [f"http://{n}.evil.example/{page}" for n in (3, 4) for page in "ab"]
        assert self.trapped(desk) == beyond
        await self.visit(frontier, desk, "http://5.evil.example/x.png", "http://0.evil.example/c", kind=Kind.IMAGE)
        await self.visit(frontier, desk, *beyond, "http://b.example/")
        assert self.trapped(desk) == [*beyond, "http://5.evil.example/x.png"]
        assert notes(desk) == ["evil.example: 3 hosts, no more are followed"]

    async def test_ports_are_no_way_round(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 2})
        await frontier.add([link(f"http://b.example:{port}/", parent=START) for port in range(8000, 8004)])
        assert self.trapped(desk) == ["http://b.example:8002/", "http://b.example:8003/"]

    async def test_what_a_person_asks_for_is_never_one_too_many_nor_what_that_redirects_to(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 1}, fetch={"max_retries": 0})
        await frontier.add([link(f"http://{n}.b.example/") for n in range(3)])
        await frontier.feed(1, [(Row(1, "", URL("http://list.b.example/x.png")), None)], 10, 1, more=False)
        await self.visit(frontier, desk, "http://met.b.example/", "http://2.b.example/more", "http://one.b.example/")
        assert self.trapped(desk) == ["http://one.b.example/"]
        visit, *_ = await frontier.lease(1)
        moved = visit.link.moved(URL("http://www.b.example/"))
        await frontier.finish(visit, Outcome(Verdict.REDIRECTED, moved=moved, head=head(301), asked_at=desk.now))
        await frontier.add([link("http://www.b.example/more", parent=START), link("http://one.b.example/")])
        assert self.trapped(desk) == []

    async def test_a_redirect_of_a_page_is_a_link(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 1})
        await frontier.add([link(START)])
        await self.visit(frontier, desk, "http://0.b.example/")
        (visit,) = await frontier.lease(1)
        moved = visit.link.moved(URL("http://1.b.example/"))
        await frontier.finish(visit, Outcome(Verdict.REDIRECTED, moved=moved, head=head(301), asked_at=desk.now))
        assert self.trapped(desk) == ["http://1.b.example/"]

    async def test_restarts_keep_the_count(self, desk: Desk) -> None:
        for run in range(3):
            frontier = await desk.open(traps={"max_hosts": 4})
            await frontier.add([link(f"http://{run}{n}.b.example/", parent=START) for n in range(2)])
            await desk.close()
        await desk.open()
        assert self.trapped(desk) == ["http://20.b.example/", "http://21.b.example/"]

    async def test_what_was_not_followed_does_not_count_until_it_is(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 2})
        texts = [f"http://{n}.b.example/" for n in range(4)]
        await frontier.add([link(START), link(f"{HOST}/other")])
        await self.visit(frontier, desk, *texts, refused="nofollow")
        assert self.trapped(desk) == []
        await self.visit(frontier, desk, *texts)
        assert self.trapped(desk) == texts[2:]

    async def test_wider_rules_widen_no_trap(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 2})
        texts = [f"http://{n}.b.example/" for n in range(4)]
        await frontier.add([link(START)])
        await self.visit(frontier, desk, *texts, refused="scope")
        await frontier.reconsider(lambda link, before: None)
        assert self.trapped(desk) == texts[2:]

    async def test_nor_does_a_shorter_way(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 1}, crawl={"max_depth": 1})
        texts = [f"http://{n}.b.example/" for n in range(3)]
        await frontier.add([link(f"{HOST}/deep", depth=1, parent=START)])
        await self.visit(frontier, desk, *texts, refused="limit")
        assert self.trapped(desk) == []
        await frontier.add([link(f"{HOST}/deep")])
        assert len(self.trapped(desk)) == 2

    async def test_more_domains_than_are_kept_in_memory(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_hosts": 1})
        for name in ("first", "second"):
            await frontier.add([link(f"http://{name}.d{n}.example/", parent=START) for n in range(CACHED + 1)])
        assert len(self.trapped(desk)) == CACHED + 1

    @pytest.mark.parametrize(
        ("site", "domain"),
        [
            ("www.example.co.uk", "example.co.uk"),
            ("example.co.uk:8080", "example.co.uk"),
            ("www.example.org.", "example.org"),
            ("somebody.github.io", "somebody.github.io"),
            ("localhost:80", "localhost"),
            ("192.0.2.1:8080", "192.0.2.1"),
            ("[2001:db8::1]", "2001:db8::/64"),
            ("[2001:db8::2]:8080", "2001:db8::/64"),
            ("[2001:db8:0:1::1]", "2001:db8:0:1::/64"),
        ],
    )
    def test_a_domain_is_what_one_has_names_below(self, site: str, domain: str) -> None:
        assert domain_of(site) == domain


def numbered(path: str, *steps: int) -> list[str]:
    """What stands so many steps from the page with a number at its end."""
    stem = path.rstrip("0123456789")
    return [f"{stem}{number(path) + step}" for step in steps if number(path) + step > 0]


def word(path: str) -> str:
    return "".join(Random(path).choices("abcdefgh", k=8))


EVASIONS: dict[str, tuple[str, Callable[[str], list[str]]]] = {
    "leads back more than on": ("/list?p=1", lambda path: numbered(path, -5, -4, -3, -2, -1, 1)),
    "shows a picture": ("/cal?m=1", lambda path: [*numbered(path, 1), f"/s{number(path)}.png"]),
    "two parts in turn": ("/m/1", lambda path: [f"/{'w' if path[1] == 'm' else 'm'}/{number(path) + 1}"]),
    "another part each time": ("/x/1", lambda path: [f"/{word(path)}/{number(path) + 1}"]),
}


class TestSamePages:
    """A text that no page of a host may repeat more than `max_same` times and be the first to name another."""

    @pytest.mark.parametrize("how", EVASIONS)
    async def test_a_maze_that_is_none_of_like_pages_ends_too(self, desk: Desk, how: str) -> None:
        start, names = EVASIONS[how]
        frontier = await desk.open(traps={"max_like": 50, "max_same": 200})
        await frontier.add([link(HOST + start)])
        visited = await walk(desk, frontier, lambda path: ([] if path.endswith(".png") else names(path), SAME), 3000)
        assert 200 <= len(visited) <= 200 + DEEP  # the nearest say the same in another way
        assert states(desk)["skipped", "trap"] >= 1
        assert [text for text in notes(desk) if "200 like pages, no longer followed" in text]

    async def test_an_index_of_like_pages_and_what_they_all_name_are_whole(self, desk: Desk) -> None:
        frontier = await desk.open(traps={"max_like": 50, "max_same": 200})
        pages = [f"/item/{n}" for n in range(1000)]
        await frontier.add([link(START)])
        visited = await walk(
            desk,
            frontier,
            lambda path: ([*pages, "/about"] if path == "/start" else ["/about", *pages[:5]], SAME),
            3000,
        )
        assert len(visited) == 1002
        assert ("skipped", "trap") not in states(desk)

    async def test_what_it_has_counted_is_known_after_a_restart(self, desk: Desk) -> None:
        start, names = EVASIONS["two parts in turn"]
        visited = []
        for most in (150, 3000):
            await desk.close()
            frontier = await desk.open(traps={"max_like": 50, "max_same": 200})
            await frontier.add([link(HOST + start)])
            visited += await walk(desk, frontier, lambda path: (names(path), SAME), most)
        assert 200 <= len(visited) <= 200 + DEEP
        assert states(desk)["skipped", "trap"] == 1
