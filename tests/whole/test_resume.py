"""A crawl that is stopped, in good order or not, and continued comes to what an undisturbed one comes to."""

import asyncio
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import Row, check_folder, crawl, end, files_of, known, rows, run, start
from tests.toysite import Answer, Reply, ToySite, image, page, redirect

PAGES = 150
IN_FLIGHT = 6
FLAGS = ("--concurrency", IN_FLIGHT, "--per-host", IN_FLIGHT, "--max-depth", 5)


def graph() -> dict[str, Answer]:
    """Pages in a tree with cross links, images, redirects and errors; depth 5 cuts it before its leaves."""
    pages: dict[str, Answer] = {}
    for number in range(PAGES):
        children = [f"/{child}" for child in (2 * number + 1, 2 * number + 2, number * 7 % PAGES) if child < PAGES]
        extra = ["/moved", "/gone"] if number % 10 == 0 else []
        built = page(*children, *extra, images=[f"/{number % 40}.png"])
        pages[f"/{number}"] = Reply(200, built.body, built.headers, delay=0.03)
    pages.update(
        {f"/{number}.png": Reply(200, image(number + 1).body, {"Content-Type": "image/png"}) for number in range(40)}
    )
    pages["/"] = page("/0", "/slow")
    pages["/slow"] = Reply(200, page("/140", "/149").body, {"Content-Type": "text/html"}, delay=0.7)
    pages["/moved"] = redirect("/1", 301)
    return pages


def facts(found: dict[str, Row]) -> dict[str, tuple[object, ...]]:
    """What two crawls of the same site must agree on: all of a row but times, and who of several named it first."""
    columns = (
        "kind",
        "state",
        "status",
        "error",
        "path",
        "bytes",
        "sha256",
        "media_type",
        "depth",
        "redirect",
        "attempts",
    )
    return {url: tuple(row[column] for column in columns) for url, row in found.items()}


async def asked(site: ToySite, count: int, process: asyncio.subprocess.Process, target: str | None = None) -> None:
    """Wait until the running command has asked the site so many times (for `target`, where given)."""
    async with asyncio.timeout(20):
        while sum(target in (None, one) for one in site.targets()) < count:
            assert process.returncode is None, (await end(process)).said
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("stop", "status", "after"),
    [
        (signal.SIGINT, 130, 40),
        (signal.SIGTERM, 143, 60),
        (signal.SIGKILL, -9, 1),
        (signal.SIGKILL, -9, 25),
        (signal.SIGKILL, -9, 90),
    ],
)
async def test_stopped_and_continued(tmp_path: Path, stop: signal.Signals, status: int, after: int) -> None:
    async with ToySite(graph()) as site:
        await crawl(site.url, tmp_path / "whole", *FLAGS)
        undisturbed = Counter(site.targets())
        assert set(undisturbed.values()) == {1}

        site.requests.clear()
        process = await start("crawl", site.url, "-o", tmp_path / "out", *FLAGS)
        await asked(site, after, process)
        process.send_signal(stop)
        stopped = await end(process, patience=15)
        assert stopped.status == status, stopped.said
        assert "Traceback" not in stopped.said
        before = Counter(site.targets())
        assert len(before) < len(undisturbed), "it was to be stopped in the middle"
        finished = {
            url for url, row in (await known(tmp_path / "out")).items() if row["state"] not in ("queued", "skipped")
        }
        assert files_of(tmp_path / "out") <= files_of(tmp_path / "whole"), "no half file under a final name"

        await crawl(site.url, tmp_path / "out", *FLAGS)
        twice = {target for target, count in Counter(site.targets()).items() if count > 1}
        assert set(site.targets()) == set(undisturbed)
        assert not {url for url in finished if "/" + url.split("/", 3)[3] in twice}
        assert len(twice) <= (IN_FLIGHT if stop == signal.SIGKILL else 0)

    whole, continued = await known(tmp_path / "whole"), await known(tmp_path / "out")
    assert facts(continued) == facts(whole)
    assert {row["state"] for row in whole.values()} == {"saved", "redirected", "rejected", "skipped"}
    await check_folder(tmp_path / "out")
    assert not list((tmp_path / "out" / ".tmp").glob("*"))
    assert await links(tmp_path / "out") == await links(tmp_path / "whole")


async def links(folder: Path) -> Counter[str]:
    return Counter(str(sorted(row.items(), key=str)) for row in await rows(folder, "--table", "links"))


