"""Media types as the MIME Sniffing standard parses them, and the one type of several Content-Type lines (Fetch)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTABLE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_NAME: Final = re.compile(r"[ \t\r\n]*([^;=]*)(?:(=)|;|\Z)")
_BLANKS: Final = " \t\r\n"
"""HTTP whitespace."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type: `essence` is `type/subtype` in lower case, parameter names are too; the first of a name counts."""

    essence: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def charset(self) -> str | None:
        """The label that the parameter charset gives, as it is written."""
        return dict(self.parameters).get("charset")

    def __str__(self) -> str:
        parts = [self.essence]
        for name, value in self.parameters:
            quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
            parts.append(f"{name}={value if _TOKEN.fullmatch(value) else quoted}")
        return ";".join(parts)


def parse_media_type(text: str) -> MediaType | None:
    """The media type a text is (MIME Sniffing section 4.4); None where it is none."""
    text = text.strip(_BLANKS)
    essence, _, rest = text.partition(";")
    kind, slash, subtype = essence.rstrip(_BLANKS).partition("/")
    if not slash or not _TOKEN.fullmatch(kind) or not _TOKEN.fullmatch(subtype):
        return None
    return MediaType(f"{kind}/{subtype}".lower(), tuple(_parameters(rest).items()))


def find_media_type(values: Sequence[str]) -> MediaType | None:
    """The media type that the lines of Content-Type come to (Fetch, "extract a MIME type"); None where to none."""
    found: MediaType | None = None
    charset: str | None = None
    for text in _split(", ".join(values)):
        media_type = parse_media_type(text)
        if media_type is None or media_type.essence == "*/*":
            continue
        if found is None or media_type.essence != found.essence or media_type.charset is not None:
            charset = media_type.charset
        elif charset is not None:
            media_type = MediaType(media_type.essence, (*media_type.parameters, ("charset", charset)))
        found = media_type
    return found


def _parameters(text: str) -> dict[str, str]:
    """The parameters behind the first semicolon."""
    parameters: dict[str, str] = {}
    at = 0
    while at < len(text):
        name, at, has_value = _name(text, at)
        if not has_value:
            continue
        if text[at : at + 1] == '"':
            value, at = _quoted(text, at)
            end = text.find(";", at)
            at = len(text) if end < 0 else end + 1
        else:
            end = text.find(";", at)
            end = len(text) if end < 0 else end
            value = text[at:end].rstrip(_BLANKS)
            at = end + 1
            if not value:
                continue
        if _TOKEN.fullmatch(name) and _QUOTABLE.fullmatch(value) and name not in parameters:
            parameters[name] = value
    return parameters


def _name(text: str, at: int) -> tuple[str, int, bool]:
    """A parameter's name in lower case, where what follows it begins, and whether a value does."""
    match = _NAME.match(text, at)
    assert match is not None
    return match[1].lower(), match.end(), bool(match[2])


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The text in the quotes that begin at `at`, and where what follows them begins."""
    value: list[str] = []
    at += 1
    while at < len(text):
        character = text[at]
        at += 1
        if character == '"':
            break
        if character == "\\" and at < len(text):
            character = text[at]
            at += 1
        value.append(character)
    return "".join(value), at


def _split(text: str) -> list[str]:
    """A field's value at the commas that no quotes surround (Fetch, "get, decode, and split")."""
    values: list[str] = []
    start = at = 0
    while at < len(text):
        if text[at] == '"':
            at = _quoted(text, at)[1]
        elif text[at] == ",":
            values.append(text[start:at].strip(" \t"))
            start = at = at + 1
        else:
            at += 1
    return [*values, text[start:].strip(" \t")]
