"""What a document names, and what scope and policy make of it: a page's links, a sitemap's, those of a robots.txt.

It is a part of the heart. What goes wrong with the links of a document is said apart, and spoils nothing else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from crawler import policy
from crawler.errors import CrawlError, InvalidURLError, LimitError
from crawler.http1.media_type import parse_media_type
from crawler.interfaces import Extractor, Finder
from crawler.model import URL, Found, Kind, Link, Outcome, Page, Reference, ResponseHead, Verdict
from crawler.settings import PRODUCT, Settings
from crawler.steps import waiting_for
from crawler.web.charset import find_encoding
from crawler.web.reference import is_reference
from crawler.web.robots import Robots
from crawler.web.shape import shape
from crawler.web.simhash import saying
from crawler.web.sitemap import Sitemap, parse_sitemap

LARGE_PAGE: Final = 512 * 1024
"""Bytes from which a page's links are read in a thread, so that the loop goes on: so many can hold it for a second."""

HUGE_PAGE: Final = 4 * 1024 * 1024
"""Bytes from which they are read in a process, which is ended where it takes too long: fewer never take two seconds."""

MANY: Final = 5_000
"""References from which they are judged in a thread."""

FAR: Final = 5
"""Links from a start page beyond which any page may be a trap's; nearer, only those whose URLs may be counted up."""

log: Final = logging.getLogger("crawler")


class Reading:
    """Reads what the documents of one crawl name; `rules` say what is followed, and change when a start URL moves."""

    def __init__(self, settings: Settings, finders: Sequence[Finder], rules: policy.Rules) -> None:
        self.rules = rules
        self._settings = settings
        self._finders = finders

    async def page(self, link: Link, head: ResponseHead, body: bytes, done: Outcome) -> Outcome:
        """The outcome of a page with its links; what goes wrong with them is said apart."""
        declared = parse_media_type(head.headers.get("content-type") or "")
        charset = declared.charset if declared is not None else None
        if link.kind is Kind.STYLE:
            charset = charset or "utf-8"  # CSS Syntax section 3.2
        encoding = find_encoding(body, charset)
        with waiting_for("extraction"):
            references, done = await self._references(Page(link, link.url, head, encoding, body), done)
        judge = partial(
            self.rules.judge,
            link,
            references,
            nofollow=policy.robots_nofollow(head, PRODUCT),
            noai=policy.asks_no_ai(head, PRODUCT),
        )
        found = judge() if len(references) < MANY else await asyncio.to_thread(judge)
        is_suspect = link.kind is Kind.PAGE and ("*" in shape(link.url) or link.depth >= FAR)
        fingerprint = saying(body, encoding, link.url, link.depth) if is_suspect else None
        return replace(done, found=found, fingerprint=fingerprint)

    async def sitemap(self, link: Link, head: ResponseHead, body: bytes) -> Outcome:
        """What a sitemap names; it is not kept."""
        declared = parse_media_type(head.headers.get("content-type") or "")
        charset = declared.charset if declared is not None else None
        sitemap = await asyncio.to_thread(partial(parse_sitemap, body, link.url, charset))
        found = self.rules.judge(link, _of_sitemap(sitemap))
        return Outcome(Verdict.READ, found=found, links_error="; ".join(sitemap.flaws)[:200] or None)

    def robots(self, link: Link, rules: bytes) -> list[Found]:
        """The sitemaps that a robots.txt names, as many as are followed of one host."""
        named = Robots.parse(rules).sitemaps[: self._settings.crawl.max_sitemaps]
        return self.rules.judge(link, _of_robots(link.url, named))

    async def _references(self, page: Page, done: Outcome) -> tuple[list[Reference], Outcome]:
        """What the extractors find; where one fails, the outcome says so, and what the others find counts.

        Of too many links the first count.
        """
        most = self._settings.crawl.max_links
        references: list[Reference] = []
        for find in self._finders:
            try:
                found = await _ask(find, page, most + 1)
            except CrawlError as error:
                done = replace(done, links_error=error.kind, detail=str(error))
            except Exception as error:
                log.exception("the links of a page could not be read: %s", page.url)
                done = replace(done, links_error=f"{type(error).__name__}: {error}"[:200])
            else:
                references += found
        if len(references) > most:
            done = replace(done, links_error=LimitError.kind, detail=f"more than {most} links (crawl.max_links)")
        return references[:most], done


async def _ask(find: Finder, page: Page, most: int) -> list[Reference]:
    """The first that one of them finds, here or, in a large page, in a thread; or wherever it has it found."""
    begin = partial(_begin, find, page, most)
    found = begin() if len(page.body) < LARGE_PAGE else await asyncio.to_thread(begin)
    return list(islice(await found, most)) if isinstance(found, Awaitable) else found


def _begin(find: Finder, page: Page, most: int) -> list[Reference] | Awaitable[Iterable[Reference]]:
    found = find(page)
    return found if isinstance(found, Awaitable) else list(islice(found, most))


def checked(extract: Extractor) -> Extractor:
    """The same extractor; `TypeError` where it gives what is no reference."""

    def find(page: Page) -> Iterator[Reference]:
        for reference in extract(page):
            if not is_reference(reference):
                raise TypeError(f"an extractor gives references, and not {reference!r}"[:200])
            yield reference

    return find


def _of_sitemap(sitemap: Sitemap) -> Iterator[Reference]:
    for kind, entries in ((Kind.SITEMAP, sitemap.sitemaps), (Kind.PAGE, sitemap.pages)):
        for entry in entries:
            yield Reference(entry.url, kind, "loc", "", {}, "")
    for url in sitemap.images:
        yield Reference(url, Kind.IMAGE, "image:loc", "", {}, "", role="sitemap")


def _of_robots(url: URL, named: Sequence[str]) -> Iterator[Reference]:
    for text in named:
        try:
            yield Reference(url.join(text), Kind.SITEMAP, "sitemap", "", {}, "")
        except InvalidURLError:
            yield Reference(None, Kind.SITEMAP, "sitemap", "", {}, "")
