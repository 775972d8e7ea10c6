"""What a page costs the frontier when 10,000, 100,000, a million URLs are known, on one host and on 10,000.

    python -m tests.bench.scale [--sizes 10000,100000,1000000] [--hosts 1,10000] [--drawn]

Nothing is fetched: a site without end is made up, and the database grows as a crawl makes it grow, by lease and finish,
from pages of 40 links of which ten are new. At each size pages of 40 links, 15 of them new, are measured, then what a
start, `crawler status` and the first rows of an export take. It asserts nothing.
"""

import argparse
import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from crawler.assemble_worker import settle_in
from crawler.cli.export import rows_of
from crawler.cli.status import status_lines
from crawler.crawldb.database import FILE, Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.pace import Pace
from crawler.crawldb.records import Records
from crawler.crawldb.requeue import Begun
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Event, Found, Kind, Link, Outcome, Reference, Saved, Verdict, Visit
from crawler.settings import Settings
from crawler.web.cookies import Jar
from tests.bench.million import proportional_size

LINKS, GROWTH, NEW = 40, 10, 15
"""Links of a page; how many of them are new while the database grows, and while pages are measured."""
IN_FLIGHT = 16
MENU, NEAR, ABROAD = 10, 10, 2
"""Of the links that are known: those of every page of a host, those to the pages before, those to other hosts."""
FOLDER = 200
"""Pages of one folder of a host."""
DRAWN = 1 << 48
FACTOR = 0x9E3779B97F4B
"""A page's number, times this, modulo that, is a name that looks drawn."""
ROWS, TIMES = 100, 3
"""Rows of an export that are waited for; how often a look at a closed database is taken."""
RULES = b"User-agent: *\n" + b"".join(b"Disallow: /private/%d/\n" % number for number in range(40)) + b"# of "
HEAD = ResponseHead(
    (1, 1), 200, "OK", Headers(), b"HTTP/1.1 200 OK\r\n%s\r\n" % (b"Name: some value\r\n" * 15)
)  # fmt: skip


@dataclass(slots=True)
class Site:
    """Pages without end on some hosts; `pages` is how many of each host have been named.

    They are numbered one behind the other, or with `drawn` have names that tell nothing of their neighbours.
    """

    hosts: int
    random: Random
    drawn: bool = False
    pages: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.pages = [1] * self.hosts

    def starts(self) -> list[Link]:
        """The first page of each host."""
        return [Link(self.url(host, 0)) for host in range(self.hosts)]

    def url(self, host: int, page: int) -> URL:
        """The address of a page."""
        name = f"articles/{page * FACTOR % DRAWN:012x}" if self.drawn else f"topic-{page // FOLDER}/some-article-{page}"
        return URL.known(f"http://www-{host}.example/{name}.html")

    def place(self, url: URL) -> tuple[int, int]:
        """The host and the number of a page."""
        name = url.path.rpartition("/")[2].removesuffix(".html")
        page = int(name, 16) * pow(FACTOR, -1, DRAWN) % DRAWN if self.drawn else int(name.rpartition("-")[2])
        return int(url.host.removeprefix("www-").removesuffix(".example")), page

    def visit(self, visit: Visit, new: int) -> Outcome:
        """What a visit comes to: the host's rules, or a page that is kept, with `new` new links."""
        asked_at = time.time()
        if visit.link.kind is Kind.ROBOTS:
            rules = RULES + visit.link.url.host.encode()  # no two hosts share theirs in memory
            return Outcome(Verdict.READ, head=HEAD, rules=rules, asked_at=asked_at, size=len(rules), waited=0.005)
        digest = self.random.randbytes(32).hex()
        saved = Saved(f"pages/{visit.link.url.host}{visit.link.url.path}", "text/html", 25_000, digest)
        return Outcome(
            Verdict.SAVED,
            head=HEAD,
            saved=saved,
            found=[_found(link) for link in self.links(visit.link, new)],
            asked_at=asked_at,
            elapsed=0.01,
            size=25_000,
            peer="127.0.0.1:80",
            waited=0.005,
            fingerprint=self.random.getrandbits(63),
        )

    def links(self, page: Link, new: int) -> list[Link]:
        """What a page names, each once: what is known, in the end wherever it is, and `new` for the first time."""
        host, number = self.place(page.url)
        places: dict[tuple[int, int], None] = {}
        for place in self._known(host, number):
            if len(places) == LINKS - new:
                break
            places[place] = None
        last = self.pages[host]
        self.pages[host] += new
        places.update(dict.fromkeys((host, last + more) for more in range(new)))
        return [Link(self.url(*place), Kind.PAGE, page.depth + 1, 0, page.url) for place in places]

    def _known(self, host: int, page: int) -> Iterator[tuple[int, int]]:
        """The menu, the pages before this one, some of other hosts and of this one, and as many more of all."""
        yield from ((host, number) for number in range(min(MENU, self.pages[host])))
        yield from ((host, number) for number in range(max(page - NEAR, 0), page))
        for number in range(4 * LINKS):
            is_own = ABROAD <= number < LINKS
            other = host if is_own else self.random.randrange(self.hosts)
            yield other, self.random.randrange(self.pages[other])


