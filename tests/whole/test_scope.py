"""What of a site is crawled: scope, patterns, nofollow, depth and limits, and their loosening in a later run."""

from pathlib import Path

import pytest

from tests.command import by_path, crawl, known, rows, run, settings
from tests.toysite import Answer, Asked, Reply, ToySite, gzipped, image, page, text


async def states(folder: Path) -> dict[str, tuple[str, str | None]]:
    return {path: (row["state"], row["error"]) for path, row in by_path(await known(folder)).items()}


SAVED = ("saved", None)


@pytest.mark.parametrize(
    ("scope", "followed"),
    [
        ("page", set()),
        ("path", {"/docs/a", "/docs/deep/b"}),
        ("host", {"/docs/a", "/docs/deep/b", "/other", "/doc"}),
        ("any", {"/docs/a", "/docs/deep/b", "/other", "/doc", "/far"}),
    ],
)
async def test_scopes(tmp_path: Path, scope: str, followed: set[str]) -> None:
    pages: dict[str, Answer] = {path: page() for path in ("/docs/a", "/docs/deep/b", "/other", "/doc", "localhost/far")}
    async with ToySite(pages) as site:
        far = site.at("/far", "localhost")
        site.pages["/docs/start.html"] = page("a", "deep/b", "/other", "../doc", far, "ftp://x/", "mailto:x@y.z")
        await crawl(site.at("/docs/start.html"), tmp_path / "out", "--scope", scope)
        assert set(site.targets()) - {"/robots.txt"} == {"/docs/start.html"} | followed
        found = await states(tmp_path / "out")
        assert {path for path, state in found.items() if state == SAVED} == {"/docs/start.html"} | followed
        assert {state for state in found.values() if state != SAVED} <= {("skipped", "scope"), ("skipped", "scheme")}
        refused = {
            row["to"]: row["reason"] for row in await rows(tmp_path / "out", "--table", "links") if row["reason"]
        }
        assert refused["mailto:x@y.z"] == refused["ftp://x/"] == "scheme"
        assert ("scope" in refused.values()) == (scope != "any")


async def test_patterns(tmp_path: Path) -> None:
    names = ("/a.html", "/b.html", "/private/c.html", "/x-1", "/x-22")
    async with ToySite({"/": page(*names), **{name: page() for name in names}}) as site:
        await crawl(site.url, tmp_path / "one", "--exclude", "*/private/*", "--exclude", r"re:/x-\d\d$")
        assert set(site.targets()) - {"/robots.txt"} == {"/", "/a.html", "/b.html", "/x-1"}
        site.requests.clear()
        await crawl(site.url, tmp_path / "two", "--include", "*.html", "--exclude", "*/b.html")
        assert set(site.targets()) - {"/robots.txt"} == {"/", "/a.html", "/private/c.html"}


async def test_nofollow_in_its_three_places(tmp_path: Path) -> None:
    pages: dict[str, Answer] = {
        "/": page("/rel", "/meta", "/header", text='<a rel="ugc NoFollow" href="/hidden1">no</a>'),
        "/rel": page(),
        "/meta": page("/hidden2", head='<meta name="robots" content="noindex, nofollow">', images=["/shown.png"]),
        "/header": Reply(200, page("/hidden3").body, {"Content-Type": "text/html", "X-Robots-Tag": "nofollow"}),
        "/shown.png": image(),
        "/hidden*": page(),
    }
    async with ToySite(pages) as site:
        await crawl(site.url, tmp_path / "out")
        assert set(site.targets()) == {"/robots.txt", "/", "/rel", "/meta", "/header", "/shown.png"}
        found = await states(tmp_path / "out")
        assert found["/hidden1"] == found["/hidden2"] == found["/hidden3"] == ("skipped", "nofollow")
        await crawl(site.url, tmp_path / "all", *settings(tmp_path, politeness={"nofollow": False}))
        assert {"/hidden1", "/hidden2", "/hidden3"} <= set(site.targets())


async def test_a_shorter_way_found_later_lowers_the_depth(tmp_path: Path) -> None:
    """`/far` is found at depth 3 by a quick way and at depth 2 by a slow one: its children are then within depth 3."""
    pages: dict[str, Answer] = {
        "/": page("/slow", "/1"),
        "/1": page("/2"),
        "/2": page("/far"),
        "/slow": Reply(200, page("/far").body, {"Content-Type": "text/html"}, delay=1.0),
        "/far": page("/child"),
        "/child": page("/grandchild"),
        "/grandchild": page(),
    }
    async with ToySite(pages) as site:
        await crawl(site.url, tmp_path / "out", "--max-depth", 3)
        order = site.targets()
        assert order.index("/far") < order.index("/child")
        assert sorted(order) == sorted(["/robots.txt", "/", "/slow", "/1", "/2", "/far", "/child"])
        by_end = [hit.target for hit in site.hits]
        assert by_end.index("/far") < by_end.index("/slow"), "the long way was to be found first"
    found = by_path(await known(tmp_path / "out"))
    depths = {path: row["depth"] for path, row in found.items()}
    assert depths == {"/": 0, "/slow": 1, "/1": 1, "/2": 2, "/far": 2, "/child": 3, "/grandchild": 4}
    assert (found["/grandchild"]["state"], found["/grandchild"]["error"]) == ("skipped", "limit")


