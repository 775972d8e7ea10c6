"""The images of a crawl as one page of HTML that needs nothing beside itself: a contact sheet to search and sort.

It is written as the images come, in constant memory. It fetches and decodes nothing: thumbnails are given to it. The
texts are data in script elements, and the page's own script sets them as text.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from string import Template
from typing import Final

from crawler.crawldb.records import Cost, PictureRecord, RunRecord
from crawler.report.escaping import MAX_URL, in_html, in_script, source_hash, visible
from crawler.units import format_size

NAME: Final = "report.html"
SLICE: Final = 50
"""Pictures of which the thumbnails stand in one script element; the browser reads such an element when it is near."""

MAX_STARTS: Final = 10
"""Start URLs that are named; a heading needs to know no more than one beyond these."""

MAX_THUMBNAIL: Final = 64 * 1024
"""Bytes of a thumbnail."""

WORDS: Final = {
    "failed": "failed",
    "rejected": "not wanted",
    "refused": "not allowed",
    "skipped": "not followed",
    "read": "no image",
    "queued": "not yet",
}
"""The states of images that are not kept, as a person says them, in the order in which they stand."""

_TYPES: Final = {b"RIFF": "webp", b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png"}
"""How the thumbnails begin that a page may have."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the images: where and when the crawl began, how it stands, what its images came to.

    Of the kept ones, and of the others, `limit` are shown.
    """

    starts: Sequence[str]
    runs: Sequence[RunRecord]
    is_running: bool
    is_finished: bool
    costs: Sequence[Cost]
    limit: int

    @property
    def files(self) -> int:
        """How many images are kept."""
        return sum(cost.count for cost in self.costs if cost.state in ("saved", "near"))

    @property
    def size(self) -> int:
        """The bytes of all that are kept."""
        return sum(cost.bytes for cost in self.costs)

    @property
    def lost(self) -> list[Cost]:
        """What the others came to, but for the twins of those that are kept."""
        lost = [cost for cost in self.costs if cost.state in WORDS]
        order = list(WORDS)
        return sorted(lost, key=lambda cost: (order.index(cost.state), -cost.count))

    def count(self, state: str) -> int:
        """How many images are in one state."""
        return sum(cost.count for cost in self.costs if cost.state == state)


class ContactSheet:
    """The page as it is written: `begin`, `add` each picture, `end`."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._rows: list[list[object]] = []
        self._thumbnails: list[str] = []
        self._end = ""

    def begin(self, heading: Heading) -> None:
        """Write all that stands before the images."""
        style, script = _part("contact_sheet.css"), _part("contact_sheet.js")
        page = Template(_part("contact_sheet.html")).substitute(
            policy=policy(style, script),
            style=style,
            script=script,
            title=in_html(_title(heading.starts)),
            heading="\n".join(_heading(heading)),
            reasons="\n".join(_reasons(heading.lost)),
            entries="\0",
        )
        start, _, self._end = page.partition("\0")
        self._text(start)

    def add(self, picture: PictureRecord, thumbnail: bytes | None) -> None:
        """Write a picture, with its thumbnail if there is one."""
        self._rows.append(_row(picture))
        self._thumbnails.append(_data_url(thumbnail))
        if len(self._rows) == SLICE:
            self._flush()

    def end(self) -> None:
        """Write what is left."""
        self._flush()
        self._text(self._end)

    def _flush(self) -> None:
        if self._rows:
            self._text(f'<script type="application/json" class="rows">{in_script(self._rows)}</script>\n')
            self._text(f'<script type="application/json" class="thumbnails">{in_script(self._thumbnails)}</script>\n')
        self._rows, self._thumbnails = [], []

    def _text(self, text: str) -> None:
        self._write(text.encode())


