"""The encodings of documents: marks, labels, declarations, and that a label never reaches Python's own codecs."""

import codecs

import pytest

from crawler.web.charset import (
    DEFAULT_CODEC,
    LATE,
    codec_of_encoding,
    encode_query,
    encoding_of_label,
    find_encoding,
)

META = b"<meta charset=koi8-r>"


@pytest.mark.parametrize(
    ("body", "declared", "codec"),
    [
        (b"", None, "cp1252"),
        (b"text", None, "cp1252"),
        (b"\xef\xbb\xbf" + META, "shift_jis", "utf-8"),
        (b"\xfe\xff\0<", "utf-8", "utf-16-be"),
        (b"\xff\xfe<\0", None, "utf-16-le"),
        (b"<\0?\0x\0m\0", None, "utf-16-le"),
        (b"\0<\0?\0x\0m", None, "utf-16-be"),
        (META, "utf-8", "utf-8"),
        (META, " UTF-16 ", "utf-16-le"),
        (META, "no such thing", "koi8-r"),
        (META, "", "koi8-r"),
        (META, None, "koi8-r"),
    ],
)
def test_what_counts_first(body: bytes, declared: str | None, codec: str) -> None:
    assert find_encoding(body, declared) == codec


@pytest.mark.parametrize(
    ("body", "codec"),
    [
        (b"<META Charset = 'KOI8-R' />", "koi8-r"),
        (b"<meta/charset=koi8-r>", "koi8-r"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", "koi8-r"),
        (b"<meta content='text/html; charset = \"koi8-r\"' http-equiv=content-type>", "koi8-r"),
        (b"<meta http-equiv=content-type content=\"a; charset='koi8-r'\">", "koi8-r"),
        (b"<meta http-equiv=content-type content='charset=koi8-r;x'>", "koi8-r"),
        (b"<meta http-equiv=content-type content='charset=\"koi8-r'>", "cp1252"),
        (b"<meta http-equiv=content-type content='charset='>", "cp1252"),
        (b"<meta http-equiv=content-type content='text/html'>", "cp1252"),
        (b"<meta http-equiv=content-type>", "cp1252"),
        (b"<meta content='charset=koi8-r'>", "cp1252"),
        (b"<meta charset=koi8-r charset=utf-8>", "koi8-r"),
        (b"<meta charset=nothing>" + META, "koi8-r"),
        (b"<meta charset=nothing http-equiv=content-type content='charset=utf-8'>" + META, "koi8-r"),
        (b"<meta charset=utf-16be>", "utf-8"),
        (b"<meta charset=utf-16le>", "utf-8"),
        (b"<meta charset=x-user-defined>", "cp1252"),
        (b"<!-- <meta charset=utf-8> -->" + META, "koi8-r"),
        (b"<!--><meta charset=koi8-r>", "koi8-r"),
        (b"<! <meta charset=utf-8>" + META, "koi8-r"),
        (b"<p title='<meta charset=utf-8>'>" + META, "koi8-r"),
        (b"</meta charset=utf-8>" + META, "koi8-r"),
        (b"<metal charset=utf-8>" + META, "koi8-r"),
        (b"<meta charset=koi8-r", "cp1252"),
        (b"<!-- " + META, "cp1252"),
        (b"<?xml version='1.0' encoding='koi8-r'?><html>", "koi8-r"),
        (b'<?xml version="1.0" encoding = "utf-16" ?>', "utf-8"),
        (b"<?xml version='1.0' encoding='koi8-r'?><meta charset=utf-8>", "utf-8"),
        (b"<?xml version='1.0'?>", "cp1252"),
        (b" <?xml version='1.0' encoding='koi8-r'?>", "cp1252"),
    ],
)
def test_what_the_document_says(body: bytes, codec: str) -> None:
    assert find_encoding(body) == codec


def test_a_late_declaration_is_found_up_to_a_bound() -> None:
    script = b"<script>'<meta charset=utf-8>'</script>"
    assert find_encoding(b"<!-- " + b"x" * 2000 + b" -->" + script + META) == "koi8-r"
    assert find_encoding(b" " * (LATE - len(META)) + META) == "koi8-r"
    assert find_encoding(b" " * (LATE - len(META) + 1) + META) == DEFAULT_CODEC


@pytest.mark.parametrize(
    "label", ["utf-7", "idna", "zlib", "base64", "rot13", "undefined", "punycode", "cp037", "utf-32"]
)
def test_python_codecs_that_are_no_encodings_of_the_web(label: str) -> None:
    codecs.lookup(label)
    assert encoding_of_label(label) is None
    assert find_encoding(f"<meta charset={label}>".encode(), label) == DEFAULT_CODEC


@pytest.mark.parametrize(
    ("label", "name", "codec"),
    [
        ("\t UTF8\n", "UTF-8", "utf-8"),
        ("latin1", "windows-1252", "cp1252"),
        ("iso-8859-8-i", "ISO-8859-8-I", "iso8859-8"),
        ("gb2312", "GBK", "gb18030"),
        ("sjis", "Shift_JIS", "cp932"),
        ("ks_c_5601-1987", "EUC-KR", "cp949"),
        ("x-mac-ukrainian", "x-mac-cyrillic", "mac-cyrillic"),
        ("tis-620", "windows-874", "cp874"),
        ("iso-2022-kr", "replacement", "ascii"),
    ],
)
def test_labels(label: str, name: str, codec: str) -> None:
    assert encoding_of_label(label) == name
    assert codec_of_encoding(name) == codec


def test_labels_are_ascii() -> None:
    assert encoding_of_label("\u212aoi8-r") is None
    assert encoding_of_label("\u00a0utf-8") is None


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "cp932", "big5hkscs", "gb18030", "cp949", "iso2022-jp", "ascii"])
def test_every_codec_decodes_anything(codec: str) -> None:
    assert bytes(range(256)).decode(codec, "replace")
    assert encode_query("http://a/?\u3042\U0001f600\ud800".encode("utf-8", "replace").decode(), codec).isprintable()


def test_queries_of_legacy_pages() -> None:
    assert encode_query("x?\u00e9", "cp1252") == "x?%E9"
    assert encode_query("x\u00e9", "cp1252") == "x\u00e9"
    assert encode_query("x?a&b=c d'\"", "cp1252") == "x?a&b=c d'\""
    assert encode_query("x?\u00e9\n\u3042", "cp1252") == "x?%E9%26%2312354%3B"
    assert encode_query(" mailto:x?\u00e9", "cp1252") == " mailto:x?\u00e9"
    assert encode_query("ftp:x?\u2212\u00a5", "cp932") == "ftp:x?%81|\\"
