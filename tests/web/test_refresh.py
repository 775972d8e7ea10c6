"""Refresh pragmas, by the HTML standard's "shared declarative refresh steps"."""

import pytest

from crawler.web.refresh import parse_refresh


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", (5, None)),
        (" 5 ", (5, None)),
        ("5;", (5, None)),
        ("5; ", (5, None)),
        ("5.9", (5, None)),
        (".5", (0, None)),
        (".", (0, None)),
        ("1.2.3 ;x", (1, "x")),
        ("0;url=x", (0, "x")),
        ("0; URL = 'x y' z", (0, "x y")),
        ('0; "x', (0, "x")),
        ("0 x", (0, "x")),
        ("0,x", (0, "x")),
        ("0; url", (0, "url")),
        ("0; u=x", (0, "u=x")),
        ("0; url=", (0, "")),
        ("0; url=url=x", (0, "url=x")),
        ("0; x\n", (0, "x")),
        ("0;\nurl=x", (0, "x")),
        ("007; x", (7, "x")),
        ("", None),
        (" ", None),
        ("x", None),
        ("; x", None),
        ("-1; x", None),
        ("5x", None),
        ("\u0665; x", None),
        ("5\v; x", None),
    ],
)
def test_refresh(text: str, expected: tuple[int, str | None] | None) -> None:
    assert parse_refresh(text) == expected


def test_no_wait_is_too_long_to_be_read() -> None:
    found = parse_refresh("9" * 100_000 + "; x")
    assert found is not None
    assert found[1] == "x"
