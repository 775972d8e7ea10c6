"""The program of a worker process, run in this one, over a real site: it crawls for its parent, and says goodbye."""

import asyncio
import pickle
import platform
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.assemble_parts import Assignment, processes, share
from crawler.assemble_worker import work
from crawler.crawldb.serve import Line, Switchboard
from crawler.model import URL, Event, Finished, Leased, Link, Noted
from crawler.settings import Settings
from tests.crawldb.desk import Desk
from tests.toysite import Reply, ToySite, page, redirect

HEAPS = """
import ctypes, sys, threading
from crawler.assemble_worker import settle_in
if sys.argv[1:]:
    settle_in()
barrier = threading.Barrier(4)
threads = [threading.Thread(target=lambda: (bytearray(50_000), barrier.wait())) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
ctypes.CDLL(None).malloc_stats()
"""
"""Four threads at once that want memory, and then what glibc tells of its heaps."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps for threads are glibc's")
@pytest.mark.parametrize(("flags", "is_one"), [((), False), (("settled",), True)])
def test_all_threads_of_a_crawl_s_process_share_one_heap(flags: Sequence[str], is_one: bool) -> None:
    told = subprocess.run([sys.executable, "-c", HEAPS, *flags], capture_output=True, text=True, check=True).stderr
    assert (told.count("Arena ") == 1) == is_one


class Parent:
    """What a worker is started by, but that it runs in this process."""

    def __init__(self, folder: Path, table: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = Settings.of({"store": {"min_free": 0}, **table})
        self.events: list[Event] = []
        self.failures: list[tuple[str, str | None]] = []
        self.desk = Desk(folder)

    def assign(self, name: str, alone: bool) -> bytes:
        roots = (self.root,)
        return pickle.dumps(Assignment(share(self.settings, 2, alone), str(self.folder), roots, name, 0.0, {}))

    async def clear(self, name: str, urls: Sequence[URL], names: Sequence[str]) -> None: ...

    async def run(self, root: str, *, stop_after: int = 0) -> Line:
        self.root = root
        frontier = await self.desk.open()
        (self.folder / ".tmp").mkdir()
        await frontier.add([Link(URL(root))])
        board = Switchboard(frontier, self.desk.jar, self.events.append, self.assign, self.clear)
        ours, theirs = socket.socketpair()
        connecting = board.connect(ours, lambda word, detail: self.failures.append((word, detail)), False)
        working = asyncio.ensure_future(work(theirs, lambda: None))
        line = await connecting
        await line.begun()
        while stop_after and len(self.events) < stop_after:
            await asyncio.sleep(0.01)
        if stop_after:
            assert line.stop()
        await working
        await line.ended()
        await self.desk.close()
        return line


async def test_it_crawls_to_the_end(tmp_path: Path) -> None:
    parent = Parent(tmp_path, {})
    async with ToySite({"/": redirect("/home"), "/home": page("/a", "/gone"), "/a": page()}) as site:
        line = await parent.run(site.url)
        assert set(site.targets()) == {"/", "/home", "/a", "/gone"}
    assert await line.ended()
    assert parent.failures == []
    finished = {event.visit.link.url.path: event.outcome for event in parent.events if isinstance(event, Finished)}
    assert {path: outcome.verdict.value for path, outcome in finished.items()} == {
        "/": "redirected", "/home": "saved", "/a": "saved", "/gone": "rejected",
    }  # fmt: skip
    assert all(outcome.found == () for outcome in finished.values()), "what was found does not travel"
    saved = finished["/a"].saved
    assert saved is not None
    assert (tmp_path / saved.path).stat().st_size == saved.size
    assert len([event for event in parent.events if isinstance(event, Leased)]) == 4
    assert [event.text for event in parent.events if isinstance(event, Noted)] == [
        f"the start URL redirected: the scope now includes {site.at('/home')}"
    ]


async def test_it_stops_when_told_to_and_finishes_what_is_in_flight(tmp_path: Path) -> None:
    slow = Reply(200, page().body, {"Content-Type": "text/html"}, delay=0.3)
    parent = Parent(tmp_path, {})
    async with ToySite({"/": slow, "/a": slow}) as site:
        line = await parent.run(site.url, stop_after=1)
    assert await line.ended()
    assert parent.failures == []
    assert len([event for event in parent.events if isinstance(event, Finished)]) == 1


async def test_a_disk_that_is_full_is_its_last_word(tmp_path: Path) -> None:
    parent = Parent(tmp_path, {"store": {"min_free": 10**15}})
    async with ToySite({"/": page()}) as site:
        line = await parent.run(site.url)
    assert await line.ended()
    ((word, text),) = parent.failures
    assert word == "store"
    assert text is not None
    assert "store.min_free" in text


async def test_an_error_that_is_a_bug_is_reported_and_no_goodbye(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parent = Parent(tmp_path, {})
    broken = share(Settings(), 2, False)
    broken = replace(broken, scope=replace(broken.scope, scope="nonsense"))  # type: ignore[arg-type]
    assignment = pickle.dumps(Assignment(broken, str(tmp_path), (), "1-", 0.0, {}))
    frontier = await parent.desk.open()
    board = Switchboard(frontier, parent.desk.jar, parent.events.append, lambda *_: assignment, parent.clear)
    ours, theirs = socket.socketpair()
    working = asyncio.ensure_future(work(theirs, lambda: None))
    line = await board.connect(ours, lambda word, detail: None, False)
    await working
    assert not await line.ended()
    assert "Traceback" in caplog.text
    await parent.desk.close()


def test_each_process_has_its_share() -> None:
    table = {
        "concurrency": {"total": 5, "work": 1}, "fetch": {"max_rate": 1000, "html_memory": 10},
        "crawl": {"max_time": 9}, "hosts": {"a.example": {"max_rate": 1}},
    }  # fmt: skip
    own = share(Settings.of(table), 2, False)
    assert (own.concurrency.total, own.concurrency.work) == (3, 1)
    assert (own.fetch.max_rate, own.fetch.html_memory, own.crawl.max_time) == (500, 5, None)
    assert own.hosts["a.example"].max_rate == 1
    assert share(Settings.of(table), 2, True).concurrency.total == 1
    assert share(Settings(), 2, False).fetch.max_rate is None
    assert pickle.loads(pickle.dumps(own)) == own


@pytest.mark.parametrize(
    ("wanted", "total", "cpus", "count"),
    [(1, 32, 8, 1), (3, 32, 2, 3), (3, 2, 8, 2), ("auto", 32, 2, 2), ("auto", 32, 64, 8), ("auto", 6, 8, 1),
     ("auto", 32, 1, 1), ("auto", 32, None, 1)],
)  # fmt: skip
def test_how_many_processes(wanted: object, total: int, cpus: int | None, count: int) -> None:
    settings = Settings.of({"concurrency": {"processes": wanted, "total": total}})
    assert processes(settings, cpus) == count
