"""Settings become running parts: the only file that names concrete classes. Building and closing are one list."""

import asyncio
import hashlib
import json
import logging
import os
import pickle
import random
import resource
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crawler import policy
from crawler.assemble_parts import (
    Assignment,
    Place,
    clock_from,
    file_store,
    has_claims,
    http_fetcher,
    open_finders,
    open_parts,
    processes,
    share,
)
from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.pace import Pace
from crawler.crawldb.records import ImageRecord, Records
from crawler.crawldb.requeue import Begun
from crawler.crawldb.serve import Switchboard
from crawler.crawling import Crawl
from crawler.errors import CrawlError, InvalidURLError, SettingsError
from crawler.http1.request import Version
from crawler.interfaces import Crew, Extractor, Fetcher, Observer
from crawler.lists.feeder import Feeder, in_thread
from crawler.lists.reader import STANDARD_INPUT, ListReader, open_list
from crawler.model import URL, Event, Kind, Link, Noted, Row
from crawler.net.cookies import CookieFetcher
from crawler.net.dial import Dialer, Dials
from crawler.net.follow import FollowingFetcher
from crawler.net.pool import Pool, affordable
from crawler.net.rate import Sips
from crawler.net.watched import Watch, WatchedDialer
from crawler.reading import checked
from crawler.report.sidecar import WRITERS, require_sidecar
from crawler.settings import ImageSettings, Settings, effective, fixed_keys, tabled
from crawler.store.files import FileStore, store_errors
from crawler.supervise import Growth, Supervisor
from crawler.web.cookie_file import parse_cookie_file
from crawler.web.cookies import Cookie, Jar
from crawler.web.paths import path
from crawler.web.url import split_userinfo

JUDGED_BY: Final = (
    "scope.",
    "images.enabled",
    "images.any_host",
    "crawl.max_depth",
    "politeness.nofollow",
    "politeness.noai",
    "politeness.robots",
)
"""The settings by which links are followed or not."""


@asynccontextmanager
async def open_crawl(
    settings: Settings,
    *,
    observers: Sequence[Observer] = (),
    extractors: Sequence[Extractor] = (),
    environ: Mapping[str, str] = MappingProxyType({}),
    retry: Collection[str] = (),
    command: Sequence[str] = (),
) -> AsyncIterator[Crawl]:
    """A crawl that is ready to run; leaving the context closes all its parts.

    `command` runs a worker process; without one, and with extractors, all is done in this process.

    What ended for one of the words of `retry` is asked for again. `extractors` are asked beside the built-in one;
    `environ` is looked at where `fetch.proxy_from_env` says so. `SettingsError` and `InvalidURLError` come before
    anything is written.
    """
    starts = start_urls(settings, may_be_none=bool(retry))
    sitemaps = [_start_url(text) for text in settings.crawl.sitemap]
    folder = output_folder(settings)
    require_sidecar(settings.images.sidecar)
    reader = await in_thread(partial(_list_reader, settings.images))
    clock = clock_from(time.time() - asyncio.get_running_loop().time())
    observe = _told(observers)
    settings, notes = _affordable(settings)
    async with AsyncExitStack() as stack:
        if reader is not None:
            stack.callback(reader.close)
        found_by = await stack.enter_async_context(open_finders(settings))
        pool = await stack.enter_async_context(Pool(settings.fetch, settings.concurrency.total))
        fetcher = http_fetcher(settings, pool, environ)
        database = Database(_made(folder), settings.store.durability)
        stack.callback(database.close)
        for note in notes:  # not before: without the lock, the folder's log is another crawler's
            observe(note)
        facts = database.facts()
        _check_fixed(settings, facts, folder)
        jar, store = Jar(), file_store(settings, folder)
        frontier = _opened(database, settings, jar, clock, observe, store)
        stack.push_async_callback(frontier.close)
        roots = [*frontier.seeds(), *starts, *sitemaps]
        rules = policy.Rules.of(settings, roots)
        await _apply_rules(settings, rules, roots, frontier, facts)
        if retry:
            observe(Noted(f"asked for again: {await frontier.retry(retry):,}"))
        if settings.fetch.cookie_file:
            await frontier.keep(_read_cookies(settings, clock()))
        place = Place(frontier, store, jar, observe, lambda: frontier.counts, clock, waits_until=frontier.waits_until)
        if command and not extractors:
            place = replace(place, crew=_crew(settings, folder, place, frontier, command, environ, lambda: crawl.roots))
        found_by = [*found_by, *map(checked, extractors)]
        parts = await stack.enter_async_context(open_parts(settings, folder, fetcher, place, found_by))
        seeds = [*map(Link, starts), *(Link(url, Kind.SITEMAP) for url in sitemaps)]
        crawl = Crawl(parts, settings, rules, seeds, resumed=bool(facts))
        stack.callback(lambda: frontier.end(crawl.stopped))
        if reader is not None:
            await stack.enter_async_context(_feeding(reader, _list_name(settings.images), frontier, rules, crawl))
        yield crawl


