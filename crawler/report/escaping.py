"""Texts that strangers wrote, as a page may have them: cut, made visible, and unable to end the place they stand in.

It knows HTML's rules for such places, and nothing of what the texts mean.
"""

import base64
import hashlib
import json
import re
from html import escape
from typing import Final

CUT: Final = "…"
"""Stands where a text was cut."""

MAX_TEXT: Final = 300
"""Characters of a name, a caption and the like."""

MAX_URL: Final = 2_000
"""Characters of an address that can be followed; one that is cut cannot."""

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # what turns text around, or has no width
    "\ud800-\udfff\U000e0000-\U000e0fff]"  # lone surrogates; invisible letters
)
_SPECIAL: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\x7f": "\\u007f"}


def visible(text: str | None, limit: int = MAX_TEXT) -> str:
    """The text in one line, of `limit` characters at the most; what is unseen or turns text around stands as `\\u202e`.

    Joiners stay, as Persian and pictures of families are written with them.
    """
    if text is None:
        return ""
    is_cut = len(text) > limit
    line = " ".join(text[: limit - 1 if is_cut else limit].split())
    return _UNSEEN.sub(_escape, line) + (CUT if is_cut else "")


def in_html(text: str | None, limit: int = MAX_TEXT) -> str:
    """The text for contents or a quoted attribute of an element."""
    return escape(visible(text, limit))


def in_script(value: object) -> str:
    """The value as JSON for a script element that is data: ASCII, and with nothing that HTML sees there.

    Neither `</script` nor `<!--` can be in it (HTML standard, section 4.12.1.3).
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\x7f]", lambda match: _SPECIAL[match[0]], text)


def source_hash(text: str) -> str:
    """What a content security policy calls an inline script or style by (CSP level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
