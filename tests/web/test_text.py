"""What a reader sees of a piece of markup, and character references as the HTML standard replaces them."""

import pytest

from crawler.web.text import contents, decode_references, fold


def test_decode_references() -> None:
    assert decode_references("a&amp;b&#x26;c&#38;d") == "a&b&c&d"
    assert decode_references("&" + "x" * 10_000) == "&" + "x" * 10_000


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("home", "home"),
        ("  the\n\t<b>open</b>&nbsp;door ", "the open door"),
        ("a<!-- <b> -->b<br>c", "abc"),
        ("&lt;b&gt; &copy 1", "<b> © 1"),
        ("a<b", "a"),
        ("a<!-- b > c", "a"),
        ("<img alt=x>", ""),
    ],
)
def test_contents(inner: str, text: str) -> None:
    assert contents(f"<a>{inner}</a>", 3, 3 + len(inner)) == text


def test_fold() -> None:
    assert fold(" a\n\tb &amp;&nbsp;c ") == "a b & c"
    assert fold("") == ""