async def test_a_greater_depth_later_revives_what_was_skipped(tmp_path: Path) -> None:
    chain: dict[str, Answer] = {f"/{n}": page(f"/{n + 1}") for n in range(6)}
    async with ToySite({**chain, "/": page("/0"), "/6": page()}) as site:
        await crawl(site.url, tmp_path / "out", "--max-depth", 2)
        assert site.targets() == ["/robots.txt", "/", "/0", "/1"]
        assert (await states(tmp_path / "out"))["/2"] == ("skipped", "limit")
        await crawl(site.url, tmp_path / "out", "--max-depth", 4)
        assert site.targets()[4:] == ["/2", "/3"]
        await crawl(site.url, tmp_path / "out")
        assert site.targets()[6:] == ["/4", "/5", "/6"]
        assert set((await states(tmp_path / "out")).values()) == {SAVED}


async def test_a_wider_scope_later_revives_what_was_skipped(tmp_path: Path) -> None:
    pages: dict[str, Answer] = {
        "/docs/": page("a", "/top", "/no"),
        "/docs/a": page(),
        "/top": page("/no"),
        "/no": page(),
    }
    async with ToySite(pages) as site:
        await crawl(site.at("/docs/"), tmp_path / "out", "--exclude", "*/no")
        assert (await states(tmp_path / "out"))["/top"] == ("skipped", "scope")
        await crawl(site.at("/docs/"), tmp_path / "out", "--scope", "host", "--exclude", "*/no")
        assert site.targets() == ["/robots.txt", "/docs/", "/docs/a", "/top"]
        await crawl(site.at("/docs/"), tmp_path / "out", "--scope", "host")
        assert site.targets()[4:] == ["/no"]


async def test_max_pages_leaves_the_rest_queued(tmp_path: Path) -> None:
    names = [f"/{n}" for n in range(30)]
    async with ToySite({"/": page(*names), **{name: page(text=name) for name in names}}) as site:
        ended = await crawl(site.url, tmp_path / "out", "--max-pages", 10)
        found = [state for state, _ in (await states(tmp_path / "out")).values()]
        assert found.count("saved") == 10
        assert found.count("queued") == 21
        assert "max_pages" in ended.said or "max-pages" in ended.said
        await crawl(site.url, tmp_path / "out", "--max-pages", 10)
        assert len(site.targets()) == 11, "the limit belongs to the crawl, not to the run"
        await crawl(site.url, tmp_path / "out", "--max-pages", 20)
        await crawl(site.url, tmp_path / "out")
        assert set((await states(tmp_path / "out")).values()) == {SAVED}
        assert len(site.targets()) == len(set(site.targets())) == 32


async def test_max_bytes_and_max_time(tmp_path: Path) -> None:
    names = [f"/{n}" for n in range(30)]
    pages: dict[str, Answer] = {name: Reply(body=bytes(10_000), delay=0.1) for name in names}
    async with ToySite({"/": page(*names), **pages}) as site:
        await crawl(site.url, tmp_path / "bytes", "--max-bytes", "55kB", "--per-host", 2)
        found = await known(tmp_path / "bytes")
        saved = sum(row["bytes"] or 0 for row in found.values() if row["state"] == "saved")
        assert 40_000 <= saved <= 75_000, "the limit, and no more on top than was in flight when it was reached"
        assert "queued" in {row["state"] for row in found.values()}
        site.requests.clear()
        await crawl(site.url, tmp_path / "time", "--max-time", "0.8s", "--per-host", 2)
        assert 3 < len(site.targets()) < 25
        await crawl(site.url, tmp_path / "time")
        assert set(site.targets()) == {"/robots.txt", "/", *names}


