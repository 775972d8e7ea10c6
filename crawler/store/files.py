"""Documents as files: written whole under a temporary name, then renamed to the one that URL and true type give.

It decides nothing about whether a document is wanted. Small bodies that wait at the same moment are written in one hop
to a thread; large ones stream through aiofiles. `OSError` becomes `StoreError` here.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path
from typing import Final

import aiofiles
from aiofiles.os import wrap

from crawler import policy
from crawler.errors import CrawldbError, CrawlError, FetchError, StoreError, TruncatedError
from crawler.interfaces import Accept, Claims, Response
from crawler.model import URL, Link, Partial, Place, ResponseHead, Saved, Visit
from crawler.settings import StoreSettings
from crawler.store.partial import partial_name, partial_of, read_begun
from crawler.units import format_size
from crawler.web.names import Named, Template
from crawler.web.paths import candidates, path
from crawler.web.probe import TAIL_SIZE, probe_image
from crawler.web.sniff import SNIFF_SIZE, is_image, sniff_media_type

TEMPORARY: Final = ".tmp"
FOLDERS: Final = 10_000
"""Folders remembered as made."""

BETWEEN_CHECKS: Final = 8 * 1024 * 1024
"""Bytes written of one document between two looks at the room left."""


@contextmanager
def store_errors(place: Path) -> Iterator[None]:
    """Turns a failure of the file system into a `StoreError` of one line."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{error.filename or place}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class Job:
    """A small file to be written, and its digest where that is known."""

    temporary: Path
    final: Path
    body: bytes
    modified_at: float | None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A document that has come to its end: its true type, its first and last bytes, and, once known, the rest."""

    media_type: str
    first: bytes
    last: bytes
    size: int = 0
    digest: str = ""


class FileStore:
    """`Store` in the folder `output`, which no other process writes to at the same time."""

    def __init__(
        self, output: Path, settings: StoreSettings, template: Template | None = None, writer: str = ""
    ) -> None:
        """`template` names images, where not all is named by its URL; `writer` begins all its temporary names."""
        self._output = output
        self._settings = settings
        self._name = writer
        self._claims: Claims | None = None
        self._template = template
        self._numbers = count(1)
        self._folders: set[Path] = set()
        self._jobs: list[tuple[Job, asyncio.Future[str]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._write_all = wrap(self._write_jobs)
        self._broken_off: dict[URL, Partial] = {}
        self._check_room = wrap(self._prepare)
        self._read_begun = wrap(read_begun)
        self._finish = wrap(self._complete)

    def open(
        self, interrupted: Iterable[URL] = (), partials: Collection[str] = (), leftovers: Iterable[str] = ()
    ) -> None:
        """Make the folder ready: temporary files go but for `partials`, and so do `leftovers`.

        Likewise files that a killed run renamed but did not record: those of the URLs it had in flight. Who is killed
        here can do it again.
        """
        with store_errors(self._output):
            (self._output / TEMPORARY).mkdir(parents=True, exist_ok=True)
            for left in (self._output / TEMPORARY).iterdir():
                if left.name not in partials:
                    left.unlink()
            for url in interrupted:
                self._take_back(url, partials)
                self._remove(self._own(url))
            self._remove(leftovers)

    def _take_back(self, url: URL, partials: Collection[str]) -> None:
        """A document that was finished from a partial becomes that again, as its row still has it."""
        begun = self._output / TEMPORARY / partial_name(url)
        if begun.name in partials and not begun.exists():
            for name in self._own(url):
                with suppress(FileNotFoundError, NotADirectoryError):
                    (self._output / name).replace(begun)

    async def discard(self, paths: Sequence[str]) -> None:
        """Remove files that no record has any more; what has no folder is what there was of a document."""
        with store_errors(self._output):
            await wrap(self._remove)(paths)

    def share(self, claims: Claims | None) -> None:
        """Ask `claims` for the place of an image by its content; None: each has its own."""
        self._claims = claims

    async def clear(self, writer: str, urls: Iterable[URL], names: Iterable[str]) -> None:
        """Remove what a dead process left behind: its temporary files, and what it kept that no record has."""
        left = [f"{TEMPORARY}/{file.name}" for file in (self._output / TEMPORARY).glob(f"{writer}*")]
        await self.discard([*left, *(name for url in urls for name in self._own(url)), *names])

    def _own(self, url: URL) -> Iterator[str]:
        """Every path that this URL, and no other, can have had: with a template, an image's is whose it was first."""
        paths = candidates(url, self._settings.max_name)
        return paths if self._template is None else (name for name in paths if not name.startswith("images/"))

    def _remove(self, paths: Iterable[str]) -> None:
        for name in paths:
            with suppress(FileNotFoundError, NotADirectoryError):
                (self._output / (name if "/" in name else f"{TEMPORARY}/{name}")).unlink()

    def partial(self, visit: Visit) -> Partial | None:
        """As `Store.partial`."""
        begun = self._broken_off.pop(visit.link.url, None) or visit.partial
        return begun if begun is not None and (self._output / TEMPORARY / begun.name).exists() else None

    async def load(self, saved: Saved) -> bytes:
        """As `Store.load`."""
        with store_errors(self._output / saved.path):
            async with aiofiles.open(self._output / saved.path, "rb") as file:
                return await file.read()

    async def save(self, visit: Visit, response: Response, accept: Accept | None = None) -> Saved:
        """As `Store.save`: the file is there under its final name when this returns."""
        if visit.partial is not None and response.head.status == 206:
            return await self._finish_partial(visit, visit.partial, response, accept)
        if visit.partial is not None:
            _remove(self._output / TEMPORARY / visit.partial.name)
        first = await response.peek(self._settings.memory + 1)
        media_type = sniff_media_type(response.head.headers.get("content-type"), first[:SNIFF_SIZE])
        temporary = self._output / TEMPORARY / f"{self._name}{next(self._numbers)}"
        if len(first) <= self._settings.memory:
            return await self._save_small(visit, temporary, response.head, Whole(media_type, first, first), accept)
        size, digest, last = await self._stream(visit.link, temporary, response, hashlib.sha256())
        whole = Whole(media_type, first, last, size, digest)
        return await self._place(visit, temporary, response.head, whole, accept)

    async def _save_small(
        self, visit: Visit, temporary: Path, head: ResponseHead, whole: Whole, accept: Accept | None
    ) -> Saved:
        """A document that is in memory: what is not to be kept, or is kept already, is not even written."""
        body = whole.first
        if accept is not None:
            accept(body, body[-TAIL_SIZE:], len(body))
        if self._template is None and (self._claims is None or not is_image(whole.media_type)):
            name = path(visit.link.url, whole.media_type, self._settings.max_name)
            digest = await self._write(Job(temporary, self._output / name, body, _last_modified(head)))
            return Saved(name, whole.media_type, len(body), digest)
        whole = replace(whole, size=len(body), digest=hashlib.sha256(body).hexdigest())
        name, is_duplicate = await self._claimed(visit, whole)
        if not is_duplicate:
            await self._write(Job(temporary, self._output / name, body, _last_modified(head), whole.digest))
        return Saved(name, whole.media_type, whole.size, whole.digest, is_duplicate)

    async def _place(
        self,
        visit: Visit,
        temporary: Path,
        head: ResponseHead,
        whole: Whole,
        accept: Accept | None,
        begun: Partial | None = None,
    ) -> Saved:
        """A document that lies in a temporary file, whole: to its final name, or gone where it is not to be kept."""
        try:
            if accept is not None:
                accept(whole.first, whole.last, whole.size)
            name, is_duplicate = await self._claimed(visit, whole)
        except BaseException as error:
            _give_up(temporary, error, begun)
            raise
        with store_errors(self._output / name):
            if is_duplicate:
                _remove(temporary)
            else:
                await self._finish(temporary, self._output / name, _last_modified(head))
        return Saved(name, whole.media_type, whole.size, whole.digest, is_duplicate)

    async def _claimed(self, visit: Visit, whole: Whole) -> Place:
        """Where a document is to lie, and whether its content lies there already."""
        link, media_type, max_name = visit.link, whole.media_type, self._settings.max_name
        if self._template is None or not is_image(media_type):
            name = path(link.url, media_type, max_name)
        else:
            probe = probe_image(whole.first)
            width, height = (probe.width, probe.height) if probe is not None else (None, None)
            named = Named(link.url, link.parent, link.place, media_type, width, height, whole.digest)
            name = self._template.path(named, max_name)
        if self._claims is None or not is_image(media_type):
            return Place(name)
        return await self._claims.claim(visit, whole.digest, name)

    async def _finish_partial(self, visit: Visit, partial: Partial, response: Response, accept: Accept | None) -> Saved:
        """A document whose beginning lies in a file, and whose rest comes now."""
        temporary = self._output / TEMPORARY / partial.name
        try:
            with store_errors(temporary):
                first, tail, hashed = await self._read_begun(temporary, partial.size, self._settings.memory)
        except StoreError as error:
            _remove(temporary)
            raise TruncatedError(f"the beginning of the document is gone: {error}") from error
        total = policy.whole_size(response.head)
        begun = replace(partial, total=partial.total if total is None else total)
        size, digest, last = await self._stream(visit.link, temporary, response, hashed, begun)
        if begun.total is not None and size != begun.total:
            _remove(temporary)
            raise TruncatedError(f"the document has {size} bytes, not the {begun.total} that were said")
        media_type = sniff_media_type(response.head.headers.get("content-type"), first[:SNIFF_SIZE])
        whole = Whole(media_type, first, (tail + last)[-TAIL_SIZE:], size, digest)
        return await self._place(visit, temporary, response.head, whole, accept, begun)

    async def _write(self, job: Job) -> str:
        """The digest of a small file, once it is written together with those that wait at the same moment."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        self._jobs.append((job, future))
        if self._writer is None:
            self._writer = loop.create_task(self._write_waiting(), name="store")
        return await asyncio.shield(future)

    async def _write_waiting(self) -> None:
        while self._jobs:
            batch, self._jobs = self._jobs, []
            results = await self._write_all([job for job, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                if isinstance(result, str):
                    future.set_result(result)
                else:
                    future.set_exception(result)
                    future.exception()
        self._writer = None

    def _write_jobs(self, jobs: list[Job]) -> list[str | StoreError]:
        results: list[str | StoreError] = []
        try:
            with store_errors(self._output):
                self._prepare()
        except StoreError as error:
            return [error for _ in jobs]
        for job in jobs:
            try:
                with store_errors(job.final):
                    with job.temporary.open("xb") as file:  # buffered: a nearly full disk takes a part
                        file.write(job.body)
                    self._complete(job.temporary, job.final, job.modified_at)
                results.append(job.digest or hashlib.sha256(job.body).hexdigest())
            except StoreError as error:
                _remove(job.temporary)
                results.append(error)
        return results

    async def _stream(
        self, link: Link, temporary: Path, response: Response, hashed: "hashlib._Hash", begun: Partial | None = None
    ) -> tuple[int, str, bytes]:
        """The size, digest and last bytes of a large body, written as it comes.

        Behind what was `begun`, whose bytes are there and `hashed`; there is no more of it than its total.
        """
        size = begun.size if begun is not None else 0
        most = begun.total if begun is not None else None
        checked, last = size, b""
        try:
            with store_errors(temporary):
                await self._check_room()
                async with aiofiles.open(temporary, "ab" if size else "xb") as file:
                    async for chunk in response.chunks():
                        size += len(chunk)
                        if most is not None and size > most:
                            raise TruncatedError(f"the document has more than the {most} bytes that were said")
                        hashed.update(chunk)
                        await file.write(chunk)
                        last = chunk[-TAIL_SIZE:] if len(chunk) >= TAIL_SIZE else (last + chunk)[-TAIL_SIZE:]
                        if size - checked >= BETWEEN_CHECKS:
                            checked = size
                            await self._check_room()
        except BaseException as error:
            is_passing = isinstance(error, FetchError) and error.retryable
            if not (is_passing and self._keep_partial(link, temporary, response.head, size, begun)):
                _give_up(temporary, error, begun)
            raise
        return size, hashed.hexdigest(), last

    def _keep_partial(self, link: Link, temporary: Path, head: ResponseHead, size: int, begun: Partial | None) -> bool:
        """Keep what has come of a large body for a later attempt, if that can be of use to one."""
        kept = partial_of(link, head, size, begun, self._settings.min_partial)
        if kept is None:
            return False
        with store_errors(temporary):
            if self._settings.durability == "power":
                _sync(temporary)
            temporary.replace(temporary.with_name(kept.name))
        self._broken_off[link.url] = kept
        return True

    def _prepare(self) -> None:
        """Whether there is room for more; `StoreError` names the setting where there is not."""
        free = shutil.disk_usage(self._output).free
        if free < self._settings.min_free:
            least = format_size(self._settings.min_free)
            raise StoreError(f"{self._output}: only {format_size(free)} are free, and store.min_free keeps {least}")

    def _complete(self, temporary: Path, final: Path, modified_at: float | None) -> None:
        """From the temporary name to the final one."""
        if modified_at is not None:
            os.utime(temporary, (modified_at, modified_at))
        self._make(final.parent)
        if self._settings.durability == "power":
            _sync(temporary)
        try:
            temporary.replace(final)
        except FileNotFoundError:  # somebody removed a folder that is remembered as made
            self._folders.clear()
            self._make(final.parent)
            temporary.replace(final)
        if self._settings.durability == "power":
            _sync(final.parent)

    def _make(self, folder: Path) -> None:
        if folder not in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            if len(self._folders) >= FOLDERS:
                self._folders.clear()
            self._folders.add(folder)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _give_up(temporary: Path, error: BaseException, begun: Partial | None) -> None:
    """A document is not kept: its file goes, unless a row has its beginning and it was not the document that failed."""
    if begun is None or (isinstance(error, CrawlError) and not isinstance(error, StoreError | CrawldbError)):
        _remove(temporary)


def _remove(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _last_modified(head: ResponseHead) -> float | None:
    """The server's Last-Modified as seconds since 1970, None where it says nothing usable."""
    try:
        moment = parsedate_to_datetime(head.headers.get("last-modified") or "").timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 0 <= moment < 1 << 33 else None
