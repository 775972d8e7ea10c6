"""Which encoding a document is in, as browsers find it, and the Python codec that reads it safely.

It knows nothing of HTTP: the charset a header declares comes in as a text. A label never reaches `codecs` itself: it
goes through the label table of the Encoding standard first, so that `utf-7`, `idna` or `zlib` are no encodings here.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from bs4 import Tag

from crawler.web.markup import TagReader
from crawler.web.tags import ATTRIBUTES, BLANK, TAG_NAME

DEFAULT_CODEC: Final = "cp1252"
PRESCANNED: Final = 1024
"""How many bytes may declare an encoding before parsing begins (HTML standard, section 13.2.3.2)."""
LATE: Final = 64 * 1024
"""How many bytes are looked through for a declaration that came later than that."""

_ENCODINGS: Final = {
    "UTF-8": ("utf-8", "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8"),
    "IBM866": ("cp866", "866 cp866 csibm866 ibm866"),
    "ISO-8859-2": (
        "iso8859-2",
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    ),
    "ISO-8859-3": (
        "iso8859-3",
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    ),
    "ISO-8859-4": (
        "iso8859-4",
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    ),
    "ISO-8859-5": (
        "iso8859-5",
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    ),
    "ISO-8859-6": (
        "iso8859-6",
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i "
        "iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    ),
    "ISO-8859-7": (
        "iso8859-7",
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
        "iso_8859-7:1987 sun_eu_greek",
    ),
    "ISO-8859-8": (
        "iso8859-8",
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
        "iso_8859-8:1988 visual",
    ),
    "ISO-8859-8-I": ("iso8859-8", "csiso88598i iso-8859-8-i logical"),
    "ISO-8859-10": ("iso8859-10", "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6"),
    "ISO-8859-13": ("iso8859-13", "iso-8859-13 iso8859-13 iso885913"),
    "ISO-8859-14": ("iso8859-14", "iso-8859-14 iso8859-14 iso885914"),
    "ISO-8859-15": ("iso8859-15", "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9"),
    "ISO-8859-16": ("iso8859-16", "iso-8859-16"),
    "KOI8-R": ("koi8-r", "cskoi8r koi koi8 koi8-r koi8_r"),
    "KOI8-U": ("koi8-u", "koi8-ru koi8-u"),
    "macintosh": ("mac-roman", "csmacintosh mac macintosh x-mac-roman"),
    "windows-874": ("cp874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874"),
    "windows-1250": ("cp1250", "cp1250 windows-1250 x-cp1250"),
    "windows-1251": ("cp1251", "cp1251 windows-1251 x-cp1251"),
    "windows-1252": (
        "cp1252",
        "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
        "iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    ),
    "windows-1253": ("cp1253", "cp1253 windows-1253 x-cp1253"),
    "windows-1254": (
        "cp1254",
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "
        "windows-1254 x-cp1254",
    ),
    "windows-1255": ("cp1255", "cp1255 windows-1255 x-cp1255"),
    "windows-1256": ("cp1256", "cp1256 windows-1256 x-cp1256"),
    "windows-1257": ("cp1257", "cp1257 windows-1257 x-cp1257"),
    "windows-1258": ("cp1258", "cp1258 windows-1258 x-cp1258"),
    "x-mac-cyrillic": ("mac-cyrillic", "x-mac-cyrillic x-mac-ukrainian"),
    "GBK": ("gb18030", "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk"),
    "gb18030": ("gb18030", "gb18030"),
    "Big5": ("big5hkscs", "big5 big5-hkscs cn-big5 csbig5 x-x-big5"),
    "EUC-JP": ("euc-jp", "cseucpkdfmtjapanese euc-jp x-euc-jp"),
    "ISO-2022-JP": ("iso2022-jp", "csiso2022jp iso-2022-jp"),
    "Shift_JIS": ("cp932", "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis"),
    "EUC-KR": (
        "cp949",
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
    ),
    "replacement": ("ascii", "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement"),
    "UTF-16BE": ("utf-16-be", "unicodefffe utf-16be"),
    "UTF-16LE": ("utf-16-le", "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le"),
    "x-user-defined": ("cp1252", "x-user-defined"),
}
"""Name of each encoding of the Encoding standard (section 4.2), the codec that reads it, and its labels.

