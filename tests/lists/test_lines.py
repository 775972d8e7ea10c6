"""Lines and where they stand, under every split; and those too long to be held."""

import io
import tracemalloc
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import SettingsError
from crawler.lists.lines import BYTE_ORDER_MARK, FIRST_BLOCK, LONGEST_LINE, Lines
from crawler.lists.source import Source


class Pieces:
    """A source that comes in given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self) -> bytes:
        return next(self._pieces, b"")

    def seek(self, offset: int) -> bool:
        return False


class Generated:
    """A source of `size` bytes that are nowhere held, then an end."""

    def __init__(self, begin: bytes, size: int, end: bytes) -> None:
        self._piece = b"x" * (1 << 20)
        self._pieces = iter([begin, *[self._piece] * (size >> 20), end])

    read = Pieces.read
    seek = Pieces.seek


def opened(content: bytes | BinaryIO) -> Lines:
    return Lines(Source(io.BytesIO(content) if isinstance(content, bytes) else content))


def test_lines_have_their_ends_and_offsets() -> None:
    lines = opened(b"a\r\n\nbc\rd\nlast")
    taken = []
    while (line := lines.take()) is not None:
        taken.append((line, lines.offset))
    assert taken == [(b"a\r\n", 3), (b"\n", 4), (b"bc\rd\n", 9), (b"last", 13)]
    assert lines.take() is None


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=5).map(lambda piece: piece.replace(b"a", b"\n"))))
def test_lines_are_those_of_the_whole_under_every_split(pieces: list[bytes]) -> None:
    padding = b"-" * FIRST_BLOCK + b"\n"
    lines = Lines(Pieces([padding, *pieces]))
    assert list(iter(lines.take, None)) == io.BytesIO(padding + b"".join(pieces)).readlines()
    assert lines.offset == len(padding) + sum(map(len, pieces))


def test_a_byte_order_mark_is_passed_over_and_counted() -> None:
    lines = opened(BYTE_ORDER_MARK + b"a\n" + BYTE_ORDER_MARK)
    assert (lines.offset, lines.take(), lines.offset, lines.take()) == (3, b"a\n", 5, BYTE_ORDER_MARK)


def test_the_first_block_is_as_long_as_the_list_allows() -> None:
    assert opened(b"").first == b""
    assert opened(b"a\nb").first == b"a\nb"
    assert Lines(Pieces([b"a\n"] * 4000)).first == b"a\n" * (FIRST_BLOCK // 2)


@pytest.mark.parametrize("size", [LONGEST_LINE, LONGEST_LINE + 1, 3 * LONGEST_LINE])
def test_a_line_too_long_comes_cut_and_can_be_passed_over(size: int) -> None:
    lines = opened(b"a\n" + b"x" * (size - 1) + b"\nb\n")
    assert lines.take() == b"a\n"
    line = lines.take()
    assert line is not None
    assert (len(line) > LONGEST_LINE) == (size > LONGEST_LINE)
    lines.pass_over(line)
    assert (lines.take(), lines.offset) == (b"b\n", size + 4)


def test_a_gigabyte_without_a_line_end_is_not_held() -> None:
    lines = Lines(Generated(b"a\n", 1 << 30, b"x\nb\n"))
    tracemalloc.start()
    assert lines.take() == b"a\n"
    line = lines.take()
    assert line is not None
    lines.pass_over(line)
    assert lines.take() == b"b\n"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines.offset == 2 + (1 << 30) + 4
    assert peak < 12 * LONGEST_LINE


def test_the_end_ends_a_line_that_is_passed_over() -> None:
    lines = Lines(Generated(b"a\n", 8 << 20, b""))
    assert lines.take() == b"a\n"
    line = lines.take()
    assert line is not None
    lines.pass_over(line)
    assert (lines.take(), lines.offset) == (None, 2 + (8 << 20))


def test_what_is_given_back_comes_again() -> None:
    lines = opened(b"a\nb\nc\n")
    taken = [lines.take(), lines.take(), lines.take()]
    lines.give_back(taken[1:])
    assert lines.offset == 2
    assert [lines.take(), lines.take(), lines.take()] == [b"b\n", b"c\n", None]


BIG = b"".join(b"%d\n" % n for n in range(200_000))


@pytest.mark.parametrize("offset", [0, 1, 2, 7, 4096, 300_000, len(BIG) - 7, len(BIG) - 1, len(BIG)])
def test_advancing_leads_to_what_is_behind(offset: int) -> None:
    by_seek, by_reading = opened(BIG), Lines(Pieces([BIG[at : at + 65536] for at in range(0, len(BIG), 65536)]))
    for lines in (by_seek, by_reading):
        lines.advance(offset)
        assert lines.offset == offset
        assert b"".join(iter(lines.take, None)) == BIG[offset:]
        assert lines.offset == len(BIG)


def test_advancing_reads_only_what_it_must() -> None:
    file = io.BytesIO(BIG)
    opened(file).advance(1_000_000)
    assert file.tell() < 1_000_001 + (1 << 19)


@pytest.mark.parametrize("source", [Source(io.BytesIO(BIG)), Pieces([BIG])])
def test_a_list_that_became_shorter_is_an_error(source: Source) -> None:
    with pytest.raises(SettingsError, match="shorter"):
        Lines(source).advance(len(BIG) + 1)
