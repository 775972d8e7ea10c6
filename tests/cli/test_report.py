"""The command: where the page goes, what a person hears, what it does with pictures that are none."""

import base64
import json
import re
import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from crawler.cli.report import BATCH, Ticker
from crawler.web.paths import THUMBNAILS, derived_path
from tests.report.album import Album

Crawler = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    with Album(folder) as album:
        for number in range(BATCH + 3):
            album.picture(f"{number}.png", 20 + number, 150)
        album.lost("gone.png", "failed", "dns")
        album.lost("gone-too.png", "failed", "dns")
    return folder


def data(file: Path, kind: str) -> list[Any]:
    """What the page has of a kind, as its script reads it."""
    parts = re.findall(rf'<script type="application/json" class="{kind}">(.*?)</script>', file.read_text())
    return [one for part in parts for one in json.loads(part)]


def thumbnails(file: Path) -> list[str]:
    return [one for one in data(file, "thumbnails") if one]


def test_the_page_lies_in_the_folder(crawler: Crawler, folder: Path) -> None:
    said = crawler("report", folder)
    size = sum(file.stat().st_size for file in folder.rglob("*.png")) / 1000
    assert (said.status, said.out) == (0, f"{folder}/report.html: {BATCH + 3} images, {size:.1f} kB\n")
    assert len(set(thumbnails(folder / "report.html"))) == BATCH + 3
    assert len(data(folder / "report.html", "rows")) == BATCH + 5
    assert not list(folder.glob(".crawler-*"))


def test_or_where_it_is_asked_for_with_as_many_images_as_asked_for(
    crawler: Crawler, folder: Path, tmp_path: Path
) -> None:
    assert crawler("report", folder, "-o", tmp_path / "x.html", "--limit", "1").status == 0
    assert len(thumbnails(tmp_path / "x.html")) == 1
    assert len(data(tmp_path / "x.html", "rows")) == 2
    assert f"Of the {BATCH + 3} kept, 1 are shown here." in (tmp_path / "x.html").read_text()
    assert not (folder / "report.html").exists()


def test_a_crawl_that_has_no_images_has_a_page_too(crawler: Crawler, tmp_path: Path) -> None:
    with Album(tmp_path):
        pass
    assert crawler("report", tmp_path).out == f"{tmp_path}/report.html: 0 images, 0 B\n"
    assert data(tmp_path / "report.html", "rows") == []


def png_head(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and has hardly any."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(9)))]
    chunks = (
        struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_what_cannot_be_decoded_has_no_thumbnail_and_harms_no_other(crawler: Crawler, tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        album.kept("bomb.png", png_head(60_000, 60_000))
        album.kept("short.png", png_head(60, 60))
        album.kept("empty.png", b"")
        album.kept("text.png", b"<html>")
        album.picture("whole.png")
        album.picture("missing.png")
    next(tmp_path.rglob("missing.png")).unlink()
    assert crawler("report", tmp_path).status == 0
    thumbnails = data(tmp_path / "report.html", "thumbnails")
    assert [bool(one) for one in thumbnails] == [False, False, False, False, True, False]


def test_a_thumbnail_that_was_made_when_the_image_came_is_used(crawler: Crawler, tmp_path: Path) -> None:
    with Album(tmp_path) as album:
        album.picture("a.png", 100, 100, sha256=bytes(32))
    thumbnail = tmp_path / derived_path(THUMBNAILS, "00" * 32, "jpg")
    thumbnail.parent.mkdir(parents=True)
    Image.new("RGB", (33, 44)).save(thumbnail)
    assert crawler("report", tmp_path).status == 0
    (small,) = thumbnails(tmp_path / "report.html")
    assert Image.open(BytesIO(base64.b64decode(small.partition(",")[2]))).size == (33, 44)


def test_what_goes_wrong_is_one_line_and_leaves_what_was_there(
    crawler: Crawler, complains: Callable[..., None], folder: Path, tmp_path: Path
) -> None:
    (folder / "report.html").write_text("before")
    for arguments, status, words in (
        ((tmp_path,), 2, ["holds no crawl"]),
        ((folder, "-o", tmp_path / "no" / "x.html"), 2, ["--output", "there is no folder"]),
        ((folder, "--limit", "0"), 2, ["--limit"]),
        ((folder, "-o", folder / "images"), 1, ["directory"]),
    ):
        said = crawler("report", *arguments)
        assert said.status == status, said
        complains(said, *words)
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as database:
        database.execute("DROP TABLE rows")
    said = crawler("report", folder)
    assert said.status == 1
    complains(said, "no such table")
    assert (folder / "report.html").read_text() == "before"
    assert not list(folder.glob(".crawler-*"))


def test_a_person_hears_of_what_takes_longer() -> None:
    now, said = [0.0], list[str]()
    ticker = Ticker(said.append, lambda: now[0])
    ticker.tick("pages")
    now[0] = 0.9
    ticker.tick("pages")
    assert said == []
    now[0] = 1.0
    ticker.tick("pages", 1000)
    now[0] = 5.9
    ticker.tick("pages")
    ticker.begin()
    now[0] = 6.0
    ticker.tick("images", 32, 1500)
    assert said == ["pages: 1,002", "images: 32 of 1,500"]
