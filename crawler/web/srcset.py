"""The image candidates of a srcset attribute, as the HTML standard parses them (section 4.8.4); it resolves no URL."""

import re
from typing import Final, NamedTuple

MAX_CANDIDATES: Final = 1000
"""How many candidates of one attribute are read; the rest is not looked at."""
MAX_DESCRIPTOR: Final = 32
"""How long a descriptor may be; no image is that wide."""

_BLANK: Final = r"\t\n\f\r "
_URL: Final = re.compile(rf"[{_BLANK},]*+([^{_BLANK}]++)")
_IN_PARENTHESES: Final = r"\([^)]*+\)?"
_DESCRIPTORS: Final = re.compile(rf"(?:[^,(]++|{_IN_PARENTHESES})*+")
_DESCRIPTOR: Final = re.compile(rf"(?:[^{_BLANK}(]++|{_IN_PARENTHESES})++")
_SIZE: Final = re.compile(r"([0-9]+)([wh])")
_DENSITY: Final = re.compile(r"(-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)x")


class Candidate(NamedTuple):
    """One image to choose from: its URL as written, and its width in pixels or its density, where stated."""

    url: str
    width: int | None = None
    density: float | None = None


def parse_srcset(text: str) -> list[Candidate]:
    """The candidates in their order, without those whose descriptors are none."""
    candidates: list[Candidate] = []
    position = 0
    while len(candidates) < MAX_CANDIDATES and (found := _URL.match(text, position)):
        url = found[1]
        position = found.end()
        candidate: Candidate | None
        if url.endswith(","):
            candidate = Candidate(url.rstrip(","))
        else:
            end = _DESCRIPTORS.match(text, position).end()  # type: ignore[union-attr]  # it matches the empty text too
            candidate = _describe(url, text, position, end)
            position = end + 1
        if candidate is not None:
            candidates.append(candidate)
    return candidates


def _describe(url: str, text: str, start: int, end: int) -> Candidate | None:
    """The candidate that these descriptors make of a URL; None where they contradict the grammar or each other."""
    sizes: dict[str, int] = {}
    density: float | None = None
    for found in _DESCRIPTOR.finditer(text, start, end):
        descriptor = found[0]
        if len(descriptor) > MAX_DESCRIPTOR:
            return None
        if size := _SIZE.fullmatch(descriptor):
            if density is not None or size[2] in sizes or not int(size[1]):
                return None
            sizes[size[2]] = int(size[1])
        elif number := _DENSITY.fullmatch(descriptor):
            if density is not None or sizes or float(number[1]) < 0:
                return None
            density = float(number[1])
        else:
            return None
    if "h" in sizes and "w" not in sizes:
        return None
    return Candidate(url, sizes.get("w"), density)
