"""A crawl by several processes comes to what one comes to, as politely, however it or one of them ends."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from crawler import assemble
from crawler.assemble import open_crawl
from crawler.assemble_worker import PROGRAM, command
from crawler.model import Counts, Event, Noted
from crawler.settings import Settings
from tests.command import Row, check_folder, crawl, end, files_of, known, start
from tests.hits import shortest_gap
from tests.servers import nginx, package_folder
from tests.toysite import Answer, Reply, ToySite, image, page, redirect

PAGES = 150
SLACK = 0.05
"""What a busy machine may add between a request's beginning in a worker and its arrival here."""
TWO = ("--processes", 2)
FLAGS = ("--concurrency", 6, "--per-host", 6, "--max-depth", 5)


def graph() -> dict[str, Answer]:
    """Pages in a tree with cross links, images, redirects, errors, a cookie; depth 5 cuts it before its leaves."""
    pages: dict[str, Answer] = {}
    for number in range(PAGES):
        children = [f"/{child}" for child in (2 * number + 1, 2 * number + 2, number * 7 % PAGES) if child < PAGES]
        built = page(*children, "/moved", "/gone", images=[f"/{number % 40}.png"])
        pages[f"/{number}"] = Reply(200, built.body, built.headers, delay=0.02)
        pages[f"/{number % 40}.png"] = image(number % 40 + 1)
    pages["/"] = redirect("/0", 301)
    pages["/moved"] = redirect("/1", 301)
    return pages


def facts(found: dict[str, Row]) -> dict[str, tuple[object, ...]]:
    """What two crawls of the same site must agree on: all of a row but times, and who of several named it first.

    Of a link that is not followed, that is also at what depth, and for which of two words.
    """
    columns = ("kind", "state", "status", "error", "path", "bytes", "sha256", "media_type", "depth", "redirect")
    return {
        url: ("skipped",) if row["state"] == "skipped" else tuple(row[column] for column in (*columns, "attempts"))
        for url, row in found.items()
    }


async def asked(site: ToySite, count: int, process: asyncio.subprocess.Process) -> None:
    """Wait until the running command has asked the site so many times."""
    async with asyncio.timeout(30):
        while len(site.targets()) < count:
            assert process.returncode is None, (await end(process)).said
            await asyncio.sleep(0.005)


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that live, the oldest first."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_two_find_what_one_finds(tmp_path: Path) -> None:
    async with ToySite(graph()) as site:
        await crawl(site.url, tmp_path / "one", *FLAGS)
        once = Counter(site.targets())
        site.requests.clear()
        ended = await crawl(site.url, tmp_path / "two", *FLAGS, *TWO)
        assert Counter(site.targets()) == once
        assert set(once.values()) == {1}
        assert site.max_in_flight <= 6
    assert facts(await known(tmp_path / "two")) == facts(await known(tmp_path / "one"))
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")
    assert "the scope now includes" in ended.said
    await check_folder(tmp_path / "two")
    assert not list((tmp_path / "two" / ".tmp").glob("*"))


async def test_a_manual_is_crawled_whole(tmp_path: Path) -> None:
    root = package_folder("python3.11-doc", "index.html")
    with nginx(root) as server:
        flags = ("--concurrency", 16, "--per-host", 16, "--quiet")
        await crawl(server.url, tmp_path / "one", *flags, patience=120)
        await crawl(server.url, tmp_path / "two", *flags, *TWO, patience=120)
        asked_twice = Counter(hit.target for hit in server.hits())
    assert set(asked_twice.values()) == {2}
    one, two = await known(tmp_path / "one"), await known(tmp_path / "two")
    assert len([row for row in one.values() if row["state"] == "saved"]) > 500
    assert facts(two) == facts(one)
    await check_folder(tmp_path / "two")


async def test_the_delay_holds_over_all_processes(tmp_path: Path) -> None:
    leaves = [f"/{number}" for number in range(6)]
    async with ToySite({"/": page(*leaves), **{leaf: Reply(body=b"leaf") for leaf in leaves}}) as site:
        await crawl(site.url, tmp_path / "out", "--delay", "0.4s", "--processes", 3)
        assert len(site.hits) == 8
        assert shortest_gap(site.hits) >= 0.4 - SLACK


