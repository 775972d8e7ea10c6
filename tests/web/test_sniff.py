"""True types: signatures, declarations, and which of them is believed."""

import gzip
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crawler.web.sniff import SNIFF_SIZE, UNKNOWN, is_html, is_image, sniff_media_type

PAGE = b"<!DOCTYPE html>\n<html><head><title>x</title></head></html>"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def drawn(kind: str) -> bytes:
    """A picture written by a library that is not ours."""
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(file, kind)
    return file.getvalue()


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "b")
    return file.getvalue()


DECLARED = [
    None,
    "",
    "text/html",
    "text/plain",
    "image/x-odd",
    "application/octet-stream",
    "application/json",
    "nonsense",
]


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp"),
        ("BMP", "image/bmp"), ("ICO", "image/x-icon"), ("TIFF", "image/tiff"), ("JPEG2000", "image/jp2"),
    ],
)  # fmt: skip
def test_a_picture_is_a_picture_whatever_was_declared(declared: str | None, kind: str, media_type: str) -> None:
    assert sniff_media_type(declared, drawn(kind)[:SNIFF_SIZE]) == media_type


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "image/avif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
        (b"\xff\x0a\xff\x07", "image/jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"GIF87a", "image/gif"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"\0\0\x02\0\x01\0", "image/x-icon"),
        (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    ],
)
def test_signatures_of_pictures(data: bytes, media_type: str) -> None:
    assert sniff_media_type("application/json", data) == media_type


@pytest.mark.parametrize(
    "declared", [None, "text/html", "text/plain; charset=utf-8", "image/png", "application/octet-stream", "*/*"]
)
@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (b"%!PS-Adobe-3.0", "application/postscript"),
        (zipped(), "application/zip"),
        (gzip.compress(b"x"), "application/gzip"),
        (b"BZh91AY&SY", "application/x-bzip2"),
        (b"\xfd7zXZ\0", "application/x-xz"),
        (b"(\xb5/\xfd", "application/zstd"),
        (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\x01\0", "application/vnd.rar"),
        (b"wOFF\0\x01\0\0", "font/woff"),
        (b"wOF2\0\x01\0\0", "font/woff2"),
        (b"OTTO\0\x0a", "font/otf"),
        (b"\0\x01\0\0\0\x0f", "font/ttf"),
        (b"ttcf\0\x02\0\0", "font/collection"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wave"),
        (b"RIFF\x24\0\0\0AVI LIST", "video/avi"),
        (b"FORM\0\0\0\x24AIFF", "audio/aiff"),
        (b"ID3\x04\0", "audio/mpeg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"MThd\0\0\0\x06", "audio/midi"),
        (b"OggS\0\x02", "application/ogg"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
    ],
)
def test_signatures_where_the_declared_type_has_none_such(declared: str | None, data: bytes, media_type: str) -> None:
    assert sniff_media_type(declared, data) == media_type


@pytest.mark.parametrize(
    ("declared", "data"),
    [
        ("application/epub+zip", zipped()),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", zipped()),
        ("application/x-tar", gzip.compress(b"x")),
        ("audio/mp4", b"\0\0\0\x20ftypisom\0\0\x02\0"),
        ("audio/ogg", b"OggS\0\x02"),
        ("application/json", b"{}"),
        ("application/json", PAGE),
        ("text/css", b"a{}"),
        ("text/javascript", b"<!-- x"),
        ("application/xml", b"<?xml version='1.0'?><rss/>"),
        ("text/xml", b"<rss/>"),
        ("application/xhtml+xml", b"<?xml version='1.0'?><html/>"),
        ("application/pdf", b"truncated"),
        ("image/png", b"what is this"),
        ("image/png", b""),
        ("image/svg+xml", SVG),
        ("image/svg+xml", b"<!-- " + b"long " * 1000),
        ("text/html", b"no tag at all"),
        ("text/html", SVG),
        ("text/html", b"\0\0\0\0"),
        ("text/html", b"BMW is a maker of cars. Its name"),
        ("text/plain", b"BMW is a maker of cars. Its name"),
        ("text/plain", PAGE),
        ("text/plain", SVG),
        ("text/plain", b"ID3 tags stand before the sound"),
        ("video/mp2t", b"G\x40\0\x10"),
    ],
)
def test_what_is_declared_and_not_refuted_stands(declared: str, data: bytes) -> None:
    assert sniff_media_type(declared, data) == declared


@pytest.mark.parametrize(
    "declared",
    ["image/png", "image/svg+xml", "audio/mpeg", "video/mp4", "font/woff2", "application/pdf", "application/zip"],
)
@pytest.mark.parametrize(
    "data",
    [PAGE, b"\xef\xbb\xbf" + PAGE, b" \n\t" + PAGE, b"<!-- moved --><HTML >", b"<h1>Not found</h1>", b"<p\nclass=x>"],
)
def test_a_page_in_place_of_something_with_a_signature(declared: str, data: bytes) -> None:
    assert sniff_media_type(declared, data) == "text/html"


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "*/*",
        "unknown/unknown",
        "application/octet-stream",
        "Binary/Octet-Stream;x=y",
        "text",
        "a b/c",
        ", ;,",
    ],
)
@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PAGE, "text/html"),
        (b"\xef\xbb\xbf\r\n<html>", "text/html"),
        (b"<!doctype  html>", "text/html"),
        (b"<!-- a comment that does not end", "text/html"),
        (b"<a href=x>", "text/html"),
        (b"<abbr>", "text/plain"),
        (b"x <html>", "text/plain"),
        (b"<?xml version='1.0'?><rss/>", "text/xml"),
        (
            b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'a'>\n<html xmlns='http://www.w3.org/1999/xhtml'>",
            "application/xhtml+xml",
        ),
        (SVG, "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- x - -- y --><!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg:svg>", "image/svg+xml"),
        (b"plain words", "text/plain"),
        (b"", "text/plain"),
        (b"\xef\xbb\xbfwords", "text/plain"),
        (b"\xff\xfew\0o\0", "text/plain"),
        (b"\xfe\xff\0w\0o", "text/plain"),
        (b"esc \x1b[0m", "text/plain"),
        (b"nul \0", UNKNOWN),
        (b"vt \x0b", UNKNOWN),
        (b"a" * SNIFF_SIZE + b"\0", "text/plain"),
    ],
)
def test_what_is_undeclared_is_looked_at(declared: str | None, data: bytes, media_type: str) -> None:
    assert sniff_media_type(declared, data) == media_type


