import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Crawler = Callable[..., Any]
PAGE = b"""<!doctype html><title>x</title><base href="/docs/">
<a href="one.html#part" class="big" title="T">The <b>first</b> page</a>
<a href="https://other.example/?a=1&amp;b=2#z">second</a> <a href="#here">here</a> <a name="no">no link</a>
<img src="pic.png" alt="P">"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_bytes(PAGE)
    return path


def test_links_of_a_page_on_the_web_are_resolved(crawler: Crawler, site: str) -> None:
    said = crawler("links", site + "log/2.html")
    assert (said.status, said.err) == (0, "")
    assert said.out.split() == [site + path for path in ("log/3.html", "log/1.html", "log/3.html", "")]


def test_the_base_is_where_a_redirect_leads(crawler: Crawler, site: str) -> None:
    assert crawler("links", site + "old-tower.html").out == crawler("links", site + "tower.html").out != ""


def test_links_as_they_are_written(crawler: Crawler, site: str, page: Path) -> None:
    said = crawler("links", page, "--as-written")
    assert said.out.splitlines() == ["one.html#part", "https://other.example/?a=1&b=2#z", "#here"]
    assert "keeper.html#wages" in crawler("links", site, "--as-written").out.splitlines()


def test_a_file_has_the_base_that_it_is_given(crawler: Crawler, page: Path) -> None:
    said = crawler("links", page, "--base", "https://a.example/x/y")
    assert said.out.splitlines() == [
        "https://a.example/docs/one.html",
        "https://other.example/?a=1&b=2",
        "https://a.example/docs/",
    ]


def test_relative_links_of_a_file_stay_as_written(crawler: Crawler, tmp_path: Path) -> None:
    path = tmp_path / "p.html"
    path.write_text('<a href="one.html#x">1</a><a href="http://a.example/y#z">2</a>')
    assert crawler("links", path).out.splitlines() == ["one.html#x", "http://a.example/y"]


def test_standard_input_is_read(crawler: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PAGE)))
    assert crawler("links", "-", "--base", "a.example").out.splitlines()[0] == "http://a.example/docs/one.html"


def test_detail_as_text(crawler: Crawler, page: Path) -> None:
    said = crawler("links", page, "--base", "https://a.example/", "--detail")
    assert said.out.splitlines()[:5] == [
        "a  https://a.example/docs/one.html",
        "    The first page",
        "    href: one.html#part",
        "    class: big",
        "    title: T",
    ]


def test_json_lines(crawler: Crawler, page: Path) -> None:
    said = crawler("links", page, "--base", "https://a.example/", "--format", "jsonl", "--detail")
    first = json.loads(said.out.splitlines()[0])
    assert first == {
        "url": "https://a.example/docs/one.html",
        "as_written": "one.html#part",
        "tag": "a",
        "kind": "page",
        "attribute": "href",
        "text": "The first page",
        "attributes": {"href": "one.html#part", "class": "big", "title": "T"},
        "nofollow": False,
    }
    short = json.loads(crawler("links", page, "--format", "jsonl").out.splitlines()[0])
    assert set(short) == {"url", "as_written", "tag"}


def test_images_where_they_are_wanted(crawler: Crawler, page: Path) -> None:
    said = crawler("links", page, "--base", "https://a.example/", "--images")
    assert said.out.splitlines()[-1] == "https://a.example/docs/pic.png"


@pytest.mark.parametrize("flags", [[], ["--as-written"], ["--detail"], ["--detail", "--format", "jsonl"]])
def test_what_a_page_says_never_acts_on_a_terminal(crawler: Crawler, site: str, flags: list[str]) -> None:
    said = crawler("links", site + "hostile.html", *flags)
    assert said.status == 0
    assert said.out.count("nowhere:") >= 1
    assert not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 for one in said.out.replace("\n", ""))
    assert "\u202e" not in said.out


def test_what_is_no_page_has_no_links(crawler: Crawler, complains: Callable[..., None], site: str) -> None:
    said = crawler("links", site + "story.txt")
    assert (said.status, said.out) == (0, "")
    complains(said, "story.txt is no page (text/plain)")


def test_a_file_beyond_the_limit_is_refused(
    crawler: Crawler, complains: Callable[..., None], page: Path, tmp_path: Path
) -> None:
    config = tmp_path / "my.toml"
    config.write_text("[fetch]\nmax_html = 10\n")
    said = crawler("links", page, "-c", config)
    assert said.status == 2
    complains(said, "page.html", "fetch.max_html")
