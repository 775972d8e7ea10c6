"""A text file that never grows beyond a size: when full it is renamed, and the oldest go.

It knows nothing of what the text says.
"""

from contextlib import suppress
from pathlib import Path
from typing import TextIO


class RotatingFile:
    """Appends to `path`; where it would pass `max_size` it becomes `path.1`, `path.1` becomes `path.2`, and so on."""

    def __init__(self, path: Path, max_size: int, keep: int) -> None:
        self._path = path
        self._max_size = max_size
        self._keep = keep
        self._file: TextIO | None = None
        self._size = 0

    def write(self, text: str) -> None:
        """Append a text of whole lines; one file holds it whole."""
        size = len(text.encode())
        if self._file is not None and self._size + size > self._max_size:
            self.close()
        if self._file is None:
            self._file = self._open(size)
        self._file.write(text)
        self._file.flush()
        self._size += size

    def close(self) -> None:
        """Close the file; a later `write` opens it again."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # what could not be written when it was given cannot be now
                file.close()

    def _open(self, size: int) -> TextIO:
        self._size = self._path.stat().st_size if self._path.exists() else 0
        if self._size and self._size + size > self._max_size:
            self._rotate()
            self._size = 0
        return self._path.open("a", encoding="utf-8")

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        if not self._keep:
            self._path.unlink()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
