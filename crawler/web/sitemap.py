"""The URLs in a sitemap (sitemaps.org), a list of URLs, an RSS or Atom feed; it knows nothing of which are followed.

It parses no XML: one pattern looks for the tags that matter, and what it has looked at it has eaten, so each byte is
looked at a few times at the most. A document type declaration is passed over with all that it declares; of entities
only the five of XML and those by number stand for anything, each for one character. So there is nothing to expand and
nothing to fetch; namespaces may be missing or misspelt; and what is cut short or broken gives what was whole in it,
and says so. Every bound that bites is named.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from crawler.errors import InvalidURLError
from crawler.web.charset import codec_of_encoding, encoding_of_label
from crawler.web.gunzip import GZIP, gunzip
from crawler.web.url import URL

MAX_ENTRIES: Final = 50_000
"""How many pages and sitemaps one sitemap may name (sitemaps.org)."""
MAX_SIZE: Final = 52_428_800
"""How many bytes of one are read, decompressed (sitemaps.org: 50 MB)."""
MAX_IMAGES: Final = 100_000
"""How many images one may name; search engines take a thousand of each page."""
MAX_TAGS: Final = 1_000_000
"""How many tags that matter, comments and declarations are looked at; the largest sitemaps have half of it."""
MAX_TEXT: Final = 16_384
"""How long the text or the attributes of one tag may be; a location of sitemaps.org has 2,048 characters."""
FIRST: Final = 4096
"""How many first bytes tell whether a document is a sitemap."""

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_DECLARED: Final = re.compile(rb"\s*+<\?xml[^>]{1,200}?\sencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")

# Each of these eats what it has looked at, also where the text ends too soon.
_QUOTED: Final = rb"\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)"
_COMMENT: Final = rb"!--.*?(?:-->|\Z)"
_SECTION: Final = rb"!\[CDATA\[.*?(?:\]\]>|\Z)"
_INSTRUCTION: Final = rb"\?.*?(?:\?>|\Z)"
_DOCTYPE: Final = (
    rb"!DOCTYPE(?:[^\[>\"']++|" + _QUOTED + rb")*+"
    rb"(?:\[(?:[^\]<\"']++|" + _QUOTED + rb"|<(?:" + _COMMENT + rb"|" + _INSTRUCTION + rb")?+)*+)?+[^>]*+"
)
_ATTRIBUTES: Final = rb"(?:[^<>\"']++|\"[^\"<]*+\"?|'[^'<]*+'?)*+"
_TEXT: Final = rb"[^<]*+(?:<(?:" + _COMMENT + rb"|" + _SECTION + rb")[^<]*+)*+"

_ATTRIBUTE: Final = re.compile(rb"([^\s=/\"'>]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'))?+")
_PART: Final = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[(.*?)(?:\]\]>|\Z)|([^<]++)", re.DOTALL)
_REFERENCE: Final = re.compile(r"&(?:#[xX]0*+([0-9a-fA-F]{1,6}+)|#0*+([0-9]{1,7}+)|([A-Za-z_][\w.-]*+));")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_LINE: Final = re.compile(rb"[\r\n][ \t]*+(https?://[^\r\n]*+)", re.IGNORECASE)


class Entry(NamedTuple):
    """A URL and what is said of it, as it stands there: when it changed, and its priority among its site's."""

    url: URL
    modified: str | None = None
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap names, each URL once, in its order; `flaws` says what bound it, or where it is broken."""

    pages: tuple[Entry, ...] = ()
    sitemaps: tuple[Entry, ...] = ()
    images: tuple[URL, ...] = ()
    flaws: tuple[str, ...] = ()


def parse_sitemap(body: bytes, url: URL, declared: str | None = None) -> Sitemap:
    """The sitemap in these bytes, whatever they are; `declared` is the charset that a header gave it.

    Locations are resolved against `url`, that of the sitemap, and may be on any host: for which hosts this sitemap can
    speak is not decided here. What can never be asked for (no URL, not http) is left out.
    """
    found = _Found(url)
    try:
        if body.startswith(GZIP):
            body, flaw = gunzip(body, MAX_SIZE)
            found.flaws += [flaw] if flaw else []
        elif len(body) > MAX_SIZE:
            body = body[:MAX_SIZE]
            found.flaws.append(f"more than {MAX_SIZE} bytes")
        body = _as_utf_8(body, declared)
        root = _find_root(body)
        if root is not None:
            read = _read_locations if root.name in _ADD else _read_feed
            read(root, _scan(body, root, found), found)
        elif not body[:FIRST].lstrip().startswith(b"<"):
            _read_lines(body, found)
        if root is None and not found.pages:
            found.flaws.append("neither a sitemap nor a list of URLs")
    except _FullError:
        pass
    return Sitemap(tuple(found.pages.values()), tuple(found.sitemaps.values()), tuple(found.images), tuple(found.flaws))


def looks_like_sitemap(first: bytes, media_type: str = "") -> bool:
    """Whether a document that begins so is a sitemap or a feed, and not other XML; of a list of URLs nobody can tell.

    No more than `FIRST` bytes are looked at.
    """
    if media_type in ("application/rss+xml", "application/atom+xml"):
        return True
    if first.startswith(GZIP):
        first, _ = gunzip(first, FIRST)
    return _find_root(_as_utf_8(first[:FIRST], None)) is not None


class _FullError(Exception):
    """A bound is reached: nothing more is read."""


class _Found:
    """What has been found so far, within the bounds."""

    def __init__(self, base: URL) -> None:
        self.base = base
        self.pages: dict[URL, Entry] = {}
        self.sitemaps: dict[URL, Entry] = {}
        self.images: dict[URL, None] = {}
        self.flaws: list[str] = []
        self._entries = 0
        self._images = 0

    def add(self, where: str, text: str, notes: Mapping[bytes, str]) -> None:
        """Add a page or a sitemap."""
        self._entries += bool(text)
        if self._entries > MAX_ENTRIES:
            self.stop(f"more than {MAX_ENTRIES} entries")
        entries = self.pages if where == "pages" else self.sitemaps
        url = self.url(text)
        if url is not None and url not in entries:
            entries[url] = Entry(url, notes.get(b"lastmod") or None, notes.get(b"priority") or None)

    def add_image(self, text: str) -> None:
        """Add an image."""
        self._images += 1
        if self._images > MAX_IMAGES:
            self.stop(f"more than {MAX_IMAGES} images")
        url = self.url(text)
        if url is not None:
            self.images[url] = None

    def stop(self, flaw: str) -> NoReturn:
        """Read no more, for this reason."""
        self.flaws.append(flaw)
        raise _FullError

    def url(self, text: str) -> URL | None:
        """What a location leads to, None where that can never be asked for."""
        try:
            url = self.base.join(text) if text else None
        except InvalidURLError:
            return None
        return url if url is not None and url.is_http else None


class _Tag(NamedTuple):
    """A tag: slash and prefix, name in lower case, attributes, the text behind it, and where that ends."""

    slash: bytes
    prefix: bytes
    name: bytes
    attributes: bytes
    text: bytes
    end: int

    @property
    def is_empty(self) -> bool:
        """Whether the tag is its element's end as well."""
        return self.attributes.endswith(b"/")


