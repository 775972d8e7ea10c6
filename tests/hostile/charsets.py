"""Pages in odd encodings, and labels that are codecs but no encodings (the Encoding standard)."""

from typing import Final

from tests.hostile.case import BAD, SAVED, Case, bad, html
from tests.hostile.crawled import Theme

FOUND: Final = "/found"
LINK: Final = '<a href="/found">found</a>'
CODECS: Final = (
    "utf-7",
    "idna",
    "punycode",
    "zlib",
    "zlib_codec",
    "bz2",
    "base64",
    "base64_codec",
    "hex",
    "hex_codec",
    "rot13",
    "rot_13",
    "quopri",
    "uu",
    "undefined",
    "unicode_escape",
    "raw_unicode_escape",
    "unicode_internal",
    "string_escape",
    "mbcs",
    "oem",
    "utf-8-sig",
    "utf_32",
    "cp037",
    "cp500",
    "charmap",
    "none",
    "null",
    "auto",
    "",
    " ",
    "utf 8",
    "utf-8;",
    "..",
    "/etc/passwd",
    "os.system",
    "x" * 10_000,
    "%s",
    "ütf-8",
    "utf-8\x00",
    "'",
    "en",
)
"""What some program takes for an encoding, or chokes on."""


def read(name: str, why: str, body: bytes, content_type: str = "text/html", *found: str) -> Case:
    """A page in these bytes; it leads to `/found`, or what is named."""
    return bad(name, why, html(body, content_type), SAVED, good=found or (FOUND,), contents={BAD: body})


def survived(name: str, why: str, body: bytes, content_type: str = "text/html") -> Case:
    """A page that no one can read; it is saved."""
    return bad(name, why, html(body, content_type), SAVED, contents={BAD: body})


ASCII: Final = LINK.encode()

LABELS = (
    *(
        read(f"charset {label[:30]!r} in the field", "no label: as if not said", ASCII, f"text/html; charset={label}")
        for label in CODECS
        if label.isprintable() and label.isascii()
    ),
    *(
        read(
            f"charset {label[:30]!r} in the page",
            "no label: as if not said",
            f'<meta charset="{label}">{LINK}'.encode(),
        )
        for label in CODECS
    ),
    read(
        "a charset in quotes",
        "RFC 9110 5.6.6",
        "<a href='/f\xfcr'>x</a>".encode("cp1252"),
        'text/html; charset="windows-1252"',
        "/f%C3%BCr",
    ),
    read("a charset in single quotes", "no label", ASCII, "text/html; charset='utf-8'"),
    read(
        "two charsets in the field",
        "Fetch: the first",
        "<a href='/f\xfcr'>x</a>".encode(),
        "text/html; charset=utf-8; charset=utf-16",
        "/f%C3%BCr",
    ),
    read(
        "a charset of a meta in UTF-16",
        "13.2.3.3: it is UTF-8, for it could be read",
        f"<meta charset=utf-16>{LINK}".encode(),
    ),
    read("a charset of a meta in UTF-16LE", "13.2.3.3", f"<meta charset=utf-16le>{LINK}".encode()),
    read(
        "a charset by http-equiv",
        "13.2.3.3",
        f"<meta http-equiv=Content-Type content='text/html; charset=utf-7'>{LINK}".encode(),
    ),
    read("a charset in an XML declaration", "13.2.3.2", f'<?xml version="1.0" encoding="utf-7"?>{LINK}'.encode()),
    read(
        "a charset behind a kilobyte",
        "13.2.3.2",
        b"<!--" + b"x" * 2000 + b"-->" + f"<meta charset=utf-7>{LINK}".encode(),
    ),
)

