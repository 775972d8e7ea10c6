"""Registrable domains, as the public suffix list's own test has them."""

import json
from pathlib import Path

import pytest

from crawler.web.scope import registrable_domain

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "psl.json"
if not FILE.exists():
    pytest.skip(f"no {FILE}", allow_module_level=True)

CASES = [case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"] if case["host"] is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["host"])
def test_registrable_domain(case: dict[str, str | None]) -> None:
    assert registrable_domain(case["host"] or "") == case["registrable"]
