"""Extractors as users write them, good and bad; each a function that settings can name."""

import os
import time
from collections.abc import Iterator
from typing import Any

from crawler.model import URL, Kind, Page, Reference

NOT_ONE = 3


def good(page: Page) -> list[Reference]:
    words = page.body.decode(page.encoding).split()
    return [Reference(page.url.join(word), Kind.PAGE, "word", "", {"n": str(n)}, word) for n, word in enumerate(words)]


def endless(page: Page) -> Iterator[Reference]:
    while True:
        yield Reference(page.url, Kind.PAGE, "", "", {}, "")


def spin(page: Page) -> list[Reference]:
    while True:
        pass


def sleep(page: Page) -> list[Reference]:
    time.sleep(1000)
    return []


def die(page: Page) -> list[Reference]:
    os._exit(3)


def eat(page: Page) -> list[Reference]:
    return [bytes(10**12)]  # type: ignore[list-item]


def fail(page: Page) -> list[Reference]:
    raise ValueError("a bug\nof two lines")


def leave(page: Page) -> list[Reference]:
    raise SystemExit(0)


def texts(page: Page) -> list[Any]:
    return ["http://a.example/"]


def unclean(page: Page) -> list[Reference]:
    return [Reference(URL.known("http://a.example/a b\r\nX: y"), Kind.PAGE, "", "", {}, "")]


class Nested:
    @staticmethod
    def good(page: Page) -> list[Reference]:
        return good(page)
