"""Where a document is kept: a pure function from its URL and true type to a path; it knows nothing of any disk.

This is where a stranger's names become ours. Two URLs never share a path, nor is one's file another's folder, whichever
way a disk folds case or Unicode; and no name leads out of its folder, hides, or means something to a system.

A name is the URL's own text wherever it can be. Three characters that no name takes from a URL say where it departs:

    ^     stands for a `?`
    {3a}  stands for a character that a name must not hold, by its code
    #     begins what was added: an extension, the case of letters, a mark, the digest of what was cut off

and `+` in the name of a host begins its port, or a scheme that is not the usual one.

    https://example.org/                      text/html    pages/example.org/index.html
    https://example.org/docs/a.html           text/html    pages/example.org/docs/a.html
    https://example.org/docs/a                text/html    pages/example.org/docs/a#.html
    https://example.org/docs/index.html       text/html    pages/example.org/docs/index#0.html
    https://example.org/docs/a.html/b.html    text/html    pages/example.org/docs/a.html#/b.html
    https://example.org/list.php?page=2       text/html    pages/example.org/list.php^page=2#.html
    https://example.org/README.md             text/plain   pages/example.org/README#3f.md
    https://example.org/a.jpg                 image/jpeg   images/example.org/a.jpg
    https://example.org/a.jpg                 image/png    images/example.org/a.jpg#.png
    https://example.org/.git//con/a:b         text/plain   pages/example.org/{2e}git/#/{63}on/a{3a}b#.txt
    http://example.org/                       text/html    pages/example.org+http/index.html
    http://127.0.0.1:8000/                    text/html    pages/127.0.0.1+8000/index.html
    https://[::1]:8443/                       text/html    pages/[--1]+8443+https/index.html

Why `index#0`: `docs/` and `docs/index.html` are two URLs. Why `README#3f`: disks differ on whether it and `readme` are
one name, so a name with capitals says which letters they are (in hex, a bit for each of the first six); small letters
in an escape (`%e4`) count as capitals do elsewhere. Why `+http`: nearly all hosts have one scheme, on the web https,
with a port of their own (a demo, a test) http; these two are plain, and the others say what they are.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from crawler.web.sniff import is_image
from crawler.web.url import URL

MAX_PATH: Final = 768
"""Bytes of a whole path; the least that systems take is 1,024 (macOS), and the output folder comes before it."""

EXTENSIONS: Final[dict[str, tuple[str, ...]]] = {
    "text/html": ("html", "htm"),
    "application/xhtml+xml": ("xhtml", "xht", "html", "htm"),
    "image/svg+xml": ("svg",),
    "text/xml": ("xml", "rss", "atom", "rdf", "xsl", "xsd"),
    "application/xml": ("xml", "rss", "atom", "rdf", "xsl", "xsd"),
    "application/rss+xml": ("rss", "xml"),
    "application/atom+xml": ("atom", "xml"),
    "application/rdf+xml": ("rdf", "xml"),
    "text/css": ("css",),
    "text/javascript": ("js", "mjs"),
    "application/javascript": ("js", "mjs"),
    "application/x-javascript": ("js", "mjs"),
    "application/json": ("json", "map"),
    "application/ld+json": ("jsonld", "json"),
    "application/manifest+json": ("webmanifest", "json"),
    "text/plain": ("txt", "text", "log", "md", "rst", "csv", "tsv", "ini", "conf", "diff", "patch", "asc", "c", "h"),
    "text/markdown": ("md", "markdown"),
    "text/csv": ("csv",),
    "text/calendar": ("ics",),
    "text/vtt": ("vtt",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/jpg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/heic": ("heic", "heif"),
    "image/heif": ("heif", "heic"),
    "image/jxl": ("jxl",),
    "image/jp2": ("jp2",),
    "image/bmp": ("bmp",),
    "image/tiff": ("tif", "tiff"),
    "image/x-icon": ("ico", "cur"),
    "image/vnd.microsoft.icon": ("ico",),
    "image/vnd.adobe.photoshop": ("psd",),
    "application/pdf": ("pdf",),
    "application/postscript": ("ps", "eps", "ai"),
    "application/rtf": ("rtf",),
    "application/epub+zip": ("epub",),
    "application/msword": ("doc",),
    "application/vnd.ms-excel": ("xls",),
    "application/vnd.ms-powerpoint": ("ppt",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/vnd.oasis.opendocument.presentation": ("odp",),
    "application/zip": ("zip", "whl", "epub", "docx", "xlsx", "pptx", "odt", "ods", "odp"),
    "application/gzip": ("gz", "tgz", "svgz"),
    "application/x-gzip": ("gz", "tgz"),
    "application/x-tar": ("tar",),
    "application/x-bzip2": ("bz2", "tbz2"),
    "application/x-xz": ("xz", "txz"),
    "application/zstd": ("zst",),
    "application/x-7z-compressed": ("7z",),
    "application/vnd.rar": ("rar",),
    "application/wasm": ("wasm",),
    "font/woff": ("woff",),
    "font/woff2": ("woff2",),
    "font/otf": ("otf",),
    "font/ttf": ("ttf",),
    "font/collection": ("ttc",),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a", "m4b", "mp4"),
    "audio/wave": ("wav",),
    "audio/wav": ("wav",),
    "audio/flac": ("flac",),
    "audio/aiff": ("aif", "aiff"),
    "audio/midi": ("mid", "midi"),
    "audio/ogg": ("ogg", "oga", "opus"),
    "application/ogg": ("ogg", "oga", "ogv", "opus"),
    "video/ogg": ("ogv", "ogg"),
    "video/mp4": ("mp4", "m4v"),
    "video/webm": ("webm",),
    "video/x-matroska": ("mkv",),
    "video/quicktime": ("mov", "qt"),
    "video/avi": ("avi",),
    "video/mpeg": ("mpg", "mpeg"),
}
"""The extensions that fit a type; the first is the one that is added."""

THUMBNAILS: Final = "thumbnails"
CONVERTED: Final = "converted"
DERIVED: Final = {THUMBNAILS: ("jpg",), CONVERTED: ("jpg", "png", "webp")}
"""The folders of what is made from images, and the extensions there."""

_KNOWN: Final = frozenset(("bin", *(extension for fitting in EXTENSIONS.values() for extension in fitting)))
_ACTIVE: Final = frozenset(("html", "htm", "xhtml", "xht", "svg", "svgz", "xml", "xsl", "js", "mjs", "css", "wasm"))
_OPAQUE: Final = ("bin", *sorted(_KNOWN - _ACTIVE - {"bin"}))
"""What a type that is not in the table may be called: what its name says, but nothing that a double click would run."""

_UNTABLED: Final = ("image/x-unknown", "text/x-unknown", "application/octet-stream")

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._~%!$&'()+,;=@\[\]-]")
# A name that begins with a dot is hidden, with a hyphen an option; the others are devices, whatever their extension.
_MEANT: Final = re.compile(r"[.-]|(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?![^.])", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%[0-9a-f]{2}")


def path(url: URL, media_type: str, max_name: int = 255) -> str:
    """The path, relative to the output folder, of the document that this URL is, of this true type.

    ASCII; at most `max_name` bytes a name (64 or more) and `MAX_PATH` in all.
    """
    way, mark, query = url.target.partition("?")
    *folders, leaf = way.removeprefix("/").split("/")
    room = "images" if is_image(media_type) else "pages"
    names = [room, _host(url, max_name), *(folder(text, max_name) for text in folders)]
    return joined(names, file(leaf + mark + query, media_type, max_name), url, media_type)


def derived_path(room: str, digest: str, extension: str) -> str:
    """The path of what was made from the image with this digest: a thumbnail, a conversion."""
    return f"{room}/{digest[:2]}/{digest}.{extension}"


def derived_paths(digest: str) -> list[str]:
    """Every path of that kind."""
    return [derived_path(room, digest, extension) for room, extensions in DERIVED.items() for extension in extensions]


def candidates(url: URL, max_name: int = 255) -> Iterator[str]:
    """Every path that this URL can have had, whatever its type was."""
    yield from dict.fromkeys(path(url, media_type, max_name) for media_type in (*EXTENSIONS, *_UNTABLED))


def _host(url: URL, max_name: int) -> str:
    """The folder of a scheme, host and port; `+` separates them, an address of IPv6 has `-` for its colons."""
    host, colon, port = url.authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, colon, port = url.authority, "", ""
    name = host.replace(":", "-") if host.startswith("[") else _escaped(host).replace("+", "{2b}")
    name += f"+{port}" if colon else ""
    name += f"+{url.scheme}" if url.scheme != ("http" if colon else "https") else ""
    if name.endswith("."):
        name += "#"
    return name if len(name) <= max_name else _cut(name, url.origin, "", max_name)


def folder(text: str, max_name: int, *, apart: bool = True) -> str:
    """The name of a folder: never empty, never ending in a dot or in an extension that a file could have.

    `apart` says that two texts never share a name, even where case folds; else letters keep their case unmarked.
    """
    name = escaped = _escaped(text)
    case = _case(text) if apart else ""
    _, dot, extension = escaped.rpartition(".")
    if case or not escaped or (dot and (not extension or extension.lower() in _KNOWN)):
        name = f"{escaped}#{case}"
    return name if len(name) <= max_name else _cut(escaped, text, "", max_name)


def file(text: str, media_type: str, max_name: int, *, apart: bool = True) -> str:
    """The name of a file: always with an extension that fits its type, and a mark before one that was added.

    `apart` as for a folder; `index`, which an empty text is called, is then marked too.
    """
    fitting = fitting_extensions(media_type)
    if not text:
        return f"index.{fitting[0]}"
    escaped = _escaped(text)
    case = _case(text) if apart else ""
    stem, _, extension = escaped.rpartition(".")
    if stem and extension.lower() in fitting:
        # index is what a folder's own document is called
        name = f"{stem}#{case or 0}.{extension}" if case or (apart and stem == "index") else escaped
    else:
        extension = fitting[0]
        name = f"{escaped}#{case}#.{extension}" if case else f"{escaped}#.{extension}"
    return name if len(name) <= max_name else _cut(escaped, text, f".{extension.lower()}", max_name)


def joined(folders: list[str], name: str, url: URL, media_type: str) -> str:
    """The path of a file in its folders; where too long, those that there is room for and a digest of the URL."""
    whole = "/".join((*folders, name))
    if len(whole) <= MAX_PATH:
        return whole
    whole = folders[0]
    last = f"/#h{digest(str(url))}.{fitting_extensions(media_type)[0]}"
    for kept in folders[1:]:
        if len(whole) + 1 + len(kept) + len(last) > MAX_PATH:
            break
        whole += f"/{kept}"
    return whole + last


def fitting_extensions(media_type: str) -> tuple[str, ...]:
    """The extensions that fit a type, the usual one first; of a type that nobody knows all but what would be run."""
    return EXTENSIONS.get(media_type) or (EXTENSIONS["text/plain"] if media_type.startswith("text/") else _OPAQUE)


def _escaped(text: str) -> str:
    """The text in characters that a name may hold on any disk; one to one, and free of `#`."""
    meant = _MEANT.match(text)
    first = f"{{{ord(text[0]):02x}}}" if meant else ""
    return first + _UNSAFE.sub(_escape, text[1:] if meant else text)


def _escape(unsafe: re.Match[str]) -> str:
    return "^" if unsafe[0] == "?" else f"{{{ord(unsafe[0]):02x}}}"


def _case(text: str) -> str:
    """In hex, a bit for each letter whose case is not the usual one; empty where all are usual."""
    usual = _ESCAPE.sub(lambda escape: escape[0].upper(), text.lower())
    if usual == text:
        return ""
    bits = ("01"[letter != other] for letter, other in zip(reversed(text), reversed(usual), strict=True))
    return f"{int(''.join(bits), 2):x}"


def _cut(escaped: str, text: str, ending: str, max_name: int) -> str:
    """What there is room for, and a digest of the whole text."""
    last = f"#h{digest(text)}{ending}"
    return escaped[: max_name - len(last)] + last


def digest(text: str) -> str:
    """What stands for a text in a name, in 32 hex digits: nobody finds two texts with one."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
