"""The bytes of a list: whole however they come, unpacked where they are packed."""

import gzip
import io
import os
from pathlib import Path

import pytest

from crawler.errors import DecodingError
from crawler.lists.source import Source

zstd = pytest.importorskip("backports.zstd")

LIST = b"".join(b"http://a.example/%d\n" % n for n in range(50_000))


class Dribble(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content = io.BytesIO(content)
        self._size = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._content.read(self._size)


def whole(source: Source) -> bytes:
    return b"".join(iter(source.read, b""))


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000, 1 << 20])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_the_content_is_the_same_however_it_comes(pack: type[bytes], size: int) -> None:
    content = LIST[: 4000 * size]
    assert whole(Source(Dribble(pack(content), size))) == content


@pytest.mark.parametrize("content", [b"", b"h", b"\x1f"])
def test_what_is_shorter_than_a_mark_is_no_packed_file(content: bytes) -> None:
    assert whole(Source(io.BytesIO(content))) == content


def test_a_gzip_file_of_several_members_is_one_list() -> None:
    assert whole(Source(io.BytesIO(gzip.compress(b"a\n") + gzip.compress(b"b\n")))) == b"a\nb\n"


def test_what_a_packed_file_has_before_it_is_cut_is_given_first() -> None:
    source = Source(io.BytesIO(gzip.compress(LIST)[:-100]))
    got = b""
    with pytest.raises(DecodingError, match="cut short"):  # noqa: PT012
        while piece := source.read():
            got += piece
    assert len(got) > len(LIST) // 2
    assert LIST.startswith(got)


def test_a_pack_of_nothing_is_small_pieces() -> None:
    source = Source(io.BytesIO(gzip.compress(bytes(50_000_000))))
    assert max(map(len, iter(source.read, b""))) <= 1 << 20


def test_a_file_can_be_entered_anywhere(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"before" + LIST)
    with (tmp_path / "list").open("rb") as file:
        file.seek(6)  # as a shell leaves standard input
        source = Source(file)
        assert source.read() != b""
        assert source.seek(1000)
        assert whole(source) == LIST[1000:]


def test_a_file_can_be_entered_before_it_is_read() -> None:
    source = Source(io.BytesIO(LIST))
    assert source.seek(1000)
    assert whole(source) == LIST[1000:]


def test_pipes_and_packed_files_can_only_be_read() -> None:
    for source in (Source(Dribble(LIST, 5000)), Source(io.BytesIO(gzip.compress(LIST)))):
        assert not source.seek(1000)
        assert whole(source) == LIST


def test_a_pipe_gives_what_it_has() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as file, os.fdopen(writing, "wb", buffering=0) as pipe:
        pipe.write(b"http://a.example/\n")
        source = Source(file)
        assert source.read() == b"http://a.example/\n"  # and does not wait for the pipe's end


def test_a_pipe_that_does_not_wait_is_an_error() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with (
        os.fdopen(reading, "rb", buffering=0) as file,
        os.fdopen(writing, "wb"),
        pytest.raises(OSError, match="O_NONBLOCK"),
    ):
        Source(file)
