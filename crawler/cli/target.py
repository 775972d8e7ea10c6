"""Where documents go: files that appear whole or not at all, and a standard output on which each has its turn."""

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import BinaryIO, Final

from crawler.errors import SettingsError
from crawler.model import URL

IN_MEMORY: Final = 1_000_000
"""Bytes of a document that waits for its turn; what is more waits in a file."""
MAX_NAME: Final = 200
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._~%!$&'()+,;=@\[\]-]")
# A name that begins with a dot is hidden, with a hyphen an option; the others are devices on some systems.
_MEANT: Final = re.compile(r"[.-]|(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?![^.])", re.IGNORECASE)

Write = Callable[[bytes], object]


def file_name(url: URL) -> str:
    """A name for a document, from its URL alone: no server chooses where something is written.

    It never leads to another folder, hides, or means something to a system.
    """
    name = _UNSAFE.sub("_", url.path.rpartition("/")[2]).rstrip(".") or "index.html"
    if _MEANT.match(name):
        name = f"_{name}"
    if len(name) > MAX_NAME:
        stem, dot, extension = name.rpartition(".")
        ending = dot + extension if stem and len(extension) <= 10 else ""
        name = name[: MAX_NAME - len(ending)] + ending
    return name


@contextmanager
def whole_file(target: Path) -> Iterator[Write]:
    """A file that appears under its name when the context is left without an error, and not at all otherwise."""
    if target.exists() and not target.is_file():  # /dev/null, a pipe: nothing to put in its place
        with target.open("wb") as file:
            yield file.write
        return
    if not target.parent.is_dir():
        raise SettingsError(f"--output: there is no folder {target.parent}")
    part = target.with_name(f".crawler-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield file.write
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


class Turn:
    """One document's place on a stream that several are written to: it waits for those before it, kept aside.

    It is `over` when the next one may write.
    """

    def __init__(self, stream: BinaryIO, before: "Turn | None" = None) -> None:
        self.over = asyncio.Event()
        self._stream = stream
        self._before = before.over if before is not None else None
        self._aside: SpooledTemporaryFile[bytes] | None = None

    async def __aenter__(self) -> Write:
        return self.write

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._before is not None:
                await self._before.wait()
            self._catch_up()
        finally:
            if self._aside is not None:
                self._aside.close()
            self.over.set()

    def write(self, data: bytes) -> None:
        """Write at once where it is its turn, else aside."""
        if self._before is None or self._before.is_set():
            self._catch_up()
            self._stream.write(data)
            self._stream.flush()
            return
        if self._aside is None:
            self._aside = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when the turn is over
        self._aside.write(data)

    def _catch_up(self) -> None:
        aside, self._aside = self._aside, None
        if aside is None:
            return
        with aside:
            aside.seek(0)
            while piece := aside.read(IN_MEMORY):
                self._stream.write(piece)
        self._stream.flush()
