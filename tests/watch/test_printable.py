import unicodedata

import pytest

from crawler.watch.printable import printable, printable_text


def test_plain_text_of_all_languages_stays() -> None:
    text = "Käfer 日本語 עברית العربية naïve – “quotes” 🦀 ½"
    assert printable(text) == text
    assert printable_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\x1b]0;title\x07", "a\\x1b]0;title\\x07"),
        ("a\x9b2J", "a\\x9b2J"),
        ("a\rb\nc\td\0", "a\\x0db\\x0ac\\x09d\\x00"),
        ("\x7f", "\\x7f"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u2028b\u200fc\ufeff", "a\\u2028b\\u200fc\\ufeff"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_a_terminal_would_act_upon_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_no_control_or_bidi_character_of_unicode_passes() -> None:
    """Unicode's own tables say which those are."""
    acting = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(chr(code)) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
    ]
    assert len(acting) > 2000
    assert [text for text in acting if printable(text) == text] == []
    assert [text for text in acting if printable_text(text) == text] == ["\t", "\n"]


def test_line_ends_of_a_text_become_one() -> None:
    assert printable_text("a\r\nb\n\tc\rd") == "a\nb\n\tc\\x0dd"
