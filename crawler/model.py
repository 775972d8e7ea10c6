"""The nouns of a crawl: frozen values that travel between the rooms; no behaviour beyond asking the value itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from crawler.errors import CrawlError
from crawler.http1.events import ResponseHead
from crawler.web.cookies import Cookie
from crawler.web.reference import Kind, Reference
from crawler.web.url import URL

__all__ = [
    "URL",
    "Contact",
    "Counted",
    "Counts",
    "Event",
    "Finished",
    "Found",
    "Held",
    "Kind",
    "Leased",
    "Link",
    "Noted",
    "Outcome",
    "Paced",
    "Page",
    "Partial",
    "Place",
    "Reach",
    "Reference",
    "Request",
    "ResponseHead",
    "Row",
    "Saved",
    "Timings",
    "Verdict",
    "Visit",
]


Reach = Literal["any", "host", "loopback", "public"]
"""Where hosts may lie: anywhere; this host anywhere and others in public; in public or on loopback; in public alone."""


class Link(NamedTuple):
    """A wish: this URL, for this purpose; a tuple, as a page has hundreds.

    `depth` counts the page links from the nearest start URL, `hops` the redirects since the last page link; `parent`
    is the page that named it, None for a start URL and a row of a list (and for where these redirect to). `place` is
    an image's number on that page, or in its list, from 1.
    """

    url: URL
    kind: Kind = Kind.PAGE
    depth: int = 0
    hops: int = 0
    parent: URL | None = None
    place: int = 0

    @property
    def is_seed(self) -> bool:
        """Whether this is a start URL, or where one redirected to: scope is computed from it."""
        return self.parent is None and self.kind is Kind.PAGE

    def child(self, reference: Reference) -> "Link":
        """The link that a reference on this page is.

        One deeper for a page, and for a sitemap that a sitemap names; at the page's own depth for what it shows.
        """
        assert reference.url is not None
        kind = reference.kind
        deeper = kind is Kind.PAGE or (kind is Kind.SITEMAP and self.kind is Kind.SITEMAP)
        return Link(reference.url, kind, self.depth + deeper, 0, self.url)

    def moved(self, url: URL) -> "Link":
        """The same wish at the URL that a redirect named."""
        return self._replace(url=url, hops=self.hops + 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list: `number` from 1 (blank lines and a header are none), its URL, and what else it said.

    `text` is the URL as written, without user and password, and bounded; `url` is None where that can never be asked
    for, `error` then the word for it: url (none), scheme, row (a line that could not be read). `columns` are the rest.
    """

    number: int
    text: str
    url: URL | None
    caption: str = ""
    columns: Mapping[str, str] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """The beginning of a large document whose transfer broke off.

    `name` is a file among the store's temporary ones, `size` the bytes in it, `validator` the ETag or date by which the
    server tells whether the rest still belongs to it (RFC 9110 section 13.1.5). `total` is how many bytes the whole
    has, None where the server did not say.
    """

    name: str
    size: int
    validator: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A leased wish; `token` proves the lease, `attempt` counts from 1, `partial` is what an earlier attempt got.

    `reach` says where its host may lie.
    """

    link: Link
    attempt: int
    token: int
    partial: Partial | None = None
    reach: Reach = "any"


@dataclass(frozen=True, slots=True)
class Request:
    """One exchange to be had: what differs from the fetcher's own header fields is in `headers`.

    `reach` says where the host may lie, by the address that is connected to.
    """

    url: URL
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    reach: Reach = "any"


@dataclass(frozen=True, slots=True)
class Timings:
    """The seconds that the steps to an answer took, one after the other.

    `dns` is the look-up of the name, `connect` TCP (and the way through a proxy), `tls` the handshake, `wait` the time
    from the request to the head of the answer.
    """

    dns: float
    connect: float
    tls: float
    wait: float


@dataclass(frozen=True, slots=True)
class Contact:
    """How an answer was come by: the address connected to, as `host:port`, and when the request began.

    By the loop's clock. `url` is what was asked for in the end, redirects followed; `tls` the version spoken, None for
    plain TCP; `timings` None where the connection had been used before. `received` counts the body bytes that have
    come by now.
    """

    peer: str
    asked_at: float
    url: URL | None = None
    tls: str | None = None
    timings: Timings | None = None
    received: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A document an extractor reads: `url` is where it was found, `encoding` a Python codec name."""

    link: Link
    url: URL
    head: ResponseHead
    encoding: str
    body: bytes


