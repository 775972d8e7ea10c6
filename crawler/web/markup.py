"""The tags of an HTML text as BeautifulSoup elements, and what each of them says; it knows nothing of links.

BeautifulSoup is asked for elements through its own seam, a `TreeBuilder`; ours builds no tree, only an element of each
tag that was asked for and is not remembered: tags repeat within a site. Where they stand say `glance` and `tags`.
"""

import re
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, Final, Generic, TypeVar, cast

from bs4 import BeautifulSoup, Tag
from bs4.builder import TreeBuilder

from crawler.errors import LimitError
from crawler.web.glance import Glance
from crawler.web.tags import ATTRIBUTE, TAG_NAME, Walk, Wanted
from crawler.web.text import decode_references

MAX_ATTRIBUTES: Final = 1_000_000
"""How many attributes the tags that were asked for, and were not known, may have together."""
MAX_KNOWN: Final = 5_000
"""How many tags a reader remembers from one text to the next, once it has met them twice."""
MAX_MET: Final = 20_000
"""How many tags a reader knows to have met."""
MAX_KNOWN_TAG: Final = 500
"""How long a tag, or an anchor with its contents, may be to be remembered."""
MAX_SHAPES: Final = 1_000
"""How many shapes of tags a reader remembers: what stands around the values."""
MAX_PLAIN: Final = 30
"""How many attributes a tag has that is read by its shape."""

_NAME: Final = re.compile(TAG_NAME)
# What stands around the values of most tags: names in small letters, and quotes.
_PLAIN_SHAPE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9]*+(?:[ \n]++[a-z-]++=\"\")*+[ \n]*+/?")
_PLAIN_NAME: Final = re.compile(r"[ \n]([a-z-]++)=\"\"")

T = TypeVar("T")
Shape = tuple[str, tuple[str, ...]]
"""A tag's name, and those of its attributes in their order."""


class TagBuilder(TreeBuilder):
    """BeautifulSoup's way in: makes an element of one start tag, and no tree."""

    def __init__(self) -> None:
        super().__init__(multi_valued_attributes={}, store_line_numbers=False)
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._make: Callable[..., Tag] = Tag

    def initialize_soup(self, soup: BeautifulSoup) -> None:
        """The elements are of the class that the soup has for them."""
        super().initialize_soup(soup)
        self._make = cast(Callable[..., Tag], soup.element_classes[Tag])

    def feed(self, markup: str | bytes) -> None:
        """Nothing: what there is comes tag by tag, to `element`."""

    def plain(self, tag: str) -> Tag | None:
        """The element of a start tag, which comes without its `<` and `>`; None where it is to be read by its letters.

        That it is plain proves that it ends where it does, in no quoted value.
        """
        parts = tag.split('"')
        shape = self._shapes.get(key := tuple(parts[::2])) or self._learn(key)
        if shape is None:
            return None
        name, names = shape
        attributes = dict(zip(names, parts[1::2]))  # noqa: B905
        if "&" in tag:
            attributes = {attribute: decode_references(value) for attribute, value in attributes.items()}
        return self._make(None, self, name, None, None, attributes)

    def any(self, tag: str, most: int) -> tuple[Tag, int]:
        """The same of any tag, and how many attributes were written; `LimitError` beyond `most`."""
        match = _NAME.match(tag)
        assert match is not None
        written = [match.groups("") for match in islice(ATTRIBUTE.finditer(tag + ">", match.end()), most + 1)]
        if len(written) > most:
            raise LimitError(f"more than {MAX_ATTRIBUTES} attributes")
        attributes: dict[str, str] = {}
        for attribute, double, single, bare in written:  # the first of two equal ones counts
            attributes.setdefault(attribute.lower(), double or single or bare)
        if "&" in tag:
            attributes = {attribute: decode_references(value) for attribute, value in attributes.items()}
        return self._make(None, self, match[0].lower(), None, None, attributes), len(written)

    def _learn(self, key: tuple[str, ...]) -> Shape | None:
        """What a tag is that has these parts around its values, None where they need not be around values."""
        if len(key) > MAX_PLAIN + 1:
            return None
        around = '""'.join(key)
        names = tuple(_PLAIN_NAME.findall(around))
        if not _PLAIN_SHAPE.fullmatch(around) or len(set(names)) < len(names):
            return None
        shape = around[: len(key[0]) if not names else key[0].index(names[0])].strip(" \n/").lower(), names
        if len(self._shapes) < MAX_SHAPES:
            self._shapes[key] = shape
        return shape


