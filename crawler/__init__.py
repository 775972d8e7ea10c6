"""Crawls a site from a start URL and downloads the images it links.

The front door of the library::

    import asyncio, crawler

    summary = asyncio.run(crawler.crawl("https://example.org/docs/", output="docs"))
    document = asyncio.run(crawler.fetch("https://example.org/robots.txt"))

and, for a document that is read while it comes::

    async with crawler.open("https://example.org/story.txt") as response:
        words = [word async for line in response.lines() for word in line.split()]

`Settings` says how; observers see what happens, extractors find more links. What is expected to fail raises a
`CrawlError`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

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
    from crawler.interfaces import Extractor, Observer, Response
    from crawler.model import URL, ResponseHead

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
    "OpenDocument",
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
    "open",
]


@dataclass(frozen=True, slots=True)
class Document:
    """A document fetched whole: the head of its answer, its body after content decoding, and where it was found."""

    head: "ResponseHead"
    body: bytes
    url: "URL"

    @property
    def status(self) -> int:
        """The status code."""
        return self.head.status

    @property
    def text(self) -> str:
        """The body as text, by its byte order mark, its declared charset or its own meta tag."""
        from crawler.web.charset import find_encoding

        codec = find_encoding(self.body, _label(self.head))
        return self.body.decode(codec, "replace").removeprefix("\ufeff")

    def lines(self) -> list[str]:
        """The lines of the text, without their ends: LF, CR LF or CR, and nothing else."""
        import io

        return [line.removesuffix("\n") for line in io.StringIO(self.text, newline=None)]


class OpenDocument:
    """A document whose head has come, and whose body is read while it comes; once, by one of the three ways."""

    __slots__ = ("_response",)

    def __init__(self, response: "Response") -> None:
        self._response = response

    @property
    def head(self) -> "ResponseHead":
        """Status line and header fields."""
        return self._response.head

    @property
    def status(self) -> int:
        """The status code."""
        return self.head.status

    @property
    def url(self) -> "URL":
        """Where it was found, redirects followed."""
        url = self._response.contact.url
        assert url is not None
        return url

    async def read(self) -> bytes:
        """The whole body."""
        return await self._response.read()

    def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces as they come."""
        return self._response.chunks()

    async def lines(self) -> AsyncIterator[str]:
        """The lines of the text as they come, without their ends: LF, CR LF or CR, and nothing else."""
        held: list[str] = []
        async for text in self._texts():
            first, *others = text.split("\n")
            held.append(first)
            for line in others:
                yield "".join(held)
                held = [line]
        if any(held):
            yield "".join(held)

    async def _texts(self) -> AsyncIterator[str]:
        """The body decoded, each end of a line made LF."""
        import codecs
        import io

        from crawler.web.charset import encoding_of_label, find_encoding

        label = _label(self.head)
        # Where the head names the encoding, only a mark at the beginning may say otherwise: no need to wait for more.
        first = await self._response.peek(3 if label and encoding_of_label(label) else _DECLARING)
        codec = find_encoding(first, label)
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)("replace"), translate=True)
        mark = "\ufeff"
        async for chunk in self._response.chunks():
            if text := decoder.decode(chunk):
                yield text.removeprefix(mark)
                mark = ""
        yield decoder.decode(b"", True)


_DECLARING: Final = 1024
"""Bytes that may say what encoding a document is in (HTML standard, section 13.2.3.2)."""


def _label(head: "ResponseHead") -> str | None:
    """The encoding that a head declares, as it is written there."""
    from crawler.http1.media_type import find_media_type

    declared = find_media_type(head.headers.get_all("content-type"))
    return declared.charset if declared is not None else None


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
    async with open(url, settings=settings, method=method, headers=headers, body=body) as response:
        return Document(response.head, await response.read(), response.url)


@asynccontextmanager
async def open(
    url: str,
    *,
    settings: Settings | Mapping[str, Any] | None = None,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> AsyncIterator[OpenDocument]:
    """The same document while it comes; leaving the context early ends the exchange."""
    from crawler.assemble import open_fetcher
    from crawler.model import Request
    from crawler.web.url import URL

    chosen = settings if isinstance(settings, Settings) else Settings.of(settings or {})
    async with (
        open_fetcher(chosen) as fetcher,
        fetcher.fetch(Request(URL(url), method, tuple(headers), body)) as response,
    ):
        yield OpenDocument(response)
