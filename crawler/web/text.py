"""What a reader sees of a piece of markup: its text, character references replaced; it knows nothing of elements.

The sections named are those of the HTML standard.
"""

import re
from html import unescape
from html.entities import html5
from typing import Final

# A name without its ";" is left alone before "=" (`?a=1&copy=2`); before a letter or digit none is a name at all.
_REFERENCE: Final = re.compile(r"&(?:#(?:[xX]([0-9a-fA-F]++)|([0-9]++));?|[a-zA-Z][a-zA-Z0-9]*+(?:;|(?!=)))")
_SHOWN: Final = re.compile(r">([^<]++)")
_HIDDEN: Final = re.compile(r"<!--(?:.*?-->|.*)|<[^>]*+>?", re.DOTALL)


def decode_references(value: str) -> str:
    """An attribute's value with its character references replaced (section 13.2.5.72)."""
    return _REFERENCE.sub(_character, value)


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal = match.groups()
    if hexadecimal is None and decimal is None:
        return html5.get(match[0][1:], match[0])
    digits = (hexadecimal or decimal).lstrip("0")
    number = int(digits, 16 if hexadecimal else 10) if 0 < len(digits) <= 7 else 0
    if 0x80 <= number < 0xA0:
        return bytes([number]).decode("cp1252", "ignore") or chr(number)
    if number == 0 or 0xD800 <= number < 0xE000 or number > 0x10FFFF:
        return "\ufffd"
    return chr(number)


def contents(text: str, start: int, end: int) -> str:
    """What a reader sees of a part of the text: no tags, no comments, references replaced, blanks folded."""
    part = text[start:end]
    if "<" in part:
        part = _HIDDEN.sub("", part) if "<!--" in part else "".join(_SHOWN.findall(">" + part))
    return fold(part)


def fold(text: str) -> str:
    """A text without tags as it is shown: references replaced, every run of blanks one."""
    if "&" in text:
        text = unescape(text)
    return " ".join(text.split())
