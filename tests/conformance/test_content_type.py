"""Content-Type from web-platform-tests: one field or several, to the media type that the two standards name."""

import json
from pathlib import Path
from typing import Any

import pytest

from crawler.http1.media_type import find_media_type, parse_media_type

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "content_type.json"

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason=f"no cases at {VECTORS}")


def cases() -> list[dict[str, Any]]:
    if not VECTORS.exists():
        return []
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: ascii(case["input"])[:60])
def test_case(case: dict[str, Any]) -> None:
    text = case["input"]
    media_type = find_media_type(text) if isinstance(text, list) else parse_media_type(text)
    assert (str(media_type) if media_type else None) == case["expect"]
    if isinstance(text, str) and "," not in text:
        assert find_media_type([text]) == media_type