async def test_in_flight_is_bounded_over_all_processes(tmp_path: Path) -> None:
    leaves = [f"/{number}" for number in range(40)]
    slow = Reply(body=b"leaf", delay=0.1)
    async with ToySite({"/": page(*leaves), **dict.fromkeys(leaves, slow)}) as site:
        await crawl(site.url, tmp_path / "out", "--concurrency", 5, "--per-host", 4, *TWO)
        assert site.max_in_flight == 4
        site.requests.clear()
        await crawl(site.url, tmp_path / "more", "--concurrency", 5, "--per-host", 9, *TWO)
        assert site.max_in_flight == 5


class Soon:
    """Finds a crawl large once twenty pages are saved."""

    def __init__(self, counts: Callable[[], Counts], *_: object) -> None:
        self.counts = counts

    def __call__(self) -> bool:
        return self.counts().saved >= 20


async def test_one_process_hands_over_to_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "Growth", Soon)
    monkeypatch.setattr(assemble, "processes", lambda settings, cpus: 2)
    table = {
        "concurrency": {"processes": "auto", "total": 6, "per_host": 6},
        "store": {"output": str(tmp_path / "out"), "min_free": 0},
    }
    begun: list[set[int]] = []
    async with ToySite(graph()) as site:
        await crawl(site.url, tmp_path / "whole", *FLAGS)
        once = Counter(site.targets())
        site.requests.clear()
        settings = Settings.of({**table, "crawl": {"start": [site.url], "max_depth": 5}})

        def look(event: Event) -> None:
            begun.append(set(children_of(os.getpid())))

        async with open_crawl(settings, observers=[look], command=command()) as crawling:
            summary = await crawling.run()
        assert summary.stopped is None
        assert Counter(site.targets()) == once
        assert site.max_in_flight <= 6
    assert len(set().union(*begun) - begun[0]) == 2, "each is started once"
    assert facts(await known(tmp_path / "out")) == facts(await known(tmp_path / "whole"))
    await check_folder(tmp_path / "out")


