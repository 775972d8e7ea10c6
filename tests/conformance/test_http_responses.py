"""Answers from the test suites of other projects, judged by what curl, Chromium and Firefox made of them.

`python -m tests.conformance.test_http_responses` prints the agreement as a table.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import CrawlError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.parser import ResponseParser

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "http_responses.json"

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason=f"no cases at {VECTORS}")

ACCEPTED_UNSAFE: frozenset[str] = frozenset()
"""Unsafe cases that a row of the leniency table argues for: none."""

Result = tuple[ResponseHead | None, bytes, str]


@cache
def cases() -> list[dict[str, Any]]:
    if not VECTORS.exists():
        return []
    found: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
    return found


def of_tier(*tiers: str) -> list[Any]:
    return [pytest.param(case, id=f"{case['tier']}-{case['id'][:9]}") for case in cases() if case["tier"] in tiers]


def parse(pieces: Iterable[bytes]) -> Result:
    """Head, body, and `end` or the error: its word and its text."""
    parser = ResponseParser("GET")
    head, body = None, b""
    try:
        for piece in [*pieces, b""]:
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                if isinstance(event, ResponseHead):
                    head = event
                elif isinstance(event, Data):
                    body += event.data
                else:
                    assert isinstance(event, End)
                    return head, body, f"end {event.trailers!r}"
    except CrawlError as error:
        return head, body, f"{error.kind} {error}"
    raise AssertionError("the end of the stream was no end")


def agrees(result: Result, expect: dict[str, Any]) -> bool:
    head, body, end = result
    if not end.startswith("end"):
        return not expect["ok"]
    assert head is not None
    return bool(
        expect["ok"]
        and head.status == expect["status"]
        and hashlib.sha256(body).hexdigest()[:16] == expect["body_sha"]
        and ("headers_sorted" not in expect or folded(head) == expect["headers_sorted"])
    )


def folded(head: ResponseHead) -> list[list[str]]:
    return sorted([name.lower(), " ".join(value.split())] for name, value in head.headers.items())


def message_of(case: dict[str, Any]) -> bytes:
    return base64.b64decode(case["bytes_b64"])


@pytest.mark.parametrize("case", of_tier("core", "lenient", "strict"))
def test_what_the_three_agree_on(case: dict[str, Any]) -> None:
    assert agrees(parse([message_of(case)]), case["expect"])


@pytest.mark.parametrize("case", of_tier("unsafe"))
def test_what_is_unsafe_is_refused(case: dict[str, Any]) -> None:
    is_accepted = parse([message_of(case)])[2].startswith("end")
    assert is_accepted == (case["id"] in ACCEPTED_UNSAFE)


def test_the_same_under_every_cut() -> None:
    """Byte by byte, cut in two at every place, and as it arrived."""
    for case in cases():
        message = message_of(case)
        whole = parse([message])
        for pieces in cuts(case, message):
            assert parse(pieces) == whole, case["id"]


def cuts(case: dict[str, Any], message: bytes) -> Iterator[list[bytes]]:
    if len(message) <= 1000:
        yield from ([message[:at], message[at:]] for at in range(1, len(message)))
    # The few long ones are cut finely where their framing is: the middle of a body of a hundred thousand bytes is dull.
    fine = 10_000
    tail = [message[at : at + 1000] for at in range(fine, len(message), 1000)]
    yield [message[at : at + 1] for at in range(min(fine, len(message)))] + tail
    if segments := case.get("segments_b64"):
        yield [piece for segment in segments if (piece := base64.b64decode(segment))]


def main() -> None:
    print("| tier | cases | agree | % |\n|---|---|---|---|")
    for tier in ("core", "lenient", "strict", "split"):
        judged = [(case, case["prefer" if tier == "split" else "expect"]) for case in cases() if case["tier"] == tier]
        judged = [(case, expect) for case, expect in judged if expect is not None]
        agree = sum(agrees(parse([message_of(case)]), expect) for case, expect in judged)
        print(f"| {tier} | {len(judged)} | {agree} | {100 * agree / len(judged):.1f} |")
    unsafe = [case for case in cases() if case["tier"] == "unsafe"]
    refused = sum(not parse([message_of(case)])[2].startswith("end") for case in unsafe)
    print(f"| unsafe, refused | {len(unsafe)} | {refused} | {100 * refused / len(unsafe):.1f} |")


if __name__ == "__main__":
    main()