BYTES = (
    read("UTF-8 with a mark", "13.2.3.2", b"\xef\xbb\xbf" + ASCII),
    read("UTF-16LE with a mark", "13.2.3.2", ("\ufeff" + LINK).encode("utf-16-le")),
    read("UTF-16BE with a mark", "13.2.3.2", ("\ufeff" + LINK).encode("utf-16-be")),
    read("UTF-16LE as declared", "the field says it", LINK.encode("utf-16-le"), "text/html; charset=utf-16le"),
    read("UTF-16BE as declared", "the field says it", LINK.encode("utf-16-be"), "text/html; charset=utf-16be"),
    read(
        "UTF-16 as declared is LE", "Encoding: the label utf-16", LINK.encode("utf-16-le"), "text/html; charset=utf-16"
    ),
    read(
        "a mark of UTF-8 against the field",
        "13.2.3.2: the mark wins",
        b"\xef\xbb\xbf" + ASCII,
        "text/html; charset=utf-16",
    ),
    read(
        "a mark of UTF-16 against the field",
        "13.2.3.2: the mark wins",
        ("\ufeff" + LINK).encode("utf-16-le"),
        "text/html; charset=utf-8",
    ),
    survived("UTF-16 without a mark or a word", "windows-1252, as browsers have it", LINK.encode("utf-16-le")),
    survived("UTF-16 with an odd number of bytes", "no crash", ("\ufeff" + LINK).encode("utf-16-le") + b"\x00"),
    survived("lone surrogates of UTF-16", "no crash", b"\xff\xfe" + b"\x00\xd8" * 1000 + b"\x00\xdc" * 1000),
    survived("ASCII said to be UTF-16", "as declared", ASCII, "text/html; charset=utf-16"),
    survived("UTF-32 with a mark", "no encoding of the web", LINK.encode("utf-32")),
    survived("UTF-7", "no encoding of the web", LINK.encode("utf-7")),
    survived("EBCDIC", "no encoding of the web", LINK.encode("cp037")),
    survived("a mark alone", "no crash", b"\xef\xbb\xbf"),
    survived("half a mark", "no crash", b"\xef\xbb"),
    survived("HZ", "Encoding: replacement", b"~{<a href=/never>~}", "text/html; charset=hz-gb-2312"),
    survived("ISO-2022-KR", "Encoding: replacement", b"\x1b$)C\x0e<a href=/never>", "text/html; charset=iso-2022-kr"),
    read(
        "broken UTF-8",
        "Encoding: U+FFFD",
        b"\xff\xfe\xfd\xc0\xaf\xed\xa0\x80"[3:] + ASCII + b"\xe2\x82",
        "text/html; charset=utf-8",
    ),
    read(
        "overlong UTF-8 in a link",
        "Encoding: U+FFFD for each byte",
        b"<a href='/found?\xc0\xaf'>x</a>",
        "text/html; charset=utf-8",
        "/found?%EF%BF%BD%EF%BF%BD",
    ),
    read(
        "Latin-1 said to be UTF-8",
        "Encoding: U+FFFD",
        b"<a href='/f\xfcr'>x</a>",
        "text/html; charset=utf-8",
        "/f%EF%BF%BDr",
    ),
    read(
        "windows-1251",
        "Encoding",
        "<a href='/путь'>x</a>".encode("cp1251"),
        "text/html; charset=windows-1251",
        "/%D0%BF%D1%83%D1%82%D1%8C",
    ),
    read(
        "a query in windows-1251",
        "WHATWG: in the page's encoding",
        "<a href='/found?ж'>x</a>".encode("cp1251"),
        "text/html; charset=windows-1251",
        "/found?%E6",
    ),
    read(
        "Shift_JIS with a backslash as second byte",
        "Encoding",
        "<a href='/表'>x</a>".encode("cp932"),
        "text/html; charset=shift_jis",
        "/%E8%A1%A8",
    ),
    read(
        "ISO-2022-JP with escapes",
        "Encoding",
        "<a href='/日'>x</a>".encode("iso2022-jp"),
        "text/html; charset=iso-2022-jp",
        "/%E6%97%A5",
    ),
    read(
        "EUC-JP cut in a character", "no crash", LINK.encode() + "日".encode("euc-jp")[:1], "text/html; charset=euc-jp"
    ),
    read("Big5 with rubbish", "no crash", b"\xff\x81\x40" + ASCII, "text/html; charset=big5"),
    read(
        "GB18030 in four bytes", "no crash", "<p>\U0001f600</p>".encode("gb18030") + ASCII, "text/html; charset=gb18030"
    ),
    read("x-user-defined", "Encoding 14.5", b"\x80\xff" + ASCII, "text/html; charset=x-user-defined"),
    read(
        "a quote eaten by half a character",
        "Encoding: ASCII is given back",
        b'<p title="\x81">' + ASCII,
        "text/html; charset=shift_jis",
    ),
)

THEME: Final = Theme("charsets", (*LABELS, *BYTES))
