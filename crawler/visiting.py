"""The life of one visit, from its lease to its outcome: fetch, decide, save, read.

It is a part of the heart, and knows the seams and the policy, and no room: not how bytes travel or where they lie.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from crawler import policy
from crawler.errors import CrawldbError, CrawlError, FetchError, FetchTimeoutError, StoreError, TooLargeError
from crawler.imaging import Develop, Imaging
from crawler.interfaces import Crew, Fetcher, Finder, Frontier, Observer, Response, Store
from crawler.model import (
    URL,
    Counts,
    Kind,
    Noted,
    Outcome,
    Partial,
    Request,
    ResponseHead,
    Saved,
    Verdict,
    Visit,
)
from crawler.reading import Reading
from crawler.settings import Settings
from crawler.steps import Steps, step, waiting_for
from crawler.units import format_duration
from crawler.watching import WatchedStore
from crawler.web.cookies import Cookie, find_cookies
from crawler.web.robots import MAX_SIZE
from crawler.web.sitemap import MAX_SIZE as MAX_SITEMAP
from crawler.web.sniff import SNIFF_SIZE, is_html, is_image, sniff_media_type

SMALL_HTML: Final = 1_000_000
"""Bytes up to which a page is read from memory; larger ones are read from the store, and share `fetch.html_memory`."""

DOCUMENTS: Final = frozenset(range(200, 300)) - {204, 205, 206}
"""The statuses whose body is the document that was asked for, or counts as that (RFC 9110 sections 15 and 15.3)."""

OF_A_PART: Final = frozenset({206, 304, 412, 416})
"""The statuses that answer to who asked for the rest of a document, and to nobody else (sections 13.2, 14.2)."""

log: Final = logging.getLogger("crawler")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a crawl is put together from.

    `robots` is a fetcher that follows redirects, `clock` the wall clock in seconds, `develop` what is done with the
    pixels of images, `crew` the processes that take over where the work is too much for one. `waits_until` is the
    moment up to which the frontier may give nothing to anybody: None where it knows of none, infinity where others
    decide.
    """

    frontier: Frontier
    fetcher: Fetcher
    robots: Fetcher
    store: Store
    extractors: Sequence[Finder]
    observe: Observer
    counts: Callable[[], Counts]
    clock: Callable[[], float]
    chance: Callable[[], float]
    develop: Develop | None = None
    crew: Crew | None = None
    waits_until: Callable[[], float | None] = lambda: math.inf


