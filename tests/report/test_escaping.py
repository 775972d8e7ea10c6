import base64
import hashlib
import json

import html5lib
import pytest

from crawler.report.escaping import CUT, MAX_TEXT, in_html, in_script, source_hash, visible

HOSTILE = [
    "</script><script>alert(1)</script>", "<!--<script>", "]]>", '"><img src=x onerror=alert(1)>', "' onload='x",
    "&lt;b&gt;", "javascript:alert(1)", "a\x00b\x1b[31m\x07", "photo\u202egpj.exe", "\u2028\u2029\u0085|", "\ud800x",
    "\x7f\x9b", "\\u003c", "\u200f",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_data_stay_data_and_are_the_same_when_read(text: str) -> None:
    value = [text, {text: [text]}]
    page = f'<!doctype html><script type="application/json">{in_script(value)}</script><p>after'
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (script,) = tree.iter("script")
    assert json.loads(script.text) == value
    assert [one.text for one in tree.iter("p")] == ["after"]
    assert in_script(value).isascii()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_an_element_or_attribute_is_no_more_than_that(text: str) -> None:
    page = f'<!doctype html><p title="{in_html(text)}">{in_html(text)}</p><p>after</p>'
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    first, second = tree.iter("p")
    assert first.text == first.get("title") == visible(text)
    assert (list(first), list(first.keys()), second.text) == ([], ["title"], "after")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_unseen_is_left(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    shown.encode()
    assert not set(shown) & set("\u202e\u200f\u2028")


def test_what_is_unseen_is_said() -> None:
    assert visible("a\x1bb\u202ec\U000e0041d") == "a\\x1bb\\u202ec\\U000e0041d"
    assert visible("two\n lines\tand\r\nblanks ") == "two lines and blanks"
    assert visible("") == visible(None) == ""


def test_letters_of_all_scripts_stay() -> None:
    text = "Käse 日本語 مرحبا שלום می\u200cخواهم 👨\u200d👩\u200d👧 e\u0301"
    assert visible(text) == text


def test_what_is_long_is_cut_and_says_so() -> None:
    assert visible("x" * MAX_TEXT) == "x" * MAX_TEXT
    assert visible("x" * 100_000) == "x" * (MAX_TEXT - 1) + CUT
    assert visible("abcdef", 3) == "ab" + CUT


def test_numbers_that_json_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        in_script(float("nan"))


def test_the_hash_of_a_source_is_that_of_its_bytes() -> None:
    digest = hashlib.sha256("a{b:'é'}".encode()).digest()
    assert source_hash("a{b:'é'}") == "'sha256-" + base64.b64encode(digest).decode() + "'"
