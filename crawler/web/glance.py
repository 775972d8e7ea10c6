"""The tags of some names in an HTML text, found at a glance: all other tags are passed over unread.

One pattern parts the text at the tags that matter, where they stand. A look at what is between two of them then shows
whether the second is a tag, or stands inside another; only where that look does not tell, the tags between are walked
through one by one (`tags`). An anchor is one piece with its contents, where these are text and plain markup of text.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

from crawler.web.tags import APART, BLANK, any_of

MAX_CONTENTS: Final = 2_000
"""How much of the markup behind an anchor is taken for its contents."""

# A tag of text inside an anchor, with no ">" but its last.
_OF_TEXT: Final = (
    r"</?(?:abbr|b|bdi|bdo|cite|code|em|i|kbd|mark|q|s|samp|small|span|strong|sub|sup|tt|u|var)"
    r"(?: [a-z-]++=\"[^<>\"]*+\")*+>"
)
_ANCHOR_EDGE: Final = re.compile(rf"</?[aA](?=[{BLANK}/>])")
_BEFORE_VALUE: Final = "=\t\n\f\r "
APART_BEGINNINGS: Final = frozenset(
    {first + second for name in APART for first in (name[0], name[0].upper()) for second in (name[1], name[1].upper())}
    | {"!", "?"}
)
"""How comments and the like begin, and elements in which no tag is what it is elsewhere."""


def parting(names: Collection[str]) -> re.Pattern[str]:
    """What parts a text at the tags of these names, and at all behind which tags are not what they are elsewhere.

    The tags come without their `<`, up to their first `>`, anchors up to their `</a>`.
    """
    anchor = rf"a(?=[{BLANK}/>])[^>]*+>(?:[^<]*+(?:{_OF_TEXT}[^<]*+)*+</a>)?+|" if "a" in names else ""
    # Every other "<" begins an end tag.
    return re.compile(rf"<(?!/)({anchor}(?:{_any_first({*names, *APART})})(?=[{BLANK}/>])[^>]*+>?|[!?])")


class Offsets:
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
    """What is in the anchor whose start tag ends here: up to its end tag, or to where the next anchor begins."""
    limit = start + MAX_CONTENTS
    edge = _ANCHOR_EDGE.search(text, start, limit)
    return text[start : edge.start() if edge else limit]


def is_outside(between: str) -> bool:
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
