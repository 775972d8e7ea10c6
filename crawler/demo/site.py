"""The example site as values: what is answered to each path. It opens no socket; its pages are the files beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from crawler.demo.pictures import pictures

TYPES: Final = {"html": "text/html; charset=utf-8", "txt": "text/plain; charset=utf-8", "png": "image/png"}
SLOW: Final = {"/tides.html": 2.0}
MOVED: Final = {"/old-tower.html": "/tower.html"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site says to one path, `delay` seconds after it was asked."""

    status: int
    media_type: str
    body: bytes
    location: str | None = None
    delay: float = 0.0


MISSING: Final = Answer(
    404, TYPES["html"], b"<!doctype html><title>Not here</title><p>There is no such page. <a href=/>Home</a>\n"
)


def example_site() -> Mapping[str, Answer]:
    """The answer to every path; one that is not here is MISSING."""
    bodies = dict(_read(files("crawler.demo") / "pages", "/")) | pictures()
    site = {
        path: Answer(200, TYPES[path.rpartition(".")[2]], body, delay=SLOW.get(path, 0.0))
        for path, body in bodies.items()
    }
    site |= {path: Answer(301, TYPES["html"], b"", location) for path, location in MOVED.items()}
    return site | {"/": site["/index.html"]}


def _read(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _read(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found
