"""The formats of a list, a class each: what row a line is; they know nothing of offsets but that records have lines.

A format is made at the beginning of the list; it reads a header there if it has one.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from crawler.errors import SettingsError
from crawler.lists.lines import BYTE_ORDER_MARK, Lines
from crawler.lists.rows import broken_row, row_of
from crawler.model import Row
from crawler.web.url import without_secret

LONGEST_RECORD: Final = 128 * 1024
"""Bytes of a record of a table; no field may have more characters in Python's own csv module."""

RECORD_LINES: Final = 256
"""Lines of a record of a table: a quote that is never closed costs its own line alone, and no more work than this."""

COLUMNS: Final = 1000
"""Columns of a row."""

_SHOWN: Final = 20
"""Columns that a message names."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


class Format(Protocol):
    """How the lines of a list are read."""

    def row(self, line: bytes, number: int) -> Row | None:
        """The row that begins with this line, and may take more lines for it; None where the line is none."""
        ...


class Text:
    """A URL a line; blank lines, and comments, which begin with `#`, are no rows."""

    def row(self, line: bytes, number: int) -> Row | None:
        """As `Format.row`."""
        text = line.decode("utf-8", "replace").strip()
        return None if not text or text[0] == "#" else row_of(number, text)


class Table:
    """A header, then a record a row, fields apart by commas, semicolons or tabs (RFC 4180 and its relatives).

    `delimiter` None: the one that the header has most of. Quoted fields may have line ends in them. Quoting that
    breaks the rules is read as far as it ends with its line; else that line alone is broken, and the next one begins
    a record. A field without a name is called by its position.
    """

    def __init__(self, lines: Lines, delimiter: str | None, url_column: str, caption_column: str) -> None:
        self._lines = lines
        self._names: list[str] = []
        header = lines.take()
        while header is not None and not header.strip():
            header = lines.take()
        if header is None:
            return
        self._delimiter = delimiter or max(",;\t", key=header.decode("latin-1").count)
        names = self._fields(header)
        if names is None or len(names) > COLUMNS:
            raise SettingsError("begins with no header that can be read")
        self._names = _unique(name.strip() for name in names)
        url = _find(self._names, url_column)
        if url is None:
            raise _no_column(url_column, self._names)
        self._url = url
        self._caption = _find(self._names, caption_column)

    def row(self, line: bytes, number: int) -> Row | None:
        """As `Format.row`."""
        if line.isspace():
            return None
        fields = self._fields(line)
        if fields is None or len(fields) > COLUMNS:
            return broken_row(number, line)
        columns = dict(zip(self._names, fields, strict=False))
        if len(fields) > len(self._names):
            columns |= {_position(at): fields[at - 1] for at in range(len(self._names) + 1, len(fields) + 1)}
        url = columns.pop(self._url, "").strip()
        caption = columns.pop(self._caption, "") if self._caption is not None else ""
        return row_of(number, url, caption, columns or None)

    def _fields(self, line: bytes) -> list[str] | None:
        """The fields of the record that begins with `line`; None where it cannot be read."""
        if len(line) > LONGEST_RECORD:
            return None
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if '"' not in text:
            return text.split(self._delimiter)
        try:
            return next(csv.reader((text,), delimiter=self._delimiter, strict=True))
        except csv.Error:
            fields = self._fields_of_lines(line)
            return fields if fields is not None else self._fields_alone(text)

    def _fields_of_lines(self, line: bytes) -> list[str] | None:
        """The same where the record has more lines than one; where it has not, they are given back."""
        taken: list[bytes] = []
        try:
            return next(csv.reader(self._record_lines(line, taken), delimiter=self._delimiter, strict=True))
        except csv.Error:
            self._lines.give_back(taken)
            return None

    def _record_lines(self, line: bytes, taken: list[bytes]) -> Iterator[str]:
        """What a record that begins with `line` may be made of; its other lines are noted in `taken`."""
        yield line.decode("utf-8", "replace")
        size = len(line)
        while len(taken) < RECORD_LINES - 1 and (more := self._lines.take()) is not None:
            taken.append(more)
            size += len(more)
            if size > LONGEST_RECORD:
                return
            yield more.decode("utf-8", "replace")

    def _fields_alone(self, text: str) -> list[str] | None:
        """The fields of a line with quotes out of place, None where one of them is open at its end.

        Quotes mean nothing by the definition of tab-separated values (IANA text/tab-separated-values).
        """
        if self._delimiter == "\t":
            return text.split("\t")
        reader = csv.reader((text, ""), delimiter=self._delimiter)
        try:
            fields = next(reader)
        except csv.Error:
            return None
        return fields if reader.line_num == 1 else None


class Objects:
    """A JSON object a line; what is no text in it is kept as JSON, null as nothing (jsonlines.org)."""

    def __init__(self, lines: Lines, url_column: str, caption_column: str) -> None:
        self._url = url_column
        self._caption = caption_column
        begun = [table for line in lines.first.split(b"\n") if (table := _object(_text(line))) is not None]
        if begun and all(_find(table, url_column) is None for table in begun):
            raise _no_column(url_column, begun[0])

    def row(self, line: bytes, number: int) -> Row | None:
        """As `Format.row`."""
        text = _text(line)
        if text.isspace():
            return None
        columns = _object(text)
        if columns is None or len(columns) > COLUMNS:
            return broken_row(number, line)
        if "\\u" in text:
            columns = {_whole(name): _whole(value) for name, value in columns.items()}
        url, caption = _pop(columns, self._url), _pop(columns, self._caption)
        return row_of(number, url.strip(), caption, columns or None)


def _text(line: bytes) -> str:
    return line.removeprefix(BYTE_ORDER_MARK).decode("utf-8", "replace")


def _object(text: str) -> dict[str, str] | None:
    """The members of a JSON object as texts; None where the text is none."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            return None
        return {name: one if type(one) is str else _json(one) for name, one in value.items()}
    except (ValueError, RecursionError):
        return None


def _json(value: object) -> str:
    return "" if value is None else _ENCODER.encode(value)


def _whole(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which JSON's escapes can spell and UTF-8 cannot."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _find(names: Iterable[str], wanted: str) -> str | None:
    """The name that is `wanted`, else the first that differs from it in case alone."""
    folded, alike = wanted.casefold(), None
    for name in names:
        if name == wanted:
            return name
        if alike is None and name.casefold() == folded:
            alike = name
    return alike


def _pop(columns: dict[str, str], wanted: str) -> str:
    """What stands in the column that is `wanted`, which goes; nothing where there is none."""
    if wanted in columns:
        return columns.pop(wanted)
    name = _find(columns, wanted)
    return columns.pop(name) if name is not None else ""


def _unique(names: Iterable[str]) -> list[str]:
    """The names, positions in place of those that are empty or there already."""
    unique: dict[str, None] = {}
    for at, given in enumerate(names, 1):
        name = given or _position(at)
        while name in unique:
            name = f"{name}'" if name.startswith(_position(at)) else _position(at)
        unique[name] = None
    return list(unique)


def _position(at: int) -> str:
    return f"column {at}"


def _no_column(wanted: str, names: Iterable[str]) -> SettingsError:
    shown = [repr(without_secret(name)[:80]) for name in names]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    there = f"{', '.join(shown[:_SHOWN])}{more}" if shown else "none"
    return SettingsError(f"has no column {wanted!r} (images.url_column); there are: {there}")
