"""No crawl hangs: seams that never answer, in a crawl put together of the real parts, and in the command."""

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawler.assemble import open_crawl
from crawler.crawling import Crawl, Summary
from crawler.model import Event, Noted
from crawler.settings import Settings
from tests.command import PROJECT, by_path, end, known
from tests.toysite import Reply, ToySite, in_turn, page

QUICK = {
    "concurrency": {"stall_timeout": 0.3, "total": 4},
    "fetch": {"connect_timeout": 0.2, "read_timeout": 0.2, "max_retries": 1, "retry_wait": 0.01},
}
PAGES = {"/": page("/a", "/b", "/stuck"), "/a": page(), "/b": page(), "/stuck": page()}


async def crawled(start: str, folder: Path, **stuck: Any) -> tuple[Summary, list[str]]:
    """A crawl with one of its parts replaced by what `stuck` makes of it."""
    events: list[Event] = []
    settings = Settings.of({**QUICK, "crawl": {"start": [start]}, "store": {"output": str(folder)}})
    async with open_crawl(settings, observers=[events.append]) as crawl:
        parts = replace(crawl._parts, **{name: make(getattr(crawl._parts, name)) for name, make in stuck.items()})
        crawl = Crawl(parts, settings, crawl._visiting.rules, crawl._seeds)
        summary = await asyncio.wait_for(crawl.run(), 30)
    return summary, [event.text for event in events if isinstance(event, Noted)]


class StuckFetcher:
    """Never has the body of one path."""

    def __init__(self, fetcher: Any) -> None:
        self._fetcher = fetcher

    @asynccontextmanager
    async def fetch(self, request: Any) -> Any:
        async with self._fetcher.fetch(request) as response:
            yield StuckResponse(response) if request.url.path == "/stuck" else response


class StuckResponse:
    """An answer whose head has come, and whose body never does."""

    def __init__(self, response: Any) -> None:
        self.head, self.contact = response.head, response.contact

    async def peek(self, size: int) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_body_that_never_comes(tmp_path: Path) -> None:
    async with ToySite(PAGES) as site:
        summary, said = await crawled(site.url, tmp_path / "out", fetcher=StuckFetcher)
        assert (summary.stopped, summary.counts.pages, summary.counts.failed) == (None, 3, 1)
        assert sum("/stuck waited" in text and "for: body" in text for text in said) == 2
    row = by_path(await known(tmp_path / "out"))["/stuck"]
    assert (row["state"], row["error"], row["attempts"]) == ("failed", "timeout", 2)
    assert "given up: it waited" in row["detail"]


class StuckStore:
    """Never keeps anything."""

    def __init__(self, store: Any) -> None:
        self.partial, self.load = store.partial, store.load

    async def save(self, *_: Any) -> Any:
        await asyncio.Event().wait()


async def test_a_store_that_never_answers_costs_no_page(tmp_path: Path) -> None:
    async with ToySite(PAGES) as site:
        summary, _ = await crawled(site.url, tmp_path / "out", store=StuckStore)
        assert summary.stopped == "stalled"
        assert "for: save" in (summary.detail or "")
        again, _ = await crawled(site.url, tmp_path / "out")
        assert (again.stopped, again.counts.pages, again.counts.failed) == (None, 4, 0)


async def test_a_host_that_is_held_is_waited_for(tmp_path: Path) -> None:
    """Longer than a stall may last."""
    busy = Reply(503, headers={"Retry-After": "2"})
    async with ToySite({"/": page("/a"), "/a": in_turn(busy, page())}) as site:
        summary, said = await crawled(site.url, tmp_path / "out")
        assert (summary.stopped, summary.counts.pages, summary.counts.failed) == (None, 2, 0)
        assert not any("waited" in text for text in said)


HANGING_DISK = """
import sys, time
from crawler.store.files import FileStore
FileStore._complete = lambda *_: time.sleep(1000)
from crawler.cli.main import main
main()
"""
HANGING_RESOLVER = """
import sys, time
import crawler.net.resolver as resolver
resolver.Resolver.__init__.__defaults__ = (lambda host: time.sleep(1000), None)
from crawler.cli.main import main
main()
"""


async def hung(program: str, url: str, folder: Path) -> Any:
    config = folder.parent / "quick.toml"
    config.write_text(
        "[concurrency]\nstall_timeout = '500ms'\n[fetch]\nconnect_timeout = '300ms'\nmax_retries = 0\n"
        "[store]\nmin_free = 0\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, "crawl", url, "-o", str(folder), "--config", str(config), "-q"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=PROJECT,
    )
    return await end(process)


@pytest.mark.parametrize(
    ("program", "host", "said"),
    [(HANGING_DISK, "127.0.0.1", "waited"), (HANGING_RESOLVER, "stuck.test", "nothing could be saved")],
)
async def test_the_command_ends_with_one_line_though_a_thread_hangs(
    program: str, host: str, said: str, tmp_path: Path
) -> None:
    async with ToySite({"/": page(), "/robots.txt": Reply(404)}) as site:
        began = time.monotonic()
        ended = await hung(program, site.url.replace("127.0.0.1", host), tmp_path / "out")
        assert time.monotonic() - began < 30
    assert ended.status == 1, ended.said
    assert ended.err.count("\n") == 1, ended.said
    assert said in ended.err
    assert ended.out == ""
