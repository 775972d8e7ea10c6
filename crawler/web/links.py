"""The references of an HTML page or a style sheet: what they name, relative to what, and what they say beside it.

It knows nothing of scope, nor of what is followed: it says what is written there. Which tags name a URL, in which
attribute, is the table of `sources`. The sections named are those of the HTML standard.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, cast

from bs4 import Tag

from crawler.errors import InvalidURLError, LimitError
from crawler.web.charset import encode_query
from crawler.web.context import Surroundings
from crawler.web.css import find_urls
from crawler.web.jsonld import find_image_urls
from crawler.web.markup import MAX_TAGS, TagReader, raw_end
from crawler.web.reference import Kind, Reference
from crawler.web.robots_tag import NO_AI
from crawler.web.sources import ANYWHERE, BLANKS, MORE_SOURCES, SOURCES, Attributes, Source, word, words
from crawler.web.text import contents, fold
from crawler.web.url import URL

MAX_TEXT: Final = 200
"""How many characters of an anchor's contents are kept."""
MAX_CONTENTS: Final = 2000
"""How much of the markup behind an anchor is looked at for them."""

_ANCHOR_EDGE: Final = re.compile(rf"</?[aA](?=[{BLANKS}/>])")
_NOSCRIPT_END: Final = re.compile(rf"</noscript(?=[{BLANKS}/>])", re.IGNORECASE)
_DIRECTIVES: Final = re.compile(r"[\s,]+")
_ROBOTS: Final = frozenset({"robots", "crawler"})
_HEEDED: Final = NO_AI | {"nofollow"}
_PARTS: Final = frozenset({"figcaption", "figure", "noscript", "picture", "style"})
"""Tags that say something of the images in them, or hold some."""
_APART: Final = frozenset({"body", "html", "link", "meta", "script", "style"})
"""Tags whose images stand at no place among the page's text."""


class Mention(NamedTuple):
    """What a tag says about a URL, whatever page it stands in: the URL as written, fragment and all."""

    written: str
    kind: Kind
    role: str
    attribute: str = ""
    nofollow: bool = False
    width: int | None = None
    density: float | None = None


class Said(NamedTuple):
    """What one tag says: about URLs, about what the page's URLs are relative to, about all the page's links."""

    name: str
    attributes: Attributes
    mentions: tuple[Mention, ...]
    base: str | None
    wishes: frozenset[str] = frozenset()


Found = tuple[Said, int, int]
"""What a tag says, where it begins, and what follows it."""


def find_references(body: bytes, encoding: str, url: URL, *, everything: bool = False) -> list[Reference]:
    """Every reference of a page that a crawl follows, in the order of its text; `LimitError` beyond the limits.

    `encoding` is the codec that `find_encoding` named, `url` where the page was found. Fragments are cut. With
    `everything` also the images named in styles, meta tags and JSON-LD and the style sheets, and what is written about
    each image.
    """
    text = decode(body, encoding)
    found = (_READER_OF_ALL if everything else _READER).find(text)
    base = next((said.base for said, _, _ in found if said.base is not None), None)
    join = _Joiner(_resolve_base(base, url), encoding).join
    wishes = frozenset[str]().union(*(said.wishes for said, _, _ in found if said.wishes))
    is_closed, noai = "nofollow" in wishes, not NO_AI.isdisjoint(wishes)
    if everything:
        return _find_all(text, found, join, is_closed, noai)
    references: list[Reference] = []
    for (name, attributes, mentions, _, _), _, end in found:
        inner = _anchor_text(text, end) if name == "a" else ""
        for written, kind, role, attribute, nofollow, width, density in mentions:
            closed = nofollow or (is_closed and kind is Kind.PAGE)
            references.append(
                Reference(
                    join(written), kind, name, attribute, attributes, inner, closed, role, "", width, density, 0, noai
                )
            )
        if len(references) > MAX_TAGS:
            raise LimitError(f"more than {MAX_TAGS} references")
    return references


def find_style_references(body: bytes, encoding: str, url: URL) -> list[Reference]:
    """The images and the imported style sheets of a style sheet, in the order of its text."""
    join = _Joiner(url, "utf-8").join
    return [
        Reference(join(mention.written), mention.kind, "", "", {}, "", role=mention.role)
        for mention in _of_style_sheet(decode(body, encoding))
    ]


def decode(body: bytes, encoding: str) -> str:
    """A document's text as a parser takes it: faults replaced, line ends made one (section 13.2.3.5)."""
    text = body.decode(encoding, "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd") if "\0" in text else text


