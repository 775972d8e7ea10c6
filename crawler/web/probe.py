"""What a picture is and how large, from its first bytes, and whether its last ones are there; pixels are never decoded.

It knows nothing of names, of declared types, or of what is wanted. Pillow is not asked here: it keeps the size to
itself where that is dangerously large, needs the whole of a WebP, an AVIF or an ICO (whose pixels it then decodes),
and warns of what is broken, or unpacks it at length. All that is to be known stands in a few bytes of a header.

Dimensions are those that are stored, as Pillow and `file` say them: before a turn that Exif or HEIF may ask for, and of
a GIF those of its screen.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final, Literal

from crawler.web.boxes import heif_size, jp2_size, jxl_size
from crawler.web.sniff import is_image, sniff_media_type
from crawler.web.svg import svg_size

PROBE_SIZE: Final = 4096
"""How many first bytes are asked for first; most pictures say all in them."""
MAX_PROBE: Final = 256 * 1024
"""How many are asked for at the most: a JPEG may tell its size behind long metadata and a colour profile."""
TAIL_SIZE: Final = 16 * 1024
"""How many last bytes tell whether a picture is whole: so much may follow its end, as cameras and servers add to it."""
MAX_DIMENSION: Final = 2**32 - 1
MAX_SEGMENTS: Final = 4096
"""How many segments of a JPEG are looked at, so that no header takes long."""

# To the next marker that has a length, past filling and markers without one (ISO/IEC 10918-1 section B.1.1).
_SEGMENT: Final = re.compile(
    rb"(?:[^\xff]|\xff++[\0\x01\xd0-\xd8])*+\xff++(?P<marker>[^\0\x01\xd0-\xd9\xff])(?P<length>..)", re.DOTALL
)
_SCAN: Final = 0xDA
_FRAMES: Final = frozenset(b"\xc0\xc1\xc2\xc3\xc5\xc6\xc7\xc9\xca\xcb\xcd\xce\xcf")
# A film behind the picture, which an XMP packet or a mark at the very end tells: no end can be looked for.
_FILM: Final = re.compile(rb"MotionPhoto|MicroVideo")
_FILM_END: Final = b"SEFT"
_IMAGE_END: Final = b"\xff\xd9"
_PNG_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_GIF_END: Final = b"\0;"

_PNG: Final = Struct(">12x4sII")
_GIF: Final = Struct("<6xHH")
_BMP: Final = Struct("<18xii")
_BMP_CORE: Final = Struct("<18xHH")
_BMP_CORE_LENGTH: Final = 12
_PSD: Final = Struct(">14xII")
_ICO: Final = Struct("<4xH")
_FRAME: Final = Struct(">3xHH")
_TIFF: Final = {  # by the number that follows the byte order: the first directory's place, its length, its entries
    42: (4, 4, 2, "HHI4s"),
    43: (8, 8, 8, "HHQ8s"),
}
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_NUMBERS: Final = {1: 1, 3: 2, 4: 4, 16: 8}
"""How many bytes the types of whole numbers have."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first bytes of a picture tell.

    Width and height are None where they are unknown yet. Then `needed` is how many first bytes are to be probed next;
    it is None where these, or any that may be asked for, tell no more.
    """

    media_type: str
    width: int | None = None
    height: int | None = None
    needed: int | None = None


def probe_image(first: bytes) -> Probe | None:
    """What the picture that begins with these bytes is; None where they begin no picture.

    `PROBE_SIZE` first bytes are enough to tell; for its dimensions too, unless `needed` asks for more:

        size = PROBE_SIZE
        while (probe := probe_image(first := await response.peek(size))) and probe.needed and len(first) == size:
            size = probe.needed
    """
    media_type = sniff_media_type(None, first)
    if not is_image(media_type):
        return None
    found = _SIZES[media_type](first)
    if isinstance(found, tuple):
        width, height = found
        if 0 < width <= MAX_DIMENSION and 0 < height <= MAX_DIMENSION:
            return Probe(media_type, width, height)
    elif found is not None and len(first) < found <= MAX_PROBE:
        # Twice as many at the least: a header that is told in small pieces is read in few steps.
        return Probe(media_type, needed=min(max(found, 2 * len(first)), MAX_PROBE))
    return Probe(media_type)


def is_whole(media_type: str, first: bytes, last: bytes, size: int) -> bool:
    """Whether a picture of `size` bytes ends where it should; True where its type does not tell.

    It takes the first bytes as they were probed, and the last `TAIL_SIZE` (all, where there are fewer).
    """
    check = _ENDS.get(media_type)
    return check is None or check(first, last, size)


def _png(first: bytes) -> tuple[int, int] | int | None:
    if len(first) < _PNG.size:
        return _PNG.size
    kind, width, height = _PNG.unpack_from(first)
    return (width, height) if kind == b"IHDR" else None


def _gif(first: bytes) -> tuple[int, int] | int:
    if len(first) < _GIF.size:
        return _GIF.size
    width, height = _GIF.unpack_from(first)
    return width, height


def _bmp(first: bytes) -> tuple[int, int] | int:
    if len(first) < _BMP.size:
        return _BMP.size
    width, height = (_BMP_CORE if first[14] == _BMP_CORE_LENGTH else _BMP).unpack_from(first)
    return width, abs(height)  # below zero: its rows go downwards


def _psd(first: bytes) -> tuple[int, int] | int:
    if len(first) < _PSD.size:
        return _PSD.size
    height, width = _PSD.unpack_from(first)
    return width, height


def _ico(first: bytes) -> tuple[int, int] | int:
    """Of the largest of its pictures, as the directory tells it: there 0 stands for 256."""
    count: int = _ICO.unpack_from(first)[0]
    end = 6 + 16 * count
    if len(first) < end:
        return end
    sizes = [(first[at] or 256, first[at + 1] or 256) for at in range(6, end, 16)]
    return max(sizes, key=lambda size: size[0] * size[1])


def _webp(first: bytes) -> tuple[int, int] | int | None:
    """From the first chunk of each of the three kinds of file (RFC 9649 section 2.5 to 2.7)."""
    if len(first) < 30:
        return 30
    if first[12:16] == b"VP8X":
        return _little(first, 24, 3) + 1, _little(first, 27, 3) + 1
    if first[12:16] == b"VP8L" and first[20] == 0x2F:
        bits = _little(first, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if first[12:16] == b"VP8 " and first[23:26] == b"\x9d\x01\x2a":
        return _little(first, 26, 2) & 0x3FFF, _little(first, 28, 2) & 0x3FFF
    return None


def _jpeg(first: bytes) -> tuple[int, int] | int | None:
    """From the first frame's header, before any scan (ISO/IEC 10918-1 section B.2.2)."""
    needed = 2 + 4
    for marker, start, end in _segments(first):
        if marker in _FRAMES:
            if len(first) < start + _FRAME.size:
                return start + _FRAME.size
            height, width = _FRAME.unpack_from(first, start)
            return width, height
        if marker == _SCAN:
            return None
        needed = end + 4
    return needed


