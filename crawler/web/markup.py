"""The tags of an HTML text as BeautifulSoup elements, and what each of them says; it knows nothing of links.

BeautifulSoup is asked for elements through its own seam, a `TreeBuilder`; ours builds no tree, only an element of each
tag that was asked for and is not remembered: tags repeat within a site. Where they stand say `glance` and `tags`.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count, islice
from typing import Any, Final, TypeVar, cast

from bs4 import BeautifulSoup, Tag
from bs4.builder import TreeBuilder

from crawler.errors import LimitError
from crawler.web.glance import APART_BEGINNINGS, Offsets, inner, is_outside, parting
from crawler.web.tags import ATTRIBUTE, MAX_STEPS, MAX_TAGS, TAG_NAME, Walk, Wanted
from crawler.web.text import decode_references

MAX_ATTRIBUTES: Final = 1_000_000
"""How many attributes the tags that were asked for may have together, where they are not plain."""
MAX_SHAPES: Final = 1_000
"""How many shapes of tags a reader remembers: what stands around the values."""
MAX_PLAIN: Final = 30
"""How many attributes a tag has that is read by its shape."""

_NAME: Final = re.compile(TAG_NAME)
# What stands around the values of most tags: names in small letters, and quotes.
_PLAIN_SHAPE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9]*+(?:[ \n]++[a-z-]++=\"\")*+[ \n]*+/?")
_PLAIN_NAME: Final = re.compile(r"[ \n]([a-z-]++)=\"\"")

T = TypeVar("T")
Read = Callable[[str, Tag, str], Sequence[T]]
"""What makes something of a tag: of the text it can be known by, its element, and the markup in it.

