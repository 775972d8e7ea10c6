"""Srcset attributes, as the web platform tests have them."""

import json
from pathlib import Path

import pytest

from crawler.web.srcset import parse_srcset

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "srcset.json"
if not FILE.exists():
    pytest.skip(f"no {FILE}", allow_module_level=True)

CASES = [pytest.param(case, id=case["id"]) for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]]


@pytest.mark.parametrize("case", CASES)
def test_srcset(case: dict[str, str]) -> None:
    urls = [candidate.url for candidate in parse_srcset(case["srcset"])]
    if case["selected"]:
        assert case["selected"] in urls
    else:
        assert urls == []