def _found(link: Link) -> Found:
    url = str(link.url)
    return Found(Reference(link.url, Kind.PAGE, "a", "href", {"href": url}, f"Some article at {url[-9:]}"), link, None)


@dataclass(slots=True)
class Driver:
    """A frontier worked by so many tasks; `made` are the seconds of CPU that went into making things up."""

    frontier: SqliteFrontier
    site: Site
    made: float = 0.0
    waits: list[float] = field(default_factory=list)
    left: int = 0

    async def work(self, pages: int, new: int) -> None:
        """Visit so many pages, and what has to be asked for before them."""
        self.left = pages
        self.waits = []
        await asyncio.gather(*(self._work(new) for _ in range(IN_FLIGHT)))

    async def _work(self, new: int) -> None:
        while self.left > 0:
            self.left -= 1
            began = time.perf_counter()
            [visit] = await self.frontier.lease(1)
            self.waits.append(time.perf_counter() - began)
            making = time.thread_time()
            outcome = self.site.visit(visit, new)
            self.made += time.thread_time() - making
            self.left += visit.link.kind is Kind.ROBOTS
            await self.frontier.finish(visit, outcome)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round took: microseconds of CPU a page, and milliseconds for a lease, the median and of 99 in 100."""

    page: float
    wait: float
    longest_wait: float


@dataclass(frozen=True, slots=True)
class End:
    """What a crawl has come to: bytes of memory, and of its database a URL; milliseconds of CPU to look at it."""

    memory: int
    url_size: float
    start: float
    status: float
    export: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    hosts: int
    known: int
    rounds: Sequence[Round]
    end: End


def known(frontier: SqliteFrontier) -> int:
    """How many URLs a frontier knows."""
    counts = asdict(frontier.counts)
    return sum(
        counts[state]
        for state in ("queued", "leased", "saved", "read", "redirected", "rejected", "refused", "skipped", "failed")
    )


def opened(folder: Path) -> tuple[Database, SqliteFrontier]:
    """A frontier as a crawl opens it: a user's settings, but that one host is asked by all tasks and has no end."""
    settings = Settings()
    settings = replace(
        settings,
        concurrency=replace(settings.concurrency, total=IN_FLIGHT, per_host=IN_FLIGHT),
        traps=replace(settings.traps, max_host_urls=1 << 40),
    )
    database = Database(folder, settings.store.durability)
    pace = Pace(settings.concurrency, settings.politeness, settings.fetch, settings.scope, {}, Random(1).random)
    return database, SqliteFrontier(database, pace, settings, Jar(), time.time, _ignore, _discard, _clean)


def _ignore(event: Event) -> None:
    """Nobody watches."""


async def _discard(paths: Sequence[str]) -> None:
    """There are no files."""


def _clean(begun: Begun) -> None:
    """There are no files."""