def policy(style: str, script: str) -> str:
    """The content security policy: nothing is loaded from anywhere, and only the page's own script runs."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {source_hash(script)}",
            f"style-src {source_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def reason(picture: PictureRecord) -> str:
    """Why an image is not kept; empty for one that is."""
    return _reason(picture.state, picture.error) if picture.state != "saved" else ""


def _reason(state: str, error: str | None) -> str:
    return visible(f"{WORDS.get(state, state)}: {error}" if error else WORDS.get(state, state))


def _row(picture: PictureRecord) -> list[object]:
    """A picture as the page's script reads it: the order is that of its `FIELDS`."""
    return [
        picture.group,
        reason(picture),
        picture.near,
        picture.equal,
        int(picture.is_near),
        visible(picture.url, MAX_URL),
        visible(_name(picture.path or picture.url)),
        visible(picture.path, MAX_URL),
        visible((picture.media_type or "").partition("/")[2].removeprefix("x-").removesuffix("+xml"), 40),
        picture.width or 0,
        picture.height or 0,
        picture.bytes or 0,
        picture.received or 0,
        picture.places,
        visible(picture.page, MAX_URL),
        visible(picture.alt),
        visible(picture.caption or picture.title),
        visible(picture.detail or picture.work_error),
    ]


def _name(path: str) -> str:
    """The last part of a path or URL."""
    whole = path.partition("?")[0].rstrip("/")
    return whole.rpartition("/")[2] or whole


def _data_url(thumbnail: bytes | None) -> str:
    """A thumbnail as an address that holds it; empty where there is none, or what is given is none."""
    for start, type in _TYPES.items():
        if thumbnail and thumbnail.startswith(start) and len(thumbnail) <= MAX_THUMBNAIL:
            return f"data:image/{type};base64,{base64.b64encode(thumbnail).decode()}"
    return ""


def _title(starts: Sequence[str]) -> str:
    return f"Images of {starts[0]}" if starts else "Images"


def _heading(heading: Heading) -> Iterator[str]:
    """The lines below the title."""
    for start in heading.starts[1:MAX_STARTS]:
        yield f"<p>and of {in_html(start)}</p>"
    if len(heading.starts) > MAX_STARTS:
        yield "<p>and of others</p>"
    yield f"<p>{_when(heading)}</p>"
    lost = sum(cost.count for cost in heading.lost)
    parts = [f"<b>{heading.files:,}</b> kept, {format_size(heading.size)}"]
    for state, words in (("near", "of them look like another"), ("smaller", "like a larger one, not kept"),
                         ("equal", "equal to one of them, not kept again")):  # fmt: skip
        if count := heading.count(state):
            parts.append(f"<b>{count:,}</b> {words}")
    parts.append(f"<b>{lost:,}</b> not kept")
    yield f"<p>{'; '.join(parts)}</p>"
    for count, words in ((heading.files, "kept"), (lost, "not kept")):
        if count > heading.limit:
            yield f'<p class="left">Of the {count:,} {words}, {heading.limit:,} are shown here.</p>'


def _when(heading: Heading) -> str:
    if not heading.runs:
        return "not crawled yet"
    count = len(heading.runs)
    end = heading.runs[-1].ended_at
    when = f"crawled {_moment(heading.runs[0].started_at)}"
    if heading.is_running:
        return f"{when}, and goes on"
    when += f" to {_moment(end)}" if end is not None else ""
    runs = f", in {count} runs" if count > 1 else ""
    return f"{when}{runs}{'' if heading.is_finished else '; it is not finished'}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _reasons(lost: Sequence[Cost]) -> Iterator[str]:
    """A row of a table for each reason."""
    for cost in lost:
        words = in_html(_reason(cost.state, cost.error))
        yield (
            f'<tr><td><button type="button" value="{words}">{words}</button></td>'
            f"<td>{cost.count:,}</td><td>{format_size(cost.received)}</td></tr>"
        )


def _part(name: str) -> str:
    return (files("crawler.report") / name).read_text(encoding="utf-8")
