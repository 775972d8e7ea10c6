"""`crawler fetch`: one document, to standard output or a file, whole or not at all."""

import asyncio
import os
import sys
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from crawler.cli.flags import FETCH_FLAGS, config_option, overrides, path_or_none, preset_option, with_flags
from crawler.cli.terminal import complain, is_terminal, say
from crawler.errors import SettingsError
from crawler.watch.printable import printable_text

if TYPE_CHECKING:
    from crawler.interfaces import Response

PEEK: Final = 1445
"""Bytes by which text is told from what is none, and its encoding found."""
Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of a document: in a file, with its head, each arrival told, onto a terminal by force."""

    target: Path | None = None
    head: bool = False
    trace: bool = False
    force: bool = False


@with_flags(FETCH_FLAGS)
def fetch(
    url: str = typer.Argument(..., metavar="URL", show_default=False),
    output: str | None = typer.Option(None, "--output", "-o", metavar="FILE", help="A file, whole or not at all."),
    include: bool = typer.Option(False, "--include", "-i", help="Show the head of the answer before the document."),
    trace: bool = typer.Option(False, "--trace", help="Tell on standard error of each piece as it arrives."),
    force: bool = typer.Option(False, "--force", help="Write to a terminal even what is no text."),
    config: str | None = config_option(),
    preset: str | None = preset_option(),
    **given: Any,
) -> int:
    """Fetch one document, to standard output or a file.

    It acts for a person, as a browser does: redirects are followed, and robots.txt is not asked.

    \b
    Examples
      crawler fetch https://example.org/
      crawler fetch https://example.org/cover.jpg -o cover.jpg
      crawler fetch -i https://example.org/            # the head as it came, then the document
      crawler fetch --trace https://example.org/ -o index.html
    """
    from crawler.cli.document import open_document

    target = Path(output) if output is not None and output != "-" else None
    if target is not None and target.is_dir():
        raise SettingsError(f"--output: {target} is a folder; takes the name of a file")
    document = open_document(url, path_or_none(config), preset, overrides(FETCH_FLAGS, given))
    return asyncio.run(deliver(document, Wanted(target, include, trace, force)))


async def deliver(document: "AbstractAsyncContextManager[Response]", wanted: Wanted) -> int:
    """Bring a document to where it is wanted; the exit status."""
    async with document as response:
        head = response.head
        if wanted.target is not None:
            with whole_file(wanted.target) as write:
                await _copy(response, wanted, write)
        elif wanted.force or not is_terminal(sys.stdout):
            await _copy(response, wanted, sys.stdout.buffer.write)
            sys.stdout.buffer.flush()
        else:
            return await _print(response, wanted)
    if head.status >= 400:
        complain(f"the server answered {head.status} {head.reason}".rstrip())
    return 0


async def _copy(response: "Response", wanted: Wanted, write: Write) -> None:
    """The document as bytes."""
    if wanted.head:
        write(response.head.raw)
    async for chunk in _traced(response, wanted):
        write(chunk)


async def _print(response: "Response", wanted: Wanted) -> int:
    """The document as text that a terminal can bear; what is no text is refused."""
    from crawler.http1.media_type import find_media_type
    from crawler.web.charset import find_encoding

    first = await response.peek(PEEK)
    declared = find_media_type(response.head.headers.get_all("content-type"))
    if not is_text(response.head.headers.get("content-type"), first):
        what = declared.essence if declared is not None else "no text"
        complain(f"this looks binary ({what}): give it a file with -o FILE, or send it here with --force")
        return 1
    if wanted.head:
        sys.stdout.write(printable_text(response.head.raw.decode("latin-1")))
    decoder = getincrementaldecoder(find_encoding(first, declared.charset if declared is not None else None))("replace")
    async for chunk in _traced(response, wanted):
        sys.stdout.write(printable_text(decoder.decode(chunk)))
    sys.stdout.write(printable_text(decoder.decode(b"", True)))
    return 0


def is_text(declared: str | None, first: bytes) -> bool:
    """Whether a document that begins so can be shown as text."""
    from crawler.web.sniff import sniff_media_type

    media_type = sniff_media_type(declared, first)
    return media_type.startswith("text/") or media_type.endswith(("xml", "json", "javascript")) or not first


async def _traced(response: "Response", wanted: Wanted) -> AsyncIterator[bytes]:
    """The pieces of the body; each is told of, with the total so far, where that is wanted."""
    total = 0
    if wanted.trace:
        say(f"* {response.contact.peer} answered {response.head.status}, head of {len(response.head.raw):,} bytes")
    async for chunk in response.chunks():
        total += len(chunk)
        if wanted.trace:
            say(f"* {len(chunk):>9,} bytes arrived, {total:>12,} in all")
        yield chunk


@contextmanager
def whole_file(target: Path) -> Iterator[Write]:
    """A file that appears under its name when the context is left without an error, and not at all otherwise."""
    if target.exists() and not target.is_file():  # /dev/null, a pipe: nothing to put in its place
        with target.open("wb") as file:
            yield file.write
        return
    if not target.parent.is_dir():
        raise SettingsError(f"--output: there is no folder {target.parent}")
    part = target.with_name(f".crawler-{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            yield file.write
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
