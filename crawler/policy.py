"""Decisions, as pure functions on values: what is followed, what is wanted, what is tried again, and when.

Nothing here waits, reads a clock or knows a room: the moment and the chance (a number from 0 to 1) come in as
arguments.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import quote

from crawler.errors import CrawlError, FetchError, InvalidURLError, RedirectError, UnwantedError
from crawler.model import URL, Found, Kind, Link, Outcome, Partial, Reference, ResponseHead, Verdict, Visit
from crawler.settings import FetchSettings, ImageSettings, Settings
from crawler.web import robots_tag
from crawler.web.probe import Probe
from crawler.web.scope import Scope
from crawler.web.url import without_secret

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""The statuses whose Location is followed (RFC 9110 section 15.4)."""

PASSING: Final = frozenset({408, 425, 429, *range(500, 600)}) - {501, 505, 506, 508, 510, 511}
"""The statuses that may well be another one a moment later; those of servers that nobody knows are as 500 (RFC 9110
section 15), and what a server cannot do at all it cannot do later."""

HOST_FAILURES: Final = frozenset({"dns", "connect", "timeout", "reset", "proxy"})
"""The words that speak of a host rather than of one of its documents, where nothing was answered."""

PASSING_ERRORS: Final = HOST_FAILURES | {"truncated", "crash"}
"""The words of failures that a later run may well not meet again."""

MAX_SITEMAP_DEPTH: Final = 3
"""How deep sitemaps may name sitemaps; sitemaps.org knows one index over them."""

BUSY: Final = frozenset({429, 503})
"""The statuses by which a host says that it has too much to do (RFC 6585 section 4, RFC 9110 section 15.6.4)."""


_ASCII: Final = bytes(range(128))
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Rules:
    """Which references become links: the scope of pages and of images, and the limits on both."""

    pages: Scope
    images: Scope | None
    sitemaps: Scope | None
    max_depth: int | None
    max_url: int
    nofollow: bool
    noai: bool
    linked: bool

    @classmethod
    def of(cls, settings: Settings, roots: Iterable[URL]) -> "Rules":
        """The rules of a crawl from these start URLs.

        Images are kept from every path of the hosts in scope, as a page shows what its site has; `include` chooses
        pages.
        """
        scope = settings.scope
        starts = tuple(roots)
        hosts = "any" if settings.images.any_host else "host" if scope.scope in ("page", "path") else scope.scope
        return cls(
            Scope(scope.scope, starts, scope.include, scope.exclude),
            Scope(hosts, starts, (), scope.exclude) if settings.images.enabled else None,
            Scope("host" if scope.scope in ("page", "path") else scope.scope, starts, (), scope.exclude)
            if settings.crawl.sitemaps
            else None,
            settings.crawl.max_depth,
            scope.max_url,
            settings.politeness.nofollow,
            settings.politeness.noai,
            settings.images.sources == "all",
        )

    def with_root(self, url: URL) -> "Rules":
        """The same rules once a start URL turned out to live at `url`."""
        return replace(
            self,
            pages=self.pages.with_root(url),
            images=self.images and self.images.with_root(url),
            sitemaps=self.sitemaps and self.sitemaps.with_root(url),
        )

    def refuse(self, link: Link, *, nofollow: bool = False) -> str | None:
        """The word for which this link is not followed, None where it is."""
        url, kind = link.url, link.kind
        if link.parent is None and kind is Kind.PAGE:
            return None
        if len(str(url)) > self.max_url:
            return "url"
        if link.parent is None and kind in (Kind.IMAGE, Kind.SITEMAP):
            return None
        if nofollow and self.nofollow and kind is Kind.PAGE:
            return "nofollow"
        scope = self.pages if kind is Kind.PAGE else self.sitemaps if kind is Kind.SITEMAP else self.images
        if scope is None or not scope.admit(url):
            return "scope"
        if kind is Kind.SITEMAP:
            return "limit" if link.depth > MAX_SITEMAP_DEPTH else None
        if self.max_depth is not None and link.depth > self.max_depth:
            return "limit"
        return None

    def judge(
        self, link: Link, references: Iterable[Reference], *, nofollow: bool = False, noai: bool = False
    ) -> list[Found]:
        """What becomes of each reference of the page at `link`; `nofollow` and `noai` where its head asks for that.

        A URL is judged once a page for each purpose: pages name the same one many times. The images among them, those
        that are only linked to as well, are numbered in their order.
        """
        # By identity: an extractor gives one URL as one object, and to hash its text for each mention takes longer. Of
        # a page that may be followed, as most are, the URL alone tells all.
        known: dict[object, tuple[Link | None, str | None]] = {}
        places: dict[str, int] = {}
        found = []
        page = Kind.PAGE
        for reference in references:
            url, kind, is_closed = reference.url, reference.kind, reference.nofollow
            if url is None:
                found.append(Found(reference, None, "url"))
                continue
            key = id(url) if kind is page and not is_closed else (id(url), id(kind), is_closed)
            verdict = known.get(key)
            if verdict is None:
                child, word = self._wish(link, reference, nofollow)
                if word is not None and not url.is_http:
                    verdict = (None, "scheme")
                else:
                    if kind is Kind.IMAGE or reference.role == "link":
                        child = child._replace(place=places.setdefault(str(url), len(places) + 1))
                        if word is None and self.noai and (noai or reference.noai):
                            word = "noai"
                    verdict = (child, word)
                known[key] = verdict
            found.append(Found(reference, *verdict))
        return found

    def _wish(self, link: Link, reference: Reference, nofollow: bool) -> tuple[Link, str | None]:
        """The link that a reference is, and the word for which it is not followed.

        Where all images are wanted, one that is linked to is asked for as an image where it may not be as a page.
        """
        child = link.child(reference)
        word = self.refuse(child, nofollow=nofollow or reference.nofollow)
        if self.linked and reference.role == "link" and word in ("scope", "limit"):
            image = child._replace(kind=Kind.IMAGE, depth=link.depth)
            if self.refuse(image) is None:
                return image, None
        return child, word


