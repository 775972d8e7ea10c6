"""A fingerprint of what a page says, in which like pages differ in few bits; it knows nothing of sites or links.

`simhash` is Charikar's, over the words of the visible text, three at a time. Nothing with a digit in it is a word: the
next month of a calendar, the same page with another number, date or session id have nearly the same fingerprint, and
two pages of a manual, under one template, have not. A hash of bytes (CRC-32) stands for each word, and long integers do
the work for all words at once, so that what it costs is to find them.
"""

import re
from hashlib import blake2b
from struct import pack
from typing import Final
from zlib import crc32

from crawler.web.url import URL

BITS: Final = 64

LIKE: Final = 3
"""Pages whose fingerprints differ in this many bits or fewer say the same, but for a date or a name."""

MIN_WORDS: Final = 16
"""A page with fewer words has too few to tell it from others: a picture and its title."""

DEEP: Final = 16
"""As many links from a start page no honest page is that says the same as many others; a generated site is wider."""

MAX_READ: Final = 256 * 1024
"""How many bytes of a page count."""

# Each alternative eats what it has looked at, also where the text ends too soon.
_MARKUP: Final = re.compile(
    rb"<(?:!--.*?(?:-->|\Z)|script(?=[\s>]).*?(?:</script|\Z)|style(?=[\s>]).*?(?:</style|\Z))?[^>]*+>?",
    re.DOTALL | re.IGNORECASE,
)
_ANCHOR: Final = re.compile(rb"<[aA](?=[\s>])[^<]*+(?:<(?!/[aA])[^<]*+)*+(?:</[aA])?")
_TOKEN: Final = re.compile(rb"[a-z0-9\x80-\xff]+")
_WORDS: Final = re.sub(rb"[^a-z0\x80-\xff]", b" ", re.sub(rb"[1-9]", b"0", bytes(range(256)).lower()))
"""What stands for each byte: letters in lower case, one digit for all, bytes beyond ASCII as they are, else a blank."""

_FACTORS: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
"""One for each place of a word among three: odd, of 32 bits, of no pattern (those of xxHash)."""
_ALL: Final = (1 << BITS) - 1


def saying(body: bytes, encoding: str, url: URL, depth: int) -> int:
    """The fingerprint, 64 bits, of what a page says that is `depth` links from the start.

    A page near to the start says the same as another only if it does so to the letter, but for its links and its own
    address: that is how a site answers what it does not have. Deep ones may differ in numbers and in a few words, and
    those that say next to nothing all say the same.
    """
    found = simhash(body, encoding) if depth >= DEEP else None
    if found is not None:
        return found
    text = _MARKUP.sub(b" ", _ANCHOR.sub(b" ", _as_ascii(body[:MAX_READ], encoding))).lower()
    target, path = url.target.lower().encode(), url.path.lower().encode()
    if depth < DEEP:
        return _exact(text.replace(target, b"").replace(path, b"") if len(path) > 1 else text)
    tokens = [token for token in _TOKEN.findall(text) if not token.isdigit()]
    return _exact(b" ".join(tokens)) if len(tokens) >= MIN_WORDS else 0


def simhash(body: bytes, encoding: str = "utf-8") -> int | None:
    """The fingerprint of a page's text, 64 bits; None where there is too little of it to tell.

    The same for the same bytes at every run and on every machine; `encoding` is a Python codec name.
    """
    words = _words(_as_ascii(body[:MAX_READ], encoding))
    if len(words) < MIN_WORDS:
        return None
    return _majority(_shingles(words), len(words) - 2)


def distance(one: int, other: int) -> int:
    """In how many bits two fingerprints differ."""
    return (one ^ other).bit_count()


def _as_ascii(body: bytes, encoding: str) -> bytes:
    """The same where ASCII is itself, as in all encodings but these; what else a byte means does not matter."""
    return body.decode(encoding, "replace").encode("utf-8", "replace") if encoding.startswith("utf-16") else body


def _words(body: bytes) -> list[bytes]:
    """The words of the visible text."""
    # Of the references only this one comes in rows, as many as a table has empty cells.
    text = _MARKUP.sub(b" ", body).replace(b"&nbsp;", b" ").translate(_WORDS)
    return [word for word in text.split() if b"0" not in word]


def _exact(text: bytes) -> int:
    return int.from_bytes(blake2b(text.translate(None, b" \t\n\v\f\r"), digest_size=8).digest(), "big")


def _shingles(words: list[bytes]) -> int:
    """The hashes of every three words in a row, 64 bits each, side by side in one number.

    A product of 32 bits by 32 fits its 64 and does not disturb its neighbour; that each of the three is moved by
    another number of bits lets every bit depend on bits from the middle of one.
    """
    first, second, third = _FACTORS
    hashes = int.from_bytes(pack(f"<{len(words)}Q", *map(crc32, words)), "little")
    mixed = hashes * first ^ (hashes * second >> BITS + 21) ^ (hashes * third >> 2 * BITS + 42)
    return mixed & (1 << BITS * (len(words) - 2)) - 1


def _majority(hashes: int, count: int) -> int:
    """The bits that more than half of `count` hashes have.

    They are counted in planes: bit i of plane j is the j-th binary digit of how many have bit i. One half of the
    hashes is added to the other, again and again, by the full adder of circuits, for all of them at once.
    """
    planes = [hashes]
    left = count
    while left > 1:
        left = (left + 1) // 2
        size = BITS * left
        lower = (1 << size) - 1
        carry = 0
        added = []
        for plane in planes:
            one, other = plane & lower, plane >> size
            added.append(one ^ other ^ carry)
            carry = one & other | carry & (one ^ other)
        planes = [*added, carry]
    more, equal = 0, _ALL
    for digit in range(len(planes) - 1, -1, -1):
        if count // 2 >> digit & 1:
            equal &= planes[digit]
        else:
            more |= equal & planes[digit]
            equal &= ~planes[digit]
    return more