async def test_a_finished_crawl_fetches_nothing(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a"), "/a": page()}) as site:
        await crawl(site.url, tmp_path / "out")
        first = await known(tmp_path / "out")
        site.requests.clear()
        ended = await crawl(site.url, tmp_path / "out")
        assert site.requests == []
        assert "finished" in ended.said.lower()
        assert await known(tmp_path / "out") == first


async def test_start_urls_add_up(tmp_path: Path) -> None:
    pages: dict[str, Answer] = {"/a/": page("x", "/b/y"), "/a/x": page(), "/b/": page("y"), "/b/y": page("/a/x")}
    async with ToySite(pages) as site:
        await crawl(site.at("/a/"), tmp_path / "out")
        assert set(site.targets()) == {"/robots.txt", "/a/", "/a/x"}
        await crawl(site.at("/b/"), tmp_path / "out")
        assert Counter(site.targets()) == Counter(["/robots.txt", "/a/", "/a/x", "/b/", "/b/y"])
        assert {row["state"] for row in (await known(tmp_path / "out")).values()} == {"saved"}


async def test_killed_twice_spends_no_attempt(tmp_path: Path) -> None:
    async with ToySite({"/": page("/hang"), "/hang": Reply(hang=True, body=b"0123456789", cut=2)}) as site:
        for times in (1, 2, 3, 4, 5):
            process = await start("crawl", site.url, "-o", tmp_path / "out", "--max-retries", 1)
            await asked(site, times, process, "/hang")
            process.kill()
            await end(process)
        site.pages["/hang"] = page()
        await crawl(site.url, tmp_path / "out", "--max-retries", 1)
        row = (await known(tmp_path / "out"))[site.at("/hang")]
        assert (row["state"], row["attempts"]) == ("saved", 1)


async def test_a_second_run_on_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    is_refused = asyncio.Event()

    def held() -> Iterator[bytes | float]:
        while not is_refused.is_set():
            yield 0.02
        body = page().body
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async with ToySite({"/": Reply(script=held)}) as site:
        process = await start("crawl", site.url, "-o", tmp_path / "out")
        await asked(site, 2, process)
        refused = await run("crawl", site.url, "-o", tmp_path / "out")
        assert process.returncode is None, "the first was to be at work"
        is_refused.set()
        assert refused.status not in (0, -9), refused.said
        assert "Traceback" not in refused.said
        assert "out" in refused.err
        assert (await end(process)).status == 0
        assert len(site.requests) == 2


async def test_status_and_export_during_a_run(tmp_path: Path) -> None:
    async with ToySite({**graph(), "/slow": Reply(hang=True, cut=0)}) as site:
        process = await start("crawl", site.url, "-o", tmp_path / "out", *FLAGS)
        await asked(site, 60, process)
        status = await run("status", tmp_path / "out")
        found = await known(tmp_path / "out")
        assert process.returncode is None, "the run was to be under way"
        assert status.status == 0, status.said
        assert "is being crawled" in status.out
        states = Counter(row["state"] for row in found.values())
        assert states["saved"] >= 10
        assert states["queued"] > 0
        process.kill()
        await end(process)
        assert "is being crawled" not in (await run("status", tmp_path / "out")).out


@pytest.mark.parametrize("twice", [False, True])
async def test_ctrl_c(tmp_path: Path, twice: bool) -> None:
    """Once: what is in flight is finished and kept. Twice: now."""
    slow = Reply(200, page().body, {"Content-Type": "text/html"}, delay=1.5)
    async with ToySite({"/": page("/slow", "/slow2", "/slow3"), **{f"/slow{n}": slow for n in ("", "2", "3")}}) as site:
        process = await start("crawl", site.url, "-o", tmp_path / "out", "--per-host", 2)
        await asked(site, 4, process)
        process.send_signal(signal.SIGINT)
        began = asyncio.get_running_loop().time()
        if twice:
            await asyncio.sleep(0.3)
            process.send_signal(signal.SIGINT)
        ended = await end(process, patience=10)
        took = asyncio.get_running_loop().time() - began
        assert ended.status == 130, ended.said
        assert "Traceback" not in ended.said
        assert len(site.requests) == 4
        states = Counter(row["state"] for row in (await known(tmp_path / "out")).values())
        assert states["saved"] == (1 if twice else 3)
        assert states["queued"] == (3 if twice else 1)
        assert took < 1.2 if twice else took > 0.5
        if not twice:
            assert str(tmp_path / "out") in ended.said, "it says how to go on"


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    async with ToySite({"/": page()}) as site:
        await crawl(site.url, tmp_path / "out")
        with closing(sqlite3.connect(tmp_path / "out" / "crawl.sqlite")) as database:
            database.execute("PRAGMA user_version = 4711")
        for command in (("crawl", site.url, "-o"), ("status",), ("export",)):
            ended = await run(*command, tmp_path / "out")
            assert ended.status not in (0, -9), ended.said
            assert "Traceback" not in ended.said
            assert "4711" in ended.err
