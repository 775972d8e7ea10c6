"""Srcset attributes, by the HTML standard's grammar."""

import pytest

from crawler.web.srcset import MAX_CANDIDATES, MAX_DESCRIPTOR, Candidate, parse_srcset


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("", []),
        (" ", []),
        (",,", []),
        ("a", [("a", None, None)]),
        ("\n a,\tb ", [(["a", "\tb"][0], None, None), ("b", None, None)]),
        ("a 1x, b 2.5x,c 300w", [("a", None, 1.0), ("b", None, 2.5), ("c", 300, None)]),
        ("a,b", [("a,b", None, None)]),
        ("a,, b", [("a", None, None), ("b", None, None)]),
        ("a ,b", [("a", None, None), ("b", None, None)]),
        ("data:image/png;base64,AA== 2x, b", [("data:image/png;base64,AA==", None, 2.0), ("b", None, None)]),
        ("a 10w 20h", [("a", 10, None)]),
        ("a 20h 10w", [("a", 10, None)]),
        ("a -0x", [("a", None, -0.0)]),
        ("a 1e1x", [("a", None, 10.0)]),
        ("a .5x", [("a", None, 0.5)]),
        ("a 20h, b", [("b", None, None)]),
        ("a 1w 2x, b", [("b", None, None)]),
        ("a 1x 2w, b", [("b", None, None)]),
        ("a 1x 2x, b", [("b", None, None)]),
        ("a 1w 2w, b", [("b", None, None)]),
        ("a 1h 1h 1w, b", [("b", None, None)]),
        ("a 0w, b", [("b", None, None)]),
        ("a 1w 0h, b", [("b", None, None)]),
        ("a -1x, b", [("b", None, None)]),
        ("a +1x, b", [("b", None, None)]),
        ("a 1.x, b", [("b", None, None)]),
        ("a 1.5w, b", [("b", None, None)]),
        ("a 1X, b", [("b", None, None)]),
        ("a \u0661x, b", [("b", None, None)]),
        ("a (1x, c) , b", [("b", None, None)]),
        ("a f(x, y", []),
        ("a " + "9" * MAX_DESCRIPTOR + "w, b", [("b", None, None)]),
    ],
)
def test_candidates(text: str, candidates: list[tuple[str, int | None, float | None]]) -> None:
    assert parse_srcset(text) == [Candidate(*one) for one in candidates]


def test_no_more_than_the_limit() -> None:
    assert len(parse_srcset("a ," * MAX_CANDIDATES)) == MAX_CANDIDATES
    assert len(parse_srcset("a ," * (MAX_CANDIDATES + 1))) == MAX_CANDIDATES


@pytest.mark.parametrize("unit", ["a ,", "a (", "a 1w ", ",", "a x", "(", "a ((((", "a 1x, "])
def test_no_input_is_slow(unit: str) -> None:
    """These would take hours, were any of them looked at more than a few times."""
    assert len(parse_srcset("b " + unit * 500_000)) <= MAX_CANDIDATES
    assert len(parse_srcset(unit * 500_000)) <= MAX_CANDIDATES