def _segments(first: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, begin and end of each segment up to the first scan's header; the last may reach beyond the bytes."""
    end = 2
    for _ in range(MAX_SEGMENTS):
        segment = _SEGMENT.match(first, end)
        length = int.from_bytes(segment["length"], "big") if segment else 0
        if segment is None or length < 2:
            return
        marker, start = segment["marker"][0], segment.start("length")
        end = start + length
        yield marker, start, end
        if marker == _SCAN:
            return


def _tiff(first: bytes) -> tuple[int, int] | int | None:
    """From the first directory, where that stands in front (TIFF 6.0 section 2)."""
    order: Literal["little", "big"] = "little" if first[:1] == b"I" else "big"
    place, size, count_size, entry = _TIFF[int.from_bytes(first[2:4], order)]
    if len(first) < place + size:
        return place + size
    start = int.from_bytes(first[place : place + size], order)
    begin = start + count_size
    if len(first) < begin:
        return begin
    entries = Struct(("<" if order == "little" else ">") + entry)
    end = begin + int.from_bytes(first[start:begin], order) * entries.size
    if len(first) < end:
        return end
    sizes = {_TIFF_WIDTH: 0, _TIFF_HEIGHT: 0}
    for tag, kind, _, value in entries.iter_unpack(first[begin:end]):
        if tag in sizes:
            sizes[tag] = int.from_bytes(value[: _TIFF_NUMBERS.get(kind, 0)], order)
        elif tag > _TIFF_HEIGHT:
            break  # they are sorted
    return sizes[_TIFF_WIDTH], sizes[_TIFF_HEIGHT]


def _little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _jpeg_ends(first: bytes, last: bytes, size: int) -> bool:
    """Whether the end of the image follows its header: a preview in that has an end of its own."""
    header = max((end for _, _, end in _segments(first)), default=2)
    if _FILM.search(first, 0, header) or last.endswith(_FILM_END):
        return True
    return last.find(_IMAGE_END, max(0, header - (size - len(last)))) >= 0


def _png_ends(first: bytes, last: bytes, size: int) -> bool:
    return _PNG_END in last


def _gif_ends(first: bytes, last: bytes, size: int) -> bool:
    """Whether the trailer is there: only filling may follow it, since its one byte may be anything elsewhere."""
    return last.rstrip(b"\0\t\n\r ").endswith(_GIF_END)


def _webp_ends(first: bytes, last: bytes, size: int) -> bool:
    return len(first) >= 8 and _little(first, 4, 4) + 8 <= size


_SIZES: Final[dict[str, Callable[[bytes], tuple[int, int] | int | None]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": heif_size,
    "image/heic": heif_size,
    "image/jxl": jxl_size,
    "image/jp2": jp2_size,
    "image/bmp": _bmp,
    "image/x-icon": _ico,
    "image/tiff": _tiff,
    "image/vnd.adobe.photoshop": _psd,
    "image/svg+xml": svg_size,
}
"""What tells width and height; or how many first bytes would tell more; or None, where nothing will: by type."""

_ENDS: Final[dict[str, Callable[[bytes, bytes, int], bool]]] = {
    "image/jpeg": _jpeg_ends,
    "image/png": _png_ends,
    "image/gif": _gif_ends,
    "image/webp": _webp_ends,
}
"""What tells whether a picture is whole, where its type can tell."""
