"""The heart: a bounded number of workers, and the life of one visit from its lease to its outcome.

It knows the seams and the policy, and no room: not where visits come from, how bytes travel or where they lie. It is
not called `crawl`, for that is the function at the front door, and a package has one name for each.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from crawler import policy
from crawler.errors import CrawldbError, CrawlError, FetchError, FetchTimeoutError, StoreError, TooLargeError
from crawler.imaging import Develop, Imaging
from crawler.interfaces import Extractor, Fetcher, Frontier, Observer, Response, Store
from crawler.model import (
    URL,
    Counts,
    Finished,
    Kind,
    Leased,
    Link,
    Noted,
    Outcome,
    Partial,
    Request,
    ResponseHead,
    Verdict,
    Visit,
)
from crawler.reading import Reading
from crawler.settings import Settings
from crawler.units import format_duration
from crawler.web.cookies import Cookie, find_cookies
from crawler.web.robots import MAX_SIZE
from crawler.web.sitemap import MAX_SIZE as MAX_SITEMAP
from crawler.web.sniff import SNIFF_SIZE, is_html, is_image, sniff_media_type

GRACE: Final = 8.0
"""Seconds that visits in flight have to finish once the crawl is told to stop."""

SMALL_HTML: Final = 1_000_000
"""Bytes up to which a page is read from memory; larger ones are read from the store, and share `fetch.html_memory`."""

DOCUMENTS: Final = frozenset({200, 203})
"""The statuses whose body is the document that was asked for (RFC 9110 section 15.3)."""

log: Final = logging.getLogger("crawler")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to. `stopped` is the word for what ended it before the crawl was finished.

    None where it is finished.
    """

    counts: Counts
    stopped: str | None
    detail: str | None
    resumed: bool
    already_finished: bool
    elapsed: float


@dataclass(frozen=True, slots=True)
class Parts:
    """What a crawl is put together from.

    `robots` is a fetcher that follows redirects, `clock` the wall clock in seconds, `develop` what is done with the
    pixels of images.
    """

    frontier: Frontier
    fetcher: Fetcher
    robots: Fetcher
    store: Store
    extractors: Sequence[Extractor]
    observe: Observer
    counts: Callable[[], Counts]
    clock: Callable[[], float]
    chance: Callable[[], float]
    develop: Develop | None = None


