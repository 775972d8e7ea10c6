"""Looks at an output folder while a crawl runs: is there ever a file under a final name that is not whole?

By inotify, so that nothing is missed between two looks: a document must appear whole under its name, which is what a
rename does; whatever writes into a file that has its final name already is seen as well.
"""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MODIFY, MOVED_TO, CREATE, IS_FOLDER = 0x2, 0x80, 0x100, 0x40000000
EVENT: Final = struct.Struct("iIII")
OURS: Final = "crawl."
TEMPORARY: Final = ".tmp"


class Watch:
    """Collects what was wrong in `seen`, from entering its context to leaving it.

    `is_whole` is told a path relative to the folder and the bytes there.
    """

    def __init__(self, folder: Path, is_whole: Callable[[str, bytes], bool]) -> None:
        self.seen: list[str] = []
        self._folder = folder
        self._is_whole = is_whole
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watched: dict[int, Path] = {}

    def __enter__(self) -> Self:
        self._descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._descriptor >= 0, os.strerror(ctypes.get_errno())
        self._folder.mkdir(parents=True, exist_ok=True)
        self._add(self._folder)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._read()
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _add(self, folder: Path) -> None:
        """Watch a folder and what is below it already."""
        mask = MODIFY | MOVED_TO | CREATE
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), ctypes.c_uint32(mask))
        if number >= 0:  # it may be gone already
            self._watched[number] = folder
            for entry in folder.iterdir():
                self._look(entry, 0)

    def _read(self) -> None:
        while True:
            try:
                events = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return
            while events:
                number, mask, _, length = EVENT.unpack_from(events)
                name = events[EVENT.size : EVENT.size + length].rstrip(b"\0")
                events = events[EVENT.size + length :]
                if number in self._watched and name:
                    self._look(self._watched[number] / os.fsdecode(name), mask)

    def _look(self, entry: Path, mask: int) -> None:
        if entry.parent == self._folder and entry.name.startswith((OURS, TEMPORARY)):
            return
        if entry.is_dir():
            if not mask & MODIFY:
                self._add(entry)
            return
        name = str(entry.relative_to(self._folder))
        if mask & MODIFY:
            self.seen.append(f"{name} was written to under its final name")
        try:
            content = entry.read_bytes()
        except FileNotFoundError:
            return
        if not self._is_whole(name, content):
            self.seen.append(f"{name} stood there with {len(content)} bytes that are not the document")
