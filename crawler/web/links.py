"""The references of an HTML page: which tags name a URL, in which attribute, and what is expected there.

It knows nothing of scope, nor of what is followed: it says what is written in the page. The sections named are those
of the HTML standard.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, cast

from bs4 import Tag

from crawler.errors import InvalidURLError, LimitError
from crawler.web.charset import encode_query
from crawler.web.markup import MAX_TAGS, TagReader, contents
from crawler.web.reference import Kind, Reference
from crawler.web.refresh import parse_refresh
from crawler.web.srcset import parse_srcset
from crawler.web.url import URL

MAX_TEXT: Final = 200
"""How many characters of an anchor's contents are kept."""
MAX_CONTENTS: Final = 2000
"""How much of the markup behind an anchor is looked at for them."""

_BLANKS: Final = "\t\n\f\r "
_ANCHOR_EDGE: Final = re.compile(rf"</?[aA](?=[{_BLANKS}/>])")
_DIRECTIVES: Final = re.compile(r"[\s,]+")
_HTML_TYPES: Final = frozenset({"", "text/html", "application/xhtml+xml"})
_PAGE_RELATIONS: Final = frozenset({"next", "prev", "previous", "canonical"})
_ICON_RELATIONS: Final = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_ROBOTS: Final = frozenset({"robots", "crawler"})

# Where the scripts in use that load images late keep what will become src and srcset (lazysizes, lozad, the jQuery
# plugins, WP Rocket, Jetpack, Slick, Flickity, Echo, and some shop and gallery themes).
_LAZY: Final = (
    "data-src", "data-srcset", "data-original", "data-original-set", "data-lazy", "data-lazy-src", "data-lazy-srcset",
    "data-lazyload", "data-ll-src", "data-ll-srcset", "data-echo", "data-src-retina", "data-hi-res-src",
    "data-full-src", "data-orig-file", "data-large-file", "data-flickity-lazyload", "data-flickity-lazyload-src",
    "data-flickity-lazyload-srcset",
)  # fmt: skip


class Source(NamedTuple):
    """An attribute in which a tag names URLs: what is expected there, how they stand in it, which tags count."""

    attribute: str
    kind: Kind
    urls: Callable[[str], Iterable[str]]
    applies: Callable[[Tag], bool] | None = None


class Mention(NamedTuple):
    """What a tag says about a URL, whatever page it stands in: the URL as written, fragment and all."""

    written: str
    kind: Kind
    attribute: str
    nofollow: bool


def _word(element: Tag, attribute: str) -> str:
    return str(element.get(attribute, "")).strip(_BLANKS).lower()


def _words(element: Tag, attribute: str) -> set[str]:
    return set(_word(element, attribute).split())


def _is_image_button(element: Tag) -> bool:
    return _word(element, "type") == "image"


def _is_page_relation(element: Tag) -> bool:
    """Whether a link element leads to a page: by its relation, an alternate also by its type."""
    relations = _words(element, "rel")
    if "alternate" in relations and "stylesheet" not in relations:
        return _word(element, "type").partition(";")[0].strip(_BLANKS) in _HTML_TYPES
    return not _PAGE_RELATIONS.isdisjoint(relations)


def _is_icon(element: Tag) -> bool:
    return not _ICON_RELATIONS.isdisjoint(_words(element, "rel"))


def _is_refresh(element: Tag) -> bool:
    return _word(element, "http-equiv") == "refresh"


def _one(value: str) -> Iterable[str]:
    return (value,)


def _one_unless_empty(value: str) -> Iterable[str]:
    """An empty href of an anchor is the page itself; an empty src is nothing."""
    return (value,) if value.strip(_BLANKS) else ()


def _of_srcset(value: str) -> Iterable[str]:
    return [candidate.url for candidate in parse_srcset(value)]


def _of_refresh(value: str) -> Iterable[str]:
    refresh = parse_refresh(value)
    return (refresh[1],) if refresh and refresh[1] else ()


def _images(*attributes: str) -> tuple[Source, ...]:
    """Attributes that name images: those called srcset name several each."""
    return tuple(
        Source(name, Kind.IMAGE, _of_srcset if name.endswith(("srcset", "-set")) else _one_unless_empty)
        for name in attributes
    )


def _frames(*attributes: str) -> tuple[Source, ...]:
    return tuple(Source(name, Kind.PAGE, _one_unless_empty) for name in attributes)