class Visiting:
    """Makes an outcome of each visit of one crawl; `rules` say what is followed, and change when a start URL moves."""

    def __init__(self, parts: Parts, settings: Settings, rules: policy.Rules) -> None:
        parts = replace(parts, store=WatchedStore(parts.store))
        self._parts = parts
        self._settings = settings
        self._reading = Reading(settings, parts.extractors, rules)
        self._imaging = Imaging(settings, parts.store, parts.develop)
        self._keeps_pages = settings.crawl.keep == "all"
        self._room = asyncio.Semaphore(max(1, settings.fetch.html_memory // settings.fetch.max_html))

    @property
    def rules(self) -> policy.Rules:
        """Which references are followed, as of now."""
        return self._reading.rules

    @rules.setter
    def rules(self, rules: policy.Rules) -> None:
        self._reading.rules = rules

    async def visit(self, visit: Visit, steps: Steps) -> Outcome:
        """All that a visit comes to, in bounded time; unexpected exceptions become CRASHED here and only here."""
        loop = asyncio.get_running_loop()
        began, at = loop.time(), self._parts.clock()
        error: CrawlError | None = None
        if visit.partial is not None and self._parts.store.partial(visit) is None:
            visit = replace(visit, partial=None)  # its file is gone
        try:
            async with asyncio.timeout(self._settings.fetch.total_timeout * 2 + 60) as steps.deadline:
                outcome = await self._exchange(visit, at - began, steps)
        except (StoreError, CrawldbError):
            raise
        except CrawlError as raised:
            error = raised
            outcome = replace(Outcome.failed(raised), partial=self._parts.store.partial(visit))
            if isinstance(raised, FetchError) and raised.asked_at is not None:
                outcome = replace(outcome, asked_at=raised.asked_at + at - began)
        except TimeoutError:
            error = FetchTimeoutError(steps.given_up or "the visit did not come to its end")
            outcome = replace(Outcome.failed(error), asked_at=at, head=steps.head)
        except Exception:
            log.exception("a visit crashed: %s", visit.link.url)
            outcome = Outcome(
                Verdict.CRASHED, error="crash", detail="an error of the crawler; see crawl.log", asked_at=at
            )
        outcome = replace(outcome, elapsed=loop.time() - began)
        return self._with_partial(visit, self._with_retry(visit, outcome, error))

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

    def _with_partial(self, visit: Visit, outcome: Outcome) -> Outcome:
        """The outcome with what the next attempt goes on from; the frontier drops what none goes on from."""
        if outcome.partial is None and outcome.retry_in is not None and policy.is_busy(outcome):
            return replace(outcome, partial=visit.partial)  # a busy host says nothing of this document
        return outcome

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

    async def _exchange(self, visit: Visit, offset: float, steps: Steps) -> Outcome:
        """Fetch, decide, save, extract; `offset` leads from the loop's clock to the wall's."""
        link = visit.link
        request = self._request(visit)
        fetcher = self._parts.robots if link.kind is Kind.ROBOTS else self._parts.fetcher
        step("connection")
        async with fetcher.fetch(request) as response:
            steps.head = response.head
            step("body")
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
        if visit.partial is not None and head.status in OF_A_PART:
            return await self._rest(visit, visit.partial, response)
        moved = policy.redirected(link, head, self._reading.rules, self._settings.fetch.max_redirects)
        if moved is not None:
            return moved
        if head.status not in DOCUMENTS:
            return Outcome(Verdict.REJECTED, error="status", detail=f"{head.status} {head.reason}".rstrip())
        if link.kind is Kind.SITEMAP:
            async with self._large():
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
        size, most = policy.whole_size(response.head) or 0, self._settings.fetch.max_body
        if size > most:
            raise TooLargeError(f"the document has {size} bytes, more than {most}")
        media_type = sniff_media_type(response.head.headers.get("content-type"), b"")
        if visit.link.kind is Kind.IMAGE or is_image(media_type):
            return await self._imaging.answer(visit, response, media_type)
        saved = await self._parts.store.save(visit, response)
        if is_html(saved.media_type) or visit.link.kind is Kind.STYLE:
            return await self._kept_page(visit, response, saved)
        return Outcome(Verdict.SAVED, saved=saved)

    @asynccontextmanager
    async def _large(self) -> AsyncIterator[None]:
        """Room for one large page."""
        with waiting_for("memory"):
            await self._room.acquire()
        try:
            yield
        finally:
            self._room.release()

    async def _page(self, visit: Visit, response: Response) -> Outcome:
        """An HTML document or a stylesheet: kept, and its links found.

        A large one goes to the store as it comes and is read again for its links, so that what is slow to arrive
        takes no memory from what is here.
        """
        body = await response.peek(SMALL_HTML + 1)
        saved = await self._parts.store.save(visit, response)
        if len(body) <= min(SMALL_HTML, self._settings.fetch.max_html):
            return await self._reading.page(visit.link, response.head, body, Outcome(Verdict.SAVED, saved=saved))
        return await self._kept_page(visit, response, saved)

    async def _kept_page(self, visit: Visit, response: Response, saved: Saved) -> Outcome:
        """The same, of what is kept already."""
        done = Outcome(Verdict.SAVED, saved=saved)
        if saved.size > self._settings.fetch.max_html:
            return replace(done, links_error=TooLargeError.kind)
        async with self._large():
            return await self._reading.page(visit.link, response.head, await self._parts.store.load(saved), done)

    async def _passing_page(self, visit: Visit, response: Response) -> Outcome:
        """An HTML document or a stylesheet that is read for its links and not kept."""
        done = Outcome(Verdict.READ)
        body = await response.peek(SMALL_HTML + 1)
        if len(body) <= SMALL_HTML:
            return await self._reading.page(visit.link, response.head, body, done)
        async with self._large():
            body = await response.peek(self._settings.fetch.max_html + 1)
            if len(body) > self._settings.fetch.max_html:
                return replace(done, links_error=TooLargeError.kind)
            return await self._reading.page(visit.link, response.head, body, done)
