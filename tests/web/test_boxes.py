"""Sizes told by boxes, from headers that libheif 1.23 and libjxl 0.11 wrote, and from some made after the standards."""

import struct
from base64 import b64decode

import pytest

from crawler.web.boxes import MAX_BOXES, heif_size, jp2_size, jxl_size

PLAIN = """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERA
AAEAAQAAAAABegABAAAAAAAAAEEAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAA
AHhodmNDAQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAPLoCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwA8oAmIDJ35
bqSSmubgIaDAgAAADIAAAAMAhGIAAQAHRAHBcrBiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAAEsAAAAyAAAABBwaXhpAAAAAAMICAgA
AAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAEltZGF0
"""
"""300 x 200, one item."""

PADDED = """
AAAAGGZ0eXBoZWljAAAAAG1pZjFoZWljAAABfm1ldGEAAAAAAAAAIWhkbHIAAAAAAAAAAHBpY3QAAAAAAAAAAAAAAAAAAAAAImlsb2MAAAAAREAAAQAB
AAAAAAGeAAEAAAAAAAAAIAAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEAAGh2YzEAAAAADnBpdG0AAAAAAAEAAAD+aXBycAAAAN5pcGNvAAAAd2h2
Y0MBA3AAAACQAAAAAAAe8AD8/fj4AAAPA2AAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAeugJAYQABACtCAQEDcAAAAwCQAAADAAADAB6gJIEHJ5bq5Ka5
uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwYkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQgAAAEAAAAAoY2xhcAAAAEEAAAABAAAAIQAA
AAH/////AAAAAv///+EAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAChtZGF0
"""
"""65 x 33, filled up to 66 x 64."""

TWO = """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAhFtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAADRpbG9jAAAAAERA
AAIAAQAAAAACNQABAAAAAAAAAEEAAgAAAAACdgABAAAAAAAAAHAAAAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAAAC
AABodmMxAAAAAA5waXRtAAAAAAABAAABamlwcnAAAAFEaXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAA
AAMAAAMAPLoCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwA8oAmIDJ35bqSSmubgIaDAgAAADIAAAAMAhGIAAQAHRAHBcrBiQAAAABNjb2xybmNseAABAA0A
BoAAAAAUaXNwZQAAAAAAAAEsAAAAyAAAABBwaXhpAAAAAAMICAgAAAB5aHZjQwEDcAAAAJAAAAAAAFrwAPz9+PgAAA8DYAABABhAAQwB//8DcAAAAwCQ
AAADAAADAFq6AkBhAAEALEIBAQNwAAADAJAAAAMAAAMAWqAFAgGRZbqSSmubgIaDAgAAAwAyAAADAAIQYgABAAdEAcFysGJAAAAAFGlzcGUAAAAAAAAC
gAAAAZAAAAAeaXBtYQAAAAAAAAACAAEEgQIDBAACBIUCBgQAAAC5bWRhdA==
"""
"""300 x 200, and behind it another item of 640 x 400."""

JXL = [
    ((1, 1), "/woAkAEAE4gCAMAAtZ8gAAAVKqOMG7yc"),
    ((64, 32), "/wrHBwATiAIAFAG1nyAAABUqo4wbvJzr"),
    ((33, 17), "/wqAAEAMABOIAgAEAbWfIAAAFSqjjBu8"),
    ((300, 200), "/woxBwATiAIAWMEKDAAAAAC1nyAAABUq"),
    ((1921, 1080), "/wq6IQjwDAATiAIAkMB+hAAAAAAAAAAA"),
    ((513, 9000), "/wo8GQEBiAEAE4gCAISAT/iET/hEP2xB"),
    ((16, 9), "/wpA0AEAE4gCANQAtZ8gAAAVKqOMG7yc"),
    ((1600, 1200), "/wp6JRsAE4gCAJBAZmwAAAAAAAAAAAAA"),
    # In boxes: whole, and in parts.
    (
        (300, 200),
        "AAAADEpYTCANCocKAAAAFGZ0eXBqeGwgAAAAAGp4bCAAAACdanhsY/8KMQcAE4gCAFjBCgwAAAAAtZ8gAAAVKqOMG7yc6/nyQ4fFtI3r",
    ),
    (
        (300, 200),
        "AAAADEpYTCANCocKAAAAFGZ0eXBqeGwgAAAAAGp4bCAAAAAQanhscAAAAAD/CjEHAAAAFkV4aWZJSSoACAAAAAAAAAAAAAAAAJ1qeGxwgAAAAQ==",
    ),
]

