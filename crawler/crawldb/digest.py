"""The number that a URL is found by in its table; it knows no table."""

from hashlib import blake2b
from typing import Final
from zlib import crc32

_WORDS: Final = b"aeiotnsrlcdmphugbfywvkxjqzAEIOTNSRLCDMPHUGBFYWVKXJQZ/-_.?=&%+:;,~!*'()@$"
"""What may stand behind the last digit of a URL."""


def digest(text: str) -> int:
    """64 bits of a URL, as SQLite's signed integer; numbers of neighbours lie together, and so do those of one folder.

    What a page names lies mostly together, so it changes one leaf of the index and not one for each URL, however many
    are known. Neighbours are URLs that differ in the last two digits of their last number; it is the 40 lower bits
    that tell them apart. A site that knows this can make an index slow, as any was before, but no lookup long.
    """
    raw = text.encode()
    folder = raw.rfind(b"/", 0, -1) + 1
    stem = raw.rstrip(_WORDS)[:-2]
    place = crc32(stem if len(stem) > folder else raw[:folder]) & 0xFFFFFF
    return (place << 40 | int.from_bytes(blake2b(raw, digest_size=5).digest(), "big")) - (1 << 63)