def next_hop(url: URL, head: ResponseHead) -> URL | None:
    """Where a redirect from `url` leads, None where the answer is none; `RedirectError` where it leads nowhere."""
    if head.status not in REDIRECTS:
        return None
    locations = set(head.headers.get_all("location")) - {""}
    if len(locations) != 1:
        raise RedirectError(f"{head.status} {'with more than one' if locations else 'without a'} Location")
    location = locations.pop()
    try:
        target = url.join(_as_text(location))
    except InvalidURLError as error:
        raise RedirectError(f"{head.status} to {without_secret(location)[:200]!r}, which is no URL") from error
    return target


def _as_text(location: str) -> str:
    """A Location as browsers read it: bytes beyond ASCII are UTF-8 (RFC 9110 section 5.5), or stay what they are."""
    raw = location.encode("latin-1")
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return quote(raw, safe=_ASCII)


def redirected(link: Link, head: ResponseHead, rules: Rules, max_redirects: int) -> Outcome | None:
    """What a redirect makes of a visit, None where the answer is no redirect: a new link, or FAILED with the reason."""
    try:
        target = next_hop(link.url, head)
    except RedirectError as error:
        return Outcome.failed(error)
    if target is None:
        return None
    if not target.is_http:
        return _lost("scheme", f"redirected to {target}, which is neither http nor https")
    if link.hops >= max_redirects:
        return _lost("redirect", f"more than {max_redirects} redirects")
    moved = link.moved(target)
    word = rules.refuse(moved)
    if word in ("scope", "url"):
        return _lost("scope", f"redirected out of scope, to {str(target)[:200]}")
    return Outcome(Verdict.REDIRECTED, moved=moved)


def _lost(word: str, detail: str) -> Outcome:
    return Outcome(Verdict.FAILED, error=word, detail=detail)


def is_retryable(outcome: Outcome, error: CrawlError | None) -> bool:
    """Whether a later attempt may end better."""
    if error is not None:
        return isinstance(error, FetchError) and error.retryable
    return outcome.verdict is Verdict.REJECTED and outcome.head is not None and outcome.head.status in PASSING


def retry_in(visit: Visit, settings: FetchSettings, chance: float) -> float | None:
    """Seconds to the next attempt, None when all are spent: exponential, half of it jitter."""
    if visit.attempt > settings.max_retries:
        return None
    return backoff(visit.attempt, settings.retry_wait, settings.max_retry_wait, chance)


def backoff(failures: int, first: float, longest: float, chance: float) -> float:
    """The wait after the n-th failure in a row: it doubles, and lies between one half and the whole of that."""
    return min(first * 2.0 ** min(failures - 1, 60), longest) * (0.5 + 0.5 * chance)


def retry_after(head: ResponseHead, now: float) -> float | None:
    """The wait a 429 or 503 asks for, in seconds (RFC 9110 section 10.2.3).

    None where it says nothing usable.
    """
    text = (head.headers.get("retry-after") or "").strip(" \t")
    if head.status not in BUSY or not text:
        return None
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError, IndexError, TypeError):
            return None
    return max(seconds, 0.0)


def is_host_failure(outcome: Outcome) -> bool:
    """Whether the host failed rather than this document: there was no answer at all, not even one that broke off."""
    return outcome.verdict is Verdict.FAILED and outcome.head is None and outcome.error in HOST_FAILURES


