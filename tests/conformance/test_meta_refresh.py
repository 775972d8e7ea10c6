"""Meta refresh, as the web platform tests have it."""

import json
from pathlib import Path

import pytest

from crawler.web.refresh import parse_refresh

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "meta_refresh.json"
if not FILE.exists():
    pytest.skip(f"no {FILE}", allow_module_level=True)

CASES = [
    pytest.param(case["input"], case["expect"], id=case["id"])
    for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]
]


@pytest.mark.parametrize(("text", "expect"), CASES)
def test_refresh(text: str, expect: list[object] | None) -> None:
    assert parse_refresh(text) == (tuple(expect) if expect is not None else None)
