"""The index finds what a comparison of all with all finds."""

import random
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

import pytest

from crawler.crawldb.near import _LOOKS, MAX_DISTANCE, MAX_FOUND, NearRows


@pytest.fixture
def sql() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript((files("crawler.crawldb") / "schema.sql").read_text(encoding="utf-8"))
    yield connection
    connection.close()


def flipped(hash: bytes, *bits: int) -> bytes:
    return (int.from_bytes(hash) ^ sum(1 << bit for bit in bits)).to_bytes(16)


def differing(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def clusters(seed: int) -> dict[int, bytes]:
    """Hashes, some of which are near to each other, or equal; those of blank parts among them."""
    chance = random.Random(seed)
    centres = [chance.randbytes(16) for _ in range(20)] + [bytes(16), b"\xff" * 16, bytes(8) + b"\xff" * 8]
    return {
        number: flipped(chance.choice(centres), *chance.sample(range(128), chance.randrange(6)))
        for number in range(1, 401)
    }


@pytest.mark.parametrize("distance", range(MAX_DISTANCE + 1))
def test_all_within_the_distance_are_found_nearest_first(sql: sqlite3.Connection, distance: int) -> None:
    rows, hashes = NearRows(sql), clusters(distance)
    for number, hash in hashes.items():
        rows.add(number, hash)
    for asked in [*hashes.values(), random.Random(9).randbytes(16)]:
        expected = {(number, differing(asked, hash)) for number, hash in hashes.items()}
        found = rows.find(asked, distance)
        assert set(found) == {pair for pair in expected if pair[1] <= distance}
        assert len(found) == len(set(found))
        assert [far for _, far in found] == sorted(far for _, far in found)


@pytest.mark.parametrize("half", [range(64), range(64, 128)])
def test_the_differing_bits_may_lie_anywhere(sql: sqlite3.Connection, half: range) -> None:
    rows, chance = NearRows(sql), random.Random(1)
    rows.add(1, hash := chance.randbytes(16))
    for _ in range(300):
        near = flipped(hash, *chance.sample(half, MAX_DISTANCE))
        assert rows.find(near, MAX_DISTANCE) == [(1, MAX_DISTANCE)]
        assert rows.find(near, MAX_DISTANCE - 1) == []


def test_a_removed_picture_is_found_no_more_and_its_equals_still_are(sql: sqlite3.Connection) -> None:
    rows, hash = NearRows(sql), random.Random(2).randbytes(16)
    for number in (5, 6, 7):
        rows.add(number, hash)
    near = flipped(hash, 3, 70)
    rows.remove(5)
    assert sorted(rows.find(near, 2)) == [(6, 2), (7, 2)]
    rows.remove(7)
    rows.remove(7)
    assert rows.find(near, 2) == [(6, 2)]
    rows.remove(6)
    assert rows.find(near, 2) == rows.find(hash, 2) == []


def test_a_picture_that_changed_has_its_new_hash_alone(sql: sqlite3.Connection) -> None:
    rows, chance = NearRows(sql), random.Random(3)
    old, new = chance.randbytes(16), chance.randbytes(16)
    rows.add(1, old)
    rows.add(2, old)
    rows.add(1, new)
    assert rows.find(old, 0) == [(2, 0)]
    assert rows.find(new, 7) == [(1, 0)]
    assert rows.find(flipped(old, 9), 1) == [(2, 1)]


def test_many_equals_give_a_bounded_answer_and_stand_in_the_bands_once(sql: sqlite3.Connection) -> None:
    rows, hash = NearRows(sql), random.Random(4).randbytes(16)
    for number in range(2000):
        rows.add(number, hash)
    rows.add(9999, flipped(hash, 100))
    assert rows.find(hash, 7) == [(number, 0) for number, _ in rows.find(hash, 7)]
    assert len(rows.find(hash, 7)) == MAX_FOUND
    assert rows.find(flipped(hash, 100), 7)[0] == (9999, 0)
    assert len(rows.find(flipped(hash, 100), 7)) == MAX_FOUND
    assert sql.execute("SELECT count(*) FROM near WHERE leads").fetchone() == (2,)


def test_many_alike_in_a_band_are_not_all_looked_at(sql: sqlite3.Connection) -> None:
    rows, chance = NearRows(sql), random.Random(5)
    for number in range(5000):
        rows.add(number, bytes(8) + chance.randbytes(8))
    taken: list[int] = []
    sql.set_progress_handler(lambda: taken.append(1), 1000)
    assert rows.find(bytes(16), 7) == []
    assert len(taken) < 40  # 1,000 steps of SQLite's machine each: some 12 for a row that is looked at


def test_every_look_goes_by_the_index_of_its_band(sql: sqlite3.Connection) -> None:
    for (band, count), statement in _LOOKS.items():
        plan = sql.execute(f"EXPLAIN QUERY PLAN {statement}", [0] * count).fetchall()
        assert [row[-1] for row in plan] == [f"SEARCH near USING INDEX near_band_{band} (<expr>=?)"]
