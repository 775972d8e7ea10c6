"""Extractors that a settings file names: found beside it, run apart, and never the end of a crawl."""

import time
from pathlib import Path

import pytest

from tests.command import by_path, crawl, known, rows, run, settings
from tests.toysite import ToySite, page

MODULE = """
import os, time
from crawler.model import Kind, Reference

def more(page):
    for line in page.body.decode(page.encoding).splitlines():
        if line.startswith("more: "):
            yield Reference(page.url.join(line[6:]), Kind.PAGE, "more", "", {"more": line[6:]}, "")

def odd(page):
    if page.url.path == "/hangs":
        time.sleep(1000)
    if page.url.path == "/dies":
        os._exit(1)
    if page.url.path == "/eats":
        bytes(10 ** 12)
    if page.url.path == "/lies":
        return ["/x"]
    return []
"""
SITE = {
    "/": page("/hangs", "/dies", "/eats", "/lies", text="\nmore: /hidden\n"),
    "/hidden": page(),
    "/hangs": page("/behind"),
    "/dies": page(),
    "/eats": page(),
    "/lies": page(),
    "/behind": page(),
}


async def test_they_find_more_and_harm_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    table = {"extractors": ["of_mine:more", "of_mine:odd"], "extractor_timeout": "500ms"}
    async with ToySite(SITE) as site:
        began = time.monotonic()
        await crawl(site.url, tmp_path / "out", *settings(tmp_path / "toml", crawl=table))
        assert time.monotonic() - began < 40
        assert site.targets().count("/hidden") == 1
    found = by_path(await known(tmp_path / "out"))
    assert {path: (row["state"], row["links_error"]) for path, row in found.items()} == {
        "/": ("saved", None),
        "/hidden": ("saved", None),
        "/hangs": ("saved", "limit"),
        "/dies": ("saved", "crash"),
        "/eats": ("saved", "crash"),
        "/lies": ("saved", "crash"),
        "/behind": ("saved", None),
    }
    links = await rows(tmp_path / "out", "--table", "links")
    assert [(row["from"], row["to"]) for row in links if row["tag"] == "more"] == [(site.url, site.at("/hidden"))]


@pytest.mark.parametrize(
    ("name", "text"), [("nowhere_at_all:f", "there is no module nowhere_at_all"), ("json:f", "json has no function f")]
)
async def test_one_that_is_not_there_is_said_before_anything_is_written(tmp_path: Path, name: str, text: str) -> None:
    flags = settings(tmp_path / "toml", crawl={"extractors": [name]})
    ended = await run("crawl", "http://127.0.0.1:1/", "-o", tmp_path / "out", *flags)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == f"crawler: crawl.extractors: {name}: {text}\n"
    assert not (tmp_path / "out" / "crawl.sqlite").exists()


async def test_a_folder_names_no_code_to_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have been given it."""
    (tmp_path / "of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    async with ToySite({"/": page("/gone")}) as site:
        await crawl(site.url, tmp_path / "out", *settings(tmp_path / "toml", crawl={"extractors": ["of_mine:more"]}))
        (tmp_path / "of_mine.py").write_text("raise SystemExit\n")
        ended = await run("retry", tmp_path / "out", "--class", "404")
        assert ended.status == 0, ended.said
        assert site.targets().count("/gone") == 2
