"""Settings become running parts: the only file that names concrete classes. Building and closing are one list."""

import asyncio
import hashlib
import json
import logging
import random
import resource
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crawler import policy
from crawler.crawldb.database import Database
from crawler.crawldb.frontier import SqliteFrontier
from crawler.crawldb.pace import Pace
from crawler.crawldb.records import Records
from crawler.crawling import Crawl, Parts
from crawler.errors import CrawlError, InvalidURLError, LimitError, SettingsError, WorkError
from crawler.http1.request import Version
from crawler.imaging import Develop
from crawler.interfaces import Extractor, Fetcher, Observer, Workers
from crawler.lists.feeder import Feeder, in_thread
from crawler.lists.reader import STANDARD_INPUT, ListReader, open_list
from crawler.model import URL, Event, Kind, Link, Noted, Page, Reference, Row, Saved
from crawler.net.cookies import CookieFetcher
from crawler.net.dial import Dialer, Dials
from crawler.net.fetcher import HttpFetcher
from crawler.net.follow import FollowingFetcher
from crawler.net.pool import Pool, affordable
from crawler.net.proxy import choose_proxies
from crawler.net.rate import Sips
from crawler.net.watched import Watch, WatchedDialer
from crawler.report.sidecar import WRITERS
from crawler.settings import ImageSettings, Settings, effective, fixed_keys, tabled
from crawler.store.files import TEMPORARY, FileStore, store_errors
from crawler.web.cookie_file import parse_cookie_file
from crawler.web.cookies import Cookie, Jar
from crawler.web.links import find_references, find_style_references
from crawler.web.names import Template
from crawler.web.paths import CONVERTED, THUMBNAILS, derived_path, path
from crawler.web.reference import choose_largest
from crawler.web.url import split_userinfo
from crawler.work.children import Children
from crawler.work.pictures import Copy, Wish, derive

ROBOTS_REDIRECTS: Final = 5
"""Redirects followed for a robots.txt (RFC 9309 section 2.3.1.2)."""

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
    extractors: Sequence[Extractor] | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
    retry: Collection[str] = (),
) -> AsyncIterator[Crawl]:
    """A crawl that is ready to run; leaving the context closes all its parts.

    What ended for one of the words of `retry` is asked for again. `extractors` are asked beside the built-in one;
    `environ` is looked at where `fetch.proxy_from_env` says so. `SettingsError` and `InvalidURLError` come before
    anything is written.
    """
    starts = start_urls(settings)
    sitemaps = [_start_url(text) for text in settings.crawl.sitemap]
    folder = output_folder(settings)
    reader = await in_thread(partial(_list_reader, settings.images))
    clock = _wall_clock()
    observe = _told(observers)
    settings = _affordable(settings, observe)
    async with AsyncExitStack() as stack:
        if reader is not None:
            stack.callback(reader.close)
        pool = await stack.enter_async_context(Pool(settings.fetch, settings.concurrency.total))
        fetcher: Fetcher = _fetcher(settings, pool, environ)
        database = Database(_made(folder), settings.store.durability)
        stack.callback(database.close)
        facts = database.facts()
        _check_fixed(settings, facts, folder)
        pace = Pace(
            settings.concurrency,
            settings.politeness,
            settings.fetch,
            settings.scope,
            dict(settings.hosts),
            random.random,
        )
        jar = Jar()
        store = FileStore(folder, settings.store, _template(settings))
        frontier = SqliteFrontier(database, pace, settings, jar, clock, observe, store.discard)
        stack.push_async_callback(frontier.close)
        claims = frontier if settings.images.dedupe != "off" or settings.images.name else None
        store.open(frontier.interrupted, frontier.partials(), frontier.leftovers, claims)
        roots = [*frontier.seeds(), *starts, *sitemaps]
        rules = policy.Rules.of(settings, roots)
        await _apply_rules(settings, rules, roots, frontier, facts)
        if retry:
            observe(Noted(f"{await frontier.retry(retry):,} URLs are asked for again"))
        if settings.fetch.cookie_file:
            await frontier.keep(_read_cookies(settings, clock()))
        if settings.fetch.cookies:
            fetcher = CookieFetcher(fetcher, jar, clock)
        develop = None
        if _has_work(settings.images):
            children = await stack.enter_async_context(Children(settings.concurrency.work))
            develop = _developer(settings.images, folder, children)
        parts = Parts(
            frontier=frontier,
            fetcher=fetcher,
            robots=FollowingFetcher(fetcher, policy.next_hop, ROBOTS_REDIRECTS, pause=settings.politeness.delay),
            store=store,
            extractors=(_built_in(settings), *(extractors or ())),
            observe=observe,
            counts=lambda: frontier.counts,
            clock=clock,
            chance=random.random,
            develop=develop,
        )
        seeds = [*map(Link, starts), *(Link(url, Kind.SITEMAP) for url in sitemaps)]
        crawl = Crawl(parts, settings, rules, seeds, resumed=bool(facts))
        stack.callback(lambda: frontier.end(crawl.stopped))
        if reader is not None:
            await stack.enter_async_context(_feeding(reader, _list_name(settings.images), frontier, rules, crawl))
        yield crawl


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
        fetcher: Fetcher = _fetcher(settings, pool, environ, version, sips)
        if settings.fetch.cookies:
            jar = Jar()
            for cookie in _read_cookies(settings, time.time()):
                jar.store(cookie, time.time())
            fetcher = CookieFetcher(fetcher, jar, time.time, keeps=True)
        limit = settings.fetch.max_redirects
        yield FollowingFetcher(fetcher, policy.next_hop, limit) if limit else fetcher


