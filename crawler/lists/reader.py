"""A list of URLs, row by row, from anywhere in it, in constant memory; it knows nothing of who wants the rows.

Everything here may wait for a disk or a pipe: it is called in a thread, by one caller at a time.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal

from crawler.errors import DecodingError, SettingsError
from crawler.lists.formats import Format, Objects, Table, Text
from crawler.lists.lines import LONGEST_LINE, Lines
from crawler.lists.rows import broken_row
from crawler.lists.source import Source
from crawler.model import Row

FormatName = Literal["auto", "text", "csv", "tsv", "jsonl"]

EXTENSIONS: Final[dict[str, FormatName]] = {
    ".txt": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
PACKED_EXTENSIONS: Final = (".gz", ".zst")
STANDARD_INPUT: Final = "-"


class ListReader:
    """The rows of `source`: UTF-8, packed by gzip or zstd or not; what is no UTF-8 becomes U+FFFD.

    `offset` is the bytes, unpacked, behind the last row that was read, and `number` that row's: another reader
    advances to there and goes on. A row that cannot be read is a `Row` with an error, and the next one follows.
    `SettingsError` from every method where the list cannot be read, or is a table without `url_column`; it begins with
    `name`. The format "auto" is told by the first bytes.
    """

    def __init__(
        self,
        source: BinaryIO,
        format: FormatName = "auto",
        url_column: str = "url",
        caption_column: str = "caption",
        name: str = "the list",
    ) -> None:
        self._name = name
        self.number = 0
        with self._list_errors():
            self._source = Source(source)
            self._lines = Lines(self._source)
            self._format = _format(self._lines, format, url_column, caption_column)

    @property
    def offset(self) -> int:
        """Where the next row begins."""
        return self._lines.offset

    @property
    def fingerprint(self) -> str:
        """What the list is known by: the size and digest of its first block."""
        return _fingerprint(self._lines.first)

    def fingerprint_among(self, known: Iterable[str]) -> str:
        """The one of `known` that was this list's, which may have grown since; its own where none was."""
        first = self._lines.first
        mine = [one for one in known if (size := _size(one)) <= len(first) and one == _fingerprint(first[:size])]
        return max(mine, key=_size, default=self.fingerprint)

    def advance(self, offset: int, number: int) -> None:
        """Go on behind the row `number`, where an earlier reader of this list had this `offset`."""
        with self._list_errors():
            self._lines.advance(offset)
            self.number = number

    def read(self, count: int) -> list[Row]:
        """The next rows: up to `count` of those that are there, waiting only for the first; none at the end."""
        rows: list[Row] = []
        lines, row_in = self._lines, self._format.row
        with self._list_errors():
            while len(rows) < count and (not rows or lines.is_ready) and (line := lines.take()) is not None:
                if len(line) > LONGEST_LINE:
                    lines.pass_over(line)
                    row: Row | None = broken_row(self.number + 1, line)
                else:
                    row = row_in(line, self.number + 1)
                if row is not None:
                    self.number += 1
                    rows.append(row)
        return rows

    def close(self) -> None:
        """Close the source, also while another thread waits in it."""
        self._source.close()

    @contextmanager
    def _list_errors(self) -> Iterator[None]:
        """Turns what keeps the list from being read into a `SettingsError` of one line that names it."""
        try:
            yield
        except OSError as error:
            raise SettingsError(f"{self._name}: cannot be read: {error.strerror or error}") from error
        except DecodingError as error:
            raise SettingsError(f"{self._name}: cannot be unpacked: {error}") from error
        except SettingsError as error:
            raise SettingsError(f"{self._name}: {error}") from error


def open_list(
    path: str, format: FormatName = "auto", url_column: str = "url", caption_column: str = "caption"
) -> ListReader:
    """A reader of the file `path`, or of standard input where that is `-`; `SettingsError` names it where it cannot.

    The format "auto" is told by the file's extension, else by its first bytes.
    """
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        # Unbuffered, so that nothing is locked while a thread waits for a pipe: then it can be closed.
        file = open(0, "rb", buffering=0, closefd=False) if path == STANDARD_INPUT else open(path, "rb", buffering=0)  # noqa: PTH123, SIM115
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"{name}: cannot be read: {reason}") from error
    try:
        return ListReader(file, _format_of(path) if format == "auto" else format, url_column, caption_column, name)
    except BaseException:
        file.close()
        raise


def _format_of(path: str) -> FormatName:
    """The format that a file's name says."""
    plain = Path(path.lower())
    if plain.suffix in PACKED_EXTENSIONS:
        plain = plain.with_suffix("")
    return EXTENSIONS.get(plain.suffix, "auto")


def _format(lines: Lines, format: FormatName, url_column: str, caption_column: str) -> Format:
    if format == "auto":
        format = _sniff(lines.first, url_column)
    match format:
        case "jsonl":
            return Objects(lines, url_column, caption_column)
        case "csv":
            return Table(lines, None, url_column, caption_column)
        case "tsv":
            return Table(lines, "\t", url_column, caption_column)
    return Text()


def _sniff(first: bytes, url_column: str) -> FormatName:
    """The format that a list's first bytes look like: an object, a header that names the column, else text."""
    begin = first.decode("utf-8-sig", "replace").lstrip()
    if begin.startswith("{"):
        return "jsonl"
    header = begin.partition("\n")[0].casefold()
    for delimiter in (",", ";", "\t"):
        if url_column.casefold() in (name.strip(' "\r') for name in header.split(delimiter)):
            return "tsv" if delimiter == "\t" else "csv"
    return "text"


def _fingerprint(first: bytes) -> str:
    return f"{len(first)}-{hashlib.blake2b(first, digest_size=16).hexdigest()}"


def _size(fingerprint: str) -> int:
    """How many bytes a fingerprint is of; an absurd number where it is none of ours."""
    size = fingerprint.partition("-")[0]
    return int(size) if size.isascii() and size.isdigit() else 1 << 60
