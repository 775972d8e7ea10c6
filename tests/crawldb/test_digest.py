"""The number of a URL: its own, and near to those that pages name together."""

from collections.abc import Iterable
from random import Random

import pytest

from crawler.crawldb.digest import digest

SEVERAL = [
    ("http://a.example/", "http://b.example/"),
    ("http://a.example/x", "http://a.example/x/"),
    ("http://a.example/?a=1", "http://a.example/?a=2"),
    ("http://a.example/1", "http://a.example/11"),
    ("http://a.example/i.html", "https://a.example/i.html"),
]


def together(urls: Iterable[str], others: Iterable[str]) -> bool:
    """Whether no other lies between these."""
    numbers = sorted(map(digest, urls))
    return not any(numbers[0] < digest(other) < numbers[-1] for other in others)


@pytest.mark.parametrize(("one", "other"), SEVERAL)
def test_each_has_its_own_which_sqlite_can_keep(one: str, other: str) -> None:
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)
    assert -(1 << 63) <= digest(one) < 1 << 63


def test_many_of_one_folder_are_told_apart() -> None:
    assert len({digest(f"http://a.example/all/{name}") for name in words(50_000)}) == 50_000


def words(count: int) -> list[str]:
    random = Random(1)
    return ["".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(count)]


@pytest.mark.parametrize(
    ("pattern", "last"),
    [
        ("http://a.example/{}", "42"),
        ("http://a.example/{}/", "42"),
        ("http://a.example/article-{}.html", "42"),
        ("http://a.example/list.php?page={}&sort=asc", "42"),
        ("http://a.example/1999/{}?print", "42"),
    ],
)
def test_numbers_one_behind_the_other_lie_together_however_many_there_are(pattern: str, last: str) -> None:
    hundred = [pattern.format(number) for number in range(123_400, 123_500)]
    others = [pattern.format(number) for number in range(200_000, 220_000)]
    assert together(hundred, others)
    assert digest(pattern.format(last)) not in map(digest, others)


@pytest.mark.parametrize("end", ["", "/", ".html", "?q=now"])
def test_the_words_of_one_folder_lie_together(end: str) -> None:
    first, *others = ([f"http://www2.example/{folder}/{name}{end}" for name in words(50)] for folder in words(200))
    assert together(first, [url for folder in others for url in folder])