SOURCES: Final = {
    "a": (Source("href", Kind.PAGE, _one),),
    "area": (Source("href", Kind.PAGE, _one),),
    "iframe": _frames("src", "data-src", "data-lazy-src"),
    "frame": _frames("src"),
    "link": (
        Source("href", Kind.PAGE, _one_unless_empty, _is_page_relation),
        Source("href", Kind.IMAGE, _one_unless_empty, _is_icon),
    ),
    "meta": (Source("content", Kind.PAGE, _of_refresh, _is_refresh),),
    "img": _images("src", "srcset", *_LAZY),
    "image": _images("src"),  # what parsers make an img of
    "source": _images("srcset", "data-srcset", "data-lazy-srcset"),
    "video": _images("poster", "data-poster"),
    "input": (Source("src", Kind.IMAGE, _one_unless_empty, _is_image_button),),
}
"""Every tag and attribute that names a URL a crawl may want."""


class Said(NamedTuple):
    """What one tag says: about URLs, about what the page's URLs are relative to, about all the page's links."""

    name: str
    attributes: Mapping[str, str]
    mentions: tuple[Mention, ...]
    base: str | None
    is_closing: bool


def find_references(body: bytes, encoding: str, url: URL) -> list[Reference]:
    """Every reference of a page, in the order of its text, fragments cut; `LimitError` beyond the limits.

    `encoding` is the codec that `find_encoding` named, `url` where the page was found.
    """
    text = decode(body, encoding)
    found = _READER.find(text)
    base = next((said.base for said, _, _ in found if said.base is not None), None)
    join = _Joiner(_resolve_base(base, url), encoding).join
    is_closed = any(said.is_closing for said, _, _ in found)
    references: list[Reference] = []
    for (name, attributes, mentions, _, _), _, end in found:
        inner = _anchor_text(text, end) if name == "a" else ""
        for written, kind, attribute, nofollow in mentions:
            closed = nofollow or (is_closed and kind is Kind.PAGE)
            references.append(Reference(join(written), kind, name, attribute, attributes, inner, closed))
        if len(references) > MAX_TAGS:
            raise LimitError(f"more than {MAX_TAGS} references")
    return references


def decode(body: bytes, encoding: str) -> str:
    """A document's text as a parser takes it: faults replaced, line ends made one (section 13.2.3.5)."""
    text = body.decode(encoding, "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def read_tag(element: Tag) -> Said | None:
    """What a tag says, None where that is nothing."""
    name = element.name
    attributes = cast(Mapping[str, str], element.attrs)
    mentions: list[Mention] = []
    for attribute, kind, urls, applies in SOURCES.get(name, ()):
        value = attributes.get(attribute)
        if value is not None and (applies is None or applies(element)):
            nofollow = kind is Kind.PAGE and "rel" in attributes and "nofollow" in _words(element, "rel")
            for written in urls(value):
                mentions.append(Mention(written, kind, attribute, nofollow))
    base = attributes.get("href") if name == "base" else None
    is_closing = name == "meta" and _asks_not_to_follow(element)
    if not mentions and base is None and not is_closing:
        return None
    return Said(name, attributes, tuple(mentions), base, is_closing)


_READER: Final = TagReader({*SOURCES, "base"}, read_tag)


def _asks_not_to_follow(element: Tag) -> bool:
    """Whether a meta element speaks to robots, and asks them not to follow the page's links."""
    directives = _DIRECTIVES.split(_word(element, "content"))
    return _word(element, "name") in _ROBOTS and not {"nofollow", "none"}.isdisjoint(directives)


def _resolve_base(written: str | None, url: URL) -> URL:
    """What the page's URLs are relative to: the first base element's href, where it is usable (section 4.2.3)."""
    if written is None:
        return url
    try:
        base = url.join(written)
    except InvalidURLError:
        return url
    return url if base.scheme in ("data", "javascript") else base


def _anchor_text(text: str, start: int) -> str:
    """The contents of the anchor whose start tag ends here."""
    limit = start + MAX_CONTENTS
    stop = text.find("<", start, limit)
    if not text.startswith("</a>", stop):  # most anchors hold text alone, and end so
        edge = _ANCHOR_EDGE.search(text, start, limit)
        stop = edge.start() if edge else limit
    return contents(text, start, stop)[:MAX_TEXT]


class _Joiner:
    """Joins the URLs of one page, each text once, whatever its fragment."""

    def __init__(self, base: URL, codec: str) -> None:
        self._base = base
        self._codec = codec
        self._known: dict[str, URL | None] = {}

    def join(self, written: str) -> URL | None:
        """The URL that a text means here, None where it means none."""
        key, mark, _ = written.partition("#")
        if mark and key[-1:] <= " ":
            key += mark  # a blank in front of a fragment belongs to the URL, at the end of a text it does not
        if key in self._known:
            return self._known[key]
        try:
            url = self._base.join(encode_query(key, self._codec))
        except InvalidURLError:
            url = None
        self._known[key] = url
        return url
