"""Sitemaps of other projects' tests: the locations of urlsets and indexes, as their own parsers have them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crawler.web.sitemap import parse_sitemap
from crawler.web.url import URL

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "sitemap.json"
BASE = URL("http://example.org/sitemap.xml")


def cases() -> list[dict[str, Any]]:
    """Those that state locations; of feeds none was asked for them."""
    every = json.loads(FILE.read_text(encoding="utf-8"))["cases"] if FILE.exists() else []
    return [case for case in every if case["locs"]]


@pytest.mark.skipif(not FILE.exists(), reason=f"{FILE} is not there")
def test_there_are_cases() -> None:
    assert len(cases()) > 10


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["source"][-60:])
def test_locations(case: dict[str, Any]) -> None:
    found = parse_sitemap(base64.b64decode(case["bytes_b64"]), BASE)
    assert [entry.url for entry in (*found.pages, *found.sitemaps)] == [BASE.join(text) for text in case["locs"]]
    assert found.flaws == ()