def _fetcher(
    settings: Settings,
    pool: Pool,
    environ: Mapping[str, str],
    version: Version = "1.1",
    sips: Sips | None = None,
) -> HttpFetcher:
    return HttpFetcher(
        pool,
        settings.fetch,
        _given_credentials(settings),
        hosts=settings.hosts,
        proxies=choose_proxies(settings.fetch, environ),
        version=version,
        sips=sips,
    )


def _has_work(images: ImageSettings) -> bool:
    """Whether anything is to be done with pixels."""
    return images.dedupe in ("report", "near") or images.thumbnails is not None or images.convert != "off"


def _developer(images: ImageSettings, folder: Path, workers: Workers) -> Develop:
    """Makes of each image that is kept what the settings ask for, in the processes of `workers`.

    What cannot be made is said in its record.
    """
    numbers = count(1)
    extension = "jpg" if images.convert == "jpeg" else images.convert

    async def develop(saved: Saved) -> Saved:
        copies = []
        if images.thumbnails is not None:
            thumbnail = derived_path(THUMBNAILS, saved.digest, "jpg")
            copies.append(Copy(str(folder / thumbnail), "jpeg", images.thumbnails))
        if images.convert != "off":
            copies.append(Copy(str(folder / derived_path(CONVERTED, saved.digest, extension)), images.convert))
        temporary = str(folder / TEMPORARY / f"work-{next(numbers)}")
        wish = Wish(temporary, tuple(copies), images.dedupe in ("report", "near"), images.max_pixels)
        try:
            made = await workers.run(derive, str(folder / saved.path), wish, timeout=images.work_timeout)
        except (LimitError, WorkError) as error:
            return replace(saved, work_error=str(error))
        return replace(saved, likeness=made.hash, work_error=made.error)

    return develop


def write_sidecar(settings: Settings, folder: Path) -> None:
    """Write down what is known of each image, as `images.sidecar` asks for it."""
    if settings.images.sidecar != "off":
        with Records(folder) as records, store_errors(folder):
            WRITERS[settings.images.sidecar](records.images(), folder)


