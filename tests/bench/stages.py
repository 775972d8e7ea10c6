"""Where the time of a page goes: each stage of a crawl alone, in one process, beside what it could be.

    python -m tests.bench.stages [--site python3.11-doc|openjdk-17-doc] [--pages 500]

CPU microseconds a page, of one pass over the same pages, in the order of a crawl. "fetched" and "fetched and saved" are
16 tasks at one nginx; "booked" is the frontier's lease and finish of every page, 16 in flight; the others call what the
crawl calls. "whole crawl" is the program itself with one process, start-up apart, which a crawl of one page shows; what
it takes beyond its stages is asyncio, threads, the log and the display. Beside them: the bytes over plain blocking
sockets, the files written with no more than a rename, lexbor's css selection of the anchors.
"""

import argparse
import asyncio
import http.client
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))

from crawler.assemble import open_fetcher
from crawler.assemble_parts import file_store
from crawler.assemble_worker import settle_in
from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.links import fold
from crawler.crawldb.pace import Pace
from crawler.model import URL, Found, Kind, Link, Outcome, Request, Saved, Verdict, Visit
from crawler.policy import Rules
from crawler.settings import Settings
from crawler.web.charset import find_encoding
from crawler.web.cookies import Jar
from crawler.web.links import find_references
from crawler.web.simhash import saying
from tests.bench.extraction import lexbor_css
from tests.bench.peers import ours
from tests.bench.scale import HEAD
from tests.bench.turns import spend
from tests.servers import nginx, package_folder, public_folder

P, T = ParamSpec("P"), TypeVar("T")

SITES = {"python3.11-doc": "genindex-all.html", "openjdk-17-doc": "allclasses-index.html"}
IN_FLIGHT = 16


