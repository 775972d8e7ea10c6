"""What every crawling process has, the parent or a worker: settings become the parts by which it visits.

Where visits come from, and where their outcomes go, is an argument.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from math import inf
from pathlib import Path
from typing import Final

from crawler import policy
from crawler.errors import LimitError, WorkError
from crawler.http1.request import Version
from crawler.imaging import Develop
from crawler.interfaces import Crew, Fetcher, Finder, Frontier, Observer, Workers
from crawler.model import Counts, Saved
from crawler.net.cookies import CookieFetcher
from crawler.net.fetcher import HttpFetcher
from crawler.net.follow import FollowingFetcher
from crawler.net.pool import Pool
from crawler.net.proxy import choose_proxies
from crawler.net.rate import Sips
from crawler.reading import HUGE_PAGE
from crawler.settings import ImageSettings, Settings
from crawler.store.files import TEMPORARY, FileStore
from crawler.visiting import Parts
from crawler.web.cookies import Jar
from crawler.web.names import Template
from crawler.web.paths import CONVERTED, THUMBNAILS, derived_path
from crawler.web.url import split_userinfo
from crawler.work.children import Children
from crawler.work.extraction import check_extractors, finders, load_all
from crawler.work.pictures import MAX_ANSWER, Copy, Wish, derive_elsewhere

ROBOTS_REDIRECTS: Final = 5
"""Redirects followed for a robots.txt (RFC 9309 section 2.3.1.2)."""

MOST: Final = 8
"""Processes that are started where the settings leave it open: what more of them get done, one parent cannot book."""

LEAST: Final = 4
"""Requests in flight that make one more process worth while."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker process is told at its beginning.

    `writer` is the beginning of its temporary files' names, `offset` leads from the loop's clock to the wall's.
    """

    settings: Settings
    folder: str
    roots: tuple[str, ...]
    writer: str
    offset: float
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process stands: the visits it is given, whom it tells, what it shares with other processes."""

    frontier: Frontier
    store: FileStore
    jar: Jar
    observe: Observer
    counts: Callable[[], Counts]
    clock: Callable[[], float]
    crew: Crew | None = None
    writer: str = ""
    waits_until: Callable[[], float | None] = lambda: inf


@asynccontextmanager
async def open_parts(
    settings: Settings, folder: Path, fetcher: Fetcher, place: Place, extractors: Sequence[Finder]
) -> AsyncIterator[Parts]:
    """The parts by which a process visits; leaving the context ends the processes that work for it."""
    if settings.fetch.cookies:
        fetcher = CookieFetcher(fetcher, place.jar, place.clock)
    async with Children(settings.concurrency.work, max_answer=MAX_ANSWER) as children:
        yield Parts(
            frontier=place.frontier,
            fetcher=fetcher,
            robots=FollowingFetcher(fetcher, policy.next_hop, ROBOTS_REDIRECTS, pause=settings.politeness.delay),
            store=place.store,
            extractors=extractors,
            observe=place.observe,
            counts=place.counts,
            clock=place.clock,
            chance=random.random,
            develop=_developer(settings.images, folder, children, place.writer),
            crew=place.crew,
            waits_until=place.waits_until,
        )


def http_fetcher(
    settings: Settings,
    pool: Pool,
    environ: Mapping[str, str],
    version: Version = "1.1",
    sips: Sips | None = None,
) -> HttpFetcher:
    """Exchanges as the settings want them; `SettingsError` where one of these cannot be."""
    return HttpFetcher(
        pool,
        settings.fetch,
        _given_credentials(settings),
        hosts=settings.hosts,
        proxies=choose_proxies(settings.fetch, environ),
        version=version,
        sips=sips,
    )


def file_store(settings: Settings, folder: Path, writer: str = "") -> FileStore:
    """The store of a process; `writer` tells its temporary files from those of others."""
    template = Template.parse(settings.images.name) if settings.images.name else None
    return FileStore(folder, settings.store, template, writer)


def has_claims(settings: Settings) -> bool:
    """Whether content, or a name of one, may be another document's already."""
    return settings.images.dedupe != "off" or bool(settings.images.name)


@asynccontextmanager
async def open_finders(settings: Settings) -> AsyncIterator[Sequence[Finder]]:
    """Our own extractor and those that settings name, with processes for what takes long."""
    names, folder = settings.crawl.extractors, str(Path.cwd())
    prepare = partial(load_all, names, folder)
    most = settings.crawl.extractor_memory
    async with Children(settings.concurrency.work, max_memory=most, prepare=prepare) as workers:
        if names:
            await check_extractors(workers, names)
        yield finders(settings.crawl, settings.images, workers, folder, HUGE_PAGE)


def processes(settings: Settings, cpus: int | None) -> int:
    """How many processes may crawl, with 1 this one alone; as many as CPUs where the settings leave it open."""
    total, wanted = settings.concurrency.total, settings.concurrency.processes
    count = min(cpus or 1, MOST, total // LEAST) if wanted == "auto" else wanted
    return max(1, min(count, total))


def share(settings: Settings, count: int, alone: bool) -> Settings:
    """The settings of one of `count` processes, with its share of what may be used in all; `alone`: for one visit.

    It can be sent as it is. What is in flight in all, the frontier bounds.
    """

    def part(rate: int | None) -> int | None:
        return max(1, rate // count) if rate is not None else None

    total = 1 if alone else -(-settings.concurrency.total // count)
    return replace(
        settings,
        crawl=replace(settings.crawl, max_time=None),
        concurrency=replace(settings.concurrency, total=total, work=max(1, settings.concurrency.work // count)),
        fetch=replace(
            settings.fetch,
            max_rate=part(settings.fetch.max_rate),
            html_memory=max(1, settings.fetch.html_memory // count),
        ),
        hosts={name: replace(own, max_rate=part(own.max_rate)) for name, own in settings.hosts.items()},
    )


def clock_from(offset: float) -> Callable[[], float]:
    """Seconds since 1970, which go on evenly whatever happens to the machine's clock."""
    loop = asyncio.get_running_loop()
    return lambda: loop.time() + offset


def _developer(images: ImageSettings, folder: Path, workers: Workers, writer: str) -> Develop | None:
    """Makes of each image that is kept what the settings ask for, in the processes of `workers`; None for nothing.

    What cannot be made is said in its record.
    """
    if not images.needs_pixels:
        return None
    numbers = count(1)
    extension = "jpg" if images.convert == "jpeg" else images.convert

    async def develop(saved: Saved) -> Saved:
        copies = []
        if images.thumbnails is not None:
            thumbnail = derived_path(THUMBNAILS, saved.digest, "jpg")
            copies.append(Copy(str(folder / thumbnail), "jpeg", images.thumbnails))
        if images.convert != "off":
            copies.append(Copy(str(folder / derived_path(CONVERTED, saved.digest, extension)), images.convert))
        temporary = str(folder / TEMPORARY / f"{writer}work-{next(numbers)}")
        wish = Wish(temporary, tuple(copies), images.dedupe in ("report", "near"), images.max_pixels)
        try:
            made = await derive_elsewhere(workers, str(folder / saved.path), wish, images.work_timeout)
        except (LimitError, WorkError) as error:
            return replace(saved, work_error=str(error))
        return replace(saved, likeness=made.hash, work_error=made.error)

    return develop


def _given_credentials(settings: Settings) -> dict[str, tuple[str, str]]:
    """(user, password) by origin, from the start URLs' own userinfo."""
    split = (split_userinfo(text) for text in settings.crawl.start)
    return {url.origin: credential for url, credential in split if credential is not None}
