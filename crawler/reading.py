"""What a document names, and what scope and policy make of it: a page's links, a sitemap's, those of a robots.txt.

It is a part of the heart. What goes wrong with the links of a document is said apart, and spoils nothing else.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from crawler import policy
from crawler.errors import CrawlError, InvalidURLError
from crawler.http1.media_type import parse_media_type
from crawler.interfaces import Extractor
from crawler.model import URL, Found, Kind, Link, Outcome, Page, Reference, ResponseHead, Verdict
from crawler.settings import PRODUCT, Settings
from crawler.web.charset import find_encoding
from crawler.web.robots import Robots
from crawler.web.shape import shape
from crawler.web.simhash import simhash
from crawler.web.sitemap import Sitemap, parse_sitemap

LONG_EXTRACTION: Final = 4_000_000
"""Bytes from which a page's links are read in a thread, so that the loop goes on."""

log: Final = logging.getLogger("crawler")


class Reading:
    """Reads what the documents of one crawl name; `rules` say what is followed, and change when a start URL moves."""

    def __init__(self, settings: Settings, extractors: Sequence[Extractor], rules: policy.Rules) -> None:
        self.rules = rules
        self._settings = settings
        self._extractors = extractors

    async def page(self, link: Link, head: ResponseHead, body: bytes, done: Outcome) -> Outcome:
        """The outcome of a page with its links; what goes wrong with them is said apart."""
        declared = parse_media_type(head.headers.get("content-type") or "")
        charset = declared.charset if declared is not None else None
        if link.kind is Kind.STYLE:
            charset = charset or "utf-8"  # CSS Syntax section 3.2
        encoding = find_encoding(body, charset)
        page = Page(link, link.url, head, encoding, body)
        try:
            if len(page.body) < LONG_EXTRACTION:
                found = self._find(page)
            else:
                found = await asyncio.to_thread(self._find, page)
        except CrawlError as error:
            return replace(done, links_error=error.kind, detail=str(error))
        except Exception as error:
            log.exception("the links of a page could not be read: %s", page.url)
            return replace(done, links_error=f"{type(error).__name__}: {error}"[:200])
        fingerprint = simhash(body, encoding) or 0 if "*" in shape(link.url) else None
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

    def _find(self, page: Page) -> list[Found]:
        nofollow = policy.robots_nofollow(page.head, PRODUCT)
        references = (reference for extract in self._extractors for reference in extract(page))
        noai = policy.asks_no_ai(page.head, PRODUCT)
        return self.rules.judge(page.link, references, nofollow=nofollow, noai=noai)


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
