"""Documents and hosts that misbehave, one site of them: each leaves its word in the record, and the crawl ends."""

import socket
from pathlib import Path

from tests.command import by_path, check_folder, crawl, known, run, settings
from tests.toysite import Answer, Reply, ToySite, gzipped, image, in_turn, page, text

HTML = {"Content-Type": "text/html; charset=utf-8"}
LARGE = bytes(range(256)) * 8_000


async def test_every_document_gets_its_word(tmp_path: Path) -> None:
    good = page("/found").body
    pages: dict[str, Answer] = {
        "/found": page(),
        "/chunked": Reply(chunks=[good[:10], good[10:]], headers=HTML),
        "/until-close": Reply(body=good, until_close=True, headers=HTML),
        "/gzip": gzipped(page("/found")),
        "/http10": Reply(raw=b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + good),
        "/empty": Reply(headers=HTML),
        "/large": Reply(body=LARGE, headers={"Content-Type": "application/octet-stream"}),
        "/hidden.jpg": page("/found"),
        "/wrong": Reply(body=image(4).body, headers=HTML),
        "/404": text("no", 404),
        "/410": text("no", 410),
        "/500": text("no", 500),
        "/204": Reply(204),
        "/cut": Reply(body=good, cut=20, headers=HTML),
        "/cut-chunk": Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        "/bad-chunk": Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n"),
        "/not-http": Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
        "/nothing": Reply(raw=b""),
        "/bad-gzip": Reply(body=b"\x1f\x8bno gzip at all", headers={**HTML, "Content-Encoding": "gzip"}),
        "/coding": Reply(body=good, headers={**HTML, "Content-Encoding": "x-unknown"}),
        "/hang": Reply(body=good, cut=10, hang=True, headers=HTML),
        "/too-large": Reply(body=LARGE * 3, headers={"Content-Type": "application/octet-stream"}),
        "/too-large-chunked": Reply(chunks=[LARGE] * 3, headers={"Content-Type": "application/octet-stream"}),
        "/smuggled": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
        "/flaky": in_turn(Reply(reset=True), page()),
    }
    async with ToySite({"/": page(*pages), **pages}) as site:
        limits = settings(
            tmp_path,
            fetch={"max_retries": 1, "retry_wait": "0.05s", "read_timeout": "1s", "max_body": 3_000_000},
        )
        ended = await crawl(site.url, tmp_path / "out", *limits)
        found = by_path(await known(tmp_path / "out"))
    words = {path: (row["state"], row["error"]) for path, row in found.items()}
    saved = ("saved", None)
    for path in (
        "/",
        "/found",
        "/chunked",
        "/until-close",
        "/gzip",
        "/http10",
        "/empty",
        "/large",
        "/hidden.jpg",
        "/wrong",
    ):
        assert words.pop(path) == saved, path
    assert words.pop("/flaky") == saved
    words.pop("/204")
    assert words.pop("/too-large")[1] == words.pop("/too-large-chunked")[1] == "too-large"
    assert words == {
        "/404": ("rejected", "status"),
        "/410": ("rejected", "status"),
        "/500": ("rejected", "status"),
        "/cut": ("failed", "truncated"),
        "/cut-chunk": ("failed", "truncated"),
        "/bad-chunk": ("failed", "protocol"),
        "/not-http": ("failed", "protocol"),
        "/nothing": ("failed", "reset"),
        "/bad-gzip": ("failed", "decode"),
        "/coding": ("failed", "decode"),
        "/hang": ("failed", "timeout"),
        "/smuggled": ("failed", "protocol"),
    }
    assert found["/large"]["bytes"] == len(LARGE)
    assert found["/wrong"]["media_type"] == "image/png"
    assert found["/hidden.jpg"]["path"].startswith("pages/")
    for word in ("truncated", "timeout", "protocol", "status"):
        assert word in ended.said, "the summary says what failed and why, by word"
    await check_folder(tmp_path / "out")


async def test_a_dripping_server_is_stopped_by_the_time_for_the_whole(tmp_path: Path) -> None:
    async with ToySite({"/": page("/drip"), "/drip": Reply(body=bytes(1000), drip=0.05, headers=HTML)}) as site:
        flags = settings(tmp_path, fetch={"total_timeout": "1s", "max_retries": 0})
        await crawl(site.url, tmp_path / "out", *flags, patience=20)
        row = by_path(await known(tmp_path / "out"))["/drip"]
        assert (row["state"], row["error"]) == ("failed", "timeout")