That text is empty where it does not tell all; and only an anchor's markup is given.
"""
NONE: Final[Mapping[str, Any]] = {}
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
        if not len(parts) % 2:  # a quote that has no other
            return None
        shape = self._shapes.get(key := tuple(parts[::2])) or self._learn(key)
        if shape is None:
            return None
        name, names = shape
        attributes = dict(zip(names, parts[1::2]))  # noqa: B905
        if "&" in tag:
            attributes = {attribute: decode_references(value) for attribute, value in attributes.items()}
        return self._make(None, self, name, None, None, attributes)

    def counted(self) -> Callable[[str], Tag]:
        """What makes the elements of any tags of one text; `LimitError` beyond `MAX_ATTRIBUTES`."""
        left = MAX_ATTRIBUTES

        def make(tag: str) -> Tag:
            nonlocal left
            name = _name_of(tag)
            written = [match.groups("") for match in islice(ATTRIBUTE.finditer(tag + ">", len(name)), left + 1)]
            left -= len(written)
            if left < 0:
                raise LimitError(f"more than {MAX_ATTRIBUTES} attributes")
            attributes: dict[str, str] = {}
            for attribute, double, single, bare in written:  # the first of two equal ones counts
                attributes.setdefault(attribute.lower(), double or single or bare)
            if "&" in tag:
                attributes = {attribute: decode_references(value) for attribute, value in attributes.items()}
            return self._make(None, self, name, None, None, attributes)

        return make

    def _learn(self, key: tuple[str, ...]) -> Shape | None:
        """What a tag is that has these parts around its values, None where they need not be around values."""
        if len(key) > MAX_PLAIN + 1:
            return None
        around = '""'.join(key)
        names = tuple(_PLAIN_NAME.findall(around))
        if not _PLAIN_SHAPE.fullmatch(around) or len(set(names)) < len(names):
            return None
        shape = _name_of(around), names
        if len(self._shapes) < MAX_SHAPES:
            self._shapes[key] = shape
        return shape


class _LeanTag(Tag):
    """An element that is part of no tree: a name and attributes, made in a fifth of the time."""

    def __init__(self, parser: Any, builder: Any, name: str, namespace: Any, prefix: Any, attrs: Any) -> None:
        self.name = name
        self.attrs = attrs


class TagReader:
    """Hands over all tags of some names, or with some attributes, as elements, to be made something of."""

    def __init__(self, names: Collection[str], attributes: Collection[str] = ()) -> None:
        self._wanted = Wanted(names, attributes)
        self._parting = parting(names)
        self._builder = TagBuilder()
        soup = BeautifulSoup("", builder=self._builder, element_classes={Tag: _LeanTag})
        self._builder.initialize_soup(soup)  # which has let go of its builder, as of one whose document has ended

    def find(
        self, text: str, read: Read[T], known: Mapping[str, Sequence[T]] = NONE, also: Mapping[str, Sequence[T]] = NONE
    ) -> list[T]:
        """What each tag of the names comes to, in the order of the text; `LimitError` where it takes too much work.

        Of more than `MAX_TAGS` the last may be missing. What is in `known`, or in `also`, by the text that `read` was
        given with a tag, is taken from there.
        """
        walk = Walk(self._wanted, text)
        any_element = self._builder.counted()
        plain = self._builder.plain
        parts = self._parting.split(text, MAX_TAGS + MAX_STEPS)
        offsets = Offsets(parts)
        found: list[T] = []
        tags = parts[1::2]
        resume = 0
        for number, gap, tag, ready in zip(count(), parts[::2], tags, map(known.get, tags)):
            between, values = gap, ready
            if resume:  # what began before has been read
                start = offsets.of(number)
                if start < resume:
                    continue
                between, resume = text[resume:start], 0
            if "<" in between and not is_outside(between):
                start = offsets.of(number)
                end = walk.outside(start - len(between), start)
                if end > start:
                    resume = end
                    continue
            if values is None:
                values = also.get(tag)
            if values is None:
                written, closed, contents = tag.partition(">")
                is_apart = not closed or (not contents and tag[:2] in APART_BEGINNINGS)
                element = None if is_apart else plain(written)
                if element is None:
                    if len(found) > MAX_TAGS:
                        break
                    follows = walk.past(offsets.of(number))
                    found += _walked(walk, text, "" if is_apart else tag, read, any_element)
                    if follows is None:
                        break
                    resume = follows
                    continue
                if contents or element.name != "a":
                    values = read(tag, element, contents[: -len("</a>")])
                else:  # an anchor whose contents are more than text
                    values = read("", element, inner(text, offsets.of(number) + 1 + len(tag)))
            found += values
        if len(tags) == MAX_TAGS + MAX_STEPS and len(found) <= MAX_TAGS:
            raise LimitError(f"more than {len(tags)} tags")
        return found

    def locate(self, text: str, read: Read[T], known: Mapping[str, Sequence[T]] = NONE) -> list[tuple[T, int, int]]:
        """The same, also for the attributes: what each tag comes to, where it begins, and what follows it.

        Here `read` is not given what is in an anchor.
        """
        any_element = self._builder.counted()
        plain = self._builder.plain
        found = []
        for tag, start, end in Walk(self._wanted, text).through():
            values = known.get(tag)
            if values is None:
                values = read(tag, plain(tag[1:-1]) or any_element(tag[1:-1]), "")
            found += [(value, start, end) for value in values]
        return found


def _walked(walk: Walk, text: str, tag: str, read: Read[T], make: Callable[[str], Tag]) -> list[T]:
    """What the tags come to that a walk went past where `tag` was seen, which is empty where it is none of these."""
    written, _, contents = tag.partition(">")
    found: list[T] = []
    for piece, _, end in walk.found:
        element = make(piece[1:-1])
        is_anchor = element.name == "a"
        is_all = tag and piece[1:-1] == written and (contents or not is_anchor)
        found += read(tag if is_all else "", element, inner(text, end) if is_anchor else "")
    walk.found.clear()
    return found


def _name_of(tag: str) -> str:
    match = _NAME.match(tag)
    assert match is not None
    return match[0].lower()
