"""The references of one page as one compact row: written once a page, unfolded by exports and reports."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crawler.model import Found, Kind, Reference
from crawler.web.url import without_secret

MAX_TEXT: Final = 2_000
"""Characters of an address that is no URL, or of one the crawler cannot ask for, that are kept."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One reference as it is kept: `target` as resolved, or as written where it is no URL.

    From `role` on it is what a page says of an image; `alt` is that of the img which a candidate belongs to.
    """

    target: str
    kind: str
    tag: str
    attribute: str
    text: str
    reason: str | None
    role: str = ""
    alt: str = ""
    title: str = ""
    caption: str = ""
    context: str = ""
    media: str = ""
    type: str = ""
    width: int | None = None
    density: float | None = None


def pack(found: Sequence[Found]) -> bytes:
    """The row of a page's references."""
    rows: list[tuple[object, ...]] = []
    alts = _alts(found)
    for one in found:
        reference = one.reference
        written = reference.attributes.get(reference.attribute, "")
        target = str(reference.url) if reference.url is not None else without_secret(written)
        if one.link is None:
            target = target[:MAX_TEXT]
        row = (target, reference.kind, reference.tag, reference.attribute, reference.text, one.refused)
        rows.append(row if reference.kind is Kind.PAGE and not reference.role else row + _shown(reference, alts))
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 1)


def _alts(found: Iterable[Found]) -> dict[int, str]:
    """What each picture's img says in place of it."""
    shown = (one.reference for one in found if one.reference.group)
    return {reference.group: reference.attributes["alt"] for reference in shown if "alt" in reference.attributes}


def _shown(reference: Reference, alts: Mapping[int, str]) -> tuple[object, ...]:
    """What a page says of an image, beyond where it is."""
    said = reference.attributes
    texts = (
        reference.role,
        said.get("alt") or alts.get(reference.group, ""),
        said.get("title", ""),
        reference.caption,
        reference.context,
        said.get("media", ""),
        said.get("type", ""),
    )
    return *(text[:MAX_TEXT] for text in texts), reference.width, reference.density


def unpack(row: bytes) -> list[FoundRow]:
    """The references of a page, in its order."""
    return [FoundRow(*fields) for fields in json.loads(zlib.decompress(row))]
