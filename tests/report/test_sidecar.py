"""The file beside the images, read by others: Python's json, pyarrow."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from crawler.crawldb.records import ImageRecord
from crawler.errors import SettingsError
from crawler.report.sidecar import BATCH, WRITERS, require_sidecar, write_jsonl, write_parquet

OF_A_PAGE = ImageRecord(
    url="http://a/1.png", state="saved", error=None, detail=None, path="images/a/1.png", sha256="ab" * 32,
    media_type="image/png", width=2**32 - 1, height=2, bytes=2**40, received=4, original=None, near=None,
    work_error=None, page="http://a/", place=1, role="img", alt='ü "\x1b]0;\x7f\u202e\n', title="", caption="",
    context="", media="",
)  # fmt: skip
OF_A_LIST = replace(
    OF_A_PAGE, state="skipped", error="url", url="no url", path=None, sha256=None, media_type=None, width=None,
    height=None, bytes=None, received=None, page=None, place=2, role="list", caption="Häs'chen", list="urls.csv",
    columns={"licence": "CC0", "ü": "\n"},
)  # fmt: skip


def broken() -> Iterator[ImageRecord]:
    yield OF_A_PAGE
    raise OSError(28, "No space left on device")


class TestJsonLines:
    def test_each_record_is_a_line_and_an_object(self, tmp_path: Path) -> None:
        write_jsonl([OF_A_PAGE, OF_A_LIST], tmp_path)
        lines = (tmp_path / "images.jsonl").read_bytes().splitlines()
        assert [json.loads(line) for line in lines] == [asdict(OF_A_PAGE), asdict(OF_A_LIST)]

    def test_no_byte_of_it_acts_on_a_terminal(self, tmp_path: Path) -> None:
        write_jsonl([OF_A_PAGE], tmp_path)
        body = (tmp_path / "images.jsonl").read_bytes()
        assert all(0x20 <= byte < 0x7F for byte in body.removesuffix(b"\n"))

    def test_of_nothing_it_is_empty(self, tmp_path: Path) -> None:
        write_jsonl([], tmp_path)
        assert (tmp_path / "images.jsonl").read_bytes() == b""


class TestParquet:
    def test_the_columns_and_types_are_the_same_however_few_rows_there_are(self, tmp_path: Path) -> None:
        schemas = []
        for number, records in enumerate(([], [OF_A_PAGE], [OF_A_LIST])):
            folder = tmp_path / str(number)
            folder.mkdir()
            write_parquet(records, folder)
            schemas.append(parquet.read_schema(folder / "images.parquet"))
        assert schemas[0] == schemas[1] == schemas[2]
        assert schemas[0].names == [item.name for item in fields(ImageRecord)]
        whole = {name for name in schemas[0].names if schemas[0].field(name).type == pyarrow.int64()}
        assert whole == {"width", "height", "bytes", "received", "place"}

    def test_what_is_read_is_what_was_written(self, tmp_path: Path) -> None:
        write_parquet([OF_A_PAGE, OF_A_LIST], tmp_path)
        first, second = parquet.read_table(tmp_path / "images.parquet").to_pylist()
        assert first == asdict(OF_A_PAGE)
        assert json.loads(second.pop("columns")) == OF_A_LIST.columns
        expected = asdict(OF_A_LIST)
        del expected["columns"]
        assert second == expected

    def test_many_are_written_in_groups(self, tmp_path: Path) -> None:
        write_parquet((replace(OF_A_PAGE, place=place) for place in range(BATCH + 5)), tmp_path)
        file = parquet.ParquetFile(tmp_path / "images.parquet")
        assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [BATCH, 5]
        assert file.read(["place"]).column("place").to_pylist() == list(range(BATCH + 5))

    def test_without_the_package_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)  # what an import finds where there is none
        for ask in (lambda: require_sidecar("parquet"), lambda: write_parquet([], tmp_path)):
            with pytest.raises(SettingsError, match=r"images\.sidecar.*crawler\[parquet\]"):
                ask()
        for kind in ("jsonl", "off"):
            require_sidecar(kind)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", WRITERS)
class TestWhole:
    def test_an_earlier_one_is_replaced(self, tmp_path: Path, kind: str) -> None:
        WRITERS[kind]([OF_A_PAGE, OF_A_LIST], tmp_path)
        before = (tmp_path / f"images.{kind}").read_bytes()
        WRITERS[kind]([OF_A_PAGE], tmp_path)
        assert (tmp_path / f"images.{kind}").read_bytes() != before
        assert [path.name for path in tmp_path.iterdir()] == [f"images.{kind}"]

    def test_one_that_cannot_be_finished_leaves_the_earlier_one(self, tmp_path: Path, kind: str) -> None:
        WRITERS[kind]([OF_A_LIST], tmp_path)
        before = (tmp_path / f"images.{kind}").read_bytes()
        with pytest.raises(OSError, match="No space"):
            WRITERS[kind](broken(), tmp_path)
        assert (tmp_path / f"images.{kind}").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == [f"images.{kind}"]

    def test_what_a_killed_run_left_is_overwritten(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / f".images.{kind}.new").write_bytes(b"x" * 100_000)
        WRITERS[kind]([OF_A_PAGE], tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [f"images.{kind}"]
        assert b"xxx" not in (tmp_path / f"images.{kind}").read_bytes()