Where Python has no codec of that kind, the nearest that decodes what the web sends: GBK is a part of gb18030, the web's
Shift_JIS, Big5 and EUC-KR are the supersets cp932, big5hkscs and cp949; of an encoding that the standard replaces
altogether only the ASCII is read, and x-user-defined is windows-1252, as in a meta element.
"""

_NAMES: Final = {label: name for name, (_, labels) in _ENCODINGS.items() for label in labels.split()}
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"))
_XML_IN_UTF_16: Final = ((b"<\0?\0x\0", "utf-16-le"), (b"\0<\0?\0x", "utf-16-be"))
_XML_DECLARATION: Final = re.compile(r"<\?xml[^>]*?encoding[\x00-\x20]*=[\x00-\x20]*([\"'])([^>\x00-\x20]*?)\1")
_TAG: Final = re.compile(rf"<(?:(?P<comment>!--)|(?P<name>/?{TAG_NAME}){ATTRIBUTES}(?P<closed>>)?|[!/?][^>]*+)")
_CHARSET: Final = re.compile(rf"charset[{BLANK}]*=[{BLANK}]*", re.IGNORECASE | re.ASCII)
_LABEL: Final = re.compile(rf"\"([^\"]*)\"|'([^']*)'|([^\"'{BLANK};][^{BLANK};]*)")
_SCHEME: Final = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.-]*):")
_SPECIAL: Final = frozenset({"http", "https", "ftp", "file"})
_UNICODE: Final = frozenset({"utf-8", "utf-16-le", "utf-16-be", "ascii"})
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_DROPPED: Final = dict.fromkeys(map(ord, "\t\n\r"))
_QUERY_SAFE: Final = "!$%()*+,/:=?@[\\]^`{|}"
# Where the encoders of the Encoding standard differ from Python's codecs for what URLs hold.
_ENCODERS: Final = {"big5hkscs": "big5"}
_JAPANESE: Final = {0xA5: "\\", 0x203E: "~", 0x2212: "\uff0d"}
_SUBSTITUTES: Final[dict[str, dict[int, str]]] = {
    "cp932": _JAPANESE,
    "euc-jp": _JAPANESE,
    "iso2022-jp": {0x2212: "\uff0d", 0x0E: "\ufffd", 0x0F: "\ufffd", 0x1B: "\ufffd"},
    "gb18030": {0xE5E5: "%26%2358853%3B"},
}


def encoding_of_label(label: str) -> str | None:
    """The encoding's name in the Encoding standard, None where the label is none of its labels."""
    return _NAMES.get(label.strip("\t\n\f\r ").lower()) if label.isascii() else None


def codec_of_encoding(name: str) -> str:
    """The Python codec that reads an encoding of the standard."""
    return _ENCODINGS[name][0]


def find_encoding(body: bytes, declared: str | None = None) -> str:
    """The Python codec that reads a document: byte order mark, declared label, the document's own words, windows-1252.

    HTML standard, section 13.2.3.2; decode with `errors="replace"`.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return codec
    if declared is not None and (name := encoding_of_label(declared)):
        return codec_of_encoding(name)
    for start, codec in _XML_IN_UTF_16:
        if body.startswith(start):
            return codec
    text = body[:PRESCANNED].decode("latin-1")
    found = _prescan(text) or _xml_encoding(text) or _meta_encoding(body[:LATE].decode("latin-1"))
    return codec_of_encoding(found) if found else DEFAULT_CODEC


def _prescan(text: str) -> str | None:
    """The encoding that a meta element names; where the text ends inside a tag or comment, none (section 13.2.3.3)."""
    if "meta" not in text.lower():
        return None
    position = 0
    while found := _TAG.search(text, position):
        position = found.end()
        if found["comment"]:
            position = text.find("-->", found.start() + 2)
            if position < 0:
                return None
        elif found["closed"] and found["name"].lower() == "meta" and (name := _meta_encoding(found[0])):
            return name
    return None


def _xml_encoding(text: str) -> str | None:
    """The encoding of an XML declaration, which XHTML served as HTML often has alone."""
    found = _XML_DECLARATION.match(text)
    return _of_document(found[2]) if found else None


def _meta_encoding(text: str) -> str | None:
    """The encoding that the first meta element of a text names, of those that name one."""
    return next(iter(_META.find(text, _read_meta)), None)


def _read_meta(_: str, element: Tag, __: str) -> Sequence[str]:
    """The encoding that a meta element names, nothing where it names none."""
    label = element.attrs.get("charset")
    if label is None and str(element.get("http-equiv", "")).lower() == "content-type":
        label = _label_in(str(element.get("content", "")))
    name = _of_document(str(label)) if label is not None else None
    return () if name is None else (name,)


def _label_in(content: str) -> str | None:
    """The label after `charset=` (HTML standard, "extracting a character encoding from a meta element")."""
    word = _CHARSET.search(content)
    found = _LABEL.match(content, word.end()) if word else None
    return found[found.lastindex or 0] if found else None


def _of_document(label: str) -> str | None:
    """The encoding that a label inside a document stands for: what could be read so far cannot be in UTF-16."""
    name = encoding_of_label(label)
    return {"UTF-16BE": "UTF-8", "UTF-16LE": "UTF-8", "x-user-defined": "windows-1252"}.get(name or "", name)


_META: Final = TagReader({"meta"})


def encode_query(text: str, codec: str) -> str:
    """A URL as written, what its query has beyond ASCII percent-encoded in the document's encoding (URL standard).

    Other parts of a URL are UTF-8 in every document, and so is the query of a scheme that is not `special`.
    """
    if codec in _UNICODE:
        return text
    head, mark, query = text.partition("?")
    scheme = _SCHEME.match(head)
    if not mark or (scheme and scheme[1].lower() not in _SPECIAL):
        return text
    codec = _ENCODERS.get(codec, codec)
    query = query.translate(_DROPPED).translate(_SUBSTITUTES.get(codec, {}))
    return head + mark + _BEYOND_ASCII.sub(lambda run: _percent_encode(run[0], codec), query)


def _percent_encode(text: str, codec: str) -> str:
    """The bytes of a text beyond ASCII; a character that has none is written as its number, `&#8224;`."""
    return quote(text.encode(codec, "xmlcharrefreplace"), safe=_QUERY_SAFE)
