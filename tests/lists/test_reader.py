"""A list from anywhere in it: what is left is exactly what was not read before, whatever it is and comes from."""

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import SettingsError
from crawler.lists.lines import FIRST_BLOCK
from crawler.lists.reader import FormatName, ListReader, open_list
from crawler.model import Row

zstd = pytest.importorskip("backports.zstd")


class Pipe(io.RawIOBase):
    """A source that cannot be entered anywhere, and gives its content in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


def pipe(content: bytes, sizes: Iterator[int]) -> Pipe:
    file = io.BytesIO(content)
    return Pipe(iter(lambda: file.read(next(sizes)), b""))


def rest(reader: ListReader, count: int = 1000) -> list[Row]:
    rows: list[Row] = []
    while batch := reader.read(count):
        assert len(batch) <= count
        rows += batch
    return rows


def points(reader: ListReader) -> list[tuple[int, int]]:
    """Where each row ends: offset and number."""
    found = [(reader.offset, 0)]
    while reader.read(1):
        found.append((reader.offset, reader.number))
    return found


LINES = {
    "text": ["http://a.example/1\n", "http://127.0.0.1/ä\r\n", "\n", "# no\n", "x\n", "\xff\n", "ftp://a@b/\n"],
    "csv": [
        "http://a.example/1,x\n",
        '"http://a.example/2","a\n\nb"\r\n',
        'u,"x\n',
        'x","\n',
        '"\n',
        "\n",
        ",,,\n",
        'a"b""\n',
    ],
    "jsonl": ['{"url": "http://a.example/1"}\n', "\n", "{\n", '{"url": 3, "a": "\\ud800"}\r\n', "[]\n"],
}
BEGIN = {"text": "", "csv": "url,caption\r\n", "jsonl": '{"url": "http://a.example/"}\n'}


@st.composite
def contents(draw: st.DrawFn) -> tuple[FormatName, bytes]:
    format: FormatName = draw(st.sampled_from(["text", "csv", "jsonl"]))
    lines = draw(st.lists(st.sampled_from(LINES[format]), max_size=12))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    text = mark + BEGIN[format] + "".join(lines)
    return format, draw(st.sampled_from([text, text.rstrip("\n")])).encode("latin-1", "ignore" if mark else "strict")


@settings(deadline=None)
@given(contents(), st.integers(1, 40))
def test_behind_every_row_is_what_was_not_read(listed: tuple[FormatName, bytes], size: int) -> None:
    format, content = listed
    rows = rest(ListReader(io.BytesIO(content), format))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    found = points(ListReader(io.BytesIO(content), format))
    assert len(found) == len(rows) + 1
    for offset, number in found:
        for source in (io.BytesIO(content), io.BytesIO(gzip.compress(content)), pipe(content, iter([size] * 1000))):
            reader = ListReader(source, format)
            reader.advance(offset, number)
            assert rest(reader) == rows[number:]


def long_list(format: FormatName) -> bytes:
    """A list of many pieces, some of its rows broken, some over lines."""
    dice = random.Random(7)
    lines = [dice.choice(LINES[format]) if not dice.randrange(20) else at for at in range(12_000)]
    ways = {
        "text": "http://a.example/{}\n",
        "csv": 'http://a.example/{0},"caption\nof {0}"\n',
        "jsonl": '{{"url": "http://a.example/{0}"}}\n',
    }
    return (BEGIN[format] + "".join(x if isinstance(x, str) else ways[format].format(x) for x in lines)).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize("format", ["text", "csv", "jsonl"])
def test_long_lists_go_on_anywhere(format: FormatName, pack: type[bytes]) -> None:
    content = long_list(format)
    rows = rest(ListReader(io.BytesIO(content), format))
    assert len(rows) > 10_000
    found = points(ListReader(io.BytesIO(content), format))
    dice = random.Random(1)
    for offset, number in [found[-1], *dice.sample(found, 3)]:
        sizes = (dice.randrange(1, 100_000) for _ in count())
        for source in (io.BytesIO(pack(content)), pipe(pack(content), sizes)):
            reader = ListReader(source, format)
            reader.advance(offset, number)
            assert rest(reader, 777) == rows[number:]


def test_a_batch_is_what_is_there() -> None:
    first, second = b"http://a.example/1\n\n" * 300, b"http://a.example/2\n"
    reader = ListReader(Pipe(iter([first, second])), "text")
    assert [len(reader.read(200)) for _ in range(4)] == [200, 100, 1, 0]


@pytest.mark.parametrize("size", [0, 10, FIRST_BLOCK - 1, FIRST_BLOCK, FIRST_BLOCK + 1, 50_000])
def test_a_list_that_grew_is_the_same_and_goes_on(size: int) -> None:
    content = b"http://a.example/1\n" * 5000
    before = ListReader(io.BytesIO(content[:size]))
    rows = rest(before)
    after = ListReader(io.BytesIO(content))
    assert after.fingerprint_among(["7-aa", before.fingerprint]) == before.fingerprint
    after.advance(before.offset, before.number)
    assert b"".join(b"%s\n" % row.text.encode() for row in rest(after)[-100:]) == content[-1900:]
    assert after.number == len(rows) + (50_000 * 2 - size - 5000) // 19 + bool((50_000 * 2 - 5000 - size) % 19)


def test_a_list_with_another_beginning_is_another() -> None:
    one = ListReader(io.BytesIO(b"http://a.example/1\n" * 5000))
    other = ListReader(io.BytesIO(b"http://a.example/1\n" * 50 + b"http://a.example/2\n" * 5000))
    assert one.fingerprint != other.fingerprint
    known = [one.fingerprint, "", "x-1", "99999999-00", "²-1"]
    assert other.fingerprint_among(known) == other.fingerprint
    assert one.fingerprint_among(known) == one.fingerprint


def test_of_lists_that_grew_the_longest_is_meant() -> None:
    lists = [ListReader(io.BytesIO(b"http://a.example/\n" * lines)) for lines in (0, 2, 1)]
    known = [reader.fingerprint for reader in lists]
    assert ListReader(io.BytesIO(b"http://a.example/\n" * 3)).fingerprint_among(known) == known[1]


def test_a_million_rows_leave_nothing_behind() -> None:
    piece = b"http://a.example/xxxxxx\n" * 2000
    reader = ListReader(Pipe(iter([piece] * 500)))
    reader.read(2000)
    blocks, most = sys.getallocatedblocks(), 0
    while reader.read(2000):
        most = max(most, sys.getallocatedblocks())
    assert reader.number == 1_000_000
    assert most - blocks < 30_000  # of one batch, a few a row


def test_memory_is_that_of_two_batches() -> None:
    piece = b"http://a.example/xxxxxx\n" * 2000
    reader = ListReader(Pipe(iter([piece] * 25)))
    tracemalloc.start(1)
    while reader.read(2000):
        pass
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reader.number == 50_000
    assert held < 100_000
    assert peak < 3_000_000


# ------------------------------------------------------------------------------------------------------- opening


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "http://a.example/,x\n"),
        ("list.CSV", "caption,url\nx,http://a.example/\n"),
        ("list.tsv", "caption\turl\nx\thttp://a.example/\n"),
        ("list.jsonl", '{"url": "http://a.example/"}\n'),
        ("list.NDJSON", '{"url": "http://a.example/"}\n'),
        ("list", "http://a.example/\n"),
        ("list.dat", '{"url": "http://a.example/"}\n'),
    ],
)
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_a_file_is_read_as_its_name_says(tmp_path: Path, name: str, content: str, packed: str) -> None:
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}[packed]
    path = tmp_path / (name + packed)
    path.write_bytes(pack(content.encode()))
    reader = open_list(str(path))
    assert [row.error for row in rest(reader)] == [None]
    reader.close()


def test_the_extension_weighs_more_than_the_first_bytes_and_the_caller_most(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("url\nhttp://a.example/\n")
    texts = []
    for format in ("auto", "csv"):
        reader = open_list(str(path), format)
        texts.append([row.text for row in rest(reader)])
        reader.close()
    assert texts == [["url", "http://a.example/"], ["http://a.example/"]]


def test_a_pipe_by_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.csv")
    with subprocess.Popen(["sh", "-c", f"printf 'url\\nhttp://a.example/' > {tmp_path}/list.csv"]):
        reader = open_list(str(tmp_path / "list.csv"))
        assert [row.text for row in rest(reader)] == ["http://a.example/"]
        reader.close()


READ_STDIN = """
import sys
from crawler.lists.reader import open_list
reader = open_list("-")
reader.advance(int(sys.argv[1]), int(sys.argv[2]))
while rows := reader.read(10_000):
    for row in rows:
        print(row.number, row.text)