class _LeanTag(Tag):
    """An element that is part of no tree: a name and attributes, made in a fifth of the time."""

    def __init__(self, parser: Any, builder: Any, name: str, namespace: Any, prefix: Any, attrs: Any) -> None:
        self.name = name
        self.attrs = attrs


class TagReader(Generic[T]):
    """Reads all tags of some names, or with some attributes: what `read` makes of each, None where it says nothing.

    What is met twice is remembered, up to a bound.
    """

    def __init__(
        self, names: Collection[str], read: Callable[[Tag, str], T | None], attributes: Collection[str] = ()
    ) -> None:
        self._wanted = Wanted(names, attributes)
        self._glance = Glance(names)
        self._read = read
        self._known: dict[str, tuple[T, ...]] = {}
        self._met: set[str] = set()
        self._builder = TagBuilder()
        soup = BeautifulSoup("", builder=self._builder, element_classes={Tag: _LeanTag})
        self._builder.initialize_soup(soup)  # which has let go of its builder, as of one whose document has ended

    def find(self, text: str) -> list[T]:
        """What each tag of the names came to, with the markup in it where it is an anchor; no others are looked for.

        `LimitError` beyond the limits.
        """
        reading = self._begin()
        return self._glance.find(text, reading.known, reading.learn, reading.read)

    def locate(self, text: str) -> list[tuple[T, int, int]]:
        """What each tag came to, where it begins, and what follows it; `LimitError` beyond the limits."""
        reading = self._begin()
        found = []
        for tag, start, end in Walk(self._wanted, text).through():
            values = reading.known.get(tag)
            if values is None:
                values = reading.learn(tag, tag[1:-1], "")
            if values is None:
                values = reading.read(tag, tag[1:-1], "")
            found += [(value, start, end) for value in values]
        return found

    def _begin(self) -> "_Reading[T]":
        if len(self._known) >= MAX_KNOWN:
            self._known = {}  # and not cleared: other threads may be reading
        if len(self._met) >= MAX_MET:
            self._met = set()
        return _Reading(self._builder, self._read, self._known, self._met)


class _Reading(Generic[T]):
    """The reading of one text: what a reader remembers, and how many attributes the text may still have."""

    def __init__(
        self, builder: TagBuilder, read: Callable[[Tag, str], T | None], known: dict[str, tuple[T, ...]], met: set[str]
    ) -> None:
        self.known = known
        self._met = met
        self._builder = builder
        self._read = read
        self._attributes_left = MAX_ATTRIBUTES

    def learn(self, key: str, tag: str, contents: str) -> tuple[T, ...] | None:
        """What a plain tag comes to, to be known by this text; None where it is not plain."""
        element = self._builder.plain(tag)
        return self._remember(key, self._read(element, contents)) if element is not None else None

    def read(self, key: str, tag: str, contents: str) -> tuple[T, ...]:
        """What any tag comes to, to be known by this text, unless that is empty."""
        element, written = self._builder.any(tag, self._attributes_left)
        self._attributes_left -= written
        return self._remember(key, self._read(element, contents))

    def _remember(self, key: str, value: T | None) -> tuple[T, ...]:
        values = () if value is None else (value,)
        if key in self._met:
            if len(self.known) < MAX_KNOWN:
                self.known[key] = values
        elif key and len(key) <= MAX_KNOWN_TAG:
            self._met.add(key)
        return values