def _tags(*names: str) -> re.Pattern[bytes]:
    """What finds the tags of these names, in any namespace and case, and passes over what is none."""
    return re.compile(
        rb"<(?:" + rb"|".join((_COMMENT, _SECTION, _INSTRUCTION, _DOCTYPE)) + rb"|"
        rb"(/?)(?:([a-z_][\w.-]*+):)?+(" + "|".join(names).encode() + rb")(?=[\s/>])"
        rb"(" + _ATTRIBUTES + rb")>(" + _TEXT + rb"))",
        re.DOTALL | re.IGNORECASE,
    )


_ADD: Final = {b"urlset": "pages", b"url": "pages", b"sitemapindex": "sitemaps", b"sitemap": "sitemaps"}
"""What a location inside these elements is."""
_DATES: Final = frozenset({b"pubdate", b"date", b"updated"})
_ROOTS: Final = _tags("urlset", "sitemapindex", "rss", "rdf", "feed", "html")
_SITEMAP_TAGS: Final = _tags("urlset", "sitemapindex", "url", "sitemap", "image", "loc", "lastmod", "priority")
_FEED_TAGS: Final = _tags(
    "rss", "rdf", "feed", "item", "entry", "link", "guid", "enclosure", "image", "url", "pubDate", "date", "updated"
)


def _as_utf_8(body: bytes, declared: str | None) -> bytes:
    """The same text in UTF-8, without its mark: by that mark, the header, the XML declaration (RFC 7303 section 3)."""
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return body.decode(codec, "replace").removeprefix("\ufeff").encode() if codec != "utf-8" else body[3:]
    name = encoding_of_label(declared) if declared else None
    if name is None and (said := _DECLARED.match(body)):
        name = encoding_of_label(said[1].decode("ascii"))
    # What could be read so far is not in UTF-16, whatever it says.
    if name is None or name in ("UTF-8", "UTF-16LE", "UTF-16BE"):
        return body
    return body.decode(codec_of_encoding(name), "replace").encode()


def _find_root(body: bytes) -> _Tag | None:
    """The first tag that a sitemap or a feed begins with, whatever stands before it; None where HTML begins first."""
    found = next((tag for tag in map(_tag, _ROOTS.finditer(body)) if tag is not None), None)
    return found if found is not None and found.name != b"html" and not found.slash else None


