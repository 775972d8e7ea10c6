"""Brings documents to where a person wants them: some at a time, each in its turn, what fails as one line each.

It knows no flags; what was asked for are values.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from crawler.assemble import open_fetcher
from crawler.cli.document import explained
from crawler.cli.rendering import AsItIs, AsLiterals, AsText, Rendering
from crawler.cli.target import Turn, Write, whole_file
from crawler.cli.terminal import complain, is_terminal, say
from crawler.cli.trace import Tap, tracing
from crawler.errors import FetchError
from crawler.http1.media_type import find_media_type
from crawler.interfaces import Fetcher, Response
from crawler.model import Request
from crawler.net.rate import Sips
from crawler.net.watched import Watch
from crawler.settings import Settings
from crawler.web.charset import find_encoding
from crawler.web.sniff import SNIFF_SIZE, sniff_media_type

FAILED: Final = 1
REFUSED: Final = 22
"""The exit status for an answer of 400 or more, where it is to be no success; curl's, so that scripts know it."""

Job = tuple[Request, Path | None]
"""A request, and the file for its document; None: standard output."""
Deliver = Callable[[Request, Write, str | None], Awaitable[None]]
"""Fetches one document and writes it; the text is the encoding of the terminal that it goes to, if it does."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How answers are shown: with the head, off the wire, as literals, onto a terminal by force.

    With `fail`, not at all where their status is 400 or more.
    """

    head: bool = False
    raw: bool = False
    literal: bool = False
    force: bool = False
    fail: bool = False


@dataclass(frozen=True, slots=True)
class Manner:
    """How answers are asked for: by HTTP/1.0, each step told, read in sips."""

    http10: bool = False
    trace: bool = False
    sips: Sips | None = None


class NotShownError(Exception):
    """An answer that is not delivered, and the exit status that says so."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


async def fetch_all(jobs: Sequence[Job], settings: Settings, wanted: Wanted, manner: Manner) -> int:
    """Fetch all, `concurrency.per_host` at a time; the exit status."""
    loop = asyncio.get_running_loop()
    watch = tracing(say, loop.time, numbered=len(jobs) > 1) if manner.trace else None
    opened = partial(
        open_fetcher,
        settings,
        environ=os.environ,
        version="1.0" if manner.http10 else "1.1",
        sips=manner.sips,
    )
    gate = asyncio.Semaphore(settings.concurrency.per_host)
    async with opened(watch=watch) as fetcher:
        deliver: Deliver = partial(deliver_document, fetcher, wanted)
        if wanted.raw:
            deliver = partial(deliver_raw, opened, watch, wanted)
        tasks: list[asyncio.Task[int]] = []
        before: Turn | None = None
        for request, target in jobs:
            turn = before = Turn(sys.stdout.buffer, before)
            tasks.append(loop.create_task(_fetch_one(gate, request, target or turn, deliver)))
        try:
            statuses = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return FAILED if FAILED in statuses else max(statuses)


async def _fetch_one(gate: asyncio.Semaphore, request: Request, target: Path | Turn, deliver: Deliver) -> int:
    """Fetch one document; its share of the exit status."""
    terminal = sys.stdout.encoding if isinstance(target, Turn) and is_terminal(sys.stdout) else None
    try:
        async with gate, _opened(target) as write:
            await deliver(request, write, terminal)
    except FetchError as error:
        complain(f"{request.url}: {explained(error)}")
        return FAILED
    except NotShownError as error:
        complain(f"{request.url}: {error}")
        return error.status
    return 0


@asynccontextmanager
async def _opened(target: Path | Turn) -> AsyncIterator[Write]:
    """What writes to a target."""
    if isinstance(target, Turn):
        async with target as write:
            yield write
    else:
        with whole_file(target) as write:
            yield write


async def deliver_document(
    fetcher: Fetcher, wanted: Wanted, request: Request, write: Write, terminal: str | None
) -> None:
    """The document, its codings removed, and the head before it where that is wanted."""
    async with fetcher.fetch(request) as response:
        _judge(request, response, wanted)
        rendering = await _rendering_of(response, wanted, terminal)
        if wanted.head:
            write(rendering.head(response.head.raw))
        async for chunk in response.chunks():
            write(rendering.feed(chunk))
        write(rendering.finish())


async def deliver_raw(
    opened: Callable[..., AbstractAsyncContextManager[Fetcher]],
    watch: Watch | None,
    wanted: Wanted,
    request: Request,
    write: Write,
    terminal: str | None,
) -> None:
    """Every byte that the servers send, over connections that carry nothing else."""
    rendering: Rendering = AsItIs()
    if wanted.literal:
        rendering = AsLiterals()
    elif terminal is not None and not wanted.force:
        rendering = AsText("utf-8", terminal)
    tap = Tap(lambda data: write(rendering.feed(data)), watch)
    try:
        async with opened(watch=tap.watch) as fetcher, fetcher.fetch(request) as response:
            async for _ in response.chunks():
                pass
            _judge(request, response, wanted)
    finally:
        write(rendering.finish())


def _judge(request: Request, response: Response, wanted: Wanted) -> None:
    """Say what the server thinks of the request, where that is nothing good."""
    head = response.head
    if head.status >= 400:
        text = f"the server answered {head.status} {head.reason}".rstrip()
        if wanted.fail:
            raise NotShownError(REFUSED, text)
        complain(f"{request.url}: {text}")


async def _rendering_of(response: Response, wanted: Wanted, terminal: str | None) -> Rendering:
    """How the document is written; `NotShownError` where a terminal could not bear it."""
    if wanted.literal:
        return AsLiterals()
    if terminal is None or wanted.force:
        return AsItIs()
    first = await response.peek(SNIFF_SIZE)
    headers = response.head.headers
    declared = find_media_type(headers.get_all("content-type"))
    if not is_text(headers.get("content-type"), first):
        what = declared.essence if declared is not None else "no text"
        raise NotShownError(
            FAILED, f"this looks binary ({what}): give it a file with -o FILE, or send it here with --force"
        )
    return AsText(find_encoding(first, declared.charset if declared is not None else None), terminal)


def is_text(declared: str | None, first: bytes) -> bool:
    """Whether a document that begins so can be shown as text."""
    media_type = sniff_media_type(declared, first)
    return media_type.startswith("text/") or media_type.endswith(("xml", "json", "javascript")) or not first
