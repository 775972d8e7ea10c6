"""A crawl's folder, made row by row: pages that say what a test wants them to say, and images in every state."""

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crawler.crawldb.database import Database
from crawler.crawldb.urls import RANKS, digest
from crawler.demo.pictures import Colour, png
from crawler.model import Kind

SITE = "http://a.example/"


class Album:
    """Its rows are written as they are told; `close` leaves a folder that can be read."""

    def __init__(self, folder: Path, start: str = SITE) -> None:
        self.folder = folder
        self._database = Database(folder)
        self.sql = self._database.sql
        self.sql.execute("INSERT INTO runs (started_at, ended_at) VALUES (1000000000, 1000000060)")
        self.sql.execute("INSERT INTO hosts (id, name) VALUES (1, 'a.example')")
        self.start = self.url(start, Kind.PAGE, "read")

    def __enter__(self) -> "Album":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def url(self, url: str, kind: Kind, state: str, **columns: Any) -> int:
        """A known URL."""
        row = {"digest": digest(url), "url": url, "host": 1, "kind": RANKS[kind], "state": state, "depth": 0, **columns}
        names, places = ", ".join(row), ", ".join("?" * len(row))
        number = self.sql.execute(f"INSERT INTO urls ({names}) VALUES ({places})", tuple(row.values())).lastrowid
        assert number is not None
        return number

    def kept(self, name: str, body: bytes, media_type: str = "image/png", host: str = SITE, **columns: Any) -> int:
        """An image that is kept, with its file."""
        path = f"images/{len(list(self.folder.rglob('*')))}/{columns.pop('file', name)}"
        file = self.folder / path
        file.parent.mkdir(parents=True)
        file.write_bytes(body)
        return self.url(
            f"{host}{name}", Kind.IMAGE, "saved",
            **{"path": path, "size": len(body), "received": len(body), "media_type": media_type, **columns},
        )  # fmt: skip

    def picture(self, name: str, width: int = 40, height: int = 30, colour: Colour = (200, 30, 30), **more: Any) -> int:
        """A picture that can be decoded."""
        return self.kept(name, png(width, height, colour, (255, 255, 255)), width=width, height=height, **more)

    def lost(self, name: str, state: str, error: str | None, **columns: Any) -> int:
        """An image that is not kept."""
        return self.url(f"{SITE}{name}", Kind.IMAGE, state, error=error, **columns)

    def page(
        self,
        name: str,
        shown: Sequence[tuple[str, str]] = (),
        *,
        kind: str = "image",
        role: str = "img",
        caption: str = "",
    ) -> int:
        """A page that shows images, each a URL and what is said in place of it."""
        number = self.url(f"{SITE}{name}", Kind.PAGE, "read")
        rows = [
            (url, kind, "img", "src", "", None, role, alt, "", caption, "", "", "", None, None) for url, alt in shown
        ]
        self.sql.execute("INSERT INTO links VALUES (?, ?)", (number, zlib.compress(json.dumps(rows).encode())))
        return number
