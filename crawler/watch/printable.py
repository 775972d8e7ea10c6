"""Text from the net as a terminal may have it: nothing in it moves the cursor, hides or turns around other text.

It knows Unicode's categories and nothing of where the text came from.
"""

import re
from typing import Final

_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 control characters, ESC and CSI among them
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, bidi, line separators
    "\ud800-\udfff"  # lone surrogates, which no encoding can print
    "\U000e0000-\U000e0fff]"  # tags: invisible text
)
_UNSAFE_IN_TEXT: Final = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f", 1))


def printable(text: str) -> str:
    """The text in one line, each character that a terminal would act upon written as an escape (`\\x1b`)."""
    return _UNSAFE.sub(_escape, text)


def printable_text(text: str) -> str:
    """The same for a text of many lines: line ends and tabs stay, CR LF becomes LF."""
    return _UNSAFE_IN_TEXT.sub(_escape, text.replace("\r\n", "\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
