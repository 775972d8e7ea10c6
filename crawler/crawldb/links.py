"""The references of one page as one compact row: written once a page, unfolded by exports and reports."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crawler.model import Found
from crawler.web.url import without_secret

MAX_TEXT: Final = 2_000
"""Characters of an address that is no URL, or of one the crawler cannot ask for, that are kept."""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One reference as it is kept: `target` as resolved, or as written where it is no URL."""

    target: str
    kind: str
    tag: str
    attribute: str
    text: str
    reason: str | None


def pack(found: Iterable[Found]) -> bytes:
    """The row of a page's references."""
    rows = []
    for one in found:
        reference = one.reference
        written = reference.attributes.get(reference.attribute, "")
        target = str(reference.url) if reference.url is not None else without_secret(written)
        if one.link is None:
            target = target[:MAX_TEXT]
        rows.append((target, reference.kind, reference.tag, reference.attribute, reference.text, one.refused))
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 1)


def unpack(row: bytes) -> list[FoundRow]:
    """The references of a page, in its order."""
    return [FoundRow(*fields) for fields in json.loads(zlib.decompress(row))]