async def test_a_finished_crawl_starts_no_process(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a"), "/a": page()}) as site:
        await crawl(site.url, tmp_path / "out", *TWO)
        site.requests.clear()
        ended = await crawl(site.url, tmp_path / "out", *TWO)
        assert site.requests == []
        assert "finished already" in ended.said


@pytest.mark.parametrize("after", [3, 60])
async def test_killed_as_a_whole_and_continued(tmp_path: Path, after: int) -> None:
    async with ToySite(graph()) as site:
        await crawl(site.url, tmp_path / "whole", *FLAGS)
        site.requests.clear()
        process = await start("crawl", site.url, "-o", tmp_path / "out", *FLAGS, *TWO)
        await asked(site, after, process)
        workers = children_of(process.pid)
        process.kill()
        await end(process)
        async with asyncio.timeout(2):
            while any(map(is_alive, workers)):
                await asyncio.sleep(0.01)
        assert len(workers) == 2
        await crawl(site.url, tmp_path / "out", *FLAGS, *TWO)
        twice = [target for target, count in Counter(site.targets()).items() if count > 1]
        assert len(twice) <= 6
    assert facts(await known(tmp_path / "out")) == facts(await known(tmp_path / "whole"))
    await check_folder(tmp_path / "out")


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_worker_that_is_killed_or_stuck_is_replaced(tmp_path: Path, signal_number: signal.Signals) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('[concurrency]\nhang_timeout = "2s"\n')
    async with ToySite(graph()) as site:
        await crawl(site.url, tmp_path / "whole", *FLAGS)
        site.requests.clear()
        process = await start("crawl", site.url, "-o", tmp_path / "out", *FLAGS, *TWO, "--config", settings)
        await asked(site, 30, process)
        os.kill(children_of(process.pid)[0], signal_number)
        ended = await end(process)
        assert ended.status == 0, ended.said
        assert "it is replaced" in ended.said
        assert len([target for target, count in Counter(site.targets()).items() if count > 1]) <= 6
    whole, out = facts(await known(tmp_path / "whole")), facts(await known(tmp_path / "out"))
    assert {url: row[:-1] for url, row in out.items()} == {url: row[:-1] for url, row in whole.items()}
    attempts = {row[-1] for row in out.values() if row != ("skipped",)}
    assert attempts <= {1, 2}, "what it had at that moment has cost an attempt"
    await check_folder(tmp_path / "out")
    assert not list((tmp_path / "out" / ".tmp").glob("*"))


@pytest.mark.parametrize("twice", [False, True])
async def test_ctrl_c(tmp_path: Path, twice: bool) -> None:
    """Once: what is in flight is finished and kept. Twice: now. It reaches all processes, as from a terminal."""
    slow = Reply(200, page().body, {"Content-Type": "text/html"}, delay=1.5)
    async with ToySite({"/": page("/slow", "/slow2", "/slow3"), **{f"/slow{n}": slow for n in ("", "2", "3")}}) as site:
        process = await start("crawl", site.url, "-o", tmp_path / "out", "--per-host", 2, *TWO)
        await asked(site, 4, process)
        began = asyncio.get_running_loop().time()
        workers = children_of(process.pid)
        for pid in (*workers, process.pid):
            os.kill(pid, signal.SIGINT)
        if twice:
            await asyncio.sleep(0.3)
            process.send_signal(signal.SIGINT)
        ended = await end(process, patience=10)
        took = asyncio.get_running_loop().time() - began
        assert ended.status == 130, ended.said
        assert "Traceback" not in ended.said
        states = Counter(row["state"] for row in (await known(tmp_path / "out")).values())
        assert len(site.requests) == 4
        assert states["saved"] == (1 if twice else 3)
        assert states["queued"] == (3 if twice else 1)
        assert took < 1.2 if twice else took > 0.5
        await asyncio.sleep(0.1)
        assert not any(map(is_alive, workers))


KILLER = """
import os, time
from crawler.reading import Reading
read = Reading.page
async def page(self, link, *rest):
    if link.url.path == "/killer": {deed}
    return await read(self, link, *rest)
Reading.page = page
"""


def misbehaving(deed: str) -> Sequence[str]:
    """The command of a worker that does this over one page."""
    run = command()
    assert run[3] == PROGRAM
    setting_out, _, going = PROGRAM.partition("from crawler")
    code = f"{setting_out}\nexec({KILLER.format(deed=deed)!r})\nfrom crawler{going}"
    return (*run[:3], code, *run[4:])


@pytest.mark.parametrize("deed", ["os.abort()", "time.sleep(60)"])
async def test_a_page_that_kills_or_hangs_three_processes_is_given_up(tmp_path: Path, deed: str) -> None:
    leaves = [f"/{number}" for number in range(20)]
    table = {
        "concurrency": {"processes": 2, "hang_timeout": 1.5},
        "store": {"output": str(tmp_path / "out"), "min_free": 0},
    }
    events: list[Event] = []
    async with ToySite({"/": page("/killer", *leaves), "/killer": page(), **{leaf: page() for leaf in leaves}}) as site:
        settings = Settings.of({**table, "crawl": {"start": [site.url]}})
        async with open_crawl(settings, observers=[events.append], command=misbehaving(deed)) as crawling:
            summary = await crawling.run()
        assert summary.stopped is None
        assert Counter(site.targets())["/killer"] == 3
        rows = {url: row for url, row in (await known(tmp_path / "out")).items() if row["state"] != "saved"}
    assert {url: (row["state"], row["error"], row["attempts"]) for url, row in rows.items()} == {
        site.at("/killer"): ("failed", "crash", 3)
    }
    assert len([event for event in events if isinstance(event, Noted) and "replaced" in event.text]) == 3
    await check_folder(tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out" / "crawl.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM visits WHERE verdict = 'crashed'").fetchone()[0] >= 3
