"""`crawler export`: the record of a crawl as JSON lines or CSV, row by row, in constant memory."""

import csv
import json
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from crawler.errors import SettingsError
from crawler.watch.printable import printable

if TYPE_CHECKING:
    from crawler.crawldb.records import Records

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
RENAMED: Final = {"source": "from", "target": "to"}

Row = Mapping[str, Any]


def export(
    folder: str = typer.Argument(..., metavar="FOLDER", show_default=False),
    format: str = typer.Option("jsonl", "--format", metavar="jsonl|csv|txt", help="Objects, a table, or cookies.txt."),
    table: str = typer.Option("urls", "--table", metavar="TABLE", help="urls, links, images, cookies."),
    output: str | None = typer.Option(None, "--output", "-o", metavar="FILE", help="A file, whole or not at all."),
) -> int:
    """Write the record of a crawl as JSON lines or CSV.

    A line for every known URL, every link, every place where an image was seen, or every cookie; cookies also in the
    format of other tools' cookies.txt.

    It reads only, and may be asked at any time, also while the crawl runs. In CSV, a cell that a spreadsheet would take
    for a formula begins with an apostrophe.

    \b
    Examples
      crawler export docs > docs.jsonl
      crawler export docs --format csv -o docs.csv
      crawler export docs --table links --format jsonl
      crawler export docs --table cookies --format txt -o cookies.txt
    """
    from crawler.cli.target import whole_file
    from crawler.crawldb.records import Records

    for flag, value, accepted in (("--format", format, WRITERS), ("--table", table, TABLES)):
        if value not in accepted:
            raise SettingsError(f"{flag}: {value!r} is not accepted: takes {' or '.join(accepted)}")
    if format == "txt" and table != "cookies":
        raise SettingsError(f"--format: 'txt' is for --table cookies; {table} take jsonl or csv")
    with Records(Path(folder)) as records, closing(rows_of(records, table)) as rows:
        if output is None or output == "-":
            WRITERS[format](rows, sys.stdout.write)
        else:
            with whole_file(Path(output)) as write:
                WRITERS[format](rows, lambda text: write(text.encode()))
    return 0


def rows_of(records: "Records", table: str) -> Generator[Row, None, None]:
    """The rows of a table, each a mapping in the order of its columns; the first is only of their names."""
    from crawler.crawldb.records import ImageRecord, LinkRecord, UrlRecord
    from crawler.web.cookies import Cookie

    kinds: dict[str, tuple[Any, Callable[[], Iterator[Any]]]] = {
        "urls": (UrlRecord, records.urls),
        "links": (LinkRecord, records.links),
        "images": (ImageRecord, records.images),
        "cookies": (Cookie, records.cookies),
    }
    kind, read = kinds[table]
    names = {item.name: RENAMED.get(item.name, item.name) for item in fields(kind)}
    yield {new: new for new in names.values()}
    for record in read():
        yield {new: getattr(record, name) for name, new in names.items()}


def write_jsonl(rows: Iterator[Row], write: Callable[[str], object]) -> None:
    """An object a line; what is not ASCII is escaped, so that no byte of it acts on a terminal."""
    next(rows)
    for row in rows:
        write(json.dumps(row).replace("\x7f", "\\u007f") + "\n")


def write_csv(rows: Iterator[Row], write: Callable[[str], object]) -> None:
    """RFC 4180, with a head; None is an empty cell."""
    writer = csv.writer(_Lines(write), lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell(value) for value in row.values()])


def write_cookies(rows: Iterator[Row], write: Callable[[str], object]) -> None:
    """The cookies.txt of Netscape, which curl, wget and browsers' extensions read."""
    from crawler.web.cookie_file import write_cookie_file
    from crawler.web.cookies import Cookie

    next(rows)
    write(write_cookie_file(Cookie(**row) for row in rows))


def cell(value: object) -> object:
    """A value as a cell: never a formula, never a control character."""
    if isinstance(value, dict):
        value = json.dumps(value)
    if not isinstance(value, str):
        return value
    return printable(f"'{value}" if value.startswith(FORMULA) else value)


class _Lines:
    """What `csv` wants of a file."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write


TABLES: Final = ("urls", "links", "images", "cookies")
WRITERS: Final[Mapping[str, Callable[[Iterator[Row], Callable[[str], object]], None]]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "txt": write_cookies,
}
