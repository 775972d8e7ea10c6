"""Names that a person asks for: a template, such as `{host}/{page_slug}/{index:04}-{stem}.{ext}`, and what it makes.

It knows nothing of any disk, nor of which names are taken. A template is a path below `images/`, with fields in braces:

    host        the host of the image's URL
    path        the folders of that URL, each as a folder
    name        the last part of that URL, without its query; `index` and an extension where it has none
    stem        the same without what follows its last dot
    query       the query of that URL, without its `?`
    url_hash    a digest of the whole URL, in 32 hex digits
    page_host   the host of the page that shows the image; this and the next two are empty where there is no page
    page_path   the path of that page without its extension, each part as a folder
    page_slug   the last part of that path, `index` at the root of a host
    index       the number of the image on its page, or of its row in a list
    width       in pixels, 0 where unknown
    height      in pixels, 0 where unknown
    type        what the image is, the second half of its media type: `jpeg`, `svg+xml`
    ext         the usual extension of what it is: `jpg`, `svg`
    sha256      the SHA-256 of its bytes, in hex

`{index:04}` fills a number up with zeros, to 20 digits at the most; `{sha256:.8}` cuts a text, at 255 characters at the
most; `{{` and `}}` are braces.

Of the third image on https://example.org/spring/tour.html, a JPEG at https://cdn.example.org/2024/IMG_7.jpeg?v=2,
640 by 480, whose SHA-256 begins with e3b0c442:

    {host}/{page_slug}/{index:04}-{stem}.{ext}      images/cdn.example.org/tour/0003-IMG_7.jpg
    {page_host}/{page_path}/{name}                  images/example.org/spring/tour/IMG_7.jpeg
    {host}/{path}/{stem}_{width}x{height}           images/cdn.example.org/2024/IMG_7_640x480#.jpg
    {type}/{sha256:.2}/{sha256:.8}.{ext}            images/jpeg/e3/e3b0c442.jpg
    {name}/{query}.gif                              images/IMG_7.jpeg#/v=2.gif#.jpg
    My pictures/{{{stem}}}.{ext}                    images/My%20pictures/{7b}IMG_7{7d}.jpg

Names are written as `paths` writes them, `{3a}` and `#` included, so whatever the fields hold, none leads out of its
folder, hides, means something to a system, lacks an extension that fits the true type, or is a file's where another's
is a folder's. A field but `path` and `page_path` never makes a folder, and a folder that comes out empty is left out.

Two differences, because a person chose these names. Capitals stay as they are, without a mark: whether two paths are
one on a disk that folds case is told by `folded`. And two images may come to one path; `marked` is for the second. A
mark is `#m` and the digest of the URL, before the extension. No name but a marked one holds `#m`: a `#` of a URL or a
template is written `{23}`, and behind those that are added stands a `.`, an `h`, a hex digit or the name's end.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from crawler.errors import SettingsError
from crawler.web.paths import MAX_PATH, digest, file, fitting_extensions, folder, joined
from crawler.web.url import URL


@dataclass(frozen=True, slots=True)
class Named:
    """What a name can be made of: an image, its place, and `digest`, the SHA-256 of its bytes in hex.

    A value that a template does not need may be left empty (None, or "" for the digest).
    """

    url: URL
    page: URL | None
    index: int
    media_type: str
    width: int | None
    height: int | None
    digest: str


@dataclass(frozen=True, slots=True)
class Template:
    """What names are made by; `Template.parse` is how one is had."""

    pieces: tuple["str | _Field", ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """The template that a text is; `SettingsError` says in one line what is wrong, and what is accepted."""
        fault = _fault(text)
        if fault:
            raise SettingsError(f"name template {text[:100]!r}: {fault}")
        return cls(tuple(_piece(match) for match in _PIECE.finditer(text)))

    @property
    def needs(self) -> frozenset[str]:
        """The fields that it has."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, _Field))

    def path(self, named: Named, max_name: int = 255) -> str:
        """The path, relative to the output folder and below `images/`, of this image.

        ASCII; at most `max_name` bytes a name (64 or more) and `MAX_PATH` in all.
        """
        names = [""]
        for piece in self.pieces:
            text = piece if isinstance(piece, str) else piece.text(named)
            parts = text.split("/") if isinstance(piece, str) or piece.name in _PATHS else [text]
            names[-1] += parts[0]
            names += parts[1:]
        *folders, leaf = (quote(name, _PRINTABLE) for name in names)
        if leaf == f".{_extension(named)}":  # nothing was put before the extension
            leaf = ""
        places = ["images", *(folder(text, max_name, apart=False) for text in folders if text)]
        return joined(places, file(leaf, named.media_type, max_name, apart=False), named.url, named.media_type)


