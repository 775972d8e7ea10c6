"""Packed bodies from the test suites of Go, brotli and zstd: decoded whole, byte by byte, or refused."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import DecodingError
from crawler.http1.coding import PIECE, Decoder

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "content_coding.json"

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason=f"no cases at {VECTORS}")


def cases() -> list[Any]:
    if not VECTORS.exists():
        return []
    found = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=f"{case['coding']}-{case['id']}") for case in found]


def decode(coding: str, packed: bytes, step: int) -> bytes | None:
    decoder = Decoder((coding,))
    try:
        pieces = [piece for at in range(0, len(packed), step) for piece in decoder.feed(packed[at : at + step])]
        pieces += decoder.finish()
    except DecodingError:
        return None
    assert all(len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


@pytest.mark.parametrize("step", [1, 1000, 1 << 30])
@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], step: int) -> None:
    plain = case["plain_b64"]
    expected = None if plain is None else base64.b64decode(plain)
    packed = base64.b64decode(case["data_b64"])
    assert decode(case["coding"], packed, max(step, len(packed) // 20_000)) == expected
