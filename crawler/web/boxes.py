"""The size of a picture whose file is a row of boxes (ISO/IEC 14496-12): HEIF and AVIF, JPEG 2000, JPEG XL.

It knows nothing of how pixels are coded. Each function takes the first bytes of such a file and gives width and height;
or how many first bytes would tell more; or None, where nothing will.
"""

from collections.abc import Iterator
from typing import Final

MAX_BOXES: Final = 4096
"""How many boxes, or entries of one, are looked at in a row."""

_LONGEST_HEAD: Final = 16
_JXL_CODESTREAM: Final = b"\xff\x0a"
_JXL_DISTANCES: Final = (9, 13, 18, 30)
_JXL_RATIOS: Final = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_JXL_SIZE_HEADER: Final = 9

Box = tuple[bytes, int, int]
"""Its type, where its contents begin, and where they end."""


def heif_size(first: bytes) -> tuple[int, int] | int | None:
    """Of a HEIF or AVIF: the extent of its primary item, before it is turned (ISO/IEC 23008-12)."""
    meta = _find(first, b"meta")
    if isinstance(meta, int):
        return meta
    _, start, end = meta
    # A full box: version and flags come before the boxes it holds.
    return _primary_extent(first[start + 4 : end]) if end <= len(first) else end


def jp2_size(first: bytes) -> tuple[int, int] | int | None:
    """Of a JPEG 2000 file (ISO/IEC 15444-1, annex I.5.3)."""
    header = _find(first, b"jp2h")
    if isinstance(header, int):
        return header
    _, start, _ = header
    if len(first) < start + 16:
        return start + 16
    return _number(first, start + 12, 4), _number(first, start + 8, 4)  # "ihdr" is the first in it


def jxl_size(first: bytes) -> tuple[int, int] | int | None:
    """Of a JPEG XL, bare or in boxes (ISO/IEC 18181-1 annex D.2, 18181-2 clause 9)."""
    if first.startswith(_JXL_CODESTREAM):
        return _jxl_size(first, 0)
    codestream = _find(first, b"jxlc", b"jxlp")
    if isinstance(codestream, int):
        return codestream
    kind, start, _ = codestream
    return _jxl_size(first, start + 4 if kind == b"jxlp" else start)  # a part has a number in front


def _find(first: bytes, *kinds: bytes) -> Box | int:
    """The first box of one of these types; or how many bytes may tell where that is."""
    needed = _LONGEST_HEAD
    for kind, start, end in _boxes(first):
        if kind in kinds:
            return kind, start, end
        needed = end + _LONGEST_HEAD
    return needed


def _boxes(data: bytes) -> Iterator[Box]:
    """The boxes from there on; the last may reach beyond the data."""
    at = 0
    for _ in range(MAX_BOXES):
        size, kind, start = _number(data, at, 4), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, start = _number(data, start, 8), start + 8
        end = at + size if size else len(data)
        if len(data) < start or end < start:
            return
        yield kind, start, end
        at = end


def _primary_extent(meta: bytes) -> tuple[int, int]:
    parts = dict(_contents(meta))
    primary = parts.get(b"pitm", b"")
    item = _number(primary, 4, 2 if primary[:1] == b"\0" else 4)
    properties = list(_contents(parts.get(b"iprp", b"")))
    known = list(_contents(dict(properties).get(b"ipco", b"")))
    indices = [index for kind, ipma in properties if kind == b"ipma" for index in _properties_of(item, ipma)]
    own = dict(known[index - 1] for index in indices if 0 < index <= len(known))
    extent, crop = own.get(b"ispe", b""), own.get(b"clap", b"")
    size = _number(extent, 4, 4), _number(extent, 8, 4)
    # A picture may be filled up to whole blocks of its coding, and cut to what it is (ISO/IEC 23008-12 section 6.5.9).
    cut = _quotient(crop, 0), _quotient(crop, 8)
    return cut if 0 < cut[0] <= size[0] and 0 < cut[1] <= size[1] else size


def _quotient(data: bytes, at: int) -> int:
    return _number(data, at, 4) // (_number(data, at + 4, 4) or 1)


def _contents(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    return ((kind, data[start:end]) for kind, start, end in _boxes(data))


def _properties_of(item: int, ipma: bytes) -> list[int]:
    """The numbers, from 1, of an item's properties (ISO/IEC 23008-12 section 9.3.1)."""
    id_size = 2 if ipma[:1] == b"\0" else 4
    size = 1 + (_number(ipma, 3, 1) & 1)
    essential = 1 << (8 * size - 1)
    at = 8
    for _ in range(min(_number(ipma, 4, 4), MAX_BOXES)):
        start = at + id_size + 1
        end = start + _number(ipma, start - 1, 1) * size
        if _number(ipma, at, id_size) == item:
            return [_number(ipma, place, size) & ~essential for place in range(start, end, size)]
        at = end
    return []


def _jxl_size(first: bytes, at: int) -> tuple[int, int] | int | None:
    start = at + len(_JXL_CODESTREAM)
    end = start + _JXL_SIZE_HEADER
    if len(first) < end:
        return end
    if first[at:start] != _JXL_CODESTREAM:
        return None
    bits = int.from_bytes(first[start:end], "little")
    is_small, bits = bits & 1, bits >> 1
    height, bits = _jxl_length(bits, is_small)
    ratio, bits = bits & 7, bits >> 3
    if not ratio:
        return _jxl_length(bits, is_small)[0], height
    across, down = _JXL_RATIOS[ratio - 1]
    return height * across // down, height


def _jxl_length(bits: int, is_small: int) -> tuple[int, int]:
    """One length, and the bits that follow it."""
    if is_small:
        return ((bits & 31) + 1) * 8, bits >> 5
    distance = _JXL_DISTANCES[bits & 3]
    bits >>= 2
    return (bits & ((1 << distance) - 1)) + 1, bits >> distance


def _number(data: bytes, at: int, size: int) -> int:
    """A big-endian number; what lies behind the end of the data counts as nothing."""
    return int.from_bytes(data[at : at + size], "big")
