"""Pictures that are none, are damaged, lie about themselves, or would be a bomb if somebody decoded them."""

import gzip
import struct
import zlib
from typing import Final

from tests.hostile.case import BAD, DECODE, SAVED, STATUS, TOO_LARGE, TRUNCATED, TYPE, Case
from tests.hostile.crawled import Theme
from tests.toysite import Reply, image, page

PNG: Final = image(8, 8).body
GIF: Final = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
HTML: Final = b"<!doctype html><html><a href=/never>x</a></html>"


def picture(name: str, why: str, answer: Reply, *ends: str, good: tuple[str, ...] = (), kept: bool = False) -> Case:
    """A page that shows this; with `kept` it must be kept as it is."""
    return Case(
        name=name,
        why=why,
        pages={"/": page("/before", "/after", images=[BAD, "/good.png"]), BAD: answer, "/good.png": image(9)},
        links=(),
        ends={BAD: ends or (SAVED,)},
        contents={"/good.png": image(9).body, **({BAD: answer.body} if kept else {})},
        never=("/never",),
        good=good,
    )


def drawn(body: bytes, content_type: str = "image/png", **fields: str) -> Reply:
    """These bytes as a picture."""
    return Reply(body=body, headers={"Content-Type": content_type, **fields})


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def sized(width: int, height: int) -> bytes:
    """A PNG that claims this size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


NO_PICTURES = (
    picture("HTML named as a picture", "the first bytes decide", drawn(HTML, "text/html"), TYPE),
    picture("HTML said to be JPEG", "the first bytes decide", drawn(HTML, "image/jpeg"), TYPE),
    picture("HTML without a type", "the first bytes decide", Reply(body=HTML), TYPE),
    picture("a script", "no picture", drawn(b"alert(1)", "text/javascript"), TYPE),
    picture("JSON", "no picture", drawn(b'{"error": "gone"}', "application/json"), TYPE),
    picture("an archive said to be PNG", "the first bytes decide", drawn(b"PK\3\4" + bytes(99), "image/png"), TYPE),
    picture("a PDF said to be PNG", "the first bytes decide", drawn(b"%PDF-1.7\n", "image/png"), TYPE),
    picture("a film", "no picture", drawn(b"\0\0\0\x18ftypmp42" + bytes(99), "video/mp4"), TYPE),
    picture("text/plain", "no picture", drawn(b"gone", "text/plain"), TYPE),
    picture("404 with a picture", "the status decides", Reply(404, PNG, {"Content-Type": "image/png"}), STATUS),
    picture(
        "a picture cut off",
        "RFC 9112 8: incomplete",
        Reply(body=PNG, cut=20, headers={"Content-Type": "image/png"}),
        TRUNCATED,
    ),
    picture(
        "a picture without end",
        "a limit on it",
        Reply(body=PNG + bytes(5_000_000), headers={"Content-Type": "image/png"}),
        TOO_LARGE,
    ),
    picture(
        "a bomb of gzip",
        "decoded bytes count",
        drawn(gzip.compress(PNG + bytes(1 << 24)), **{"Content-Encoding": "gzip"}),
        TOO_LARGE,
    ),
    picture(
        "a broken coding",
        "never a saved picture",
        drawn(gzip.compress(PNG)[:-9], **{"Content-Encoding": "gzip"}),
        DECODE,
    ),
)

ODD = (
    picture(
        "zero bytes",
        "nothing to keep, or kept as it is",
        drawn(b""),
        SAVED,
        TYPE,
        "rejected damaged",
        "rejected too-small",
    ),
    picture("one byte", "no signature", drawn(b"\x89"), SAVED, TYPE, "rejected damaged"),
    picture("a signature and nothing else", "no size", drawn(PNG[:8]), SAVED, "rejected damaged"),
    picture("half a PNG in a whole answer", "damaged", drawn(PNG[: len(PNG) // 2]), SAVED, "rejected damaged"),
    picture("PNG of 2**31-1 pixels a side", "never decoded", drawn(sized(2**31 - 1, 2**31 - 1)), kept=True),
    picture("PNG of 0 pixels", "never decoded", drawn(sized(0, 0)), SAVED, "rejected damaged", "rejected too-small"),
    picture(
        "PNG whose chunk is 4 GB long",
        "never believed",
        drawn(PNG[:33] + b"\xff\xff\xff\xffIDAT" + bytes(50)),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "JPEG of empty segments",
        "linear",
        drawn(b"\xff\xd8" + b"\xff\xe0\0\2" * 50_000, "image/jpeg"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "JPEG of fill bytes", "linear", drawn(b"\xff\xd8" + b"\xff" * 200_000, "image/jpeg"), SAVED, "rejected damaged"
    ),
    picture(
        "JPEG whose segment is 0 long",
        "no loop",
        drawn(b"\xff\xd8\xff\xe0\0\0" + bytes(99), "image/jpeg"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "TIFF whose directory is itself",
        "no loop",
        drawn(b"II*\0\x08\0\0\0\0\0\x08\0\0\0", "image/tiff"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "AVIF of boxes in boxes",
        "no recursion",
        drawn(b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"\0\0\xff\xffmeta" * 5000, "image/avif"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "WebP whose size is a lie",
        "never believed",
        drawn(b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 30, "image/webp"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "an icon of 65,535 pictures",
        "bounded",
        drawn(b"\0\0\1\0\xff\xff" + b"\x10\x10\0\0\1\0\x20\0" * 999, "image/x-icon"),
        SAVED,
        TYPE,
        "rejected damaged",
    ),
    picture(
        "BMP of negative size",
        "no crash",
        drawn(b"BM" + bytes(12) + b"\x28\0\0\0" + b"\xff" * 40, "image/bmp"),
        SAVED,
        TYPE,
        "rejected damaged",
    ),
    picture(
        "a GIF and a page in one",
        "the signature decides; no links",
        drawn(GIF + HTML, "text/html"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "a GIF and an archive in one",
        "kept as it is",
        drawn(GIF + b"PK\5\6" + bytes(18), "image/gif"),
        SAVED,
        "rejected damaged",
    ),
    picture("PNG said to be JPEG", "the first bytes decide", drawn(PNG, "image/jpeg"), kept=True),
    picture("PNG said to be text", "the first bytes decide", drawn(PNG, "text/plain"), kept=True),
    picture("PNG without a type", "the first bytes decide", Reply(body=PNG), kept=True),
    picture(
        "a picture in gzip that nobody asked for",
        "it is undone",
        drawn(gzip.compress(PNG), **{"Content-Encoding": "gzip"}),
    ),
    picture(
        "a name that is a path",
        "the server chooses none",
        drawn(PNG, **{"Content-Disposition": 'inline; filename="../../evil.png"'}),
        kept=True,
    ),
)

DRAWINGS = (
    picture(
        "SVG with a script",
        "kept, never run",
        drawn(SVG[:-2] + b"><script>fetch('/never')</script></svg>", "image/svg+xml"),
        kept=True,
    ),
    picture(
        "SVG with links",
        "a picture leads nowhere",
        drawn(SVG[:-2] + b'><a href="/never"/></svg>', "image/svg+xml"),
        kept=True,
    ),
    picture(
        "SVG with entities upon entities",
        "none is made",
        drawn(
            b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">'
            + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
            + b"]>"
            + SVG[:-2]
            + b">&j;</svg>",
            "image/svg+xml",
        ),
        kept=True,
    ),
    picture(
        "SVG with a file for an entity",
        "none is read",
        drawn(b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + SVG[:-2] + b">&x;</svg>", "image/svg+xml"),
        kept=True,
    ),
    picture(
        "SVG behind a megabyte of comment",
        "bounded",
        drawn(b"<!--" + b"x" * 1_000_000 + b"-->" + SVG, "image/svg+xml"),
        kept=True,
    ),
    picture(
        "SVG with an attribute without end",
        "linear",
        drawn(b"<svg width='" + b"1" * 500_000, "image/svg+xml"),
        SAVED,
        "rejected damaged",
    ),
    picture(
        "SVG of 1e308 pixels",
        "no crash",
        drawn(b"<svg width='1e308' height='nan' viewBox='0 0 1e999 -1'></svg>", "image/svg+xml"),
        SAVED,
        "rejected damaged",
    ),
    picture("SVG in gzip as .svgz", "kept as it is", drawn(gzip.compress(SVG), "image/svg+xml"), SAVED, TYPE),
)

THEME: Final = Theme("images", (*NO_PICTURES, *ODD, *DRAWINGS), {"images": {"min_width": 1}})