async def crawl(line: Connection, folder: Path, site: Site, size: int, pages: int) -> None:
    """A crawl from nothing to so many known URLs: it tells how many there are, then of each round that is asked for."""
    database, frontier = opened(folder)
    await frontier.add(site.starts())
    driver = Driver(frontier, site)
    while (missing := size - known(frontier)) > 0:
        await driver.work(max(missing // GROWTH // 2, 1), GROWTH)
    await driver.work(pages, GROWTH)  # each host has told its rules by now
    line.send(known(frontier))
    while line.recv():
        line.send(await measured(driver, pages))
    memory, at_end = proportional_size(os.getpid()), known(frontier)
    await frontier.close()
    database.close()
    url_size = (folder / FILE).stat().st_size / at_end
    line.send(End(memory, url_size, await least_start(folder), least(read_status, folder), least(read_rows, folder)))


async def measured(driver: Driver, pages: int) -> Round:
    """One round of so many pages."""
    began, made = time.process_time(), driver.made
    await driver.work(pages, NEW)
    took = time.process_time() - began - (driver.made - made)
    waits = sorted(driver.waits)
    return Round(took / pages * 1e6, median(waits) * 1e3, waits[len(waits) * 99 // 100] * 1e3)


async def least_start(folder: Path) -> float:
    """Milliseconds of CPU from a closed database to a frontier that is ready, at the least."""
    took = []
    for _ in range(TIMES):
        began = time.process_time()
        database, frontier = opened(folder)
        frontier.seeds()
        took.append(time.process_time() - began)
        await frontier.close()
        database.close()
    return min(took) * 1e3


def least(read: Callable[[Path], None], folder: Path) -> float:
    """Milliseconds of CPU that a look at a closed database takes, at the least."""
    took = []
    for _ in range(TIMES):
        began = time.process_time()
        read(folder)
        took.append(time.process_time() - began)
    return min(took) * 1e3


def read_status(folder: Path) -> None:
    """What `crawler status` reads."""
    with Records(folder) as records:
        list(status_lines(records, folder, time.time()))


def read_rows(folder: Path) -> None:
    """The first rows of `crawler export`, of URLs and of links."""
    with Records(folder) as records:
        for table in ("urls", "links"):
            list(islice(rows_of(records, table), ROWS))


def process(line: Connection, folder: Path, site: Site, size: int, pages: int) -> None:
    """What the process of one crawl does."""
    settle_in()
    asyncio.run(crawl(line, folder, site, size, pages))


def compare(site: Site, sizes: Sequence[int], rounds: int, pages: int) -> list[Row]:
    """A crawl of each size, each in a process of its own; they take turns, so that a busy machine is busy for all."""
    context = multiprocessing.get_context("spawn")
    with TemporaryDirectory() as root:
        lines: list[Connection] = []
        for size in sizes:
            ours, theirs = context.Pipe()
            values = (theirs, Path(root) / str(size), site, size, pages)
            context.Process(target=process, args=values, daemon=True).start()
            theirs.close()
            lines.append(ours)
        reached = [line.recv() for line in lines]
        took = [[_asked(line, True) for line in lines] for _ in range(rounds)]
        ends = [_asked(line, False) for line in lines]
        for line in lines:
            line.close()
        for child in multiprocessing.active_children():
            child.join()
    return [Row(site.hosts, *values) for values in zip(reached, zip(*took, strict=True), ends, strict=True)]


def _asked(line: Connection, more: bool) -> Any:
    line.send(more)
    return line.recv()


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a Markdown table.

    What a round took is the least of all; ratios are to the first row of as many hosts, round by round, their median.
    """
    yield (
        "| hosts | known URLs | us a page | ratio (spread) | lease ms, median (99 %) | PSS MB | bytes a URL | start ms"
        " | status ms | export ms |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    first: dict[int, Row] = {}
    for row in rows:
        others = first.setdefault(row.hosts, row).rounds
        ratios = [one.page / other.page for one, other in zip(row.rounds, others, strict=True)]
        page, wait, longest = (
            min(getattr(one, name) for one in row.rounds) for name in ("page", "wait", "longest_wait")
        )
        end = row.end
        yield (
            f"| {row.hosts:,} | {row.known:,} | {page:.0f} | {median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            f" | {wait:.1f} ({longest:.1f}) | {end.memory / 1e6:.0f} | {end.url_size:.0f}"
            f" | {end.start:.0f} | {end.status:.0f} | {end.export:.0f} |"
        )


def main() -> None:
    """Read the flags, run, print."""

    def numbers(text: str) -> list[int]:
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(description="Measures what a page costs the frontier as the crawl grows.")
    parser.add_argument("--sizes", type=numbers, default=[10_000, 100_000, 1_000_000], help="known URLs, with commas")
    parser.add_argument("--hosts", type=numbers, default=[1, 10_000], help="numbers of hosts, with commas")
    parser.add_argument("--rounds", type=int, default=9, help="in which the sizes take turns (default: 9)")
    parser.add_argument("--pages", type=int, default=50, help="pages of a round (default: 50)")
    parser.add_argument("--drawn", action="store_true", help="names that tell nothing of their neighbours")
    flags = parser.parse_args()
    rows: list[Row] = []
    for hosts in flags.hosts:
        rows += compare(Site(hosts, Random(hosts), flags.drawn), flags.sizes, flags.rounds, flags.pages)
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
