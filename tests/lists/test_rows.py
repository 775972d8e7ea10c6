"""What a row says of its URL, and what it never shows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.lists.rows import LONGEST_TEXT, NORMAL, broken_row, row_of
from crawler.model import URL, Row


@settings(deadline=None, max_examples=50)
@given(st.from_regex(NORMAL, fullmatch=True))
def test_what_is_taken_as_it_stands_is_what_the_standard_makes_of_it(text: str) -> None:
    assert str(URL(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example/b/../c",
        "http://a.example/%2e%2E/c",
        "http://a.example/.",
        "http://A.example/",
        "http://a.example:80/",
        "http://a.example",
        "http://xn--a.example/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://a.example/ä b",
        "http://a.example/a'?'",
        "http://a.example/a\\b",
        "http://a.example/?",
        "http://a.example/#x",
        "HTTP://a.example/\t",
        "https:a.example",
    ],
)
def test_a_url_is_the_normal_form_and_the_text_as_it_was(text: str) -> None:
    try:
        url: URL | None = URL(text)
    except Exception:
        url = None
    assert row_of(1, text) == Row(1, text, url, error=None if url else "url")


def test_all_that_a_row_says_is_kept() -> None:
    row = row_of(7, "http://a.example/x.png", "a cat", {"width": "3"})
    assert row == Row(7, "http://a.example/x.png", URL("http://a.example/x.png"), "a cat", {"width": "3"})


@pytest.mark.parametrize("text", ["", "x.png", "//a.example/x.png", "http://", "http://a b/", "\ud800"])
def test_what_is_no_url_says_so(text: str) -> None:
    assert row_of(1, text, "c") == Row(1, text, None, "c", None, "url")


@pytest.mark.parametrize("text", ["ftp://a.example/x.png", "data:image/png;base64,AAAA", "file:///etc/passwd"])
def test_what_cannot_be_asked_for_says_so(text: str) -> None:
    assert row_of(1, text) == Row(1, text, None, error="scheme")


@pytest.mark.parametrize(
    "text",
    [
        "http://user:secret@a.example/x.png",
        "http:user:secret@a.example/x.png",
        "http:\\\\user:secret@a.example/x.png",
        "HTTPS://:secret@a.example",
        "http://secret@a.example/x@y.png",
        "http://a@b:secret@a.example/",
        "ftp://user:secret@a.example/",
        "user:secret@a.example",
        "http://user:secret@a b/",
        "htp//user:secret@a.example/",
        "//user:secret@a.example/",
    ],
)
def test_user_and_password_are_not_shown(text: str) -> None:
    row = row_of(1, text)
    assert "secret" not in row.text
    assert "secret" not in str(row.url)
    assert "secret" not in broken_row(1, f'{text},"'.encode()).text


def test_an_at_sign_elsewhere_stays() -> None:
    assert row_of(1, "http://a.example/@b?c@d").text == "http://a.example/@b?c@d"
    assert row_of(1, "http://127.0.0.1/@b").text == "http://127.0.0.1/@b"


def test_a_text_is_bounded() -> None:
    for text in ("http://a.example/" + "x" * 9999, "HTTP://a.example/" + "x" * 9999, "x" * 9999, "ftp://" + "x" * 9999):
        assert row_of(1, text).text == text[:LONGEST_TEXT]
    assert str(row_of(1, "http://a.example/" + "x" * 9999).url) == "http://a.example/" + "x" * 9999


def test_a_broken_row_shows_its_beginning() -> None:
    assert broken_row(3, b'http://a.example/,"\xff\r\n') == Row(3, 'http://a.example/,"�', None, error="row")
    assert broken_row(3, "ä".encode() * 100_000).text == "ä" * LONGEST_TEXT
