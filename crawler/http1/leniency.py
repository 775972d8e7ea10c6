"""What the parser takes though the standard forbids it, or only allows it: the whole of its leniency, as one table.

Each row is here because servers send it and curl, Chromium and Firefox take it; whatever no row names is a
`ProtocolError`. A row whose `doubtful` is true lets the answer pass but not the connection: where the next answer
begins is then a matter of opinion, and so of response splitting (RFC 9112 section 11.1).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Leniency:
    """One deviation: what is taken, where the standard speaks of it, why, and whether the connection ends."""

    name: str
    what: str
    section: str
    why: str
    doubtful: bool = False


LENIENCIES: Final = (
    Leniency(
        "bare-lf",
        "LF alone ends a line of the head or of the trailers",
        "RFC 9112 section 2.2",
        "scripts print it; a recipient may take it",
    ),
    Leniency(
        "bare-cr",
        "CR that ends no line counts as a blank",
        "RFC 9112 section 2.2",
        "the standard's own way out: such a CR is replaced by SP before the line is looked at",
    ),
    Leniency(
        "leading-lines",
        "empty lines in front of the status line, `Limits.max_leading` bytes of them",
        "RFC 9112 section 2.2",
        "an answer before had a body longer than it said; browsers pass over as much",
    ),
    Leniency(
        "status-blanks",
        "several blanks, tabs, VT, FF or CR between the parts of the status line",
        "RFC 9112 section 4",
        "the standard allows to split at any white space",
    ),
    Leniency(
        "version-blank",
        "a tab, VT, FF or CR in front of the minor version",
        "RFC 9112 section 2.3",
        "nothing else can be meant; curl, Chromium and Firefox pass over it",
    ),
    Leniency(
        "no-reason",
        "no blank behind the status code where there is no reason phrase",
        "RFC 9112 section 4",
        "the blank says nothing; many servers leave it out",
    ),
    Leniency(
        "other-version",
        "HTTP/1.2 to 1.9 and HTTP/2, HTTP/2.0, HTTP/3, HTTP/3.0 in a status line, read as HTTP/1.1",
        "RFC 9110 section 2.5",
        "a higher minor version is to be read as the highest known; a proxy from HTTP/2 forgets to rewrite the line",
    ),
    Leniency(
        "odd-status",
        "a status code of three digits outside 100 to 599",
        "RFC 9110 section 15",
        "the answer is whole; what its code is worth is not the parser's to say",
    ),
    Leniency(
        "first-folded",
        "a blank in front of the first field line: the line and what continues it are passed over",
        "RFC 9112 section 2.2",
        "the standard offers this or refusing",
    ),
    Leniency(
        "folded",
        "a field that continues in a line that begins with a blank; both are joined by one SP",
        "RFC 9112 section 5.2",
        "obsolete, and still sent by mail-minded software; the standard asks for the SP",
    ),
    Leniency(
        "blank-before-colon",
        "blanks between a field's name and its colon are removed",
        "RFC 9112 section 5.1",
        "what a proxy must do; the field counts, so that no length is lost",
    ),
    Leniency(
        "no-colon",
        "a line without a colon is passed over",
        "RFC 9112 section 5",
        "banners and broken scripts; browsers pass over it",
    ),
    Leniency(
        "bad-name",
        "a line whose name is empty or no token is passed over",
        "RFC 9110 section 5.1",
        "no name that we look for is lost by it; browsers pass over it",
    ),
    Leniency(
        "controls",
        "control characters in a value or a reason phrase, NUL excepted",
        "RFC 9110 section 5.5",
        "cookies hold them; they are kept as they came and must be escaped wherever they are shown",
    ),
    Leniency(
        "same-lengths",
        "Content-Length given several times, in lines or in a list, always in the same digits",
        "RFC 9110 section 8.6",
        "careless proxies; the standard allows it, and there is only one length",
    ),
    Leniency(
        "length-and-text",
        "text behind the number of Content-Length, if it has no comma and does not go on with digits; never behind 0",
        "RFC 9112 section 6.3",
        "a line end lost, a unit added; curl, Chromium and Firefox believe the number. Not so `1_000`, `1e3` or `0x20`:"
        " the length is likely another there, and a part of the page would pass for the whole",
        doubtful=True,
    ),
    Leniency(
        "length-and-coding",
        "Content-Length beside Transfer-Encoding: chunked, which counts",
        "RFC 9112 section 6.3",
        "the standard says which one counts, and that the connection ends",
        doubtful=True,
    ),
    Leniency(
        "coding-repeated",
        "`chunked` said more than once: the body is chunked once",
        "RFC 9112 section 6.1",
        "a server and its framework each add the field",
        doubtful=True,
    ),
    Leniency(
        "coding-identity",
        "`identity` or nothing in Transfer-Encoding: as if it were not said",
        "RFC 9112 section 7",
        "it was a coding once (RFC 2616 section 3.6) and never changed a byte",
        doubtful=True,
    ),
    Leniency(
        "coding-in-1.0",
        "Transfer-Encoding: chunked in an HTTP/1.0 answer",
        "RFC 9112 section 6.1",
        "the body is chunked all the same; the standard asks to end the connection",
        doubtful=True,
    ),
    Leniency(
        "chunk-bare-lf",
        "LF alone behind a chunk's size or its data, or behind the trailers",
        "RFC 9112 section 7.1",
        "hand-written chunking; exactly CRLF or LF, never two bytes unseen",
        doubtful=True,
    ),
    Leniency(
        "chunk-blanks",
        "blanks and tabs behind a chunk's size",
        "RFC 9112 section 7.1.1",
        "sizes padded to a width, once common",
    ),
    Leniency(
        "chunk-extensions",
        "any text behind the semicolon of a chunk's size",
        "RFC 9112 section 7.1.1",
        "extensions are to be ignored, and so is their grammar",
    ),
    Leniency(
        "bytes-behind",
        "bytes behind the end of the body",
        "RFC 9112 section 9.3",
        "the body was whole before them; they are nobody's answer",
        doubtful=True,
    ),
)
