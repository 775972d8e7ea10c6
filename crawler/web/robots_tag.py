"""What `X-Robots-Tag` fields and robots meta elements ask of us; it knows nothing of what is done about it.

No standard says how they are written. This follows what the search engines document: rules with commas between them,
in front of them perhaps the one robot they are for. As fields may be joined to one line (RFC 9110 section 5.3), such a
name may also stand in the middle of it, and holds from there on.
"""

import re
from collections.abc import Iterable
from typing import Final

NO_AI: Final = frozenset({"noai", "noimageai"})
"""The rules that ask to keep a page and its images, or its images, out of what machines learn from."""

_EVERYBODY: Final = frozenset({"*", "robots"})
_VALUED: Final = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""The rules with a value: what stands before their colon is no robot's name."""
# A date may hold colons, and a comma behind the day of the week.
_DATED: Final = re.compile(
    r"(unavailable_after)[ \t]*+:[ \t]*+(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?,)?[^,]*+"
)
_LETTER: Final = re.compile(r"[^\W\d_]")


def directives(lines: Iterable[str], product: str) -> frozenset[str]:
    """The rules, in lower case, that these fields' or elements' values hold for `product` or for everybody.

    A rule's value is left out; `none` also gives the two rules it stands for.
    """
    found: set[str] = set()
    for line in lines:
        is_ours = True
        for piece in _DATED.sub(r"\1", line.lower()).split(","):
            rule, colon, rest = piece.partition(":")
            name = rule.strip()
            if colon and name not in _VALUED and (name == "*" or _LETTER.search(name)):
                is_ours = name in _EVERYBODY or name.partition("/")[0] == product.lower()
                rule = rest.partition(":")[0]
            if is_ours:
                found.update(rule.split())
    return frozenset(found | {"noindex", "nofollow"} if "none" in found else found)


def asks_no_ai(lines: Iterable[str], product: str) -> bool:
    """Whether these values ask us, or everybody, not to give the page's images to machines to learn from."""
    return not NO_AI.isdisjoint(directives(lines, product))
