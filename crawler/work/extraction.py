"""Links found in processes that can be killed: by the extractors that settings name, and by our own in a large page.

Nothing of a user's module is imported on this side. A page goes over; plain rows come back, of which references are
made again, each of its right types, or none at all. It knows nothing of which links are followed.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from itertools import islice
from typing import Any, Final

from crawler.errors import LimitError, SettingsError, WorkError
from crawler.http1.media_type import parse_media_type
from crawler.interfaces import Extractor, Finder, Workers
from crawler.model import URL, Kind, Page, Reference
from crawler.settings import CrawlSettings, ImageSettings
from crawler.web.links import find_references, find_refresh, find_style_references
from crawler.web.reference import choose_largest, is_reference
from crawler.work.children import NoChildError

XHTML: Final = "application/xhtml+xml"
KEY: Final = "crawl.extractors"
LOADING: Final = 30.0
"""Seconds in which a user's modules have to be imported."""

PATIENCE: Final = 15.0
"""How many times the seconds of work that a page is allowed may pass while others have the processor."""

Row = tuple[Any, ...]


def load(name: str, folder: str) -> Extractor:
    """The function that `package.module:function` names, found as Python does, and then from `folder` too.

    `SettingsError` says what is wrong.
    """
    module, _, path = name.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *path.split(".")]):
        raise SettingsError(f"{KEY}: {name!r} is not accepted: takes package.module:function")
    if folder not in sys.path:
        sys.path.append(folder)  # last, so that no file there stands in for a module of Python's own
    try:
        found: Any = import_module(module)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
            raise SettingsError(f"{KEY}: {name}: there is no module {error.name}") from error
        what = " ".join(f"{type(error).__name__}: {error}".split())
        raise SettingsError(f"{KEY}: {name}: {module} cannot be imported: {what[:200]}") from error
    for part in path.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise SettingsError(f"{KEY}: {name}: {module} has no function {path}")
    extractor: Extractor = found
    return extractor


def load_all(names: Sequence[str], folder: str) -> None:
    """Import what the extractors need; for a process that is to run them."""
    for name in names:
        load(name, folder)


def extract(name: str, folder: str, page: Page, most: int) -> list[Row]:
    """In a child: the first that a user's extractor finds in a page, up to `most`."""
    return _rows(load(name, folder)(page), most)


def find(page: Page, most: int, seconds: float, everything: bool, largest: bool) -> list[Row]:
    """In a child: the first that our own extractor finds; beyond so many seconds of work, the process ends."""
    # Of work, not of time: how busy the machine is decides no link. The signal is the end of the process, as an error
    # that may come up at any place is lost at some of them.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return _rows(find_links(page, everything, largest), most)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def find_links(page: Page, everything: bool = False, largest: bool = False) -> list[Reference]:
    """The extractor that is always there: the references of a page, or of a style sheet."""
    if page.link.kind is Kind.STYLE:
        return find_style_references(page.body, page.encoding, page.url)
    declared = parse_media_type(page.head.headers.get("content-type") or "")
    is_xml = declared is not None and declared.essence == XHTML
    references = find_references(page.body, page.encoding, page.url, everything=everything, is_xml=is_xml)
    if largest:
        references = choose_largest(references)
    header = page.head.headers.get("refresh")
    return [*find_refresh(header, page.url), *references] if header else references


async def check_extractors(workers: Workers, names: Sequence[str]) -> None:
    """`SettingsError` where an extractor cannot be had; `workers` are to be prepared with `load_all`."""
    try:
        await workers.run(len, names, timeout=LOADING)
    except (LimitError, WorkError) as error:
        raise SettingsError(f"{KEY}: {error}") from error


def finders(crawl: CrawlSettings, images: ImageSettings, workers: Workers, folder: str, large: int) -> list[Finder]:
    """Our own extractor, and those that settings name, in `folder` too.

    `workers` run these, and ours on pages of `large` bytes or more. Of a page with too many links, they give at least
    one more than may be followed.
    """
    most = crawl.max_links + 1
    options = images.sources == "all", images.candidates == "largest"

    def find_ours(page: Page) -> Iterable[Reference] | Awaitable[Iterable[Reference]]:
        return find_links(page, *options) if len(page.body) < large else find_many(page)

    async def find_many(page: Page) -> list[Reference]:
        seconds = crawl.extractor_timeout
        try:
            return await ask(seconds * PATIENCE, find, page, most, seconds, *options)
        except NoChildError:
            return await asyncio.to_thread(find_links, page, *options)

    def find_theirs(name: str, page: Page) -> Awaitable[Iterable[Reference]]:
        return ask(crawl.extractor_timeout, extract, name, folder, page, most)

    async def ask(timeout: float, job: Callable[..., list[Row]], *args: object) -> list[Reference]:
        rows = await workers.run(job, *args, timeout=timeout)
        return await asyncio.to_thread(_references, rows, most)

    return [find_ours, *(partial(find_theirs, name) for name in crawl.extractors)]


def _rows(references: Iterable[Reference], most: int) -> list[Row]:
    return [_row(reference) for reference in islice(references, most)]


def _row(reference: object) -> Row:
    """A reference as plain values; `TypeError` where it is none."""
    if not is_reference(reference):
        raise TypeError(f"an extractor gives references, and not {reference!r}"[:200])
    url, kind, tag, attribute, attributes, *rest = reference
    return (None if url is None else str(url), str(kind), tag, attribute, dict(attributes), *rest)


def _references(rows: object, most: int) -> list[Reference]:
    """The references of rows; `WorkError` where they are not what `_rows` gives: the process may have gone astray."""
    urls: dict[str, URL] = {}
    references = []
    try:
        if not isinstance(rows, list) or len(rows) > most:
            raise TypeError("there are no rows, or too many")
        for text, kind, *rest in rows:
            url = urls.get(text)
            if url is None and text is not None:
                url = urls[text] = URL(text)
            reference = Reference(url, Kind(kind), *rest)
            if not is_reference(reference):
                raise TypeError("a part of it is of another type")
            references.append(reference)
    except Exception as error:
        raise WorkError("an extractor gave what are no references") from error
    return references
