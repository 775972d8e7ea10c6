"""The references of one page as one compact row: written once a page, unfolded by exports and reports."""

import asyncio
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crawler.crawldb.front import Front
from crawler.model import Found, Kind, Link, Outcome, Reference
from crawler.web.shape import family
from crawler.web.url import URL, without_secret

MANY: Final = 5_000
"""Links of one page from which a thread folds and books them, so that the loop goes on meanwhile."""

MAX_TEXT: Final = 2_000
"""Characters of an address that is no URL, or of one the crawler cannot ask for, that are kept."""
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One reference as it is kept: `target` as resolved, or as written where it is no URL.

    From `role` on it is what a page says of an image; `alt` is that of the img which a candidate belongs to, `place`
    its number there, 0 where it cannot be asked for.
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
    place: int = 0


Named = tuple[str, str, int, int, str | None]
"""A link as a page names it: its URL, kind, depth and place, and the word for which it is not followed."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What a document names, as the database takes it: its row, and each link once that may be new to the crawl.

    `leads_on` is how many links of its own family it has, where its URL is of a form that traps have.
    """

    row: bytes | None = None
    named: Sequence[Named] = ()
    leads_on: int = 0

    @property
    def is_large(self) -> bool:
        """Whether booking it would hold the loop up."""
        return len(self.named) >= MANY


NOTHING: Final = Folded()


def fold(link: Link, outcome: Outcome, front: Front | None = None) -> Folded:
    """What was found at `link`, folded; what is in `front` already is not named again, and what is named is put there.

    It needs no database, so that any process can do it.
    """
    found = outcome.found
    if not found:
        return NOTHING
    named: list[Named] = []
    links = {id(link): (link, refused) for _, link, refused in found if link is not None}.values()
    for target, refused in links:
        url, kind, depth, _, _, place = target
        text = str(url)
        if front is not None:
            is_page, is_followed = kind is Kind.PAGE, refused is None
            if front.has(text, depth, is_page, is_followed):
                continue
            front.note(text, depth, is_page, is_followed)
        named.append((text, kind.value, depth, place, refused))
    if outcome.fingerprint is None:
        return Folded(pack(found), named)
    return Folded(pack(found), named, _leads_on(link.url, [to.url for to, refused in links if refused is None]))


async def folded(link: Link, outcome: Outcome, front: Front | None = None) -> Folded:
    """The same without holding the loop up."""
    if len(outcome.found) < MANY:
        return fold(link, outcome, front)
    return await asyncio.to_thread(fold, link, outcome, front)


def _leads_on(page: URL, followed: Iterable[URL]) -> int:
    site, part = page.site, family(page)
    near = f"http://{site}/", f"https://{site}/"
    return sum(str(url).startswith(near) and family(url) == part and url != page for url in followed)


def pack(found: Sequence[Found]) -> bytes:
    """The row of a page's references.

    Column by column, for a page names few addresses in few ways: the addresses; the ways, which are kind, tag,
    attribute and reason; and of each reference the number of its address and of its way, and its text. After them, by
    the reference's number, what is said of images.
    """
    targets: dict[str, int] = {}
    ways: dict[tuple[str, str, str, str | None], int] = {}
    known_targets: dict[int, int] = {}
    known_ways: dict[tuple[int, str, str, str | None], int] = {}
    target_of: list[int] = []
    way_of: list[int] = []
    texts: list[str] = []
    shown: list[tuple[object, ...]] = []
    alts = _alts(found)
    for number, (reference, link, refused) in enumerate(found):
        url, kind, tag, attribute, _, text = reference[:6]
        target = known_targets.get(id(url))  # by identity, as one URL is named by many
        if target is None or link is None:
            target = known_targets[id(url)] = targets.setdefault(_target(reference, link), len(targets))
        way = known_ways.get((id(kind), tag, attribute, refused))
        if way is None:
            way = ways.setdefault((kind, tag, attribute, refused), len(ways))
            known_ways[id(kind), tag, attribute, refused] = way
        target_of.append(target)
        way_of.append(way)
        texts.append(text)
        if kind is not Kind.PAGE or reference.role:
            shown.append((number, *_shown(found[number], alts)))
    kept = {"targets": [*targets], "ways": [*ways], "target": target_of, "way": way_of, "text": texts, "shown": shown}
    return zlib.compress(_ENCODE(kept).encode("utf-8", "replace"), 1)


def _target(reference: Reference, link: Link | None) -> str:
    """The address of a reference, cut where it can never be asked for."""
    if reference.url is not None:
        target = str(reference.url)
    else:
        target = without_secret(reference.attributes.get(reference.attribute, ""))
    return target[:MAX_TEXT] if link is None else target


def _alts(found: Iterable[Found]) -> dict[int, str]:
    """What each picture's img says in place of it."""
    shown = [one.reference for one in found if one.reference.group]
    return {reference.group: reference.attributes["alt"] for reference in shown if "alt" in reference.attributes}


def _shown(found: Found, alts: Mapping[int, str]) -> tuple[object, ...]:
    """What a page says of an image, beyond where it is."""
    reference = found.reference
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
    place = found.link.place if found.link is not None else 0
    return *(text[:MAX_TEXT] for text in texts), reference.width, reference.density, place


def unpack(row: bytes) -> list[FoundRow]:
    """The references of a page, in its order; what a row of an earlier version does not tell is left empty."""
    kept = json.loads(zlib.decompress(row))
    if isinstance(kept, list):  # of an earlier version: reference by reference
        return [FoundRow(*fields) for fields in kept]
    images = {number: fields for number, *fields in kept["shown"]}
    rows = []
    for number, (target, way, text) in enumerate(zip(kept["target"], kept["way"], kept["text"], strict=True)):
        kind, tag, attribute, reason = kept["ways"][way]
        rows.append(FoundRow(kept["targets"][target], kind, tag, attribute, text, reason, *images.get(number, ())))
    return rows