FTYP = b"\0\0\0\x10ftypheic\0\0\0\0"
CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"


def box(kind: bytes, *contents: bytes) -> bytes:
    joined = b"".join(contents)
    return struct.pack(">I", 8 + len(joined)) + kind + joined


def wide_box(kind: bytes, *contents: bytes) -> bytes:
    """The same with a length of eight bytes."""
    joined = b"".join(contents)
    return struct.pack(">I4sQ", 1, kind, 16 + len(joined)) + joined


def extent(width: int, height: int) -> bytes:
    return box(b"ispe", struct.pack(">III", 0, width, height))


def crop(*numbers: int) -> bytes:
    return box(b"clap", struct.pack(">IIIIiIiI", *numbers, 0, 1, 0, 1))


def heif(item: bytes, properties: list[bytes], associations: bytes) -> bytes:
    parts = box(b"iprp", box(b"ipco", *properties), box(b"ipma", associations))
    return FTYP + box(b"meta", b"\0\0\0\0", box(b"pitm", item), parts)


SHORT = b"\0\0\0\0\0\7"
"""A primary item of number 7, in two bytes."""
SHORT_SECOND = b"\0\0\0\0\0\0\0\2\0\1\1\1\0\7\1\2"
"""Item 1 has the first property, item 7 the second."""


@pytest.mark.parametrize(("header", "size"), [(PLAIN, (300, 200)), (PADDED, (65, 33)), (TWO, (300, 200))])
def test_heif(header: str, size: tuple[int, int]) -> None:
    data = b64decode(header)
    assert heif_size(data) == size
    end = len(data) - 8
    for cut in range(end):
        needed = heif_size(data[:cut])
        assert isinstance(needed, int)
        assert cut < needed <= end + 16
        assert cut < 40 or needed == end  # the first box says where the second begins, and that its own end
    assert heif_size(data[:end]) == size


@pytest.mark.parametrize(
    ("item", "associations"),
    [
        (SHORT, SHORT_SECOND),
        (SHORT, b"\0\0\0\0\0\0\0\2\0\1\1\1\0\7\2\x80\x82"),  # essential, and a property of number 0
        (SHORT, b"\0\0\0\1\0\0\0\2\0\1\1\0\1\0\7\1\x80\2"),  # numbers of two bytes
        (b"\1\0\0\0\0\0\0\7", b"\1\0\0\0\0\0\0\2\0\0\0\1\1\1\0\0\0\7\1\2"),  # items of four
        (SHORT, b"\0\0\0\0\0\0\0\1\0\7\3\2\3\x7f"),  # and a property that is not there
    ],
)
def test_the_primary_item_is_found_among_all(item: bytes, associations: bytes) -> None:
    assert heif_size(heif(item, [extent(900, 900), extent(30, 20)], associations)) == (30, 20)