class _Places:
    """Where among the parts of a page its tags stand, seen in their order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._noscript_end = 0
        self._read_end = 0
        self._groups = 0
        self._in_picture = False

    def enter(self, said: Said, start: int, end: int) -> Sequence[Mention]:
        """What a tag and its contents mention."""
        name = said.name
        if name == "picture":
            self._groups += 1
            self._in_picture = True
        elif name == "noscript" and start >= self._noscript_end:
            closing = _NOSCRIPT_END.search(self._text, end)
            self._noscript_end = closing.start() if closing else len(self._text)
        elif name in ("style", "script") and start >= self._read_end:
            stop = raw_end(self._text, name, end)
            self._read_end = len(self._text) if stop is None else stop
            part = self._text[end : self._read_end]
            return [*said.mentions, *(_of_style_sheet(part) if name == "style" else _of_linked_data(said, part))]
        return said.mentions

    def group(self, name: str) -> int:
        """The number of the image that a tag belongs to, 0 for none."""
        if name == "source":
            return self._groups if self._in_picture else 0
        if name != "img":
            return 0
        if not self._in_picture:
            self._groups += 1
        self._in_picture = False
        return self._groups

    def in_noscript(self, start: int) -> bool:
        """Whether what stands here is shown where no scripts run."""
        return start < self._noscript_end


def _find_all(
    text: str, found: Sequence[Found], join: Callable[[str], URL | None], closed: bool, noai: bool
) -> list[Reference]:
    """Every reference, those of the tags' contents too, images with what is written about them."""
    places = _Places(text)
    surroundings = Surroundings(
        text, [(said.name, end) for said, _, end in found if said.name in ("figure", "figcaption")]
    )
    references: list[Reference] = []
    for said, start, end in found:
        name, attributes = said.name, said.attributes
        mentions = places.enter(said, start, end)
        group = places.group(name)
        inner = _anchor_text(text, end) if name == "a" and mentions else ""
        has_image = name not in _APART and any(mention.kind is Kind.IMAGE for mention in mentions)
        context, caption = (surroundings.around(start, end), surroundings.caption(start)) if has_image else ("", "")
        for written, kind, role, attribute, nofollow, width, density in mentions:
            reference = Reference(
                join(written),
                kind,
                name,
                attribute,
                attributes,
                inner,
                nofollow or (closed and kind is Kind.PAGE),
                role,
            )
            if kind is Kind.IMAGE:
                part = "noscript" if places.in_noscript(start) else role
                reference = reference._replace(
                    role=part, context=context, width=width, density=density, group=group, noai=noai, caption=caption
                )
            references.append(reference)
        if len(references) > MAX_TAGS:
            raise LimitError(f"more than {MAX_TAGS} references")
    return references


def _of_style_sheet(text: str) -> list[Mention]:
    return [
        Mention(url.text, Kind.STYLE, "style") if url.is_import else Mention(url.text, Kind.IMAGE, "css")
        for url in find_urls(text)
    ]


def _of_linked_data(said: Said, text: str) -> list[Mention]:
    if not _is_linked_data(said.attributes):
        return []
    return [Mention(url, Kind.IMAGE, "jsonld") for url in find_image_urls(text)]


def _is_linked_data(attributes: Attributes) -> bool:
    return word(attributes, "type").partition(";")[0].rstrip(BLANKS) == "application/ld+json"


def read_tag(element: Tag) -> Said | None:
    """What a tag says that a crawl follows, None where that is nothing."""
    name = element.name
    attributes = cast(Attributes, element.attrs)
    mentions = _mentions(attributes, SOURCES.get(name, ()))
    base = attributes.get("href") if name == "base" else None
    wishes = _wishes(attributes) if name == "meta" else frozenset[str]()
    if not mentions and base is None and not wishes:
        return None
    return Said(name, attributes, mentions, base, wishes)


def read_all_of_tag(element: Tag) -> Said | None:
    """What a tag says of anything, None where that is nothing."""
    name = element.name
    attributes = cast(Attributes, element.attrs)
    mentions = (*_mentions(attributes, MORE_SOURCES.get(name, ())), *_mentions(attributes, ANYWHERE))
    base = attributes.get("href") if name == "base" else None
    wishes = _wishes(attributes) if name == "meta" else frozenset[str]()
    is_part = name in _PARTS or (name == "script" and _is_linked_data(attributes))
    if not mentions and base is None and not wishes and not is_part:
        return None
    return Said(name, attributes, mentions, base, wishes)


def _mentions(attributes: Attributes, sources: Iterable[Source]) -> tuple[Mention, ...]:
    """The URLs that a tag's attributes name."""
    mentions: list[Mention] = []
    for attribute, kind, role, urls, applies in sources:
        value = attributes.get(attribute)
        if value is not None and (applies is None or applies(attributes)):
            nofollow = kind is Kind.PAGE and "rel" in attributes and "nofollow" in words(attributes, "rel")
            for written, width, density in urls(value):
                mentions.append(Mention(written, kind, role, attribute, nofollow, width, density))
    return tuple(mentions)


_READER: Final = TagReader({*SOURCES, "base"}, read_tag)
_READER_OF_ALL: Final = TagReader(
    {*MORE_SOURCES, *_PARTS, "base", "script"}, read_all_of_tag, {source.attribute for source in ANYWHERE}
)


def _wishes(attributes: Attributes) -> frozenset[str]:
    """What a meta element asks of robots that is heeded here: not to follow links, not to learn from images."""
    if word(attributes, "name") not in _ROBOTS:
        return frozenset()
    directives = set(_DIRECTIVES.split(word(attributes, "content")))
    return frozenset((directives | {"nofollow"} if "none" in directives else directives) & _HEEDED)


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
    if text.startswith("</a>", stop):  # most anchors hold text alone, and end so
        return fold(text[start:stop])[:MAX_TEXT]
    edge = _ANCHOR_EDGE.search(text, start, limit)
    return contents(text, start, edge.start() if edge else limit)[:MAX_TEXT]


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
