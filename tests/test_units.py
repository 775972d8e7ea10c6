"""Sizes and durations, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import units


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("500", 500), ("500B", 500), ("1k", 1000), ("1kB", 1000), ("1KiB", 1024), ("256 KiB", 262_144),
        ("1.5MB", 1_500_000),
        ("32mb", 32_000_000), ("1MiB", 1_048_576), ("2GB", 2_000_000_000), ("1GiB", 1_073_741_824), ("1TB", 10**12),
        ("1TiB", 2**40),
        ("0.5k", 500), (" 7 ", 7),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int) -> None:
    assert units.parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5", 5),
        ("5s", 5),
        ("0.5s", 0.5),
        ("250ms", 0.25),
        ("2m", 120),
        ("2min", 120),
        ("1.5h", 5400),
        ("1d", 86400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert units.parse_duration(text) == seconds


BAD = [
    "",
    " ",
    "s",
    "-1",
    "+1",
    "1_0",
    "1e3",
    "0x10",
    "inf",
    "nan",
    "1,5",
    ".5",
    "5.",
    "1 2",
    "5 x",
    "5ss",
    "٣",
    "５",
    "9" * 400,
    "1\n",
]


@pytest.mark.parametrize("text", [*BAD, "5s", "5m5"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        units.parse_size(text)


@pytest.mark.parametrize("text", [*BAD, "5kB", "1h30m"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        units.parse_duration(text)


def test_counts_are_plain_digits() -> None:
    assert units.parse_count("042") == 42
    for text in [*BAD, "1.0", " 1"]:
        with pytest.raises(ValueError, match=r".*"):
            units.parse_count(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (812, "812 B"), (999, "999 B"), (1000, "1.0 kB"), (1234, "1.2 kB"), (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"), (999_500, "1.0 MB"), (2 * 10**9, "2.0 GB"), (5 * 10**12, "5.0 TB"),
    ],
)  # fmt: skip
def test_sizes_for_a_person(size: float, text: str) -> None:
    assert units.format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1m 00s"),
        (200, "3m 20s"),
        (3599.6, "1h 00m"), (7500, "2h 05m"), (100 * 3600, "100h 00m"),
    ],
)  # fmt: skip
def test_durations_for_a_person(seconds: float, text: str) -> None:
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (812, "812"),
        (1000, "1kB"),
        (1024, "1KiB"),
        (256 * 1024, "256KiB"),
        (32_000_000, "32MB"),
        (2**30, "1GiB"),
        (10**12, "1TB"),
    ],
)
def test_sizes_as_they_are_written(size: int, text: str) -> None:
    assert units.spell_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"), (0.5, "0.5s"), (30.0, "30s"), (300.0, "5m"), (7200.0, "2h"), (90.0, "90s"), (172800.0, "2d"),
        (0.00001, "0.00001s"),
    ],
)  # fmt: skip
def test_durations_as_they_are_written(seconds: float, text: str) -> None:
    assert units.spell_duration(seconds) == text


@given(st.integers(0, 10**15))
def test_a_size_is_read_back(size: int) -> None:
    assert units.parse_size(units.spell_size(size)) == size


@given(st.one_of(st.integers(0, 10**7).map(float), st.floats(1e-6, 1e6)))
def test_a_duration_is_read_back(seconds: float) -> None:
    assert units.parse_duration(units.spell_duration(seconds)) == pytest.approx(seconds, rel=1e-9)