def _opened(
    database: Database,
    settings: Settings,
    jar: Jar,
    clock: Callable[[], float],
    observe: Observer,
    store: FileStore,
) -> SqliteFrontier:
    """The frontier of a folder, and its store without what the last run left there half done."""
    own = dict(settings.hosts)
    pace = Pace(settings.concurrency, settings.politeness, settings.fetch, settings.scope, own, random.random)

    def clean(begun: Begun) -> None:
        store.open(begun.interrupted, begun.partials, begun.leftovers)

    frontier = SqliteFrontier(database, pace, settings, jar, clock, observe, store.discard, clean)
    store.share(frontier if has_claims(settings) else None)
    return frontier


def _crew(
    settings: Settings,
    folder: Path,
    place: Place,
    frontier: SqliteFrontier,
    command: Sequence[str],
    environ: Mapping[str, str],
    roots: Callable[[], Sequence[URL]],
) -> Crew | None:
    """The worker processes that may take over, as many as the settings say; None where one process is enough."""
    loop = asyncio.get_running_loop()
    count = processes(settings, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    if count == 1:
        return None
    offset = place.clock() - loop.time()
    seen = dict(environ) if settings.fetch.proxy_from_env else {}

    def assign(writer: str, alone: bool) -> bytes:
        now = tuple(map(str, roots()))
        return pickle.dumps(Assignment(share(settings, count, alone), str(folder), now, writer, offset, seen))

    board = Switchboard(frontier, place.jar, place.observe, assign, place.store.clear)
    growth = Growth(place.counts, loop.time, time.process_time)
    is_needed = growth if settings.concurrency.processes == "auto" else lambda: place.counts().queued > 0
    return Supervisor(command, count, board.connect, is_needed, place.observe, settings.concurrency.hang_timeout)


@asynccontextmanager
async def _feeding(
    reader: ListReader, name: str, frontier: SqliteFrontier, rules: policy.Rules, crawl: Crawl
) -> AsyncIterator[None]:
    """Beside the crawl the rows of a list become links, from where the last run had come to."""
    number, offset, rows = frontier.list_at(name, reader.fingerprint_among)
    await in_thread(partial(reader.advance, offset, rows))

    async def feed(batch: Sequence[Row], offset: int, is_over: bool) -> None:
        judged = [(row, rules.refuse(Link(row.url, Kind.IMAGE)) if row.url else None) for row in batch]
        await frontier.feed(number, judged, offset, reader.number, more=not is_over)

    async def run() -> None:
        try:
            await Feeder(reader, feed, lambda: frontier.counts.queued).run()
        except CrawlError as error:
            crawl.stop(error.kind, str(error))
        except Exception as error:  # a bug; without this the crawl would wait for more rows for ever
            crawl.stop("crash", f"the list could not be read: {error!r}")
            raise

    task = asyncio.create_task(run(), name="list")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def open_fetcher(
    settings: Settings,
    *,
    environ: Mapping[str, str] = MappingProxyType({}),
    watch: Watch | None = None,
    version: Version = "1.1",
    sips: Sips | None = None,
) -> AsyncIterator[Fetcher]:
    """A fetcher for a person: it follows redirects and asks no robots.txt.

    With `fetch.max_redirects` 0 a redirect is an answer like any other. `watch` is told of each connection, `version`
    is that of the requests, and with `sips` answers are read that slowly.
    """
    dialer: Dials = Dialer(settings.fetch, receive_buffer=sips.size if sips is not None else None)
    dialer = WatchedDialer(dialer, watch) if watch is not None else dialer
    async with Pool(settings.fetch, settings.concurrency.total, dialer) as pool:
        fetcher: Fetcher = http_fetcher(settings, pool, environ, version, sips)
        if settings.fetch.cookies:
            jar = Jar()
            for cookie in _read_cookies(settings, time.time()):
                jar.store(cookie, time.time())
            fetcher = CookieFetcher(fetcher, jar, time.time, keeps=True)
        limit = settings.fetch.max_redirects
        yield FollowingFetcher(fetcher, policy.next_hop, limit) if limit else fetcher


def write_sidecar(settings: Settings, folder: Path, tick: Callable[[int], None] = lambda count: None) -> None:
    """Write down what is known of each image, as `images.sidecar` asks for it; `tick` is told how many are written."""
    if settings.images.sidecar == "off":
        return

    def ticking(images: Iterable[ImageRecord]) -> Iterator[ImageRecord]:
        for count, image in enumerate(images):
            tick(count)
            yield image

    with Records(folder) as records, store_errors(folder):
        WRITERS[settings.images.sidecar](ticking(records.images()), folder)


def _list_reader(images: ImageSettings) -> ListReader | None:
    """The list of `images.list`; `SettingsError` where it cannot be read."""
    if not images.list:
        return None
    return open_list(images.list, images.list_format, images.url_column, images.caption_column)


def _list_name(images: ImageSettings) -> str:
    """What a list is known by, from whatever folder it is named."""
    return images.list if images.list == STANDARD_INPUT else str(Path(images.list).absolute())


def start_urls(settings: Settings, *, may_be_none: bool = False) -> list[URL]:
    """The start URLs, each once; `SettingsError` where there is none, `InvalidURLError` where one cannot be crawled."""
    urls = [_start_url(text) for text in settings.crawl.start]
    if not urls and not settings.images.list and not settings.crawl.sitemap and not may_be_none:
        raise SettingsError("crawl.start: no start URL was given")
    return list(dict.fromkeys(urls))


def _start_url(text: str) -> URL:
    url = split_userinfo(text)[0]
    if not url.is_http:
        raise InvalidURLError(f"cannot crawl {url}: the scheme {url.scheme!r} is not one of http, https")
    return url


def output_folder(settings: Settings) -> Path:
    """Where the crawl lies: `store.output`, else a folder named after the first start URL's host."""
    begun = bool(settings.store.output)
    starts = [*start_urls(settings, may_be_none=begun), *map(_start_url, settings.crawl.sitemap)]
    if not settings.store.output and not starts:
        raise SettingsError("store.output: a list has no host to name a folder after; takes the folder to keep it in")
    folder = Path(settings.store.output or path(starts[0], "text/html").split("/")[1])
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"store.output: {folder} is a file; takes a folder, new or with a crawl in it")
    return folder


