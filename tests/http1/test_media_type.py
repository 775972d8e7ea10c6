"""Media types: examples of the MIME Sniffing and Fetch standards, and the corners they name."""

import pytest

from crawler.http1.media_type import MediaType, find_media_type, parse_media_type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text/html", "text/html"),
        (" TEXT/HTML ;Charset = x; CHARSET=UTF-8 ", "text/html;charset=UTF-8"),
        ("text/html;charset=\"shift_jis\"iso-2022-jp", "text/html;charset=shift_jis"),
        ("text/html;charset=utf-8;charset=gbk", "text/html;charset=utf-8"),
        ("a/b;c=;d=e", "a/b;d=e"),
        ('a/b;c="";d', 'a/b;c=""'),
        (r'a/b;c="\"\\d\e"', r'a/b;c="\"\\de"'),
        ('a/b;c="d\\', 'a/b;c="d\\\\"'),
        ('a/b;c="d;e="f";g=h', 'a/b;c="d;e=";g=h'),
        ("a/b;c d=e;f=g h", 'a/b;f="g h"'),
        ("a/b;", "a/b"),
        ("a/b;\t", "a/b"),
        ("a/b;c=\u20ac", "a/b"),
        ("", None),
        ("text", None),
        ("text/", None),
        ("/html", None),
        ("text/html/x", None),
        ("te xt/html", None),
        ("text/ html", None),
        ("*/*", "*/*"),
    ],
)  # fmt: skip
def test_parse(text: str, expected: str | None) -> None:
    media_type = parse_media_type(text)
    assert (str(media_type) if media_type else None) == expected


def test_charset() -> None:
    assert MediaType("text/html", (("a", "b"), ("charset", "utf-8"))).charset == "utf-8"
    assert MediaType("text/html").charset is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # The examples of the Fetch standard's "extract a MIME type".
        (["text/plain;charset=gbk, text/html"], "text/html"),
        (["text/html;charset=gbk;a=b, text/html;x=y"], "text/html;x=y;charset=gbk"),
        (["text/html;charset=gbk;a=b", "text/html;x=y"], "text/html;x=y;charset=gbk"),
        (["text/html;charset=gbk", "x/x", "text/html;x=y"], "text/html;x=y"),
        (["text/html", "cannot-parse"], "text/html"),
        (["text/html", "*/*"], "text/html"),
        (["text/html", "text/html;a=b"], "text/html;a=b"),
        (["text/html", ""], "text/html"),
        (["text/html;charset=gbk", "text/html;charset=utf-8"], "text/html;charset=utf-8"),
        (['text/html;a=",text/plain;b=c'], 'text/html;a=",text/plain;b=c"'),
        ([], None),
        (["*/*"], None),
    ],
)
def test_find(lines: list[str], expected: str | None) -> None:
    media_type = find_media_type(lines)
    assert (str(media_type) if media_type else None) == expected
