"""The encodings of documents and the labels of encodings, as html5lib, jsdom and the web platform tests have them."""

import base64
import codecs
import json
from pathlib import Path

import pytest

from crawler.web.charset import codec_of_encoding, encoding_of_label, find_encoding

FOLDER = Path(__file__).parents[2].parent / "shared" / "vectors"
if not FOLDER.exists():
    pytest.skip(f"no {FOLDER}", allow_module_level=True)


def cases(name: str) -> list[dict[str, str]]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]


OUT_OF_REACH: dict[str, str] = {}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases("charset")])
def test_document(case: dict[str, str]) -> None:
    if case["id"] in OUT_OF_REACH:
        pytest.xfail(OUT_OF_REACH[case["id"]])
    expected = encoding_of_label(case["expect"])
    assert expected is not None
    found = find_encoding(base64.b64decode(case["bytes_b64"]), None)
    assert codecs.lookup(found).name == codecs.lookup(codec_of_encoding(expected)).name


@pytest.mark.parametrize("case", [pytest.param(case, id=case["label"]) for case in cases("encoding_labels")])
def test_label(case: dict[str, str]) -> None:
    assert encoding_of_label(case["label"]) == case["expect"]
