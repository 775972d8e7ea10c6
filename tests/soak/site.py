"""A site of any number of pages, each made from its number when asked for; and what a crawl must make of each URL.

It does no I/O. The pages are a tree over several hosts, and every one of them is to be had in the end, though some only
at a second or third attempt; what can never be had hangs on the tree as leaves, one kind of trouble each.
"""

import random
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

HOSTS: Final = tuple(f"127.0.0.{number}" for number in range(2, 10))
DEAD: Final = "127.0.0.99"
"""Where nobody listens."""

CHILDREN: Final = 6
RETRIES: Final = 2
PROBES: Final = 40
"""How often a host that does nothing but reset is asked whether it is well again, before a page is blamed for that."""
MAX_BODY: Final = 4_000_000
ROBOTS: Final = b"User-agent: *\nDisallow: /private/\n"
SETTINGS: Final = f"""
[scope]
scope = "any"
exclude = ["*/skipped/*"]
[fetch]
max_retries = {RETRIES}
retry_wait = "50ms"
max_retry_wait = "1s"
read_timeout = "15s"
max_body = {MAX_BODY}
[politeness]
give_up_after = "1h"
"""
"""A crawl whose outcome can be foretold: no page is given up for what the site does to its host."""


class Trouble(Enum):
    """How an answer is given."""

    NONE = "whole"
    CHUNKED = "in chunks"
    GZIP = "coded"
    SLOW = "late"
    RESET = "the connection is reset"
    CUT = "it breaks off"
    ERROR = "500"
    BUSY = "503 with Retry-After"
    MANY = "429 with Retry-After"
    BAD_GZIP = "what says that it is gzip, and is not"
    NO_HTTP = "what is no HTTP"
    LARGE = "more than a document may have"
    MOVED = "a redirect"
    GONE = "404"


