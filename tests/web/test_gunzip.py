"""gzip files, as Python's own gzip and zlib write them (RFC 1952), whole and damaged."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.web.gunzip import GZIP, MAX_MEMBERS, gunzip

TEXT = b"".join(b"http://example.org/%d\n" % number for number in range(5000))


@pytest.mark.parametrize("text", [b"", b"a", TEXT])
def test_one_member(text: bytes) -> None:
    body = gzip.compress(text)
    assert body.startswith(GZIP)
    assert gunzip(body, len(TEXT)) == (text, None)


def test_several_members_and_padding() -> None:
    body = gzip.compress(b"a") + gzip.compress(b"") + gzip.compress(TEXT) + bytes(1000)
    assert gunzip(body, 200_000) == (b"a" + TEXT, None)


def test_padding_between_members() -> None:
    assert gunzip(gzip.compress(b"a") + bytes(40_000) + gzip.compress(b"b"), 10) == (b"ab", None)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=20), st.integers(0, 9))
def test_any_members(texts: list[bytes], level: int) -> None:
    assert gunzip(b"".join(gzip.compress(text, level) for text in texts), 1000) == (b"".join(texts), None)


def test_every_cut_gives_a_beginning() -> None:
    body = gzip.compress(TEXT[:3000]) + gzip.compress(TEXT[3000:3100])
    whole = len(gzip.compress(TEXT[:3000]))
    longest = 0
    for cut in range(1, len(body)):
        text, flaw = gunzip(body[:cut], 10_000)
        assert TEXT.startswith(text)
        assert len(text) >= longest
        assert (flaw is None) == (cut == whole)
        longest = len(text)
    assert longest > 3000


def test_an_empty_file_is_cut_short() -> None:
    assert gunzip(b"", 10) == (b"", "its gzip is broken: cut short")


@pytest.mark.parametrize("rest", [b"no gzip", gzip.compress(b"more")[:-5] + b"12345"])
def test_what_came_before_a_corrupt_tail_stays(rest: bytes) -> None:
    text, flaw = gunzip(gzip.compress(TEXT) + rest, 1_000_000)
    assert text.startswith(TEXT)
    assert flaw is not None
    assert flaw.startswith("its gzip is broken: Error -3")


def test_a_wrong_checksum_is_told() -> None:
    body = bytearray(gzip.compress(TEXT))
    body[-8] ^= 1
    assert gunzip(bytes(body), 1_000_000) == (
        TEXT,
        "its gzip is broken: Error -3 while decompressing data: incorrect data check",
    )


@pytest.mark.parametrize("size", [0, 1, 100, len(TEXT) - 1])
def test_no_more_than_the_bound(size: int) -> None:
    assert gunzip(gzip.compress(TEXT), size) == (TEXT[:size], f"more than {size} bytes")


def test_a_bomb_is_let_go_after_the_bound() -> None:
    inner = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    body = b"".join([*(inner.compress(bytes(1_000_000)) for _ in range(200)), inner.flush()])
    assert len(body) < 250_000
    assert gunzip(body, 1000) == (bytes(1000), "more than 1000 bytes")


def test_members_are_bounded() -> None:
    body = gzip.compress(b"a") * MAX_MEMBERS
    assert gunzip(body, 5000) == (b"a" * MAX_MEMBERS, None)
    text, flaw = gunzip(body + gzip.compress(b"b"), 5000)
    assert (text, flaw) == (b"a" * MAX_MEMBERS, f"its gzip is broken: more than {MAX_MEMBERS} members")