def _read_cookies(settings: Settings, now: float) -> list[Cookie]:
    """The cookies of `fetch.cookie_file`, in the format of Netscape's cookies.txt."""
    if not settings.fetch.cookie_file:
        return []
    try:
        text = Path(settings.fetch.cookie_file).read_bytes().decode("latin-1")
    except OSError as error:
        raise SettingsError(f"fetch.cookie_file: {settings.fetch.cookie_file}: {error.strerror}") from error
    return parse_cookie_file(text, settings.fetch.cookie_file, now)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"store.output: {folder} cannot be made: {error.strerror}") from error
    return folder


def _check_fixed(settings: Settings, facts: dict[str, str], folder: Path) -> None:
    """What shapes the store stays as it was when the folder was begun."""
    values = {item.key: json.dumps(item.value) for item in effective(settings, {})}
    # A folder of an earlier version may lack the fact: then it was begun with the default.
    begun = {item.key: json.dumps(item.value) for item in effective(Settings(), {})} | facts if facts else values
    for key in fixed_keys():
        if begun[key] != values[key]:
            raise SettingsError(f"{key}: {folder} was begun with {begun[key]}; it cannot become {values[key]} there")


async def _apply_rules(
    settings: Settings, rules: policy.Rules, roots: Iterable[URL], frontier: SqliteFrontier, facts: dict[str, str]
) -> None:
    """Where scope, limits or start URLs differ from the last run's, what waits or was skipped is judged anew."""
    followed = {item.key: item.value for item in effective(settings, {}) if item.key.startswith(JUDGED_BY)}
    now = hashlib.sha256(json.dumps([followed, sorted({str(url) for url in roots})]).encode()).hexdigest()
    if facts.get("rules") not in (None, now):

        def judge(link: Link, before: str | None) -> str | None:
            if before == "robots":
                return before if settings.politeness.robots else rules.refuse(link)
            if before == "trap" or (before == "noai" and settings.politeness.noai):
                return before
            return rules.refuse(link, nofollow=before == "nofollow")

        await frontier.reconsider(judge)
    values = {item.key: json.dumps(item.value) for item in effective(settings, {})}
    start, sitemap = (
        tuple(str(_start_url(text)) for text in texts) for texts in (settings.crawl.start, settings.crawl.sitemap)
    )
    remembered = json.dumps(tabled(replace(settings, crawl=replace(settings.crawl, start=start, sitemap=sitemap))))
    await frontier.state({"settings": remembered, "rules": now, **{key: values[key] for key in fixed_keys()}})


def _affordable(settings: Settings) -> tuple[Settings, list[Noted]]:
    """The settings with no more requests in flight than the limit on open files has room for, and what to say of it."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    total = affordable(settings.concurrency.total, descriptors)
    if total == settings.concurrency.total:
        return settings, []
    note = Noted(f"concurrency.total is {total} here: no more than {descriptors} files may be open", warning=True)
    return replace(settings, concurrency=replace(settings.concurrency, total=total)), [note]


def _told(observers: Sequence[Observer]) -> Observer:
    """One observer that tells all; one that fails is a bug of its own, and steers nothing."""

    def observe(event: Event) -> None:
        for observer in observers:
            try:
                observer(event)
            except Exception:
                logging.getLogger("crawler").exception("an observer failed")

    return observe