reader.close()
"""


@pytest.mark.parametrize("is_pipe", [True, False])
def test_standard_input(tmp_path: Path, is_pipe: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"url\n" + b"".join(b"http://a.example/%05d\n" % at for at in range(1, 30_001)))
    offset = 4 + 23 * 20_000
    command = [sys.executable, "-c", READ_STDIN, str(offset), "20000"]
    with path.open("rb") as file:
        done = subprocess.run(
            command, capture_output=True, check=True, text=not is_pipe, timeout=60,
            **({"input": path.read_bytes()} if is_pipe else {"stdin": file}),
        )  # fmt: skip
    out = done.stdout.decode() if is_pipe else done.stdout
    assert out == "".join(f"{at} http://a.example/{at:05}\n" for at in range(20_001, 30_001))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.txt", "No such file"), (tmp_path, "directory"), ("a\0b", "null")):
        with pytest.raises(SettingsError, match=f"cannot be read: .*{reason}") as raised:
            open_list(str(path))
        assert str(raised.value).startswith(str(path))


def test_standard_input_that_is_closed_is_named() -> None:
    command = [sys.executable, "-c", "from crawler.lists.reader import open_list; open_list('-')"]
    done = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, text=True, timeout=60)
    assert "SettingsError: standard input: cannot be read: " in done.stderr


class Failing(io.BytesIO):
    """A disk that fails behind its first block."""

    def read1(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read1(FIRST_BLOCK)


def test_a_disk_that_fails_is_an_error_of_one_line() -> None:
    reader = ListReader(Failing(b"http://a.example/\n" * 5000), name="list.txt")
    assert reader.read(10_000)
    with pytest.raises(SettingsError, match=r"^list\.txt: cannot be read: Input/output error$"):
        rest(reader)


def test_a_packed_list_that_is_cut_gives_what_it_has_then_says_so(tmp_path: Path) -> None:
    content = b"".join(b"http://a.example/%d\n" % at for at in range(100_000))
    reader = ListReader(io.BytesIO(gzip.compress(content)[:-1000]), name="list.txt.gz")
    rows = 0
    with pytest.raises(SettingsError, match=r"^list\.txt\.gz: cannot be unpacked: .*cut short$"):  # noqa: PT012
        while batch := reader.read(1000):
            rows += len(batch)
    assert rows > 50_000


def test_a_list_that_became_shorter_is_an_error_of_one_line() -> None:
    content = b"http://a.example/\n" * 50_000
    reader = ListReader(io.BytesIO(content[:-1000]), name="list.txt")
    with pytest.raises(SettingsError, match=r"^list\.txt: is shorter than"):
        reader.advance(len(content), 50_000)


def test_a_header_that_fits_nothing_leaves_no_open_file(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("link\nx\n")
    with pytest.raises(SettingsError, match=f"^{path}: has no column 'url'"):
        open_list(str(path))


def test_objects_have_their_offsets_in_bytes() -> None:
    line = json.dumps({"url": "http://a.example/", "caption": "ä\U0001f600"}, ensure_ascii=False) + "\n"
    reader = ListReader(io.BytesIO(line.encode() * 2))
    reader.read(1)
    assert reader.offset == len(line.encode())
