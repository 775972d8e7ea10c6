"""Queries of pages that are not in UTF-8, as the web platform tests of the URL standard have them."""

import json
from pathlib import Path

import pytest

from crawler.web.charset import codec_of_encoding, encode_query, encoding_of_label
from crawler.web.url import URL

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "url_query_encoding.json"
if not FILE.exists():
    pytest.skip(f"no {FILE}", allow_module_level=True)

CASES = [
    pytest.param(case["input"], label, expect, id=f"{case['input']!a} {label}")
    for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    for label, expect in case["output"].items()
]


@pytest.mark.parametrize(("text", "label", "expect"), CASES)
def test_query(text: str, label: str, expect: str) -> None:
    encoding = encoding_of_label(label)
    assert encoding is not None
    written = encode_query(f"http://host.example/?{text}", codec_of_encoding(encoding))
    assert URL(written).query == expect
