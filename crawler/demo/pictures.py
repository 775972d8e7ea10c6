"""The pictures of the example site, made as bytes: small PNG files (ISO/IEC 15948), each a sky over a sea."""

import struct
import zlib
from typing import Final

Colour = tuple[int, int, int]

SKIES: Final[dict[str, tuple[int, int, Colour, Colour]]] = {
    "lighthouse": (160, 120, (38, 52, 94), (244, 180, 120)),
    "lighthouse-large": (320, 240, (38, 52, 94), (244, 180, 120)),
    "keeper": (96, 96, (90, 70, 60), (200, 180, 160)),
    "tower": (120, 160, (120, 150, 180), (230, 235, 240)),
    "tower-wide": (320, 160, (120, 150, 180), (230, 235, 240)),
    "dawn": (160, 120, (60, 60, 110), (250, 200, 170)),
    "noon": (160, 120, (70, 140, 220), (200, 230, 250)),
    "dusk": (160, 120, (40, 30, 80), (230, 120, 80)),
    "night": (160, 120, (6, 8, 24), (30, 40, 80)),
    "lamp": (16, 16, (250, 220, 120), (200, 140, 40)),
}
"""Each picture's width, height, and the colours at its top and its bottom."""


def pictures() -> dict[str, bytes]:
    """Every picture by its path."""
    return {f"/images/{name}.png": png(*sky) for name, sky in SKIES.items()}


def png(width: int, height: int, top: Colour, bottom: Colour) -> bytes:
    """A picture that goes from one colour to the other, from top to bottom."""
    rows = bytearray()
    for y in range(height):
        share = y / max(height - 1, 1)
        pixel = bytes(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        rows += b"\0" + pixel * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
