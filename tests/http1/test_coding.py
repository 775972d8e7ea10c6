"""Codings undone: streams cut anywhere, bombs, damage, chains."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest

from crawler.errors import DecodingError, TooLargeError
from crawler.http1 import coding
from crawler.http1.coding import ACCEPT_ENCODING, MAX_CODINGS, PIECE, Decoder, codings_of
from crawler.http1.headers import Headers

zstd = coding._zstd_module()
PLAIN = b"The quick brown fox jumps over the lazy dog. " * 200


def deflated(data: bytes) -> bytes:
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return raw.compress(data) + raw.flush()


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip of members": ("gzip", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
    "gzip padded": ("gzip", lambda data: gzip.compress(data[:9]) + b"\0\0" + gzip.compress(data[9:]) + b"\0" * 9),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", deflated),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
    "zstd of frames": (
        "zstd",
        lambda data: b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd.compress(data[:100]) + zstd.compress(data[100:]),
    ),
}


def decode(codings: tuple[str, ...], data: bytes, step: int = 1 << 30, max_size: int | None = None) -> bytes:
    decoder = Decoder(codings, max_size)
    pieces = [piece for at in range(0, len(data), step) for piece in decoder.feed(data[at : at + step])]
    pieces += decoder.finish()
    assert all(0 < len(piece) <= PIECE for piece in pieces) or not codings
    return b"".join(pieces)


@pytest.mark.parametrize("step", [1, 2, 3, 17, 1 << 30])
@pytest.mark.parametrize("name", CODERS)
def test_under_every_cut(name: str, step: int) -> None:
    word, code = CODERS[name]
    assert decode((word,), code(PLAIN), step) == PLAIN
    assert decode((word,), code(b""), step) == b""


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate", "br", "zstd"])
def test_cut_short(name: str) -> None:
    word, code = CODERS[name]
    data = code(b"hello world" * 20)
    for size in range(len(data)):
        with pytest.raises(DecodingError, match="cut short"):
            decode((word,), data[:size])


@pytest.mark.parametrize("word", ["gzip", "zstd"])
def test_cut_short_in_a_later_member(word: str) -> None:
    code = CODERS[word][1]
    first, second = code(b"hello"), code(b"world")
    assert decode((word,), first) == b"hello"
    for size in range(1, len(second)):
        with pytest.raises(DecodingError, match="cut short"):
            decode((word,), first + second[:size])


@pytest.mark.parametrize("step", [1, 1 << 30])
@pytest.mark.parametrize("name", CODERS)
def test_bytes_behind_the_end(name: str, step: int) -> None:
    word, code = CODERS[name]
    for junk in (b"x", b"junk junk junk"):
        with pytest.raises(DecodingError):
            decode((word,), code(PLAIN) + junk, step)


@pytest.mark.parametrize("word", ["gzip", "deflate", "br", "zstd"])
def test_what_is_something_else(word: str) -> None:
    for data in (b"<!DOCTYPE html><title>not packed</title>", b"\xff" * 40, b"\x78\x9c\xff\xff\xff"):
        with pytest.raises(DecodingError):
            decode((word,), data)
    with pytest.raises(DecodingError, match="cut short"):
        decode((word,), b"")


def test_damage_is_seen() -> None:
    packed = gzip.compress(PLAIN)
    for at in (len(packed) - 5, len(packed) - 1, len(packed) // 2):
        with pytest.raises(DecodingError, match="not gzip"):
            decode(("gzip",), packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :])
    with pytest.raises(DecodingError, match="not deflate"):
        decode(("deflate",), zlib.compress(PLAIN)[:-1] + b"\0")


@pytest.mark.parametrize("name", CODERS)
def test_bombs_come_in_pieces_and_stop_at_the_limit(name: str) -> None:
    word, code = CODERS[name]
    size = 20_000_000
    bomb = code(bytes(size))
    assert len(bomb) < 30_000
    with pytest.raises(TooLargeError, match="1000000 bytes"):
        decode((word,), bomb, max_size=1_000_000)
    decoder = Decoder((word,))
    first = next(decoder.feed(bomb))
    assert len(first) <= PIECE
    assert len(decode((word,), bomb, max_size=size)) == size
    with pytest.raises(TooLargeError):
        decode((word,), bomb, max_size=size - 1)


def test_chains() -> None:
    chain = ("zstd", "br", "deflate", "gzip")
    data = PLAIN
    for code in (zstd.compress, brotli.compress, zlib.compress, gzip.compress):
        data = code(data)
    assert decode(chain, data) == PLAIN
    assert decode(chain, data, 1) == PLAIN
    with pytest.raises(DecodingError, match="br body is cut short"):
        decode(("br", "gzip"), gzip.compress(brotli.compress(PLAIN)[:-5]))


def test_no_stage_of_a_chain_passes_the_limit() -> None:
    """A coding may expand without end into bytes that the next one swallows."""
    nothing = gzip.compress(gzip.compress(b"") * 100_000)
    with pytest.raises(TooLargeError):
        decode(("gzip", "gzip"), nothing, max_size=1_000_000)


def test_many_members_are_read_in_linear_time() -> None:
    assert decode(("gzip",), gzip.compress(b"") * 50_000) == b""


def test_frames_are_bounded() -> None:
    """An empty one has 8 bytes, and takes as long as a thousand bytes of another."""
    empty, frame = b"\x50\x2a\x4d\x18\0\0\0\0", zstd.compress(b"end")
    assert decode(("zstd",), empty * (coding.MAX_FRAMES - 1) + frame) == b"end"
    with pytest.raises(DecodingError, match="frames"):
        decode(("zstd",), empty * coding.MAX_FRAMES + frame)


def test_no_coding() -> None:
    assert decode((), b"as it is") == b"as it is"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ()),
        (["gzip"], ("gzip",)),
        (["GZip"], ("gzip",)),
        (["x-gzip"], ("gzip",)),
        (["identity"], ()),
        ([""], ()),
        ([" , deflate ,identity,, br"], ("deflate", "br")),
        (["deflate", "x-gzip, zstd"], ("deflate", "gzip", "zstd")),
        (["gzip"] * MAX_CODINGS, ("gzip",) * MAX_CODINGS),
    ],
)
def test_codings_of_a_head(lines: list[str], expected: tuple[str, ...]) -> None:
    assert codings_of(Headers([("Content-Encoding", line) for line in lines])) == expected


@pytest.mark.parametrize("line", ["compress", "gzip, x", "gzip;q=1", "utf-8", "none", "gzip deflate"])
def test_unknown_codings(line: str) -> None:
    with pytest.raises(DecodingError, match="unknown content coding"):
        codings_of(Headers([("content-encoding", line)]))


def test_too_many_codings() -> None:
    with pytest.raises(DecodingError, match="more than"):
        codings_of(Headers([("Content-Encoding", "br, gzip")] * (MAX_CODINGS // 2 + 1)))


def test_what_is_asked_for_can_be_undone() -> None:
    words = tuple(ACCEPT_ENCODING.split(", "))
    assert codings_of(Headers([("Content-Encoding", ACCEPT_ENCODING)])) == words
    assert Decoder(words)


def test_a_window_larger_than_the_coding_allows() -> None:
    options = {zstd.CompressionParameter.window_log: 24, zstd.CompressionParameter.content_size_flag: 0}
    with pytest.raises(DecodingError, match="zstd"):
        decode(("zstd",), zstd.compress(bytes(20_000_000), options=options))


@pytest.mark.parametrize(("word", "package"), [("br", "brotli"), ("zstd", "backports.zstd")])
def test_a_package_that_is_absent_is_named(word: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *_: object) -> object:
        raise ImportError(name)

    monkeypatch.setattr(coding, "import_module", refuse)
    with pytest.raises(DecodingError, match=package):
        Decoder((word,))
