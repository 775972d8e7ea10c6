"""What was met is known again, until something else takes its place; and never takes more room than it may."""

import pytest

from crawler.crawldb.front import FIRST, MOST_DEPTH, Front


def test_a_mention_is_known_by_one_that_counts_as_much_or_more() -> None:
    front = Front()
    assert not front.has("http://a/", 9, False, False)
    front.note("http://a/", 3, True, False)
    assert front.has("http://a/", 3, True, False)
    assert front.has("http://a/", 4, False, False)
    assert not front.has("http://a/", 2, True, False)
    assert not front.has("http://a/", 3, True, True)
    assert not front.has("http://a/?", 3, True, False)


def test_mentions_add_up() -> None:
    front = Front()
    front.note("http://a/", 3, True, False)
    front.note("http://a/", 5, False, True)
    assert front.has("http://a/", 3, True, True)
    front.note("http://a/", 1, False, False)
    assert front.has("http://a/", 1, True, True)
    assert not front.has("http://a/", 0, True, True)


def test_what_is_forgotten_is_not_known_and_nothing_else_is_forgotten() -> None:
    front = Front()
    front.note("http://a/", 0, True, True)
    front.forget("http://b/")
    assert front.has("http://a/", 0, True, True)
    front.forget("http://a/")
    assert not front.has("http://a/", 9, False, False)


@pytest.mark.parametrize(("depth", "is_kept"), [(0, True), (MOST_DEPTH, True), (MOST_DEPTH + 1, False)])
def test_no_depth_is_taken_for_another(depth: int, is_kept: bool) -> None:
    front = Front()
    front.note("http://a/", depth, False, False)
    assert front.has("http://a/", depth, False, False) == is_kept
    assert not front.has("http://a/", depth - 1, False, False)


def test_none_that_was_not_met_is_known_and_most_that_were_are() -> None:
    front = Front()
    met = [f"http://a/{number}" for number in range(10 * FIRST)]
    for text in met:
        front.note(text, 2, True, True)
    assert sum(front.has(text, 2, True, True) for text in met) > 0.7 * len(met)
    assert front.has(met[-1], 2, True, True)
    assert not any(front.has(f"{text}/", 300, False, False) for text in met)


def test_its_room_is_bounded_and_those_met_last_have_it() -> None:
    front = Front(64)
    met = [f"http://a/{number}" for number in range(10_000)]
    for text in met:
        front.note(text, 0, True, True)
    known = [number for number, text in enumerate(met) if front.has(text, 0, True, True)]
    assert 32 < len(known) <= 64
    assert known[-1] == len(met) - 1
    assert min(known) > 9_000
