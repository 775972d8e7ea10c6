"""How much of an answer's framing is read before it is refused; knows no body: its size is the fetcher's business."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one exchange, each enforced: what passes one is a `TooLargeError`.

    The defaults take what Chromium (256 KiB a head, in lines of any length) and curl (some 5,000 fields) take.
    """

    max_head: int = 256 * 1024
    """Bytes of one head: status line, fields and line ends, the empty line included."""

    max_line: int = 128 * 1024
    """Bytes of one line of a head or of the trailers, its line end not counted."""

    max_headers: int = 10_000
    """Field lines of one head, those passed over and continued included."""

    max_leading: int = 4
    """Bytes of empty lines in front of a status line."""

    max_informational: int = 16
    """1xx answers before the final one (RFC 9110 section 15.2)."""

    max_chunk_line: int = 4096
    """Bytes of the line in front of a chunk, extensions included, its line end not counted."""

    max_extensions: int = 1024 * 1024
    """Bytes of all chunk extensions of a body: they reach nobody, so a peer may not send them without end."""

    max_trailers: int = 64 * 1024
    """Bytes of the trailer section, line ends and the empty line included."""

    max_trailer_fields: int = 256
    """Field lines of the trailer section."""


DEFAULT_LIMITS: Final = Limits()