async def test_a_host_that_refuses_connections(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        wait = settings(tmp_path, fetch={"retry_wait": "0.05s"}, politeness={"give_up_after": "1s"})
        ended = await run("crawl", url, "-o", tmp_path / "out", *wait)
        assert ended.status == 1, ended.said
        assert "connect" in ended.said
        row = (await known(tmp_path / "out"))[url]
        assert (row["state"], row["error"]) == ("failed", "connect")


async def test_a_host_name_that_nobody_knows(tmp_path: Path) -> None:
    wait = settings(tmp_path, fetch={"retry_wait": "0.05s"}, politeness={"give_up_after": "1s"})
    ended = await run("crawl", "http://no-such-host.invalid/", "-o", tmp_path / "out", *wait)
    assert ended.status == 1, ended.said
    assert "dns" in ended.said
    assert (await known(tmp_path / "out"))["http://no-such-host.invalid/"]["error"] == "dns"


async def test_a_dead_host_beside_a_living_one(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = [f"http://127.0.0.1:{closed.getsockname()[1]}/{n}" for n in range(50)]
        leaves = [f"/{n}" for n in range(20)]
        async with ToySite({"/": page(*dead, *leaves), **{leaf: page() for leaf in leaves}}) as site:
            wait = settings(tmp_path, fetch={"retry_wait": "0.1s"}, politeness={"give_up_after": "1s"})
            await crawl(site.url, tmp_path / "out", "--scope", "any", *wait)
        found = await known(tmp_path / "out")
    assert {(found[url]["state"], found[url]["error"]) for url in dead} == {("failed", "connect")}
    assert sum(row["state"] == "saved" for row in found.values()) == 21


async def test_a_server_that_stops_for_a_while_loses_nothing(tmp_path: Path) -> None:
    """Resets in the middle of a crawl hold the host back; when it returns, all is fetched."""
    leaves = [f"/{n}" for n in range(30)]
    async with ToySite({"/": page(*leaves)}) as site:

        def leaf(_: object) -> Reply:
            return Reply(reset=True) if 12 <= len(site.requests) < 20 else page()

        site.pages["/*"] = leaf
        site.pages["/robots.txt"] = text("")
        wait = settings(tmp_path, fetch={"retry_wait": "0.05s"}, politeness={"give_up_after": "30s"})
        await crawl(site.url, tmp_path / "out", *wait)
        assert {row["state"] for row in (await known(tmp_path / "out")).values()} == {"saved"}


async def test_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    names = [
        "/%2e%2e/%2e%2e/up", "/..%2f..%2fup", "/a%00b", "/con", "/nul.txt", "/a/", "/a", "/A", "/a.", "/a%20", "/a//b",
        "/" + "x" * 400, "/" + "d/" * 200 + "x", "/a?q=1", "/a?q=2", "/crawl.sqlite", "/caf%C3%A9", "/cafe%CC%81",
        "/%5C..%5Cup",
    ]  # fmt: skip
    async with ToySite({"/": page(*names), "/*": lambda asked: text(f"at {asked.target}")}) as site:
        site.pages["/robots.txt"] = text("")
        await crawl(site.url, tmp_path / "deep" / "out")
        found = await known(tmp_path / "deep" / "out")
        assert {row["state"] for row in found.values()} == {"saved"}
        assert len({row["path"] for row in found.values()}) == len(found)
        await check_folder(tmp_path / "deep" / "out")
        assert {entry.name for entry in (tmp_path / "deep").iterdir()} == {"out"}
        for url, row in found.items():
            if row["depth"]:
                said = (tmp_path / "deep" / "out" / row["path"]).read_text()
                assert said == f"at {url.removeprefix(site.url[:-1])}"


async def test_nothing_of_a_page_reaches_the_terminal_raw(tmp_path: Path) -> None:
    evil = "/\u001b[31mred\u202e"
    async with ToySite({"/": page("/x"), "/x": Reply(302, headers={"Location": "/%1b[2J"})}) as site:
        site.pages["/"] = page("/x", text=f'<a href="{evil}">{evil}</a>')
        ended = await crawl(site.url, tmp_path / "out", "--verbose")
        assert "\x1b[31m" not in ended.said
        assert "\u202e" not in ended.said
        assert b"\x1b" not in (tmp_path / "out" / "crawl.log").read_bytes()
