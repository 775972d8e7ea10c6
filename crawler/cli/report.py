"""`crawler report`: the images of a crawl as one page of HTML, with thumbnails made for it in child processes."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import typer

from crawler.cli.terminal import say, show

if TYPE_CHECKING:
    from crawler.cli.target import Write
    from crawler.crawldb.records import PictureRecord, Records
    from crawler.report.contact_sheet import Heading
    from crawler.work.children import Children

LIMIT: Final = 3_000
SIDE: Final = 160
"""Pixels of a thumbnail's longer side."""

BATCH: Final = 32
"""Pictures whose thumbnails are made together; they are in memory together, too."""

CHILDREN: Final = 4
TIMEOUT: Final = 10.0
"""Seconds for one thumbnail."""

FIRST_WORD, NEXT_WORD = 1.0, 5.0
"""Seconds until a person hears how far it is, and between then."""


def report(
    folder: str = typer.Argument(..., metavar="FOLDER", show_default=False),
    output: str | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="Default: report.html in the folder.", show_default=False
    ),
    limit: int = typer.Option(
        LIMIT, "--limit", metavar="COUNT", min=1, max=100_000, help="Images shown of those kept, and of the others."
    ),
) -> int:
    """Write the images of a crawl as one page of HTML.

    It is a contact sheet with small pictures, to search, filter and sort; equal and alike ones are grouped, and what is
    not kept is there with its reason. The page is one file that asks no server for anything, and may be mailed.

    It reads only, and may be asked at any time, also while the crawl runs.

    \b
    Examples
      crawler report pictures                        # writes pictures/report.html
      crawler report pictures -o sheet.html --limit 500
    """
    from crawler.cli.target import whole_file
    from crawler.crawldb.records import Records
    from crawler.report.contact_sheet import NAME
    from crawler.units import format_size

    place = Path(folder)
    target = Path(output) if output else place / NAME
    with Records(place) as records, whole_file(target) as write:
        heading = asyncio.run(write_report(records, place, limit, write, Ticker(say, time.monotonic)))
    show(f"{target}: {heading.files:,} images, {format_size(heading.size)}")
    return 0


class Ticker:
    """Says how far a work is that takes longer than a second: at first then, and later every five."""

    def __init__(self, say: Callable[[str], object], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._next = clock() + FIRST_WORD
        self._done = 0

    def tick(self, words: str, more: int = 1, total: int | None = None) -> None:
        """So much more is done of a part, which may have a `total`."""
        self._done += more
        if self._clock() >= self._next:
            self._say(f"{words}: {self._done:,}{f' of {total:,}' if total is not None else ''}")
            self._next = self._clock() + NEXT_WORD

    def begin(self) -> None:
        """Another part of the work."""
        self._done = 0


async def write_report(records: "Records", folder: Path, limit: int, write: "Write", ticker: Ticker) -> "Heading":
    """Write the page; gives what stands above its images."""
    from crawler.report.contact_sheet import ContactSheet
    from crawler.work.children import Children
    from crawler.work.pictures import MAX_ANSWER

    heading = _heading(records, limit, ticker)
    sheet = ContactSheet(write)
    sheet.begin(heading)
    ticker.begin()
    with TemporaryDirectory(prefix="crawler-") as scratch:
        async with Children(min(CHILDREN, os.cpu_count() or 1), max_answer=MAX_ANSWER) as children:
            for batch in _batches(records.pictures(limit)):
                jobs = (_thumbnail(children, folder, one, Path(scratch, f"{place}")) for place, one in enumerate(batch))
                for picture, thumbnail in zip(batch, await asyncio.gather(*jobs), strict=True):
                    sheet.add(picture, thumbnail)
                ticker.tick("images", sum(one.state == "saved" for one in batch), min(heading.files, limit))
    sheet.end()
    return heading


def _heading(records: "Records", limit: int, ticker: Ticker) -> "Heading":
    from crawler.report.contact_sheet import MAX_STARTS, Heading

    counts = records.counts()
    return Heading(
        starts=list(islice(records.starts(), MAX_STARTS + 1)),
        runs=records.runs(),
        is_running=records.is_running,
        is_finished=counts.queued + counts.leased == 0,
        costs=records.gather_pictures(lambda: ticker.tick("pages looked through")),
        limit=limit,
    )


def _batches(pictures: "Iterator[PictureRecord]") -> "Iterator[Sequence[PictureRecord]]":
    while batch := list(islice(pictures, BATCH)):
        yield batch


async def _thumbnail(children: "Children", folder: Path, picture: "PictureRecord", scratch: Path) -> bytes | None:
    """A small copy of a picture that is kept; None where none can be made of it."""
    from crawler.errors import LimitError, WorkError
    from crawler.work.pictures import Copy, Wish, derive_elsewhere

    if picture.state != "saved" or picture.path is None:
        return None
    copy = Copy(str(scratch), "webp", SIDE)
    wish = Wish(f"{scratch}.new", (copy,), hash=False)
    try:
        made = await derive_elsewhere(children, str(_source(folder, picture.path, picture.sha256)), wish, TIMEOUT)
    except (LimitError, WorkError):
        return None
    return _taken(scratch) if made.copies else None


def _source(folder: Path, path: str, digest: str) -> Path:
    """What the small copy of an image is made of: the thumbnail that was made when it came, else the image itself."""
    from crawler.web.paths import THUMBNAILS, derived_path

    thumbnail = folder / derived_path(THUMBNAILS, digest, "jpg")
    return thumbnail if thumbnail.is_file() else folder / path


def _taken(scratch: Path) -> bytes:
    """A file that is not needed any more."""
    contents = scratch.read_bytes()
    scratch.unlink()
    return contents