def test_a_box_may_have_a_long_length_or_reach_to_the_end() -> None:
    plain = heif(SHORT, [extent(9, 9), extent(30, 20)], SHORT_SECOND)
    meta = plain[len(FTYP) + 8 :]
    assert heif_size(FTYP + wide_box(b"free", b"abc") + wide_box(b"meta", meta)) == (30, 20)
    assert heif_size(FTYP + b"\0\0\0\0meta" + meta) == (30, 20)


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ((29, 1, 20, 1), (29, 20)),
        ((58, 2, 10, 1), (29, 10)),
        ((31, 1, 20, 1), (30, 20)),
        ((30, 1, 21, 1), (30, 20)),
        ((0, 1, 5, 1), (30, 20)),
        ((29, 0, 19, 0), (29, 19)),
    ],
)
def test_a_crop_counts_where_it_can_be_one(numbers: tuple[int, ...], size: tuple[int, int]) -> None:
    both = b"\0\0\0\0\0\0\0\1\0\7\2\1\2"
    assert heif_size(heif(SHORT, [extent(30, 20), crop(*numbers)], both)) == size


@pytest.mark.parametrize(
    "data",
    [
        heif(SHORT, [extent(30, 20)], b"\0\0\0\0\0\0\0\1\0\6\1\1"),
        heif(SHORT, [extent(30, 20)], b"\0\0\0\0\xff\xff\xff\xff" + b"\0\0\0" * 2 * MAX_BOXES + b"\0\7\1\1"),
        heif(SHORT, [box(b"free")] * MAX_BOXES + [extent(30, 20)], b"\0\0\0\1\0\0\0\1\0\7\1\x10\1"),
        heif(SHORT, [extent(30, 20)[:-8]], b"\0\0\0\0\0\0\0\1\0\7\1\1"),
        heif(b"", [extent(30, 20)], b""),
        FTYP + box(b"meta"),
        FTYP + box(b"meta", b"\0\0\0\0", b"\0\0\0\7iprp"),
    ],
)
def test_what_is_broken_has_no_size(data: bytes) -> None:
    assert heif_size(data) == (0, 0)


def test_boxes_are_not_looked_at_without_end() -> None:
    data = FTYP + box(b"free") * MAX_BOXES
    assert heif_size(data + box(b"meta")) == len(FTYP) + 8 * (MAX_BOXES - 1) + 16
    assert heif_size(FTYP + b"\0\0\0\7meta") == len(FTYP) + 16


def test_jp2() -> None:
    header = box(b"jp2h", box(b"ihdr", struct.pack(">IIHBBBB", 20, 30, 3, 7, 7, 0, 0)))
    data = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + header
    end = data.index(b"ihdr") + 12
    for cut in range(len(data)):
        found = jp2_size(data[:cut])
        assert found == (30, 20) if cut >= end else isinstance(found, int) and cut < found <= end + 16


@pytest.mark.parametrize(("size", "header"), JXL)
def test_jxl(size: tuple[int, int], header: str) -> None:
    data = b64decode(header)
    end = data.index(b"\xff\x0a") + 11
    for cut in range(2, len(data)):
        found = jxl_size(data[:cut])
        assert found == size if cut >= end else isinstance(found, int) and cut < found <= end + 16


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        (1, (720, 720)), (2, (864, 720)), (3, (960, 720)), (4, (1080, 720)),
        (5, (1280, 720)), (6, (900, 720)), (7, (1440, 720)),
    ],
)  # fmt: skip
def test_jxl_knows_common_shapes(ratio: int, size: tuple[int, int]) -> None:
    """Annex D.2: not small, a height less one in 13 bits, a shape."""
    bits = 0 | 1 << 1 | 719 << 3 | ratio << 16
    assert jxl_size(b"\xff\x0a" + bits.to_bytes(9, "little")) == size


def test_jxl_may_be_vast() -> None:
    bits = 0 | 3 << 1 | (2**30 - 1) << 3 | 0 << 33 | 3 << 36 | (2**30 - 1) << 38
    assert jxl_size(b"\xff\x0a" + bits.to_bytes(9, "little")) == (2**30, 2**30)


def test_jxl_without_its_codestream() -> None:
    assert jxl_size(CONTAINER + box(b"jxlc", b"\0" * 20)) is None
    assert jxl_size(CONTAINER + box(b"free")) == len(CONTAINER) + 8 + 16