class Stages:
    """The pages of a site at `origin`, and what each stage took of the CPU."""

    def __init__(self, folder: Path, files: Sequence[Path], origin: str) -> None:
        self.urls = [URL(f"{origin}{file.relative_to(folder)}") for file in files]
        self.bodies = [file.read_bytes() for file in files]
        self.links = [Link(url, Kind.PAGE, 2, 0, URL(origin)) for url in self.urls]
        self.settings = Settings.of({"concurrency": {"total": IN_FLIGHT, "per_host": IN_FLIGHT}})
        self.rules = Rules.of(self.settings, [URL(origin)])
        self.took: dict[str, float] = {}
        self.numbers = {str(url): number for number, url in enumerate(self.urls)}

    def timed(self, name: str, call: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        """Call this for one page."""
        began = time.process_time()
        result = call(*arguments, **more)
        self.took[name] = self.took.get(name, 0.0) + time.process_time() - began
        return result

    def read(self) -> None:
        """What is done with the bytes of a page once they are here, page by page."""
        for url, body, link in zip(self.urls, self.bodies, self.links, strict=True):
            encoding = self.timed("encoding found", find_encoding, body)
            references = self.timed("links read", find_references, body, encoding, url)
            found = self.timed("links judged", self.rules.judge, link, references)
            self.timed("links folded", fold, link, Outcome(Verdict.SAVED, found=found))
            self.timed("its text told from others", saying, body, encoding, url, 2)
        if find_spec("selectolax"):
            for body in self.bodies:
                self.timed("(links read by lexbor, css)", lexbor_css, body)

    def found(self, url: URL) -> Sequence[Found]:
        """What the page there names."""
        number = self.numbers.get(str(url))
        if number is None:
            return ()
        body = self.bodies[number]
        return self.rules.judge(self.links[number], find_references(body, find_encoding(body), url))

    async def fetch(self, folder: Path | None) -> None:
        """All pages over the wire, and into a folder where one is given."""
        store = file_store(self.settings, folder) if folder is not None else None
        if store is not None:
            store.open()
        waiting = list(enumerate(self.links))
        began = time.process_time()
        async with open_fetcher(self.settings) as fetcher:

            async def work() -> None:
                while waiting:
                    number, link = waiting.pop()
                    async with fetcher.fetch(Request(link.url)) as response:
                        if store is None:
                            await response.read()
                        else:
                            await store.save(Visit(link, 1, number), response)

            await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        self.took["fetched" if store is None else "fetched and saved"] = time.process_time() - began

    async def book(self, folder: Path) -> None:
        """Lease and finish every page."""
        settings = self.settings
        pace = Pace(settings.concurrency, settings.politeness, settings.fetch, settings.scope, {}, Random(1).random)
        database = Database(folder)
        frontier = SqliteFrontier(
            database, pace, settings, Jar(), time.time, lambda event: None, _discard, lambda begun: None
        )
        await frontier.add([Link(url) for url in self.urls])
        began, made = time.process_time(), 0.0

        async def work() -> None:
            nonlocal made
            while visits := await frontier.lease(1):
                for visit in visits:
                    making = time.thread_time()
                    page = self.found(visit.link.url)
                    made += time.thread_time() - making
                    saved = Saved(visit.link.url.path, "text/html", 1000, os.urandom(32).hex())
                    is_rules = visit.link.kind is Kind.ROBOTS
                    outcome = Outcome(
                        Verdict.READ if is_rules else Verdict.SAVED,
                        head=HEAD,
                        saved=None if is_rules else saved,
                        rules=b"" if is_rules else None,
                        found=page,
                        asked_at=time.time(),
                        elapsed=0.01,
                        waited=0.01,
                    )
                    await frontier.finish(visit, outcome)

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        self.took["booked, folding included"] = time.process_time() - began - made
        await frontier.close()
        database.close()

    def plainly(self, folder: Path) -> None:
        """The least that fetching and saving can be."""
        host = http.client.HTTPConnection(self.urls[0].host, self.urls[0].port)

        def get(url: URL) -> bytes:
            host.request("GET", url.target)
            return host.getresponse().read()

        def write(number: int, body: bytes) -> None:
            (folder / "new").write_bytes(body)
            (folder / "new").rename(folder / f"{number}.html")

        for url in self.urls:
            self.timed("(fetched by http.client, one at a time)", get, url)
        for number, body in enumerate(self.bodies):
            self.timed("(written and renamed)", write, number, body)
        host.close()

    def crawl(self, start: str, one_page: str, folder: Path) -> None:
        """The program itself, without what it takes to start."""
        whole, least = (
            spend([*ours(url, folder / name, IN_FLIGHT), "--processes", "1", *more])
            for name, url, more in (
                ("whole", start, ["--max-pages", str(len(self.urls))]),
                ("least", one_page, ["--max-pages", "1", "--max-depth", "0"]),
            )
        )
        self.took["whole crawl"] = whole.cpu - least.cpu
        self.took["(start-up, in all)"] = least.cpu * len(self.urls)


async def _discard(paths: Sequence[str]) -> None:
    """There are no files."""


def main() -> None:
    """Read the flags, run, print."""
    parser = argparse.ArgumentParser(description="Where the CPU time of a page goes.")
    parser.add_argument("--site", choices=SITES, default="python3.11-doc")
    parser.add_argument("--pages", type=int, default=500)
    flags = parser.parse_args()
    folder = package_folder(flags.site, SITES[flags.site])
    settle_in()
    files = sorted(folder.rglob("*.html"))
    files = Random(1).sample(files, min(flags.pages, len(files)))
    with nginx(folder) as server, public_folder() as work, TemporaryDirectory() as database:
        stages = Stages(folder, files, server.url)
        asyncio.run(stages.fetch(None))
        asyncio.run(stages.fetch(work / "pages"))
        stages.read()
        asyncio.run(stages.book(Path(database)))
        stages.plainly(work)
        stages.crawl(server.url, f"{server.url}{files[0].relative_to(folder)}", work)
    size = sum(map(len, stages.bodies)) / len(files) / 1024
    print(f"{len(files)} pages of {flags.site}, {size:.0f} KB each\n\n| stage | us a page |\n|---|---:|")
    for name, seconds in stages.took.items():
        print(f"| {name} | {seconds / len(files) * 1e6:,.0f} |")


if __name__ == "__main__":
    main()
