"""The images of a crawl beside their files: each place where one was seen, what was said of it, what became of it.

It reads records and writes one file, whole or not at all; memory does not grow with the crawl.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, Final

from crawler.crawldb.records import ImageRecord
from crawler.errors import SettingsError

NAME: Final = "images"
NAMES: Final = tuple(item.name for item in fields(ImageRecord))
BATCH: Final = 10_000
"""Records of one row group of a Parquet file."""


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A name to write to; the file has its own once it is whole."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_jsonl(records: Iterable[ImageRecord], folder: Path) -> None:
    """`images.jsonl`: an object a line, what is not ASCII escaped."""
    with _whole(folder / f"{NAME}.jsonl") as path, path.open("w", encoding="ascii", newline="\n") as file:
        for record in records:
            row = {name: getattr(record, name) for name in NAMES}
            file.write(json.dumps(row).replace("\x7f", "\\u007f") + "\n")


def require_sidecar(kind: str) -> None:
    """`SettingsError` where the package is missing that writing a sidecar of this kind takes."""
    if kind == "parquet" and find_spec("pyarrow") is None:
        raise SettingsError("images.sidecar: parquet takes the package pyarrow: pip install 'crawler[parquet]'")


def write_parquet(records: Iterable[ImageRecord], folder: Path) -> None:
    """`images.parquet`, with the same columns; those of a list are one column of JSON."""
    require_sidecar("parquet")
    import pyarrow as arrow
    from pyarrow import parquet

    numbers = {"width", "height", "bytes", "received", "place"}
    kinds = [(item.name, arrow.int64() if item.name in numbers else arrow.string()) for item in fields(ImageRecord)]
    schema = arrow.schema(kinds)
    rows = iter(records)
    with _whole(folder / f"{NAME}.parquet") as path, parquet.ParquetWriter(path, schema) as writer:
        while batch := [_flat(record) for record in islice(rows, BATCH)]:
            writer.write_table(arrow.Table.from_pylist(batch, schema))


def _flat(record: ImageRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in NAMES}
    row["columns"] = json.dumps(record.columns) if record.columns else None
    return row


WRITERS: Final[Mapping[str, Callable[[Iterable[ImageRecord], Path], None]]] = {
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}