def _tag(match: re.Match[bytes]) -> _Tag | None:
    """The tag, None where comments and the like were passed over.

    Of its attributes and its text nothing is kept that is too long; nor is a text that the end may have cut off.
    """
    slash, prefix, name, attributes, text = match.groups()
    if name is None:
        return None
    if len(text) > MAX_TEXT or match.end() == len(match.string):
        text = b""
    if len(attributes) > MAX_TEXT:
        attributes = b""
    return _Tag(slash, (prefix or b"").lower(), name.lower(), attributes, text, match.end())


def _scan(body: bytes, root: _Tag, found: _Found) -> Iterator[_Tag]:
    """The tags between that of the root and its end tag."""
    if root.is_empty:
        return
    tags = _SITEMAP_TAGS if root.name in _ADD else _FEED_TAGS
    for number, match in enumerate(tags.finditer(body, root.end), 1):
        if number > MAX_TAGS:
            found.stop(f"more than {MAX_TAGS} tags")
        tag = _tag(match)
        if tag is not None:
            if tag.slash and tag.name == root.name:
                return
            yield tag
    found.flaws.append(f"cut short: its {root.name.decode()} does not end")


def _read_locations(root: _Tag, tags: Iterator[_Tag], found: _Found) -> None:
    """A urlset or a sitemapindex, also one that mixes both."""
    where = _ADD[root.name]
    said: dict[bytes, str] = {}
    in_image = False
    for tag in tags:
        name = tag.name
        if name in _ADD:
            found.add(where, said.get(b"loc", ""), said)
            said, in_image = {}, False
            where = where if tag.slash else _ADD[name]
        elif name == b"image":
            in_image = not (tag.slash or tag.is_empty)
        elif tag.slash:
            continue
        elif name == b"loc" and (in_image or tag.prefix == b"image"):
            found.add_image(_spell(tag.text))
        else:
            if name == b"loc" and name in said:  # entries that nothing separates
                found.add(where, said[name], said)
                said = {}
            said[name] = _spell(tag.text)
    found.add(where, said.get(b"loc", ""), said)


def _read_feed(root: _Tag, tags: Iterator[_Tag], found: _Found) -> None:
    """RSS (0.9 to 2.0) or Atom (RFC 4287): the links of the feed and its items, and what is enclosed."""
    found.base = found.url(_attributes(root).get("xml:base", "")) or found.base
    links: list[str] = []
    said: dict[bytes, str] = {}
    in_image = False
    for tag in tags:
        name = tag.name
        if name in (b"item", b"entry"):
            _add_item(links, said, found)
            links, said = [], {}
        elif name == b"image":
            in_image = not (tag.slash or tag.is_empty)
        elif tag.slash:
            continue
        elif name in _DATES:
            said.setdefault(b"lastmod", _spell(tag.text))
        elif name == b"url":
            if in_image:
                found.add_image(_spell(tag.text))
        elif name == b"guid":
            said[name] = _spell(tag.text) if _attributes(tag).get("ispermalink") != "false" else ""
        else:
            links += _links(tag, found)
    _add_item(links, said, found)


def _links(tag: _Tag, found: _Found) -> list[str]:
    """The pages that a link or an enclosure leads to."""
    attributes = _attributes(tag)
    role = attributes.get("rel", "alternate") if tag.name == b"link" else "enclosure"
    written = attributes.get("href") or attributes.get("url") or (_spell(tag.text) if role == "alternate" else "")
    if not written or role not in ("alternate", "enclosure"):
        return []
    if role == "enclosure" and attributes.get("type", "").startswith("image/"):
        found.add_image(written)
        return []
    return [written]


def _add_item(links: list[str], said: Mapping[bytes, str], found: _Found) -> None:
    """The links of an item; where it has none, its guid, which is one too unless it says otherwise (RSS 2.0)."""
    guid = said.get(b"guid", "")
    for link in links or ([guid] if guid.startswith(("http://", "https://")) else []):
        found.add("pages", link, said)


def _read_lines(body: bytes, found: _Found) -> None:
    """A list of URLs, one a line (sitemaps.org, "Text file"); what is none is passed over."""
    if found.flaws:  # its last line may be cut
        body = body.rpartition(b"\n")[0]
    for line in _LINE.finditer(b"\n" + body):
        if len(line[1]) <= MAX_TEXT:
            found.add("pages", line[1].decode("utf-8", "replace").strip(), {})


def _attributes(tag: _Tag) -> dict[str, str]:
    return {
        name.decode("utf-8", "replace").lower(): _replace((double or single).decode("utf-8", "replace")).strip()
        for name, double, single in _ATTRIBUTE.findall(tag.attributes)
    }


def _spell(text: bytes) -> str:
    """The text of an element: references replaced, CDATA as it is, no comments, no blanks around it."""
    whole = text.decode("utf-8", "replace")
    if "<" in whole:
        return "".join(part[1] or _replace(part[2] or "") for part in _PART.finditer(whole)).strip()
    return _replace(whole).strip()


def _replace(text: str) -> str:
    """A text without references: an entity that XML does not have stands for nothing, a bare `&` for itself."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return _ENTITIES.get(name, "")
    number = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else "\ufffd"
