"""Field lines to fields, for heads and trailers (RFC 9112 section 5); knows no field's meaning.

Checking is apart from parsing: the bounds are kept as soon as a section is whole, what the lines say is found out when
somebody asks. So parsing never fails, and what is no field is passed over, as leniency.py says.
"""

import re
from functools import lru_cache
from typing import Final

from crawler.errors import ProtocolError, TooLargeError

Field = tuple[str, str, str]
"""A field's name in lower case, its name as it came, its value (ISO-8859-1, blanks around it removed)."""

BLANKS: Final = " \t"
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_USUAL_LINE: Final = 100
"""Lines up to this length are remembered: a server says most of them again with each answer."""


def check_lines(section: bytes, max_line: int, max_lines: int, where: str) -> None:
    """Refuse lines, an empty one behind them, of which one is too long or holds a NUL, or that are too many."""
    if section.count(b"\n") - 1 > max_lines:
        raise TooLargeError(f"the {where} has more than {max_lines} lines")
    check_line_lengths(section, max_line, where)
    if b"\0" in section:
        raise ProtocolError(f"a NUL in the {where} (RFC 9110 section 5.5)")


def check_line_lengths(lines: bytes, max_line: int, where: str) -> None:
    """Refuse lines of which one is too long, whole or not."""
    if any(len(line.removesuffix(b"\r")) > max_line for line in lines.split(b"\n")):
        raise TooLargeError(f"a line of the {where} has more than {max_line} bytes")


def parse_fields(section: bytes) -> list[Field]:
    """The fields of a section of lines; a CR that ends no line counts as a blank (RFC 9110 section 5.5)."""
    text = section.decode("latin-1").replace("\r\n", "\n")
    if "\r" in text:
        text = text.replace("\r", " ")
    fields: list[Field] = []
    folded: dict[int, list[str]] = {}
    is_open = False
    for line in text.split("\n"):
        field = _usual_field(line) if len(line) <= _USUAL_LINE else parse_field(line)
        if field is not None:
            fields.append(field)
            is_open = True
        elif line[:1] in (" ", "\t"):
            if is_open:
                folded.setdefault(len(fields) - 1, []).append(line.strip(BLANKS))
        elif line:
            name, colon, value = line.partition(":")
            field = parse_field(f"{name.rstrip(BLANKS)}{colon}{value}")
            is_open = field is not None
            if field is not None:
                fields.append(field)
    for number, more in folded.items():
        lower, name, value = fields[number]
        fields[number] = (lower, name, " ".join(filter(None, [value, *more])))
    return fields


def parse_field(line: str) -> Field | None:
    """The field of a line of the standard's own form, None where it has another."""
    name, colon, value = line.partition(":")
    return (name.lower(), name, value.strip(BLANKS)) if colon and _TOKEN.fullmatch(name) else None


_usual_field: Final = lru_cache(1024)(parse_field)