def is_busy(outcome: Outcome) -> bool:
    """Whether the host asks to be left alone for a while."""
    return outcome.verdict is Verdict.REJECTED and outcome.head is not None and outcome.head.status in BUSY


def check_image(probe: Probe, size: int | None, settings: ImageSettings) -> None:
    """Raises `UnwantedError` where an image is not to be kept, by its type, its dimensions and its size in bytes.

    What is not known yet is not held against it.
    """
    name = probe.media_type.removeprefix("image/").removesuffix("+xml")
    if settings.types and _ALIASES.get(name, name) not in {_ALIASES.get(one, one) for one in settings.types}:
        raise UnwantedError("type", f"an image of another type: {probe.media_type}")
    width, height = probe.width, probe.height
    known = {"width": width, "height": height, "size": size}
    for setting, what, word in _BOUNDS:
        bound, value = getattr(settings, setting), known[what]
        if bound is not None and value is not None and (value < bound if word == "too-small" else value > bound):
            raise UnwantedError(word, f"its {what} is {value}, images.{setting} is {bound}")
    if settings.max_aspect is not None and width and height:
        aspect = max(width, height) / min(width, height)
        if aspect > settings.max_aspect:
            raise UnwantedError(
                "aspect", f"it is {aspect:.3g} times as long as wide, images.max_aspect is {settings.max_aspect:g}"
            )


def declared_size(head: ResponseHead) -> int | None:
    """The bytes that an answer says its document has, None where it does not, or has it coded."""
    length = head.headers.get("content-length") or ""
    return int(length) if length.isdecimal() and len(length) < 19 and not head.headers.get("content-encoding") else None


_ALIASES: Final = {
    "apng": "png", "heif": "heic", "jpg": "jpeg", "tif": "tiff",
    "vnd.adobe.photoshop": "psd", "vnd.microsoft.icon": "ico", "x-icon": "ico",
}  # fmt: skip
"""Names of types that are others by what their first bytes say, or that nobody types."""

_BOUNDS: Final = (
    ("min_width", "width", "too-small"),
    ("min_height", "height", "too-small"),
    ("min_size", "size", "too-small"),
    ("max_width", "width", "too-large"),
    ("max_height", "height", "too-large"),
    ("max_size", "size", "too-large"),
)
"""The bounds on images: the setting, what it bounds, the word for an image beyond it."""


def range_of(partial: Partial) -> tuple[tuple[str, str], ...]:
    """What asks for the rest of a document, if it is still the same (RFC 9110 sections 13.1.5 and 14.2)."""
    return (
        ("Range", f"bytes={partial.size}-"),
        ("If-Range", partial.validator),
        ("Accept-Encoding", "identity"),
    )


def is_rest_of(partial: Partial, head: ResponseHead) -> bool:
    """Whether a 206 goes on exactly where `partial` ends, to the end of the same document (RFC 9110 section 15.3.7).

    Parts are of the same one only if the validator is the same (15.3.7.3); a 206 that has none answers If-Range.
    """
    found = _CONTENT_RANGE.fullmatch(head.headers.get("content-range") or "")
    if head.status != 206 or found is None or head.headers.get("content-encoding"):
        return False
    start, end = int(found[1]), int(found[2]) + 1
    if start != partial.size or end <= start:
        return False
    said = {end, end if found[3] == "*" else int(found[3]), partial.total or end}
    length = declared_size(head)
    validator = head.headers.get("etag" if partial.validator.startswith('"') else "last-modified")
    return len(said) == 1 and length in (None, end - start) and validator in (None, partial.validator)


def whole_size(head: ResponseHead) -> int | None:
    """The bytes of the whole document, by an answer that is it or the rest of it; None where that does not say."""
    if head.status != 206:
        return declared_size(head)
    found = _CONTENT_RANGE.fullmatch(head.headers.get("content-range") or "")
    return int(found[2]) + 1 if found is not None else None


def asks_no_ai(head: ResponseHead, product: str) -> bool:
    """Whether X-Robots-Tag asks us, or everybody, not to give what this is to machines to learn from."""
    return robots_tag.asks_no_ai(head.headers.get_all("x-robots-tag"), product)


def robots_nofollow(head: ResponseHead, product: str) -> bool:
    """Whether X-Robots-Tag asks us, or everybody, not to follow this answer's links."""
    return "nofollow" in robots_tag.directives(head.headers.get_all("x-robots-tag"), product)


def referer(link: Link) -> str | None:
    """The Referer by `strict-origin-when-cross-origin` (Referrer Policy section 8.3).

    None where there is to be none.
    """
    parent = link.parent
    if parent is None or (parent.scheme == "https" and link.url.scheme == "http"):
        return None
    return str(parent) if parent.origin == link.url.origin else f"{parent.origin}/"
