"""The size a drawing gives itself in its root tag; it reads no XML: no entity, no element but that one, no style.

Two patterns look at the text, and each looks at a byte a few times at the most.
"""

import re
from typing import Final

_ROOT: Final = re.compile(
    rb"<!--.*?(?:-->|\Z)|<(?:[a-z]+:)?svg(?=[\s/>])(?P<attributes>(?:[^>\"']|\"[^\"]*+\"|'[^']*+')*+)(?P<end>>)?",
    re.DOTALL,
)
# The value is optional, so that a name without one is passed over whole.
_ATTRIBUTE: Final = re.compile(rb"([^\s=/\"'>]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'))?+")
_NUMBER: Final = rb"[+-]?(?:[0-9]{1,15}\.?[0-9]{0,15}|\.[0-9]{1,15})(?:[eE][+-]?[0-9]{1,2})?"
_LENGTH: Final = re.compile(rb"\s*+(%b)([a-zA-Z]{0,2})\s*+" % _NUMBER)
_BOX: Final = re.compile(rb"\s*+{0}{1}{0}{1}({0}){1}({0})\s*+".replace(b"{0}", _NUMBER).replace(b"{1}", rb"[\s,]++"))
_PIXELS: Final = {
    b"": 1.0, b"px": 1.0, b"in": 96.0, b"cm": 96 / 2.54, b"mm": 96 / 25.4, b"q": 96 / 101.6, b"pt": 4 / 3, b"pc": 16.0,
}  # fmt: skip
"""How many pixels each absolute unit has (CSS Values section 6.2)."""


def svg_size(first: bytes) -> tuple[int, int] | int | None:
    """Width and height in pixels of the drawing that begins so; or how many bytes would tell; or None, nothing will.

    An absolute `width` and `height` count first; what is missing of them follows from `viewBox`.
    """
    root = next((match for match in _ROOT.finditer(first) if match["attributes"] is not None), None)
    if root is None or not root["end"]:
        return len(first) + 1
    attributes: dict[bytes, bytes] = {}
    for name, double, single in _ATTRIBUTE.findall(root["attributes"]):
        attributes.setdefault(name, double or single)
    width, height = _pixels(attributes.get(b"width", b"")), _pixels(attributes.get(b"height", b""))
    box = _BOX.fullmatch(attributes.get(b"viewBox", b""))
    across, down = (float(box[1]), float(box[2])) if box else (0.0, 0.0)
    if across > 0 and down > 0:
        if not width and not height:
            width, height = across, down
        width, height = width or height * across / down, height or width * down / across
    return (round(width), round(height)) if width and height else None


def _pixels(length: bytes) -> float:
    """An absolute length, 0 where it is none: a percentage, relative to a font, or below zero."""
    match = _LENGTH.fullmatch(length)
    return max(0.0, float(match[1]) * _PIXELS.get(match[2].lower(), 0.0)) if match else 0.0
