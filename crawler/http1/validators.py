"""By what a document can be told to be the same later (RFC 9110 section 8.8); knows no document."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from crawler.http1.headers import Headers


@dataclass(frozen=True, slots=True)
class Validators:
    """The ETag and Last-Modified of an answer, as they stand there; `date` is when it was given."""

    etag: str | None = None
    last_modified: str | None = None
    date: str | None = None

    @classmethod
    def of(cls, headers: Headers) -> "Validators":
        """Those that an answer carries; an ETag that is none is left out (section 8.8.3)."""
        etag = headers.get("etag") or ""
        is_etag = etag.removeprefix("W/").startswith('"') and etag.endswith('"') and len(etag.removeprefix("W/")) > 1
        return cls(etag if is_etag else None, headers.get("last-modified"), headers.get("date"))

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