def marked(path: str, url: URL, max_name: int = 255) -> str:
    """The same path with a mark of this URL: for the document that comes to a path which another one has.

    No two URLs get one path by this, from whatever paths, and no path without a mark is equal to one, case folded or
    not. As long as any path may be: the end of the name makes room, and where that is not enough the last folders.
    """
    folders, _, name = path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    mark = f"#m{digest(str(url))}.{extension}"
    while len(folders) + 1 + len(mark) > MAX_PATH:
        folders = folders.rpartition("/")[0]
    room = min(max_name, MAX_PATH - len(folders) - 1) - len(mark)
    return f"{folders}/{stem[:room]}{mark}"


def folded(path: str) -> str:
    """The key under which two paths are one on a disk that folds the case of letters, or their Unicode form."""
    return path.lower()  # paths are ASCII, where nothing else folds


@dataclass(frozen=True, slots=True)
class _Field:
    """A field and its format specification, both known to be good."""

    name: str
    spec: str

    def text(self, named: Named) -> str:
        return format(_FIELDS[self.name](named), self.spec)


def _last(url: URL) -> str:
    return url.path.rpartition("/")[2]


def _folders(url: URL) -> str:
    return url.path.removeprefix("/").rpartition("/")[0]


def _without_extension(name: str) -> str:
    return name.rpartition(".")[0] or name


def _host(url: URL) -> str:
    """The host; an address of IPv6 as in the names of `paths`."""
    return f"[{url.host.replace(':', '-')}]" if ":" in url.host else url.host


def _page_path(page: URL) -> str:
    folders, slash, last = page.path.strip("/").rpartition("/")
    return folders + slash + (last if page.path.endswith("/") else _without_extension(last))


def _page_slug(page: URL) -> str:
    return _page_path(page).rpartition("/")[2] or "index"


def _extension(named: Named) -> str:
    return fitting_extensions(named.media_type)[0]


_FIELDS: Final[dict[str, Callable[[Named], str | int]]] = {
    "host": lambda named: _host(named.url),
    "path": lambda named: _folders(named.url),
    "name": lambda named: _last(named.url) or f"index.{_extension(named)}",
    "stem": lambda named: _without_extension(_last(named.url)) or "index",
    "query": lambda named: named.url.query,
    "url_hash": lambda named: digest(str(named.url)),
    "page_host": lambda named: _host(named.page) if named.page else "",
    "page_path": lambda named: _page_path(named.page) if named.page else "",
    "page_slug": lambda named: _page_slug(named.page) if named.page else "",
    "index": lambda named: named.index,
    "width": lambda named: named.width or 0,
    "height": lambda named: named.height or 0,
    "type": lambda named: named.media_type.partition("/")[2],
    "ext": _extension,
    "sha256": lambda named: named.digest,
}
_NUMBERS: Final = frozenset(("index", "width", "height"))
_PATHS: Final = frozenset(("path", "page_path"))

_PRINTABLE: Final = "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}"
"""What `quote` leaves as it is, beside letters, digits and `-._~`: the rest is written as a URL has it."""

_PIECE: Final = re.compile(r"(?P<text>[^{}]+|\{\{|\}\})|\{(?P<field>[^{}:]*)(?::(?P<spec>[^{}]*))?\}|(?P<brace>[{}])")
_NUMBER_SPEC: Final = re.compile(r"0(?:[1-9]|1[0-9]|20)")
_TEXT_SPEC: Final = re.compile(r"\.(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])")


def _piece(match: re.Match[str]) -> str | _Field:
    text: str | None = match["text"]
    if text is None:
        return _Field(match["field"], match["spec"] or "")
    return text[0] if text in ("{{", "}}") else text


def _fault(text: str) -> str | None:
    """What is wrong with the text of a template."""
    if not text:
        return "is empty: takes a path such as {host}/{stem}.{ext}"
    if len(text) > MAX_PATH:
        return f"is longer than {MAX_PATH} characters"
    if not text.isprintable() or "\\" in text:
        return "takes no control characters and no backslash; folders are separated by /"
    if re.match(r"/|[A-Za-z]:", text):
        return "takes no absolute path: all names lie below the output folder"
    matches = list(_PIECE.finditer(text))
    # What a field comes to is made safe in each name; here it stands for something.
    names = "".join(match["text"] or "x" for match in matches).split("/")
    if not all(names):
        return "takes no empty name: no // and no / at its end"
    if {".", ".."} & set(names):
        return "takes no name . or .."
    return next(filter(None, map(_field_fault, matches)), None)


def _field_fault(match: re.Match[str]) -> str | None:
    """What is wrong with one piece of a template."""
    if match["brace"]:
        return "has a brace without its other: takes {field}, and {{ or }} for a brace"
    if match["field"] is None:
        return None
    if match["field"] not in _FIELDS:
        return f"{match['field']!r} is no field: takes {', '.join(_FIELDS)}"
    if match["spec"] is None:
        return None
    if match["field"] in _NUMBERS:
        is_good, takes = _NUMBER_SPEC.fullmatch(match["spec"]), "a number takes :01 to :020, filled up with zeros"
    else:
        is_good, takes = _TEXT_SPEC.fullmatch(match["spec"]), "a text takes :.1 to :.255, where it is cut"
    return None if is_good else f"{match[0]}: {takes}"