def _list_reader(images: ImageSettings) -> ListReader | None:
    """The list of `images.list`; `SettingsError` where it cannot be read."""
    if not images.list:
        return None
    return open_list(images.list, images.list_format, images.url_column, images.caption_column)


def _list_name(images: ImageSettings) -> str:
    """What a list is known by, from whatever folder it is named."""
    return images.list if images.list == STANDARD_INPUT else str(Path(images.list).absolute())


def _template(settings: Settings) -> Template | None:
    return Template.parse(settings.images.name) if settings.images.name else None


def _built_in(settings: Settings) -> Extractor:
    """The extractor that is always there: the references of a page, or of a stylesheet."""

    is_all, is_largest = settings.images.sources == "all", settings.images.candidates == "largest"

    def extract(page: Page) -> Iterable[Reference]:
        if page.link.kind is Kind.STYLE:
            return find_style_references(page.body, page.encoding, page.url)
        references = find_references(page.body, page.encoding, page.url, everything=is_all)
        return choose_largest(references) if is_largest else references

    return extract


def start_urls(settings: Settings) -> list[URL]:
    """The start URLs, each once; `SettingsError` where there is none, `InvalidURLError` where one cannot be crawled."""
    urls = [_start_url(text) for text in settings.crawl.start]
    if not urls and not settings.images.list and not settings.crawl.sitemap:
        raise SettingsError("crawl.start: no start URL was given")
    return list(dict.fromkeys(urls))


def _start_url(text: str) -> URL:
    url = split_userinfo(text)[0]
    if not url.is_http:
        raise InvalidURLError(f"cannot crawl {url}: the scheme {url.scheme!r} is not one of http, https")
    return url


def output_folder(settings: Settings) -> Path:
    """Where the crawl lies: `store.output`, else a folder named after the first start URL's host."""
    starts = [*start_urls(settings), *map(_start_url, settings.crawl.sitemap)]
    if not settings.store.output and not starts:
        raise SettingsError("store.output: a list has no host to name a folder after; takes the folder to keep it in")
    folder = Path(settings.store.output or path(starts[0], "text/html").split("/")[1])
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"store.output: {folder} is a file; takes a folder, new or with a crawl in it")
    return folder


def _given_credentials(settings: Settings) -> dict[str, tuple[str, str]]:
    """(user, password) by origin, from the start URLs' own userinfo."""
    split = (split_userinfo(text) for text in settings.crawl.start)
    return {url.origin: credential for url, credential in split if credential is not None}


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
    for key in fixed_keys():
        if facts.get(key, values[key]) != values[key]:
            raise SettingsError(f"{key}: {folder} was begun with {facts[key]}; it cannot become {values[key]} there")


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
    remembered = json.dumps(
        tabled(replace(settings, crawl=replace(settings.crawl, start=tuple(map(str, start_urls(settings))))))
    )
    await frontier.state({"settings": remembered, "rules": now, **{key: values[key] for key in fixed_keys()}})


def _affordable(settings: Settings, observe: Observer) -> Settings:
    """The settings with no more requests in flight than the limit on open files has room for."""
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    total = affordable(settings.concurrency.total, descriptors)
    if total == settings.concurrency.total:
        return settings
    observe(Noted(f"concurrency.total is {total} here: no more than {descriptors} files may be open", warning=True))
    return replace(settings, concurrency=replace(settings.concurrency, total=total))


def _wall_clock() -> Callable[[], float]:
    """Seconds since 1970 as of now, which go on evenly whatever happens to the machine's clock."""
    loop = asyncio.get_running_loop()
    offset = time.time() - loop.time()
    return lambda: loop.time() + offset


def _told(observers: Sequence[Observer]) -> Observer:
    """One observer that tells all; one that fails is a bug of its own, and steers nothing."""

    def observe(event: Event) -> None:
        for observer in observers:
            try:
                observer(event)
            except Exception:
                logging.getLogger("crawler").exception("an observer failed")

    return observe
