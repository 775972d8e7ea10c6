"""By what a document can be told to be the same later (RFC 9110 section 8.8); knows no document."""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from crawler.http1.headers import Headers

_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]{0,1000}"')
"""An entity tag (section 8.8.3), of no more octets than any server needs for one: it is sent back as it came."""

_DATE: Final = re.compile(r"[A-Za-z0-9,:+ -]{1,64}")
"""What dates consist of."""


@dataclass(frozen=True, slots=True)
class Validators:
    """The ETag and Last-Modified of an answer, as they stand there; `date` is when it was given."""

    etag: str | None = None
    last_modified: str | None = None
    date: str | None = None

    @classmethod
    def of(cls, headers: Headers) -> "Validators":
        """Those that an answer carries; what is no ETag or cannot be a date is left out."""
        etag, modified = headers.get("etag") or "", headers.get("last-modified") or ""
        return cls(
            etag if _ETAG.fullmatch(etag) else None,
            modified if _DATE.fullmatch(modified) else None,
            headers.get("date"),
        )

    @property
    def strong(self) -> str | None:
        """What proves the document the same to the byte, as If-Range wants it; None where nothing does.

        That is an ETag that is not weak, or a Last-Modified that lies a minute or more before the Date (8.8.2.2).
        """
        if self.etag is not None:
            return None if self.etag.startswith("W/") else self.etag
        try:
            age = parsedate_to_datetime(self.date or "") - parsedate_to_datetime(self.last_modified or "")
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return self.last_modified if age.total_seconds() >= 60 else None

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """The header fields that ask for the document only if it has changed (sections 13.1.2 and 13.1.3)."""
        fields = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return tuple((name, value) for name, value in fields if value is not None)
