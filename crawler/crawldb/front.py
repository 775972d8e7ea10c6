"""URLs met before, in front of the table: what another mention of one could still change; it knows no row.

A URL is known here by 54 bits of a hash that differs from process to process, in a table of which each place holds the
URL that came to it last. So it takes eight bytes a URL and never more than a bound; that it takes a new URL for one it
has met is as likely as that memory fails.
"""

from array import array
from typing import Final

FIRST: Final = 1 << 16
"""Places at the beginning; there are eight times as many once a quarter of them is taken."""

MOST: Final = 1 << 22
"""Places at the most."""

MOST_DEPTH: Final = 255
"""A greater depth is not remembered."""

_BITS: Final = 10
"""Of a place, below the hash: eight for the depth, one for a page, one for followed."""


class Front:
    """Of each URL the least depth it was named at, whether as a page, and whether to be followed."""

    __slots__ = ("_mask", "_most", "_places", "_room")

    def __init__(self, most: int = MOST) -> None:
        """`most` URLs at the most, a power of two."""
        self._most = most
        self._set_up(min(FIRST, most))

    def _set_up(self, places: int) -> None:
        self._places = array("q", bytes(8 * places))
        self._mask = places - 1
        self._room = places // 4

    def has(self, text: str, depth: int, is_page: bool, followed: bool) -> bool:
        """Whether a mention like this one, or one that counts more, was noted."""
        key = hash(text) >> _BITS
        known = self._places[key & self._mask]
        return (
            known >> _BITS == key and (known >> 2 & MOST_DEPTH) <= depth and (known >> 1 & 1) >= is_page
            and (known & 1) >= followed
        )  # fmt: skip

    def note(self, text: str, depth: int, is_page: bool, followed: bool) -> None:
        """Remember a mention, beside what is remembered of its URL."""
        if depth > MOST_DEPTH:
            return
        key = hash(text) >> _BITS
        known = self._places[key & self._mask]
        if known >> _BITS == key:
            depth = min(depth, known >> 2 & MOST_DEPTH)
            is_page, followed = is_page or bool(known & 2), followed or bool(known & 1)
        elif not known:
            self._room -= 1
        self._places[key & self._mask] = key << _BITS | depth << 2 | is_page << 1 | followed
        if not self._room and self._mask + 1 < self._most:
            self._grow()

    def _grow(self) -> None:
        old = self._places
        self._set_up(min(8 * len(old), self._most))
        for known in filter(None, old):
            at = known >> _BITS & self._mask
            self._room -= not self._places[at]
            self._places[at] = known

    def forget(self, text: str) -> None:
        """The URL has changed by something else than a mention."""
        key = hash(text) >> _BITS
        if self._places[key & self._mask] >> _BITS == key:
            self._places[key & self._mask] = 0
