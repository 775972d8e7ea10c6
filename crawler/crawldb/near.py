"""Perceptual hashes of pictures, and which pictures are alike; it knows nothing of pictures, only of bits.

Two hashes of which at most `distance` of the 128 bits differ have as few differences in the first 64. These lie in
three bands, so that in one band at least they differ in no more than a third: there the index finds them, and all bits
decide (Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", 2012).
"""

import sqlite3
from collections.abc import Iterator
from itertools import combinations
from typing import Final

MAX_DISTANCE: Final = 7
"""The most differing bits that can be asked for; each one more costs more."""

MAX_FOUND: Final = 100
"""Pictures that one search finds."""

MAX_LOOKED_AT: Final = 500
"""Rows that one look into a band takes: of a million random hashes 110 are alike in one but for two bits."""

BANDS: Final = ((0, 21), (21, 21), (42, 22))
"""Of each band its lowest bit and how many it has."""

_WORD: Final = (1 << 64) - 1
_FLIPS: Final = tuple(
    tuple(tuple(sum(1 << bit for bit in bits) for bits in combinations(range(width), off)) for off in range(3))
    for _, width in BANDS
)
"""For each band, the ways to differ in none, one or two bits."""

_EQUAL: Final = f"SELECT url FROM near WHERE across = ? AND down = ? LIMIT {MAX_FOUND}"
_ADD: Final = (
    "INSERT INTO near (url, across, down, leads)"
    " VALUES (?1, ?2, ?3, NOT EXISTS (SELECT 1 FROM near WHERE across = ?2 AND down = ?3))"
)
_LEAD: Final = "UPDATE near SET leads = 1 WHERE url = (SELECT url FROM near WHERE across = ? AND down = ? LIMIT 1)"


class NearRows:
    """The table `near`; every method works inside the caller's transaction."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    def add(self, url_id: int, hash: bytes) -> None:
        """Keep the hash of a picture, in place of the one it had."""
        self.remove(url_id)
        self._sql.execute(_ADD, (url_id, *_halves(hash)))

    def remove(self, url_id: int) -> None:
        """Forget the hash of a picture, where there is one."""
        row = self._sql.execute("SELECT across, down, leads FROM near WHERE url = ?", (url_id,)).fetchone()
        if row is None:
            return
        across, down, leads = row
        self._sql.execute("DELETE FROM near WHERE url = ?", (url_id,))
        if leads:
            self._sql.execute(_LEAD, (across, down))

    def find(self, hash: bytes, distance: int) -> list[tuple[int, int]]:
        """Pictures whose hash differs in at most `distance` bits (up to 7), each with that number, nearest first.

        Of more than 100 it gives 100, the equal ones before all others.
        """
        across, down = _halves(hash)
        found = [(url, 0) for (url,) in self._sql.execute(_EQUAL, (across, down))]
        leaders = self._leaders(across, down, distance, MAX_FOUND - len(found))
        for differing, alike_across, alike_down in sorted(leaders):
            equals = self._sql.execute(_EQUAL, (alike_across, alike_down))
            found += [(url, differing) for (url,) in equals]
        return found[:MAX_FOUND]

    def _leaders(self, across: int, down: int, distance: int, most: int) -> set[tuple[int, int, int]]:
        """Up to `most` hashes that differ from this one, but in no more bits than that: how many, and the hash."""
        leaders: set[tuple[int, int, int]] = set()
        for statement, keys in _looks(across, distance):
            for other_across, other_down in self._sql.execute(statement, keys):
                differing = ((across ^ other_across) & _WORD).bit_count() + ((down ^ other_down) & _WORD).bit_count()
                if 0 < differing <= distance:
                    leaders.add((differing, other_across, other_down))
                if len(leaders) >= most:
                    return leaders
        return leaders


def _looks(across: int, distance: int) -> Iterator[tuple[str, list[int]]]:
    """The statements that find all within `distance`.

    A band is looked into for hashes up to so many bits off; were another hash further off in every band, it would be
    off by the sum of these numbers and one for each band. So that sum is to be more than `distance`.
    """
    for band, (low, width) in enumerate(BANDS):
        most_off = (distance + len(BANDS) - band) // len(BANDS) - 1
        word = across >> low & (1 << width) - 1
        for flips in _FLIPS[band][: most_off + 1]:
            yield _LOOKS[band, len(flips)], [word ^ flip for flip in flips]


def _look(low: int, width: int, count: int) -> str:
    """The statement that looks into a band for so many words; the place as the index of the schema writes it."""
    place = f"across >> {low} & {(1 << width) - 1}" if low else f"across & {(1 << width) - 1}"
    words = ", ".join("?" * count)
    return f"SELECT across, down FROM near WHERE leads AND {place} IN ({words}) LIMIT {MAX_LOOKED_AT}"


_LOOKS: Final = {
    (band, len(flips)): _look(low, width, len(flips))
    for band, (low, width) in enumerate(BANDS)
    for flips in _FLIPS[band]
}


def _halves(hash: bytes) -> tuple[int, int]:
    """The two halves of a hash, as SQLite's signed integers."""
    return int.from_bytes(hash[:8], "big", signed=True), int.from_bytes(hash[8:], "big", signed=True)