async def test_one_url_as_page_and_as_image_is_one_fetch(tmp_path: Path) -> None:
    pages: dict[str, Answer] = {
        "/": page("/first.png", "/later", images=["/second.png", "/first.png"]),
        "/later": page("/second.png", images=["/first.png"]),
        "/first.png": image(2),
        "/second.png": image(3),
    }
    async with ToySite(pages) as site:
        await crawl(site.url, tmp_path / "out")
        assert sorted(site.targets()) == ["/", "/first.png", "/later", "/robots.txt", "/second.png"]
        found = await known(tmp_path / "out")
        assert len(found) == 4
        kept = {row["path"].partition("/")[0] for url, row in found.items() if url.endswith(".png")}
        assert kept == {"images"}, "a file lies where its true type belongs"


async def test_images_from_everywhere_on_a_page(tmp_path: Path) -> None:
    wanted = [f"/{n}.png" for n in range(12)]
    body = """<picture><source srcset="/0.png 1x, /1.png 2x"></picture><img src="/2.png" srcset="/3.png 1w,/4.png 2w">
        <input type="image" src="/5.png"><video poster="/6.png"></video><noscript><img src="/9.png"></noscript>
        <img data-src="/7.png" src="data:image/gif;base64,R0lG"><img data-srcset="/8.png 2x" alt="">"""
    head = '<link rel="shortcut icon" href="/10.png"><base href="/sub/">'
    async with ToySite({name: image(int(name[1:-4]) + 1) for name in wanted}) as site:
        site.pages["/"] = page("a", head=head, text=body, images=["../11.png", site.at("/far.png", "localhost")])
        site.pages["/sub/a"] = page()
        site.pages["/far.png"] = image(50)
        await crawl(site.url, tmp_path / "out")
        assert set(site.targets()) == {"/robots.txt", "/", "/sub/a", *wanted}
        await crawl(site.url, tmp_path / "out", *settings(tmp_path, images={"any_host": True}))
        assert site.targets("localhost") == ["/robots.txt", "/far.png"]
        site.requests.clear()
        await crawl(site.url, tmp_path / "none", "--no-images")
        assert set(site.targets()) == {"/robots.txt", "/", "/sub/a"}


async def test_anchors_frames_areas_links_and_refresh(tmp_path: Path) -> None:
    head = '<link rel="next" href="/next"><link rel="stylesheet" href="/no.css">'
    head += '<meta http-equiv="refresh" content="9; URL=/fresh">'
    body = """<map><area href="/area"></map><iframe src="/frame"></iframe><!-- <a href="/no1"> -->
        <script>"<a href='/no2'>"</script><a href="/entity?a=1&amp;b=2#part">x</a><a href="/two//slashes">y</a>
        <a href=" /blank ">z</a><a href="/caf\u00e9">w</a><textarea><a href="/no3"></textarea><a>nothing</a>
        <a href="#top"></a>"""
    async with ToySite({"/": page(head=head, text=body), "/*": page()}) as site:
        site.pages["/robots.txt"] = text("")
        await crawl(site.url, tmp_path / "out")
        assert set(site.targets()) == {
            "/robots.txt", "/", "/next", "/fresh", "/area", "/frame", "/entity?a=1&b=2", "/two//slashes", "/blank",
            "/caf%C3%A9",
        }  # fmt: skip


async def test_a_calendar_without_end_is_bounded_by_depth_and_pages(tmp_path: Path) -> None:
    def day(asked: Asked) -> Reply:
        number = int(asked.target.rpartition("/")[2])
        return page(f"/day/{number + 1}", f"/day/{number - 1}")

    async with ToySite({"/day/*": day}) as site:
        await crawl(site.at("/day/0"), tmp_path / "out", "--max-depth", 5)
        assert len(site.targets()) == 12


async def test_referers_stay_within_what_they_may_say(tmp_path: Path) -> None:
    async with ToySite({"/a?q=1": page("/b")}) as site:
        site.pages["/"] = page("/a?q=1", site.at("/far", "localhost"))
        await crawl(site.url, tmp_path / "out", "--scope", "any")
        referers = {asked.target: asked.headers.get("referer") for asked in site.requests}
        assert referers["/"] is None
        assert referers["/b"] == site.at("/a?q=1")
        assert referers["/far"] == site.url


async def test_user_and_password_of_the_start_appear_nowhere(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a", text="hello"), "/a": gzipped(page())}) as site:
        secret = site.url.replace("http://", "http://me:s3cr3t@")
        ended = await run("crawl", secret, "-o", tmp_path / "out", "--verbose")
        assert ended.status == 0, ended.said
        assert {asked.headers.get("authorization") for asked in site.requests} == {"Basic bWU6czNjcjN0"}
        assert "s3cr3t" not in ended.said
        assert set(by_path(await known(tmp_path / "out"))) == {"/", "/a"}
        for file in (tmp_path / "out").rglob("*"):
            assert not file.is_file() or b"s3cr3t" not in file.read_bytes(), file
