"""How long a page's links take to find: ours beside lexbor's css selection and BeautifulSoup's own parsers, in one run.

    python -m tests.bench.extraction [--quick] [--everything]

Needs nothing, but shows more where selectolax and lxml are installed; what is not is left out.
Every method reads the same pages from their bytes and gives the href of every anchor; "ours, hrefs" no more than that,
by BeautifulSoup's elements, as the others do. "ours" gives whole references: of all tags that name URLs, the URLs
joined, with what is in an anchor; "ours, judged and packed" also what scope makes of each, and the row that is kept.
Ours remembers tags from page to page as it does in a crawl, so each page is read once by each method, and garbage is
collected as seldom as there. With --everything ours gives every image and style sheet besides, and what is written
about each image. Times are CPU microseconds per KB, the median of the rounds, each round on pages of its own.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from bs4 import BeautifulSoup, Tag

sys.path.insert(0, str(Path(__file__).parents[2]))

from crawler.assemble_worker import settle_in
from crawler.crawldb.links import pack
from crawler.model import Link, Reference
from crawler.policy import Rules
from crawler.settings import Settings
from crawler.web.charset import find_encoding
from crawler.web.joiner import MAX_KNOWN_TAG, MAX_READY
from crawler.web.links import decode, find_references
from crawler.web.markup import TagReader
from crawler.web.url import URL
from tests.servers import package_folder

Method = Callable[[bytes], list[str]]
CORPORA = {"python3.11-doc": "genindex-all.html", "openjdk-17-doc": "allclasses-index.html"}
PAGE_URL = URL("http://host.example/docs/api/page.html")
RULES = Rules.of(Settings(), [URL("http://host.example/")])


def hrefs_only() -> Method:
    """The hrefs of anchors, remembered by the anchor, up to a bound."""
    reader = TagReader({"a"})
    known: dict[str, Sequence[str]] = {}

    def read(key: str, element: Tag, _: str) -> Sequence[str]:
        href = element.get("href")
        hrefs = () if href is None else (str(href),)
        if len(key) <= MAX_KNOWN_TAG:
            known[key] = hrefs
        return hrefs

    def find(body: bytes) -> list[str]:
        if len(known) > MAX_READY:
            known.clear()
        return reader.find(decode(body, find_encoding(body)), read, known)

    return find


def ours(body: bytes) -> list[str]:
    return _hrefs(find_references(body, find_encoding(body), PAGE_URL))


def judged_and_packed(body: bytes) -> list[str]:
    references = find_references(body, find_encoding(body), PAGE_URL)
    pack(RULES.judge(Link(PAGE_URL, depth=1), references))
    return _hrefs(references)


def ours_everything(body: bytes) -> list[str]:
    return _hrefs(find_references(body, find_encoding(body), PAGE_URL, everything=True))


def _hrefs(references: Sequence[Reference]) -> list[str]:
    return [one.attributes["href"] for one in references if one.tag == "a" and one.attribute == "href"]


def lexbor_css(body: bytes) -> list[str]:
    from selectolax.lexbor import LexborHTMLParser

    return [node.attributes["href"] or "" for node in LexborHTMLParser(body).css("a[href]")]


def bs4_lxml(body: bytes) -> list[str]:
    return [str(anchor["href"]) for anchor in BeautifulSoup(body, "lxml").find_all("a", href=True)]


def bs4_html_parser(body: bytes) -> list[str]:
    return [str(anchor["href"]) for anchor in BeautifulSoup(body, "html.parser").find_all("a", href=True)]


METHODS: dict[str, tuple[str, Method]] = {
    "selectolax (lexbor), css": ("selectolax", lexbor_css),
    "ours, hrefs": ("crawler", hrefs_only()),
    "ours": ("crawler", ours),
    "ours, judged and packed": ("crawler", judged_and_packed),
    "BeautifulSoup, lxml": ("lxml", bs4_lxml),
    "BeautifulSoup, html.parser": ("bs4", bs4_html_parser),
}
"""Each method, and the package it needs."""


def installed(everything: bool = False) -> dict[str, Method]:
    """The methods that can be measured here."""
    methods = {name: method for name, (package, method) in METHODS.items() if find_spec(package)}
    return methods | {"ours": ours_everything} if everything else methods


def rounds_of(files: Sequence[Path], rounds: int, size: int) -> list[list[bytes]]:
    """So many rounds of so many pages, no page twice; the sample is the same in every run."""
    sample = random.Random(0).sample(files, min(rounds * size, len(files)))
    return [[file.read_bytes() for file in sample[start : start + size]] for start in range(0, len(sample), size)]


def measure(methods: dict[str, Method], rounds: Sequence[Sequence[bytes]]) -> dict[str, float]:
    """Microseconds per KB of each method; a method that finds other links is an error."""
    times: dict[str, list[float]] = {name: [] for name in methods}
    for pages in rounds:
        found = {}
        for name, method in methods.items():
            began = time.process_time()
            found[name] = [len(method(page)) for page in pages]
            times[name].append((time.process_time() - began) * 1e6 * 1024 / sum(map(len, pages)))
        if len({tuple(counts) for counts in found.values()}) != 1:
            raise AssertionError(f"the methods do not agree: {found}")
    return {name: median(values) for name, values in times.items()}


def table(corpora: dict[str, list[list[bytes]]], methods: dict[str, Method]) -> Iterator[str]:
    """A Markdown table; the ratio is to the first method."""
    columns = {name: measure(methods, rounds) for name, rounds in corpora.items()}
    yield "| us/KB | " + " | ".join(f"{name} | ratio" for name in columns) + " |"
    yield "|---|" + "---:|---:|" * len(columns)
    for method in methods:
        cells = (
            f"{found[method]:.1f} | {found[method] / next(iter(found.values())):.2f}" for found in columns.values()
        )
        yield f"| {method} | " + " | ".join(cells) + " |"


def tiny_pages() -> list[list[bytes]]:
    """A round of generated pages, to see that the benchmark works."""
    links = "".join(f'<li class="item"><a href="page{number}.html#top">Page {number}</a></li>' for number in range(50))
    return [[f"<!DOCTYPE html><meta charset=utf-8><title>{page}</title>{links}".encode() for page in range(3)]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few generated pages, to see that it works")
    parser.add_argument("--everything", action="store_true", help="ours finds all images and style sheets too")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=60, help="pages a round")
    options = parser.parse_args()
    settle_in()
    if options.quick:
        corpora = {"generated": tiny_pages()}
    else:
        corpora = {
            package: rounds_of(sorted(package_folder(package, marker).rglob("*.html")), options.rounds, options.pages)
            for package, marker in CORPORA.items()
        }
    print("\n".join(table(corpora, installed(options.everything))))


if __name__ == "__main__":
    main()