class Found(NamedTuple):
    """A reference and what scope and policy made of it; a tuple, as a page has hundreds.

    `link` is None where the URL can never be asked (no URL, not http); `refused` is the word of design's *skipped*
    state (scope, scheme, limit, nofollow, noai, url), None where the link is followed.
    """

    reference: Reference
    link: Link | None
    refused: str | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A file kept: `path` relative to the output folder, `size` bytes, `digest` its SHA-256 in hex.

    With `is_duplicate` it is an earlier document's file, whose content is the same. `width` and `height` are an
    image's pixels, where its head tells them; `likeness` is its perceptual hash, where one was asked for, and
    `work_error` says what kept that, or a thumbnail or conversion, from being made.
    """

    path: str
    media_type: str
    size: int
    digest: str
    is_duplicate: bool = False
    width: int | None = None
    height: int | None = None
    likeness: bytes | None = None
    work_error: str | None = None


class Place(NamedTuple):
    """Where a document is to lie; with `is_duplicate` its content lies there already, as another's."""

    path: str
    is_duplicate: bool = False


class Verdict(StrEnum):
    """What a visit came to; its text is the word in events and logs."""

    SAVED = "saved"
    READ = "read"
    REDIRECTED = "redirected"
    REJECTED = "rejected"
    REFUSED = "refused"
    FAILED = "failed"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a visit came to.

    `error` is the word of the verdict (see errors.py and the records), `detail` a line for a person. `retry_in` is
    the wait in seconds before the next attempt, None for none; `pause` holds the whole host that long. `asked_at` is
    when the request began (seconds of the wall clock), None when nothing was asked; `elapsed` and `size` are the
    seconds and the body bytes it took. `rules` is the text of a robots.txt; b"" allows all, None: not a robots.txt,
    or none to be had for now. `links_error` says why the links of a saved page could not be read.
    `cookies` are those that the answer set, `partial` is what a later attempt can go on from. `fingerprint` is that of
    what a page says, where its URL is of a shape that traps have. `waited` are the seconds from the request to the
    head of its answer.
    """

    verdict: Verdict
    request: Request | None = None
    head: ResponseHead | None = None
    saved: Saved | None = None
    found: Sequence[Found] = ()
    moved: Link | None = None
    error: str | None = None
    detail: str | None = None
    links_error: str | None = None
    retry_in: float | None = None
    pause: float | None = None
    asked_at: float | None = None
    elapsed: float = 0.0
    size: int = 0
    peer: str | None = None
    rules: bytes | None = None
    cookies: Sequence[Cookie] = ()
    partial: Partial | None = None
    fingerprint: int | None = None
    waited: float | None = None

    @classmethod
    def failed(cls, error: CrawlError) -> "Outcome":
        """The outcome of a visit that an expected failure ended."""
        return cls(Verdict.FAILED, error=error.kind, detail=str(error))


@dataclass(frozen=True, slots=True)
class Counts:
    """How a crawl stands: URLs by state, pages, images and bytes kept, over all its runs.

    `read` are pages whose links were read, and which were not to be kept.

    `limit` names the limit (max-pages, max-bytes) that keeps what is queued from being leased.
    """

    queued: int = 0
    leased: int = 0
    saved: int = 0
    read: int = 0
    redirected: int = 0
    rejected: int = 0
    refused: int = 0
    skipped: int = 0
    failed: int = 0
    pages: int = 0
    images: int = 0
    size: int = 0
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Leased:
    """A worker begins a visit."""

    visit: Visit


@dataclass(frozen=True, slots=True)
class Finished:
    """A visit's outcome is committed."""

    visit: Visit
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Counted:
    """The crawl's counts after a commit."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class Held:
    """A host is left alone for `seconds`, for the reason `word` (a failure's word, robots, retry-after)."""

    host: str
    seconds: float
    word: str


@dataclass(frozen=True, slots=True)
class Paced:
    """A host bears `window` requests at once, as far as is known now."""

    host: str
    window: int


@dataclass(frozen=True, slots=True)
class Noted:
    """A line for a person: a limit that bites, a start URL that moved; `warning` where it wants attention."""

    text: str
    warning: bool = False


Event = Leased | Finished | Counted | Held | Paced | Noted
