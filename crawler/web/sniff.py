"""What a document truly is, from its declared type and its first bytes; it knows nothing of names or of what follows.

The signatures and their use follow the MIME Sniffing standard where browsers do. `X-Content-Type-Options: nosniff` does
not matter here: it keeps a browser from *running* in an origin what was declared to be harmless, and nothing is run;
that a file's name tells the truth protects its owner more.
"""

import re
from typing import Final

SNIFF_SIZE: Final = 1445
"""How many first bytes are enough (the standard's resource header)."""

UNKNOWN: Final = "application/octet-stream"

_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_UNDECLARED: Final = frozenset(
    (UNKNOWN, "*/*", "unknown/unknown", "application/unknown", "binary/octet-stream", "application/force-download")
)
"""Declared types that declare nothing."""

_SIGNATURES: Final = (
    ("image/png", rb"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", rb"\xff\xd8\xff"),
    ("image/gif", rb"GIF8[79]a"),
    ("image/webp", rb"RIFF....WEBPVP"),
    ("image/avif", rb"....ftyp(?:avi[fs]|(?:mif1|msf1|miaf)....(?:....){0,8}?avi[fs])"),
    ("image/heic", rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)"),
    ("image/jxl", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    ("image/jp2", rb"\0\0\0\x0cjP  \r\n\x87\n"),
    # "BM" alone begins many a text: the two reserved words and a known size of the second header tell a bitmap.
    ("image/bmp", rb"BM....\0\0\0\0....[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    ("image/x-icon", rb"\0\0[\x01\x02]\0[^\0]\0"),
    ("image/tiff", rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    ("image/vnd.adobe.photoshop", rb"8BPS\0"),
    ("application/pdf", rb"%PDF-"),
    ("application/postscript", rb"%!PS-Adobe-"),
    ("application/zip", rb"PK(?:\x03\x04|\x05\x06|\x07\x08)"),
    ("application/gzip", rb"\x1f\x8b\x08"),
    ("application/x-bzip2", rb"BZh[1-9]1AY&SY"),
    ("application/x-xz", rb"\xfd7zXZ\0"),
    ("application/zstd", rb"\x28\xb5\x2f\xfd"),
    ("application/x-7z-compressed", rb"7z\xbc\xaf\x27\x1c"),
    ("application/vnd.rar", rb"Rar!\x1a\x07"),
    ("font/woff", rb"wOFF(?:\0\x01\0\0|OTTO|true)"),
    ("font/woff2", rb"wOF2(?:\0\x01\0\0|OTTO|true)"),
    ("font/otf", rb"OTTO\0"),
    ("font/ttf", rb"\0\x01\0\0\0"),
    ("font/collection", rb"ttcf\0"),
    ("audio/wave", rb"RIFF....WAVE"),
    ("audio/aiff", rb"FORM....AIF[FC]"),
    ("audio/mpeg", rb"ID3[\x02-\x04]"),
    ("audio/flac", rb"fLaC\0"),
    ("audio/midi", rb"MThd\0\0\0\x06"),
    ("audio/mp4", rb"....ftypM4[AB] "),
    ("application/ogg", rb"OggS\0"),
    ("video/avi", rb"RIFF....AVI "),
    ("video/webm", rb"\x1a\x45\xdf\xa3.{0,60}?\x42\x82.webm"),
    ("video/x-matroska", rb"\x1a\x45\xdf\xa3"),
    ("video/quicktime", rb"....ftypqt  "),
    ("video/mp4", rb"....ftyp(?:mp4|iso|avc1|M4V|dash|msnv|3g[gp2])"),
)
"""What each type begins with; the first that fits counts."""

_MAGIC: Final = re.compile(b"|".join(b"(%b)" % pattern for _, pattern in _SIGNATURES), re.DOTALL)
_BLANK: Final = rb"[\t\n\x0c\r ]"
_MISC: Final = rb"(?:%b|<!--(?:[^-]|-(?!->))*+-->)*+" % _BLANK
_START: Final = rb"(?:\xef\xbb\xbf)?" + _MISC
_TAGS: Final = rb"!DOCTYPE%b+HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P" % _BLANK
_HTML: Final = re.compile(rb"%b<(?:%b)(?:%b|[/>])" % (_START, _TAGS, _BLANK), re.IGNORECASE)
_COMMENT: Final = re.compile(rb"(?:\xef\xbb\xbf)?%b*+<!--" % _BLANK)
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf)?%b*+<\?xml%b" % (_BLANK, _BLANK))
_DOCTYPE: Final = rb"<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\][^>]*+)?>"
_ROOT: Final = re.compile(
    rb"%b(?:<\?xml[^>]*+>)?%b(?:%b)?%b<(?:[a-z]+:)?(svg|html)(?:%b|[/>])" % (_START, _MISC, _DOCTYPE, _MISC, _BLANK)
)
_ROOTS: Final = {b"svg": "image/svg+xml", b"html": "application/xhtml+xml"}
_BOM: Final = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
_BINARY: Final = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BINARY_TYPES: Final = frozenset(name for name, _ in _SIGNATURES)


def sniff_media_type(declared: str | None, first_bytes: bytes) -> str:
    """The true media type, without parameters, of a document that begins with these bytes (`SNIFF_SIZE` are enough).

    `declared` is its Content-Type, or what there was instead of one. An image's signature always decides. Any other
    decides where nothing was declared, or where what was declared cannot be: a page that is an archive, a picture that
    is a page. Else what was declared stands; what is undeclared is text where no byte speaks against it.
    """
    declared = _essence(declared)
    magic = _signature(first_bytes)
    if magic is not None and (is_image(magic) or _is_refutable(declared)):
        return magic
    if declared is None:
        return _undeclared(first_bytes)
    if declared == "text/plain":
        return _text_or_binary(first_bytes)
    if declared in ("text/xml", "application/xml"):
        return _xml_root(first_bytes) or declared
    if is_image(declared) and _xml_root(first_bytes) == "image/svg+xml":
        return "image/svg+xml"
    return "text/html" if _is_binary(declared) and _HTML.match(first_bytes) else declared


def is_html(media_type: str) -> bool:
    """Whether this is a page that links are read from."""
    return media_type in ("text/html", "application/xhtml+xml")


def is_image(media_type: str) -> bool:
    """Whether this is a picture."""
    return media_type.startswith("image/")


def _essence(declared: str | None) -> str | None:
    """The type alone, in lower case, the last where there are several (Fetch standard); None where it says nothing."""
    for piece in reversed((declared or "").split(",")):
        essence = piece.partition(";")[0].strip("\t\n\r ").lower()
        if _TYPE.fullmatch(essence) and essence not in _UNDECLARED:
            return essence
    return None


def _signature(first_bytes: bytes) -> str | None:
    match = _MAGIC.match(first_bytes)
    return _SIGNATURES[match.lastindex - 1][0] if match and match.lastindex else None


def _is_refutable(declared: str | None) -> bool:
    """Whether any signature refutes this type: text, pages and images begin with none of the others'."""
    return declared is None or declared == "text/plain" or is_html(declared) or is_image(declared)


def _is_binary(declared: str) -> bool:
    """Whether documents of this type begin with bytes that no page begins with."""
    return declared.startswith(("image/", "audio/", "video/", "font/")) or declared in _BINARY_TYPES


def _xml_root(first_bytes: bytes) -> str | None:
    """The type that the root element tells, of the two that matter: a drawing, a page."""
    match = _ROOT.match(first_bytes)
    return _ROOTS[match[1]] if match else None


def _undeclared(first_bytes: bytes) -> str:
    root = _xml_root(first_bytes)
    if root == "image/svg+xml":
        return root
    if _XML.match(first_bytes):
        return root or "text/xml"
    if _HTML.match(first_bytes) or _COMMENT.match(first_bytes):
        return "text/html"
    return _text_or_binary(first_bytes)


def _text_or_binary(first_bytes: bytes) -> str:
    """Plain text where it can be: a page among it stays text, as a browser shows it, for so it was declared."""
    is_text = first_bytes.startswith(_BOM) or not _BINARY.search(first_bytes[:SNIFF_SIZE])
    return "text/plain" if is_text else UNKNOWN