class Crawl:
    """One run of a crawl: `run` it once; `stop` it from a signal handler or another task."""

    def __init__(
        self, parts: Parts, settings: Settings, rules: policy.Rules, seeds: Sequence[Link], *, resumed: bool = False
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._reading = Reading(settings, parts.extractors, rules)
        self._seeds = seeds
        self._resumed = resumed
        self._stopped: str | None = None
        self._detail: str | None = None
        self._stopping = asyncio.Event()
        self._keeps_pages = settings.crawl.keep == "all"
        self._imaging = Imaging(settings, parts.store, parts.develop)
        self._visits = 0
        self._idle: set[asyncio.Task[None]] = set()
        self._large = asyncio.Semaphore(max(1, settings.fetch.html_memory // settings.fetch.max_html))

    async def run(self) -> Summary:
        """Crawl from the start URLs to the end, a limit, or `stop`.

        `StoreError` and `CrawldbError` end it as a stop does.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        before = self._parts.counts()
        await self._parts.frontier.add(self._seeds)
        timer = None
        if self._settings.crawl.max_time is not None:
            timer = loop.call_later(self._settings.crawl.max_time, self.stop, "max-time")
        workers = [
            asyncio.create_task(self._work(), name=f"worker {n}") for n in range(self._settings.concurrency.total)
        ]
        try:
            await self._watch(workers)
        finally:
            if timer is not None:
                timer.cancel()
            await _cancel(workers)
        counts = self._parts.counts()
        idle = self._resumed and not self._visits and not before.queued and not before.limit
        counts = replace(counts, queued=counts.queued + counts.leased, leased=0)
        return Summary(counts, self.stopped, self._detail, self._resumed, idle, loop.time() - began)

    def stop(self, reason: str, detail: str | None = None) -> None:
        """End in good order: what is in flight may finish for a while, nothing new begins. The first reason counts."""
        if self._stopped is None:
            self._stopped, self._detail = reason, detail
        self._stopping.set()
        for worker in tuple(self._idle):
            worker.cancel()

    @property
    def stopped(self) -> str | None:
        """The word for what ended the run before the crawl was finished."""
        counts = self._parts.counts()
        return self._stopped or (counts.limit if counts.queued else None)

    async def _watch(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Until all workers are done; after `stop`, those that are busy have their grace."""
        stopping = asyncio.create_task(self._stopping.wait())
        pending: set[asyncio.Task[None]] = set(workers)
        try:
            while pending and not self._stopping.is_set():
                done, _ = await asyncio.wait({*pending, stopping}, return_when=asyncio.FIRST_COMPLETED)
                pending -= done
                for task in done - {stopping}:
                    if not task.cancelled():
                        task.result()
            if pending:
                await asyncio.wait(pending, timeout=GRACE)
        finally:
            stopping.cancel()

    async def _work(self) -> None:
        """One worker: lease, visit, finish, until it is over."""
        frontier = self._parts.frontier
        try:
            while visit := await self._next():
                self._parts.observe(Leased(visit))
                self._visits += 1
                outcome = await self._visit(visit)
                await frontier.finish(visit, outcome)
                self._parts.observe(Finished(visit, outcome))
                if outcome.moved is not None and visit.link.is_seed:
                    self._move_seed(outcome.moved)
        except (StoreError, CrawldbError) as error:
            self.stop(error.kind, str(error))

    async def _next(self) -> Visit | None:
        """The next visit; None when the crawl is over or is to stop.

        A worker that waits here is cancelled by `stop`.
        """
        if self._stopping.is_set():
            return None
        worker = asyncio.current_task()
        assert worker is not None
        self._idle.add(worker)
        try:
            visits = await self._parts.frontier.lease(1)
        finally:
            self._idle.discard(worker)
        return visits[0] if visits else None

    def _move_seed(self, link: Link) -> None:
        self._reading.rules = self._reading.rules.with_root(link.url)
        self._parts.observe(Noted(f"the start URL redirected: the scope now includes {link.url}"))

    async def _visit(self, visit: Visit) -> Outcome:
        """All that a visit comes to, in bounded time; unexpected exceptions become CRASHED here and only here."""
        loop = asyncio.get_running_loop()
        began, at = loop.time(), self._parts.clock()
        error: CrawlError | None = None
        try:
            async with asyncio.timeout(self._settings.fetch.total_timeout * 2 + 60):
                outcome = await self._exchange(visit, at - began)
        except (StoreError, CrawldbError):
            raise
        except CrawlError as raised:
            error = raised
            outcome = replace(Outcome.failed(raised), partial=self._parts.store.partial(visit.link))
            if isinstance(raised, FetchError) and raised.asked_at is not None:
                outcome = replace(outcome, asked_at=raised.asked_at + at - began)
        except TimeoutError:
            error = FetchTimeoutError("the visit did not come to its end")
            outcome = replace(Outcome.failed(error), asked_at=at)
        except Exception:
            log.exception("a visit crashed: %s", visit.link.url)
            outcome = Outcome(
                Verdict.CRASHED, error="crash", detail="an error of the crawler; see crawl.log", asked_at=at
            )
        outcome = replace(outcome, elapsed=loop.time() - began)
        return self._with_retry(visit, outcome, error)

    def _with_retry(self, visit: Visit, outcome: Outcome, error: CrawlError | None) -> Outcome:
        """The outcome with what policy says of trying again and of leaving the host alone."""
        if not policy.is_retryable(outcome, error):
            return outcome
        pause = policy.retry_after(outcome.head, self._parts.clock()) if outcome.head is not None else None
        most = self._settings.politeness.max_retry_after
        if pause is not None and pause > most:
            asked, given = format_duration(pause), format_duration(most)
            self._parts.observe(Noted(f"{visit.link.url.site} asks to be left alone for {asked}; it is cut to {given}"))
            pause = most
        wait = policy.retry_in(visit, self._settings.fetch, self._parts.chance())
        return replace(outcome, retry_in=wait, pause=pause)

    def _request(self, visit: Visit) -> Request:
        link = visit.link
        headers = []
        referer = policy.referer(link)
        if referer is not None:
            headers.append(("Referer", referer))
        if visit.partial is not None:
            headers += policy.range_of(visit.partial)
        elif link.kind is Kind.IMAGE:
            headers.append(("Accept-Encoding", "identity"))
        return Request(link.url, headers=tuple(headers), reach=visit.reach)

    async def _exchange(self, visit: Visit, offset: float) -> Outcome:
        """Fetch, decide, save, extract; `offset` leads from the loop's clock to the wall's."""
        link = visit.link
        request = self._request(visit)
        fetcher = self._parts.robots if link.kind is Kind.ROBOTS else self._parts.fetcher
        async with fetcher.fetch(request) as response:
            waited = asyncio.get_running_loop().time() - response.contact.asked_at
            try:
                if link.kind is Kind.ROBOTS:
                    outcome = await self._robots(visit, response)
                else:
                    outcome = await self._answer(visit, response)
            except FetchError as error:
                error.asked_at = response.contact.asked_at
                raise
            return replace(
                outcome,
                request=request,
                head=response.head,
                waited=waited,
                peer=response.contact.peer,
                asked_at=response.contact.asked_at + offset,
                size=response.contact.received,
                cookies=self._cookies(link.url, response.head),
            )

    def _cookies(self, url: URL, head: ResponseHead) -> list[Cookie]:
        """The cookies that an answer sets."""
        lines = head.headers.get_all("set-cookie") if self._settings.fetch.cookies else []
        return find_cookies(lines, url, self._parts.clock()) if lines else []

    async def _robots(self, visit: Visit, response: Response) -> Outcome:
        """The rules of a host (RFC 9309 section 2.3.1): a 4xx allows all, a 5xx says nothing for now."""
        status = response.head.status
        if status == 200:
            rules = await response.peek(MAX_SIZE + 1)
            if len(rules) > MAX_SIZE:  # what is beyond does not count, and need not even arrive
                return Outcome(Verdict.REJECTED, error="too-large", rules=rules, detail=f"more than {MAX_SIZE} bytes")
            done = Outcome(Verdict.READ, rules=rules, found=self._reading.robots(visit.link, rules))
            if not self._keeps_pages:
                return done
            return replace(done, verdict=Verdict.SAVED, saved=await self._parts.store.save(visit, response))
        rules_or_none = b"" if status < 500 and status != 429 else None
        return Outcome(Verdict.REJECTED, error="status", rules=rules_or_none, detail=f"{status} {response.head.reason}")

    async def _answer(self, visit: Visit, response: Response) -> Outcome:
        """What to make of an answer whose head has come."""
        link, head = visit.link, response.head
        if visit.partial is not None and head.status in (206, 416):
            return await self._rest(visit, visit.partial, response)
        moved = policy.redirected(link, head, self._reading.rules, self._settings.fetch.max_redirects)
        if moved is not None:
            return moved
        if head.status not in DOCUMENTS:
            return Outcome(Verdict.REJECTED, error="status", detail=f"{head.status} {head.reason}".rstrip())
        if link.kind is Kind.SITEMAP:
            async with self._large:
                body = await response.peek(MAX_SITEMAP + 1)
                return await self._reading.sitemap(link, head, body)
        declared = head.headers.get("content-type")
        media_type = sniff_media_type(declared, await response.peek(SNIFF_SIZE))
        if is_image(media_type) and link.kind is not Kind.STYLE:
            return await self._imaging.answer(visit, response, media_type)
        if link.kind is Kind.STYLE and media_type != "text/css":
            return Outcome(Verdict.REJECTED, error="type", detail=f"not a stylesheet: {media_type}")
        if link.kind is not Kind.IMAGE and (is_html(media_type) or link.kind is Kind.STYLE):
            return await (self._page(visit, response) if self._keeps_pages else self._passing_page(visit, response))
        if link.kind is Kind.IMAGE or not self._keeps_pages:
            return Outcome(Verdict.REJECTED, error="type", detail=f"not an image: {media_type}")
        return Outcome(Verdict.SAVED, saved=await self._parts.store.save(visit, response))

    async def _rest(self, visit: Visit, partial: Partial, response: Response) -> Outcome:
        """The rest of a document that broke off; where it is not that, the whole is asked for again."""
        if not policy.is_rest_of(partial, response.head):
            return Outcome(Verdict.REJECTED, error="status", detail="not the rest that was asked for", retry_in=0.0)
        media_type = sniff_media_type(response.head.headers.get("content-type"), b"")
        if visit.link.kind is Kind.IMAGE or is_image(media_type):
            return await self._imaging.answer(visit, response, media_type)
        return Outcome(Verdict.SAVED, saved=await self._parts.store.save(visit, response))

    async def _page(self, visit: Visit, response: Response) -> Outcome:
        """An HTML document or a stylesheet: kept, and its links found.

        A large one goes to the store as it comes and is read again for its links, so that what is slow to arrive
        takes no memory from what is here.
        """
        body = await response.peek(SMALL_HTML + 1)
        saved = await self._parts.store.save(visit, response)
        if saved.size > self._settings.fetch.max_html:
            return Outcome(Verdict.SAVED, saved=saved, links_error=TooLargeError.kind)
        done = Outcome(Verdict.SAVED, saved=saved)
        if len(body) <= SMALL_HTML:
            return await self._reading.page(visit.link, response.head, body, done)
        async with self._large:
            return await self._reading.page(visit.link, response.head, await self._parts.store.load(saved), done)

    async def _passing_page(self, visit: Visit, response: Response) -> Outcome:
        """An HTML document or a stylesheet that is read for its links and not kept."""
        done = Outcome(Verdict.READ)
        body = await response.peek(SMALL_HTML + 1)
        if len(body) <= SMALL_HTML:
            return await self._reading.page(visit.link, response.head, body, done)
        async with self._large:
            body = await response.peek(self._settings.fetch.max_html + 1)
            if len(body) > self._settings.fetch.max_html:
                return replace(done, links_error=TooLargeError.kind)
            return await self._reading.page(visit.link, response.head, body, done)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
