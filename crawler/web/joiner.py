"""What the URLs written in documents lead to, each joined once for all places where it means the same.

It knows nothing of tags. The pages of one folder share what is written relative to it, those of one origin what begins
with its root, and a page has to itself what speaks of the page alone.
"""

import re
from collections.abc import Sequence
from typing import Final

from crawler.errors import InvalidURLError
from crawler.web.charset import encode_query
from crawler.web.reference import Reference
from crawler.web.url import URL

MAX_PLACES: Final = 32
"""How many folders and origins are remembered, those last begun."""
MAX_JOINED: Final = 2_000
"""How many texts are remembered in each of them."""
MAX_READY: Final = 10_000
"""How many tags are remembered in all of them together."""
MAX_KNOWN_TAG: Final = 500
"""How long a tag, or an anchor with its contents, may be to be remembered."""

_BEGINNING: Final = re.compile(r"[\x00-\x20]*+(?:(?P<origin>/|https?://)|(?P<page>[?#]|\Z|[^/:?#]*+:))?+")
"""What tells where a text means the same: `http:` without `//` may be followed by what belongs to the page."""


class Place:
    """Where a text means one URL, whatever page it stands on; `ready` is what tags come to on all of its pages."""

    __slots__ = ("_base", "_codec", "_known", "ready")

    def __init__(self, base: URL, codec: str) -> None:
        self._base = base
        self._codec = codec
        self._known: dict[str, URL | None] = {}
        self.ready: dict[str, Sequence[Reference]] = {}

    def join(self, written: str) -> URL | None:
        """The URL that a text means here, None where it means none; its fragment does not matter."""
        key, mark, _ = written.partition("#")
        if mark and key[-1:] <= " ":
            key += mark  # a blank in front of a fragment belongs to the URL, at the end of a text it does not
        known = self._known
        if key in known:
            return known[key]
        try:
            url = self._base.join(encode_query(key, self._codec))
        except InvalidURLError:
            url = None
        if len(known) >= MAX_JOINED:
            self._known = known = {}  # and not cleared: other threads may be reading
        known[key] = url
        return url


class Joiner:
    """Joins the URLs of one page."""

    __slots__ = ("base", "folder", "origin", "page")

    def __init__(self, base: URL, page: Place, folder: Place, origin: Place) -> None:
        self.base = base
        self.page = page
        self.folder = folder
        self.origin = origin

    def place(self, written: str) -> Place:
        """The widest place in which a text means what it means on this page."""
        if written[:1] == "#":
            return self.page
        match = _BEGINNING.match(written)
        reach = match.lastgroup if match is not None else None
        return self.folder if reach is None else self.origin if reach == "origin" else self.page

    def join(self, written: str) -> URL | None:
        """The URL that a text means on this page, None where it means none."""
        return self.place(written).join(written)


class Joiners:
    """Gives each page its joiner, and remembers what was joined for others."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], Place] = {}
        self._ready = 0

    def of(self, base: URL, codec: str) -> Joiner:
        """The joiner of a page in this encoding, whose URLs are relative to `base`."""
        page = Place(base, codec)
        if not base.is_http:
            return Joiner(base, page, page, page)
        folder = str(base).partition("?")[0].rpartition("/")[0] + "/"
        return Joiner(base, page, self._place(folder, base, codec), self._place(base.origin, base, codec))

    def _place(self, name: str, base: URL, codec: str) -> Place:
        place = self._places.get((name, codec))
        if place is None:
            if len(self._places) >= MAX_PLACES:
                self._places = dict(list(self._places.items())[MAX_PLACES // 2 :])
            self._places[name, codec] = place = Place(base, codec)
        return place

    def remember(self, place: Place, tag: str, references: Sequence[Reference]) -> None:
        """What a tag comes to on all pages of a place."""
        if tag and len(tag) <= MAX_KNOWN_TAG:
            self._ready += 1
            if self._ready > MAX_READY:
                self._ready = 1
                for each in list(self._places.values()):
                    each.ready = {}  # and not cleared: other threads may be reading
            place.ready[tag] = references
