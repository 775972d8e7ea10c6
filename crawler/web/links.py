"""The references of an HTML page or a style sheet: what they name, relative to what, and what they say beside it.

It knows nothing of scope, nor of what is followed: it says what is written there. Which tags name a URL, in which
attribute, is the table of `sources`. The sections named are those of the HTML standard.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, cast

from bs4 import Tag

from crawler.errors import InvalidURLError, LimitError
from crawler.web.context import Surroundings
from crawler.web.css import find_urls
from crawler.web.glance import MAX_CONTENTS, inner
from crawler.web.joiner import MAX_KNOWN_TAG, Joiner, Joiners
from crawler.web.jsonld import find_image_urls
from crawler.web.markup import TagReader
from crawler.web.reference import Kind, Reference
from crawler.web.refresh import parse_refresh
from crawler.web.robots_tag import NO_AI
from crawler.web.sources import ANYWHERE, BLANKS, MORE_SOURCES, SOURCES, Attributes, Source, word, words
from crawler.web.tags import MAX_TAGS, RAW, raw_end
from crawler.web.text import contents
from crawler.web.url import URL

MAX_TEXT: Final = 200
"""How many characters of an anchor's contents are kept."""
MAX_KNOWN: Final = 5_000
"""How many tags are remembered from one page to the next where everything is looked for."""
_NOSCRIPT_END: Final = re.compile(rf"</noscript(?=[{BLANKS}/>])", re.IGNORECASE)
_CLOSED: Final = re.compile(rf"<(({'|'.join(sorted(RAW))})(?=[{BLANKS}/])[^<>]*+)(?<=/)>")
_DIRECTIVES: Final = re.compile(r"[\s,]+")
_ROBOTS: Final = frozenset({"robots", "crawler"})
_HEEDED: Final = NO_AI | {"nofollow"}
_RULERS: Final = frozenset({"base", "meta"})
"""Tags that may say something of all the page's URLs."""
_PARTS: Final = frozenset({"figcaption", "figure", "noscript", "picture", "style"})
"""Tags that say something of the images in them, or hold some."""
_APART: Final = frozenset({"body", "html", "link", "meta", "script", "style"})
"""Tags whose images stand at no place among the page's text."""


NOTHING: Final = frozenset[str]()


Mention = tuple[str, Kind, str, str, bool, int | None, float | None]
"""What a tag says about a URL, whatever page it stands in.

The URL as written, fragment and all, and what becomes of the reference's `kind`, `role`, `attribute`, `nofollow`,
`width` and `density`; a plain tuple, as a page has hundreds.
"""


class Said(NamedTuple):
    """What one tag says: about URLs, about what the page's URLs are relative to, about all the page's links."""

    name: str
    attributes: Attributes
    mentions: Sequence[Mention]
    base: str | None
    wishes: frozenset[str]


Found = tuple[Said, int, int]
"""What a tag says, where it begins, and what follows it."""


def find_references(
    body: bytes, encoding: str, url: URL, *, everything: bool = False, is_xml: bool = False
) -> list[Reference]:
    """Every reference of a page that a crawl follows, in its order; `LimitError` where that takes too much work.

    Of more than `MAX_TAGS` the last may be missing. `encoding` is the codec that `find_encoding` named, `url` where the
    page was found. Fragments are cut. With `everything` also the images named in styles, meta tags and JSON-LD and the
    style sheets, and what is written about each image. `is_xml` is whether it came as XHTML: there a tag that closes
    itself is an empty element, a script too.
    """
    text = decode(body, encoding)
    if is_xml:
        text = _CLOSED.sub(r"<\1></\2>", text)
    if everything:
        return _find_all(text, _READER_OF_ALL.locate(text, _SAID.read, _SAID.known), encoding, url)
    page = _Page(_JOINERS.of(url, encoding))
    references = page.find(text)
    base = _resolve_base(page.base, url)
    if base is not url:
        page = _Page(_JOINERS.of(base, encoding))
        references = page.find(text)
    is_closed, noai = _closed(page.wishes)
    if is_closed or noai:
        return [
            one._replace(nofollow=one.nofollow or (is_closed and one.kind is Kind.PAGE), noai=noai)
            for one in references
        ]
    return references


class _Page:
    """The reading of a page for what a crawl follows: what it says itself of its links comes to light on the way."""

    def __init__(self, joiner: Joiner) -> None:
        self.base: str | None = None
        self.wishes = NOTHING
        self._joiner = joiner
        self._many = 0

    def find(self, text: str) -> list[Reference]:
        return _READER.find(text, self.read, self._joiner.folder.ready, self._joiner.origin.ready)

    def read(self, key: str, element: Tag, markup: str) -> Sequence[Reference]:
        """The references of a tag; one that comes to the same on other pages is remembered."""
        joiner, name = self._joiner, element.name
        attributes = cast(Attributes, element.attrs)
        text = contents(markup, 0, MAX_CONTENTS)[:MAX_TEXT] if markup else ""
        place = joiner.origin
        made: list[Reference] = []
        for written, kind, role, attribute, nofollow, width, density in _mentions(attributes, SOURCES.get(name, ())):
            if written[:1] == "#":
                place = joiner.page
                url: URL | None = joiner.base
            else:
                place = joiner.place(written)
                url = place.join(written)
            made.append(Reference(url, kind, name, attribute, attributes, text, nofollow, role, "", width, density))
        if name in _RULERS:
            self._heed(name, attributes)
        elif len(made) > 1:
            self._many += len(made)
            if self._many > MAX_TAGS:
                raise LimitError(f"more than {MAX_TAGS} references")
        elif place is not joiner.page:
            _JOINERS.remember(place, key, made)
        return made

    def _heed(self, name: str, attributes: Attributes) -> None:
        """What a tag says of all the page's URLs; of several base elements the first that has a href counts."""
        self.wishes |= _wishes(name, attributes)
        if name == "base" and self.base is None:
            self.base = attributes.get("href")


