"""The tags of some names in an HTML text, found at a glance: all other tags are passed over unread.

One pattern parts the text at the tags that matter, where they stand. A look at what is between two of them then shows
whether the second is a tag, or stands inside another; only where that look does not tell, the tags between are walked
through one by one (`tags`). An anchor is one piece with its contents, where these are text and plain markup of text.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Final, TypeVar

from crawler.errors import LimitError
from crawler.web.tags import APART, BLANK, MAX_STEPS, MAX_TAGS, Walk, Wanted, any_of

MAX_CONTENTS: Final = 2_000
"""How much of the markup behind an anchor is taken for its contents."""

# A tag of text inside an anchor, in which each quote surely opens or closes a value: in front of `="` is a name, as no
# other "=" stands between it and the last quote.
_OF_TEXT: Final = (
    r"</?(?:abbr|b|bdi|bdo|cite|code|em|i|kbd|mark|q|s|samp|small|span|strong|sub|sup|tt|u|var)(?=[ \n>])"
    r"(?:[^<>\"'=]*+(?<=[a-z-])=\"[^<>\"]*+\")*+[^<>\"'=]*+>"
)
_BEFORE_VALUE: Final = "=\t\n\f\r "
# How comments and the like begin, elements in which no tag is what it is elsewhere, and an anchor without its contents.
_ODD: Final = frozenset(
    {first + second for name in APART for first in (name[0], name[0].upper()) for second in (name[1], name[1].upper())}
    | {"!", "?"}
    | {first + second for first in "aA" for second in "\t\n\f\r />"}
)
T = TypeVar("T")


class Glance:
    """Finds the start tags of the names given."""

    def __init__(self, names: Collection[str]) -> None:
        self._wanted = Wanted(names)
        anchor = rf"a(?=[{BLANK}/>])[^>]*+>(?:(?:[^<]++|{_OF_TEXT})*+</a>)?+|" if "a" in names else ""
        self._pattern = re.compile(rf"<({anchor}(?:{_any_first({*names, *APART})})(?=[{BLANK}/>])[^>]*+>?|[!?])")

    def find(
        self,
        text: str,
        known: Mapping[str, Sequence[T]],
        learn: Callable[[str, str, str], Sequence[T] | None],
        read: Callable[[str, str, str], Sequence[T]],
    ) -> list[T]:
        """What the tags come to, in the order of the text; `LimitError` beyond `MAX_TAGS` or `MAX_STEPS`.

        They are looked up in `known`: a tag without its `<`, an anchor with its contents. What is not there is given to
        `learn`, which says None of a tag that is not plain, and those after a walk to `read`: what it can be known by,
        empty where that is nothing; the tag without `<` and `>`; an anchor's contents.
        """
        walk = Walk(self._wanted, text)
        parts = self._pattern.split(text, MAX_TAGS + MAX_STEPS)
        offsets = _Offsets(parts)
        found: list[T] = []
        resume = 0
        tags = parts[1::2]
        for number, between, tag, values in zip(count(), parts[::2], tags, map(known.get, tags)):
            if resume:  # what began before has been read
                start = offsets.of(number)
                if start < resume:
                    continue
                between, resume = text[resume:start], 0
            if "<" in between and not _is_outside(between):
                start = offsets.of(number)
                end = walk.outside(start - len(between), start)
                if end > start:
                    resume = end
                    continue
            if values is None:
                written, _, contents = tag.partition(">")
                contents = contents[:-4]  # without its </a>
                if contents or tag[:2] not in _ODD:
                    values = learn(tag, written, contents)
                if values is None:
                    follows = walk.past(offsets.of(number))
                    for piece, _, end in walk.found:
                        is_this = piece[1:-1] == written and tag[:2] not in _ODD
                        found += read(tag if is_this else "", piece[1:-1], inner(text, end))
                    walk.found.clear()
                    if follows is None:
                        break
                    resume = follows
                    continue
            found += values
        if len(tags) > MAX_TAGS and (len(found) > MAX_TAGS or len(tags) == MAX_TAGS + MAX_STEPS):
            raise LimitError(f"more than {MAX_TAGS} tags")
        return found


class _Offsets:
    """Where the parts of a text begin that is parted by `<` and a tag; asked for in their order."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts
        self._number = 0
        self._offset = len(parts[0])

    def of(self, number: int) -> int:
        """Where the `<` of this tag is, counted from 0."""
        between = self._parts[2 * self._number + 1 : 2 * number + 1]
        self._offset += sum(map(len, between)) + number - self._number
        self._number = number
        return self._offset


def inner(text: str, start: int) -> str:
    """What follows an anchor's start tag that ends here, up to the next plain `</a>`."""
    stop = text.find("</a>", start, start + MAX_CONTENTS)
    return text[start : stop if stop >= 0 else start + MAX_CONTENTS]


def _is_outside(between: str) -> bool:
    """Whether the end of this text is outside of tags, as its beginning is; False where that takes more than a glance.

    Where its last `>` stands in no quoted value, what follows that is outside, up to the next `<` or quote; and if it
    stood in one, the last quote of its kind would be the one that opens the value.
    """
    if between[-1] != ">":
        tail = between.rpartition(">")[2]
        if "<" in tail or '"' in tail or "'" in tail:
            return False
    if '"' in between and between[between.rfind('"') - 1] in _BEFORE_VALUE:
        return False
    return "'" not in between or between[between.rfind("'") - 1] not in _BEFORE_VALUE


def _any_first(names: Collection[str]) -> str:
    """A pattern for any of these names in any case; small first letters, which most have, are compared the fastest."""
    firsts = sorted({name[0] for name in names})
    small = (f"{first}{any_of([name[1:] for name in names if name[0] == first])}" for first in firsts)
    return "|".join((*small, f"(?=[A-Z]){any_of(names)}"))
