"""What a complete crawl of a folder of HTML files comes to, found by walking the files and asking no server.

It shares nothing with the crawler: html5lib reads every page (the parser that follows the HTML standard's own
algorithm), ada_url joins as the WHATWG URL standard does (`//` inside a path stays, where Python's urljoin would drop
it), and this module alone decides what a link is. The folder is taken to be served as nginx does: `index.html` for a
folder, a redirect for a folder without its slash, `text/html` for .html and .htm. The pages are read in as many
processes as there are cores, which makes half a minute of html5lib (the 50 MB of python3.11-doc) a quarter; so the
tests read every page, and no sample stands for the rest.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

import ada_url
import html5lib

ANCHORS = {"a": "href", "area": "href", "iframe": "src", "frame": "src"}
PAGE_RELATIONS = {"next", "prev", "canonical", "alternate"}
HTML_SUFFIXES = {".html", ".htm"}
FEW = 40
"""So few files are read faster here than by processes that must start first."""


@dataclass(frozen=True, slots=True)
class Read:
    """What one file names, as written and in the order of the text, and its base."""

    links: tuple[str, ...]
    images: tuple[str, ...]
    base: str | None


@dataclass(frozen=True, slots=True)
class Walk:
    """The URLs within reach of the start and the file of each; pages are HTML, documents what else anchors lead to."""

    pages: dict[str, Path] = field(default_factory=dict)
    documents: dict[str, Path] = field(default_factory=dict)
    images: dict[str, Path] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    @property
    def saved(self) -> Mapping[str, Path]:
        """Every URL that a complete crawl saves, with the file whose bytes it must have."""
        return {**self.documents, **self.images, **self.pages}

    @property
    def asked(self) -> set[str]:
        """Every URL that a complete crawl asks for, robots.txt aside."""
        return {*self.saved, *self.moved, *self.missing}


def walk(root: Path, start: str) -> Walk:
    """What is within reach of `start`, a URL of the folder `root` as served.

    Pages and documents lie at or below the start's last `/`; what a page shows may lie anywhere in the folder.
    """
    files = [file for file in sorted(root.rglob("*")) if file.suffix in HTML_SUFFIXES and file.is_file()]
    said = dict(zip(files, _read_all(files), strict=True))
    scope = start[: start.rindex("/") + 1]
    result = Walk()
    images: set[str] = set()
    known, waiting = {start}, [start]
    while waiting:
        url = waiting.pop()
        file = _file(root, url)
        if file.is_dir():
            result.moved[url] = url + "/"
            found = {url + "/"}
        elif not file.is_file():
            result.missing.add(url)
            continue
        elif file in said:
            result.pages[url] = file
            found = set(_joined(said[file].links, url, said[file].base))
            images.update(_joined(said[file].images, url, said[file].base))
        else:
            result.documents[url] = file
            continue
        new = {one for one in found if one.startswith(scope)} - known
        known |= new
        waiting += new
    for url in images - known:
        if url.startswith(start[: start.index("/", 8) + 1]):
            if _file(root, url).is_file():
                result.images[url] = _file(root, url)
            else:
                result.missing.add(url)
    return result


def read(file: Path) -> Read:
    """What the HTML of a file names."""
    tree = html5lib.parse(file.read_bytes(), treebuilder="etree", namespaceHTMLElements=False)
    links: list[str] = []
    images: list[str] = []
    for element in tree.iter():
        if isinstance(element.tag, str):
            links += _links(element)
            images += _images(element)
    bases = [element.get("href") for element in tree.iter("base")]
    return Read(tuple(links), tuple(images), next((base for base in bases if base is not None), None))


def _read_all(files: list[Path]) -> Iterable[Read]:
    if len(files) <= FEW:
        return list(map(read, files))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        return list(pool.map(read, files, chunksize=8))


def _links(element: Element) -> Iterator[str]:
    if attribute := ANCHORS.get(element.tag):
        yield from _given(element.get(attribute))
    elif element.tag == "link" and PAGE_RELATIONS & _relations(element) and "stylesheet" not in _relations(element):
        yield from _given(element.get("href"))
    elif element.tag == "meta" and element.get("http-equiv", "").lower() == "refresh":
        yield from _given(element.get("content", "").partition("url=")[2])


def _images(element: Element) -> Iterator[str]:
    if element.tag == "img" or (element.tag == "input" and element.get("type", "").lower() == "image"):
        yield from _given(element.get("src"))
    if element.tag in ("img", "source"):
        yield from (candidate.split()[0] for candidate in element.get("srcset", "").split(",") if candidate.strip())
    if element.tag == "video":
        yield from _given(element.get("poster"))
    if element.tag == "link" and "icon" in _relations(element):
        yield from _given(element.get("href"))


def _given(text: str | None) -> Iterator[str]:
    if text is not None and text.strip():
        yield text


def _relations(element: Element) -> set[str]:
    return set(element.get("rel", "").lower().split())


def _joined(texts: Iterable[str], url: str, base: str | None) -> Iterator[str]:
    start = ada_url.join_url(url, base) if base else url
    for text in texts:
        try:
            yield ada_url.join_url(start, text).partition("#")[0]
        except ValueError:
            continue


def _file(root: Path, url: str) -> Path:
    """The file that a server of `root` answers this URL with; a folder where it redirects to the slash."""
    path = unquote(urlsplit(url).path)
    file = root / path.lstrip("/")
    return file / "index.html" if path.endswith("/") else file