@pytest.mark.parametrize(
    ("declared", "data", "media_type"),
    [
        ("text/plain", b"\0\x01\x02\x03", UNKNOWN),
        ("text/plain", b"\xff\xfea\0", "text/plain"),
        ("text/xml", SVG, "image/svg+xml"),
        ("application/xml", b"<?xml version='1.0'?>" + SVG, "image/svg+xml"),
        ("text/xml", b"<?xml version='1.0'?><html>", "application/xhtml+xml"),
        ("image/png", SVG, "image/svg+xml"),
        (" TEXT/HTML ; charset=UTF-8", PAGE, "text/html"),
        ("Image/PNG", PNG, "image/png"),
        ("text/html, text/css", b"", "text/css"),
        ("text/html, */*", b"", "text/html"),
        ('text/css; a="b, c/d"', b"", "text/css"),
    ],
)
def test_the_rest(declared: str, data: bytes, media_type: str) -> None:
    assert sniff_media_type(declared, data) == media_type


def test_classes() -> None:
    assert [name for name in ("text/html", "application/xhtml+xml", "text/xml", "image/png") if is_html(name)] == [
        "text/html",
        "application/xhtml+xml",
    ]
    assert [name for name in ("text/html", "image/png", "image/svg+xml", "video/image") if is_image(name)] == [
        "image/png",
        "image/svg+xml",
    ]


@settings(deadline=None)
@given(st.one_of(st.none(), st.text(max_size=30), st.sampled_from(DECLARED)), st.binary(max_size=64))
def test_the_answer_is_always_a_type(declared: str | None, data: bytes) -> None:
    kind, slash, rest = sniff_media_type(declared, data).partition("/")
    assert slash
    assert kind
    assert rest
    assert (kind + rest).isascii()
    assert (kind + rest).islower() or not (kind + rest).isalpha()


@pytest.mark.parametrize(
    "data",
    [b"<!--" * 400, b"<!" * 720, b"<!DOCTYPE [" * 130, b"-" * SNIFF_SIZE, b" " * SNIFF_SIZE, b"<?xml ><!--" * 130],
)
def test_hostile_beginnings_end(data: bytes) -> None:
    assert "/" in sniff_media_type(None, data)
