"""What first and last bytes tell of pictures, which a library that is not ours has drawn and measured."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from crawler.web.probe import MAX_PROBE, MAX_SEGMENTS, PROBE_SIZE, TAIL_SIZE, Probe, is_whole, probe_image

KINDS = {
    "png": ("PNG", "image/png", {}),
    "jpeg": ("JPEG", "image/jpeg", {}),
    "progressive": ("JPEG", "image/jpeg", {"progressive": True}),
    "gif": ("GIF", "image/gif", {}),
    "webp": ("WEBP", "image/webp", {}),
    "webp-lossless": ("WEBP", "image/webp", {"lossless": True}),
    "webp-extended": ("WEBP", "image/webp", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"}),
    "avif": ("AVIF", "image/avif", {}),
    "bmp": ("BMP", "image/bmp", {}),
    "tiff": ("TIFF", "image/tiff", {}),
    "tiff-big": ("TIFF", "image/tiff", {"big_tiff": True}),
    "jp2": ("JPEG2000", "image/jp2", {}),
    "ico": ("ICO", "image/x-icon", {}),
}
SIZES = [(1, 1), (1, 300), (300, 1), (17, 33), (64, 64), (255, 256), (257, 129)]


def drawn(kind: str, size: tuple[int, int] = (17, 33), **more: object) -> bytes:
    name, _, options = KINDS[kind]
    if name == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(file, name, **options, **more)
    return file.getvalue()


def probe(data: bytes) -> Probe:
    found = probe_image(data)
    assert found is not None
    return found


def probed(data: bytes) -> tuple[Probe | None, list[int]]:
    """As a caller probes a document, and what it asks for."""
    asked = [PROBE_SIZE]
    while (found := probe_image(first := data[: asked[-1]])) and found.needed and len(first) == asked[-1]:
        asked.append(found.needed)
    return found, asked


def whole(data: bytes, media_type: str | None = None) -> bool:
    first = data[:PROBE_SIZE]
    return is_whole(media_type or probe(first).media_type, first, data[-TAIL_SIZE:], len(data))


@pytest.mark.parametrize(
    ("kind", "size"), [(kind, size) for kind in KINDS for size in SIZES if kind != "ico" or min(size) > 1]
)
def test_type_and_size(kind: str, size: tuple[int, int]) -> None:
    data = drawn(kind, size)
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    assert probe(data[:PROBE_SIZE]) == Probe(KINDS[kind][1], width, height)
    assert whole(data)


@pytest.mark.parametrize("kind", KINDS)
def test_every_prefix_tells_the_same_or_less(kind: str) -> None:
    data = drawn(kind)
    expected = probe(data)
    is_known = False
    for cut in range(min(len(data), PROBE_SIZE) + 1):
        found = probe_image(data[:cut])
        if found is None or found.width is None:
            assert not is_known, cut
            assert found is None or (found.needed is not None and cut < found.needed <= MAX_PROBE)
        else:
            assert found == expected
            is_known = True
    assert is_known


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"<!DOCTYPE html><title>photo.jpg</title>",
        b"just words",
        b"%PDF-1.7",
        b"\x89PNG\r\n",
        b"\xff\xd8",
        b"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY a '&lol;&lol;'>]><lolz>&a;</lolz>",
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    assert probe_image(data) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff", ("image/png", 2**31 - 1, 2**31 - 1)),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\1", ("image/png", None, None)),
        (b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI\x50\0\x20\2\0\0\0\0", ("image/png", None, None)),
        (b"GIF87a\xff\xff\xff\xff", ("image/gif", 65535, 65535)),
        (b"GIF89a\0\0\0\0", ("image/gif", None, None)),
        (b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\3\0\0\0\xfe\xff\xff\xff", ("image/bmp", 3, 2)),
        (b"BM\0\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0\3\0\2\0\1\0\x18\0", ("image/bmp", 3, 2)),
        (b"8BPS\0\1" + b"\0" * 6 + b"\0\3\0\0\0\2\0\0\0\3\0\x08\0\3", ("image/vnd.adobe.photoshop", 3, 2)),
        (b"\0\0\1\0\2\0" + b"\x10\x30" + b"\0" * 14 + b"\x20\x20" + b"\0" * 14, ("image/x-icon", 32, 32)),
        (b"\0\0\2\0\2\0" + b"\x10\x30" + b"\0" * 14 + b"\0\x20" + b"\0" * 14, ("image/x-icon", 256, 32)),
        (b"RIFF\xff\xff\0\0WEBPVP8?" + b"\x2f" * 20, ("image/webp", None, None)),
        (b"RIFF\xff\xff\0\0WEBPVP8L\0\0\0\0\x2e" + b"\0" * 20, ("image/webp", None, None)),
        (b"RIFF\xff\xff\0\0WEBPVP8 \0\0\0\0" + b"\0" * 20, ("image/webp", None, None)),
        (b"RIFF\xff\xff\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff", ("image/webp", 2**24, 2**24)),
        (b"\xff\x0a\0\x90\1\0\x13\x88\2\0\xc0", ("image/jxl", 1, 1)),
        (b"<svg width='1e99' height='1'/>", ("image/svg+xml", None, None)),
        (b"<svg width='3' height='2'><script>alert(1)</script></svg>", ("image/svg+xml", 3, 2)),
    ],
)
def test_headers_after_their_standards(header: bytes, expected: tuple[str, int | None, int | None]) -> None:
    assert probe(header) == Probe(*expected)


# JPEG


def segment(marker: int, contents: bytes = b"") -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(contents)) + contents


def frame(marker: int = 0xC0, width: int = 30, height: int = 20) -> bytes:
    return segment(marker, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")


START = b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0")


@pytest.mark.parametrize("marker", [*range(0xC0, 0xD0)])
def test_any_frame_has_the_size(marker: int) -> None:
    is_frame = marker not in (0xC4, 0xC8, 0xCC)  # tables, an extension, conditioning (ISO/IEC 10918-1 table B.1)
    found = probe(START + frame(marker, 3, 2) + frame(0xC0, 30, 20))
    assert (found.width, found.height) == ((3, 2) if is_frame else (30, 20))


@pytest.mark.parametrize(
    "header",
    [
        START + b"\xff\xff\xff" + frame(),  # filling
        START + b"junk" + frame(),
        START + b"\xff\0\xff\xd3\xff\1" + frame(),  # markers without a length
        START + segment(0xE1, b"Exif\0\0" + START + frame(0xC0, 3, 2) + SCAN) + frame(),  # a preview
    ],
)
def test_a_jpeg_header_is_walked_through(header: bytes) -> None:
    assert probe(header) == Probe("image/jpeg", 30, 20)


@pytest.mark.parametrize(
    "header",
    [
        START + SCAN + frame(),
        START + b"\xff\xd9" + frame(),
        START + b"\xff\xfe\0\1" + frame(),
        START + frame(height=0),  # told behind the first scan
        START + segment(0xFE) * MAX_SEGMENTS + frame(),
    ],
)
def test_a_jpeg_header_may_tell_nothing(header: bytes) -> None:
    assert probe(header) == Probe("image/jpeg")


def test_long_metadata_is_read_in_few_steps() -> None:
    exif = segment(0xE1, b"Exif\0\0" + b"x" * 60_000)
    profile = segment(0xE2, b"ICC_PROFILE\0" + b"x" * 65_000)
    found, asked = probed(START + exif + profile * 2 + frame() + b"x" * MAX_PROBE)
    assert found == Probe("image/jpeg", 30, 20)
    assert asked[1] == len(START + exif) + 4
    assert len(asked) <= 5

    found, asked = probed(START + segment(0xFE) * 4000 + frame() + b"x" * MAX_PROBE)
    assert found == Probe("image/jpeg", 30, 20)
    assert asked == [4096, 8192, 16384]


def test_only_so_much_is_asked_for() -> None:
    assert probed(START + segment(0xFE, b"x" * 65_533) * 5 + frame())[0] == Probe("image/jpeg")
    found, asked = probed(START + (segment(0xFE, b"x" * 8_000)) * 40 + frame())
    assert found == Probe("image/jpeg")
    assert asked[-1] == MAX_PROBE


def test_a_short_document_is_not_asked_for_more() -> None:
    found, asked = probed(START + segment(0xE1, b"Exif\0\0" + b"x" * 60_000)[:1000])
    assert found is not None
    assert found.width is None
    assert asked == [PROBE_SIZE]


def test_dimensions_are_the_stored_ones() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert probe(drawn("jpeg", (40, 30), exif=exif)) == Probe("image/jpeg", 40, 30)


# TIFF


def tiff(order: str, *entries: bytes, place: int = 8) -> bytes:
    begin = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, place)
    return begin.ljust(place, b"\0") + struct.pack(order + "H", len(entries)) + b"".join(entries)


def entry(order: str, tag: int, kind: int, value: bytes) -> bytes:
    return struct.pack(order + "HHI", tag, kind, 1) + value.ljust(4, b"\0")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "form"), [(1, "B"), (3, "H"), (4, "I")])
def test_tiff_in_both_orders_and_all_numbers(order: str, kind: int, form: str) -> None:
    width = entry(order, 256, kind, struct.pack(order + form, 30))
    height = entry(order, 257, kind, struct.pack(order + form, 20))
    assert probe(tiff(order, entry(order, 254, 4, b""), width, height)) == Probe("image/tiff", 30, 20)
    last = entry(order, 258, 3, b"\x08")
    assert probe(tiff(order, width, height, last, width)) == Probe("image/tiff", 30, 20)


def test_tiff_big_endian_with_long_places() -> None:
    entries = struct.pack(">HHQHxxxxxx", 256, 3, 1, 30) + struct.pack(">HHQQ", 257, 16, 1, 20)
    assert probe(b"MM\0\x2b\0\x08\0\0" + struct.pack(">QQ", 16, 2) + entries) == Probe("image/tiff", 30, 20)


@pytest.mark.parametrize(
    "data",
    [
        tiff("<"),
        tiff("<", entry("<", 256, 3, b"\3")),
        tiff("<", entry("<", 256, 2, b"\3"), entry("<", 257, 5, b"\2")),
        tiff("<", place=MAX_PROBE)[:100],
        b"II*\0\xff\xff\xff\xff",
    ],
)
def test_tiff_without_a_size(data: bytes) -> None:
    assert probe(data) == Probe("image/tiff")


# Ends

ENDED = ["png", "jpeg", "progressive", "gif", "webp", "webp-lossless", "webp-extended"]


@pytest.mark.parametrize("kind", ENDED)
def test_every_truncation_is_told(kind: str) -> None:
    data = drawn(kind)
    media_type = KINDS[kind][1]
    assert whole(data)
    for cut in range(len(data)):
        assert not whole(data[:cut], media_type), cut


def test_the_end_of_a_preview_is_none() -> None:
    preview = drawn("jpeg", (16, 16))
    data = drawn("jpeg", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + preview)
    assert preview in data
    assert whole(data)
    for cut in range(len(data)):
        assert not whole(data[:cut], "image/jpeg"), cut


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
@pytest.mark.parametrize("more", [b"\n", b"\0" * 64, b"\r\n", b"\0" * (TAIL_SIZE - 100)])
def test_filling_may_follow(kind: str, more: bytes) -> None:
    assert whole(drawn(kind) + more)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_other_bytes_may_follow_where_the_end_is_known_among_them(kind: str) -> None:
    assert whole(drawn(kind) + b"<!-- served by x -->" * 200)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif"])
def test_an_end_far_before_the_end_is_not_looked_for(kind: str) -> None:
    assert not whole(drawn(kind) + b"x" * TAIL_SIZE)


@pytest.mark.parametrize("mark", [b"<x:xmpmeta GCamera:MotionPhoto='1'>", b"<x:xmpmeta GCamera:MicroVideo='1'>"])
def test_a_film_may_follow_a_photo(mark: bytes) -> None:
    assert whole(START + segment(0xE1, mark) + frame() + SCAN + b"\xff\xd9" + b"film" * TAIL_SIZE)


def test_a_camera_may_mark_its_own_end() -> None:
    assert whole(drawn("jpeg") + b"film" * TAIL_SIZE + b"SEFT")


@pytest.mark.parametrize("kind", ["avif", "bmp", "tiff", "ico", "jp2"])
def test_others_do_not_tell(kind: str) -> None:
    assert whole(drawn(kind)[:-1])


def test_a_type_that_is_not_known_does_not_tell() -> None:
    assert is_whole("text/html", b"", b"", 0)


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/gif", "image/webp"])
def test_nothing_is_not_whole(media_type: str) -> None:
    assert not is_whole(media_type, b"", b"", 0)


# Anything

BEGINNINGS = [
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WEBPVP8L",
    b"RIFF\0\0\0\0WEBPVP8X", b"\0\0\0\x10ftypavif\0\0\0\0", b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x40meta", b"\xff\x0a",
    b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x0cjP  \r\n\x87\n", b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0",
    b"\0\0\1\0\3\0", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"8BPS\0", b"<svg ", b"",
]  # fmt: skip


def check(data: bytes) -> None:
    found = probe_image(data)
    if found is not None:
        assert found.media_type.startswith("image/")
        assert (found.width is None) == (found.height is None)
        assert found.width is None or found.needed is None
        assert found.needed is None or len(data) < found.needed <= MAX_PROBE
        assert isinstance(is_whole(found.media_type, data, data[-16:], len(data)), bool)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=200))
def test_any_bytes_may_follow_a_signature(beginning: bytes, rest: bytes) -> None:
    check(beginning + rest)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=8))
def test_any_byte_of_a_header_may_be_wrong(kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(drawn(kind)[:PROBE_SIZE])
    for place, value in changes:
        data[place % len(data)] = value
    check(bytes(data))


def text_bomb() -> bytes:
    text = zlib.compress(b"\0" * 1_000_000, 9)
    chunk = struct.pack(">I", len(text) + 3) + b"zTXta\0\0" + text + b"\0\0\0\0"
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\3\0\0\0\2\x08\2\0\0\0\0\0\0\0" + chunk * 200


@pytest.mark.parametrize(
    "make",
    [
        text_bomb,
        lambda: b"\xff\xd8" + segment(0xE0) * 70_000,
        lambda: b"\xff\xd8\xff" + b"\xff\0" * 130_000,
        lambda: b"\xff\xd8\xff\xe0\0\2" + b"x" * 260_000,
        lambda: b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 32_000,
        lambda: tiff("<", *[entry("<", 0, 3, b"")] * 20_000),
        lambda: b"<svg " + b"<svg a='" * 32_000,
        lambda: b"<svg " + b"a  " * 85_000 + b">",
        lambda: b"<svg " + b"a" * 260_000 + b">",
        lambda: b"<svg viewBox='" + b"1 " * 130_000 + b"'>",
        lambda: b"<!---->" * 37_000 + b"<svg>",
    ],
)
def test_long_headers_are_read(make: Callable[[], bytes]) -> None:
    """Each takes a few milliseconds; with a pattern that goes back, minutes."""
    check(make()[:MAX_PROBE])
