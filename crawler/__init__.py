"""Crawls a site from a start URL and downloads the images it links.

The front door of the library::

    import asyncio, crawler

    summary = asyncio.run(crawler.crawl("https://example.org/docs/", output="docs"))
    document = asyncio.run(crawler.fetch("https://example.org/robots.txt"))

`Settings` says how; observers see what happens, extractors find more links. What is expected to fail raises a
`CrawlError`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.errors import (
    ConnectError,
    ConnectionLostError,
    CrawldbError,
    CrawlError,
    DecodingError,
    DNSError,
    FetchError,
    FetchTimeoutError,
    InvalidURLError,
    ProtocolError,
    ProxyError,
    RedirectError,
    SettingsError,
    StoreError,
    TLSError,
    TooLargeError,
    TruncatedError,
)
from crawler.settings import VERSION, Settings

if TYPE_CHECKING:
    from crawler.crawling import Summary
    from crawler.interfaces import Extractor, Observer
    from crawler.model import ResponseHead

__version__ = VERSION

__all__ = [
    "ConnectError",
    "ConnectionLostError",
    "CrawlError",
    "CrawldbError",
    "DNSError",
    "DecodingError",
    "Document",
    "FetchError",
    "FetchTimeoutError",
    "InvalidURLError",
    "ProtocolError",
    "ProxyError",
    "RedirectError",
    "Settings",
    "SettingsError",
    "StoreError",
    "TLSError",
    "TooLargeError",
    "TruncatedError",
    "__version__",
    "crawl",
    "fetch",
]


@dataclass(frozen=True, slots=True)
class Document:
    """A document fetched whole: the head of its answer, and its body after content decoding."""

    head: "ResponseHead"
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return self.head.status

    @property
    def text(self) -> str:
        """The body as text, by its byte order mark, its declared charset or its own meta tag."""
        from crawler.http1.media_type import parse_media_type
        from crawler.web.charset import find_encoding

        declared = parse_media_type(self.head.headers.get("content-type") or "")
        return self.body.decode(find_encoding(self.body, declared.charset if declared else None), "replace")

    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return self.text.splitlines()


async def crawl(
    *start: str,
    settings: Settings | Mapping[str, Any] | None = None,
    output: str | None = None,
    observers: "Sequence[Observer]" = (),
    extractors: "Sequence[Extractor]" = (),
) -> "Summary":
    """Crawl from the start URLs into the folder `output`, going on where an earlier run there stopped.

    `settings` is a `Settings`, or a nested table as in TOML (`{"politeness": {"delay": "1s"}}`). Observers are called
    with every `crawler.model.Event` and must not block; extractors get each HTML page as a `crawler.model.Page` and
    give `Reference`s.
    """
    from dataclasses import replace

    from crawler.assemble import open_crawl

    chosen = settings if isinstance(settings, Settings) else Settings.of(settings or {})
    if start:
        chosen = replace(chosen, crawl=replace(chosen.crawl, start=(*chosen.crawl.start, *start)))
    if output is not None:
        chosen = replace(chosen, store=replace(chosen.store, output=output))
    async with open_crawl(chosen, observers=observers, extractors=extractors) as one:
        return await one.run()


async def fetch(
    url: str,
    *,
    settings: Settings | Mapping[str, Any] | None = None,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> Document:
    """One document, redirects followed, whatever its status.

    `FetchError` where no answer came. It asks no robots.txt.
    """
    from crawler.assemble import open_fetcher
    from crawler.model import Request
    from crawler.web.url import URL

    chosen = settings if isinstance(settings, Settings) else Settings.of(settings or {})
    async with (
        open_fetcher(chosen) as fetcher,
        fetcher.fetch(Request(URL(url), method, tuple(headers), body)) as response,
    ):
        return Document(response.head, await response.read())