class _Memory:
    """What tags said, remembered by their text."""

    def __init__(self) -> None:
        self.known: dict[str, Sequence[Said]] = {}

    def read(self, key: str, element: Tag, _: str) -> Sequence[Said]:
        """What a tag says of anything."""
        name = element.name
        attributes = cast(Attributes, element.attrs)
        mentions = [*_mentions(attributes, MORE_SOURCES.get(name, ())), *_mentions(attributes, ANYWHERE)]
        base = attributes.get("href") if name == "base" else None
        wishes = _wishes(name, attributes)
        is_part = name in _PARTS or (name == "script" and _is_linked_data(attributes))
        said: Sequence[Said] = ()
        if mentions or base is not None or wishes or is_part:
            said = (Said(name, attributes, mentions, base, wishes),)
        if len(key) <= MAX_KNOWN_TAG:
            if len(self.known) >= MAX_KNOWN:
                self.known = {}  # and not cleared: other threads may be reading
            self.known[key] = said
        return said


def _closed(wishes: frozenset[str]) -> tuple[bool, bool]:
    """Whether a page asks that its links are not followed, and that nothing is learnt from its images."""
    return "nofollow" in wishes, not NO_AI.isdisjoint(wishes)


def find_style_references(body: bytes, encoding: str, url: URL) -> list[Reference]:
    """The images and the imported style sheets of a style sheet, in the order of its text."""
    join = _JOINERS.of(url, "utf-8").join
    return [
        Reference(join(written), kind, "", "", {}, "", role=role)
        for written, kind, role, *_ in _of_style_sheet(decode(body, encoding))
    ]


def find_refresh(header: str, url: URL) -> list[Reference]:
    """Where a Refresh field of the answer leads, as a meta element of that name would."""
    refresh = parse_refresh(header)
    if refresh is None or not refresh[1]:
        return []
    return [Reference(_JOINERS.of(url, "utf-8").join(refresh[1]), Kind.PAGE, "", "refresh", {"refresh": header}, "")]


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


def _find_all(text: str, found: Sequence[Found], encoding: str, url: URL) -> list[Reference]:
    """Every reference, those of the tags' contents too, images with what is written about them."""
    base = next((said.base for said, _, _ in found if said.base is not None), None)
    join = _JOINERS.of(_resolve_base(base, url), encoding).join
    closed, noai = _closed(NOTHING.union(*(said.wishes for said, _, _ in found if said.wishes)))
    places = _Places(text)
    surroundings = Surroundings(
        text, [(said.name, end) for said, _, end in found if said.name in ("figure", "figcaption")]
    )
    references: list[Reference] = []
    for said, start, end in found:
        name, attributes = said.name, said.attributes
        mentions = places.enter(said, start, end)
        group = places.group(name)
        shown = contents(inner(text, end), 0, MAX_CONTENTS)[:MAX_TEXT] if name == "a" and mentions else ""
        has_image = name not in _APART and any(mention[1] is Kind.IMAGE for mention in mentions)
        context, caption = (surroundings.around(start, end), surroundings.caption(start)) if has_image else ("", "")
        for written, kind, role, attribute, nofollow, width, density in mentions:
            reference = Reference(
                join(written),
                kind,
                name,
                attribute,
                attributes,
                shown,
                nofollow or (closed and kind is Kind.PAGE),
                role,
                noai=noai,
            )
            if kind is Kind.IMAGE:
                part = "noscript" if places.in_noscript(start) else role
                reference = reference._replace(
                    role=part, context=context, width=width, density=density, group=group, caption=caption
                )
            references.append(reference)
        if len(references) > MAX_TAGS:
            raise LimitError(f"more than {MAX_TAGS} references")
    return references


def _of_style_sheet(text: str) -> list[Mention]:
    return [
        (url.text, *((Kind.STYLE, "style") if url.is_import else (Kind.IMAGE, "css")), "", False, None, None)
        for url in find_urls(text)
    ]


def _of_linked_data(said: Said, text: str) -> list[Mention]:
    if not _is_linked_data(said.attributes):
        return []
    return [(url, Kind.IMAGE, "jsonld", "", False, None, None) for url in find_image_urls(text)]


def _is_linked_data(attributes: Attributes) -> bool:
    return word(attributes, "type").partition(";")[0].rstrip(BLANKS) == "application/ld+json"


def _mentions(attributes: Attributes, sources: Iterable[Source]) -> list[Mention]:
    """The URLs that a tag's attributes name."""
    mentions: list[Mention] = []
    for attribute, kind, role, urls, applies in sources:
        value = attributes.get(attribute)
        if value is None or (applies is not None and not applies(attributes)):
            continue
        nofollow = "rel" in attributes and kind is Kind.PAGE and "nofollow" in words(attributes, "rel")
        if urls is None:
            mentions.append((value, kind, role, attribute, nofollow, None, None))
        else:
            mentions += [
                (written, kind, role, attribute, nofollow, width, density) for written, width, density in urls(value)
            ]
    return mentions


_JOINERS: Final = Joiners()
_READER: Final = TagReader({*SOURCES, *_RULERS})
_READER_OF_ALL: Final = TagReader(
    {*MORE_SOURCES, *_PARTS, *_RULERS, "script"}, {source.attribute for source in ANYWHERE}
)
_SAID: Final = _Memory()


def _wishes(name: str, attributes: Attributes) -> frozenset[str]:
    """What a meta element asks of robots that is heeded here: not to follow links, not to learn from images."""
    if name != "meta" or word(attributes, "name") not in _ROBOTS:
        return NOTHING
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