FOR_A_WHILE: Final = (Trouble.RESET, Trouble.CUT, Trouble.ERROR, Trouble.BUSY, Trouble.MANY, Trouble.SLOW)
WAYS: Final = (Trouble.NONE, Trouble.NONE, Trouble.CHUNKED, Trouble.GZIP)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a crawl makes of one kind of URL: its `state` and word, and how often it asks for it at the most."""

    trouble: Trouble
    state: str
    error: str | None
    asked: int
    every: int
    """Each so-manieth page links to one."""


LEAVES: Final = {
    "gone": Leaf(Trouble.GONE, "rejected", "status", 1, 20),
    "moved": Leaf(Trouble.MOVED, "redirected", None, 1, 15),
    "circle": Leaf(Trouble.MOVED, "failed", "redirect", 1, 150),
    "reset": Leaf(Trouble.RESET, "failed", "reset", 2 * (RETRIES + 1 + PROBES), 700),  # each at two connections
    "cut": Leaf(Trouble.CUT, "failed", "truncated", RETRIES + 1, 200),
    "error": Leaf(Trouble.ERROR, "rejected", "status", RETRIES + 1, 300),
    "coded": Leaf(Trouble.BAD_GZIP, "failed", "decode", 1, 120),
    "spoken": Leaf(Trouble.NO_HTTP, "failed", "protocol", 1, 170),
    "large": Leaf(Trouble.LARGE, "failed", "too-large", 1, 400),
    "private": Leaf(Trouble.NONE, "refused", "robots", 0, 30),
    "skipped": Leaf(Trouble.NONE, "skipped", "scope", 0, 25),
    "same": Leaf(Trouble.NONE, "saved", None, 1, 40),
    "image": Leaf(Trouble.NONE, "saved", None, 1, 3),
    "file": Leaf(Trouble.CHUNKED, "saved", None, 1, 2_000),
    "dead": Leaf(Trouble.NONE, "failed", "connect", 0, 1_500),
}

_WORDS: Final = tuple("".join(random.Random(n).choices("bcdfghklmnprst", k=2 + n % 7)) + "a" for n in range(3_000))
_PATH: Final = re.compile(r"/p/([0-9]+)|/([a-z]+)/([0-9]+)(?:\.[a-z]+)?")
_ENDINGS: Final = {"image": ".png", "file": ".bin"}


@dataclass(frozen=True)
class Site:
    """The site of so many pages, on one port of all `HOSTS`."""

    pages: int
    port: int = 0

    def url(self, path: str, host: str) -> str:
        """Where something of the site is."""
        return f"http://{host}:{self.port}{path}"

    @cached_property
    def start(self) -> str:
        """The root of the tree."""
        return self.page_url(0)

    def page_url(self, number: int) -> str:
        """Where a page is."""
        return self.url(f"/p/{number}", HOSTS[number % len(HOSTS)])

    def leaf_url(self, name: str, number: int) -> str:
        """Where a leaf is."""
        host = DEAD if name == "dead" else HOSTS[(number * 7 + len(name)) % len(HOSTS)]
        return self.url(f"/{name}/{number}{_ENDINGS.get(name, '')}", host)

    def leaves(self, number: int) -> list[str]:
        """The kinds of leaves that a page links to."""
        return [name for name, leaf in LEAVES.items() if number % leaf.every == leaf.every // 2]

    def urls(self) -> Iterator[str]:
        """Every URL of the site but the robots.txt."""
        for number in range(self.pages):
            yield self.page_url(number)
            yield from (self.leaf_url(name, number) for name in self.leaves(number))

    def troubles(self, number: int) -> tuple[Trouble, ...]:
        """How a page is answered: at the first attempt, at the second ..., and ever after as the last."""
        chance = zlib.crc32(b"%d" % number) / 2**32
        way = WAYS[number % len(WAYS)]
        if number == 0 or chance > 0.02:
            return (way,)
        trouble = FOR_A_WHILE[number % len(FOR_A_WHILE)]
        return (trouble, trouble, way) if chance < 0.002 and trouble is Trouble.CUT else (trouble, way)

    def body(self, path: str) -> bytes:
        """The document at a path."""
        name, number = parse(path)
        if name == "page":
            return self._page(number)
        chance = random.Random(f"{name} {number}")
        if name == "image":
            return _png(chance.randbytes(chance.choice((100, 2_000, 9_000, 40_000))))
        if name == "file":
            return chance.randbytes(chance.choice((600_000, 1_500_000, 3_000_000)))
        if name == "same":  # one of ten documents, under many names
            return _html(f"one of {number % 10}", "", random.Random(number % 10))
        return _html(f"{name} {number}", "", chance)

    def _page(self, number: int) -> bytes:
        first = number * CHILDREN + 1
        links = [self.page_url(child) for child in range(first, min(first + CHILDREN, self.pages))]
        links += [self.page_url(number // 2), self.page_url(number * 7 % self.pages)]
        names = self.leaves(number)
        links += [self.leaf_url(name, number) for name in names if name != "image"]
        shown = f'<img src="{self.leaf_url("image", number)}" alt="">' if "image" in names else ""
        anchors = "".join(f'<li><a href="{link}">{link[-9:]}</a>\n' for link in links)
        return _html(f"page {number}", f"<ul>{anchors}</ul>{shown}", random.Random(number))

    def target(self, path: str) -> str:
        """Where a redirect leads."""
        name, number = parse(path)
        return self.leaf_url(name, number) if name == "circle" else self.page_url(number // 3)


def parse(path: str) -> tuple[str, int]:
    """What is at a path: "page" or the name of a leaf, and its number."""
    found = _PATH.fullmatch(path)
    assert found is not None, path
    return ("page", int(found[1])) if found[1] else (found[2], int(found[3]))


def _html(title: str, markup: str, chance: random.Random) -> bytes:
    """A page of its own words: what says the same a hundred times would be a trap."""
    text = " ".join(chance.choices(_WORDS, k=chance.choice((120, 300, 900))))
    return f"<!doctype html>\n<title>{title}</title>\n{markup}\n<p>{text}\n".encode()


def _png(pixels: bytes) -> bytes:
    """What begins and ends as a PNG does."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 640, 480, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
