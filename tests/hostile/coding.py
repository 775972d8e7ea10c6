"""Bodies in a content coding that is wrong, cut short, unknown, endless, or a bomb (RFC 9110 section 8.4)."""

import gzip
import zlib
from importlib import import_module
from itertools import chain, repeat
from typing import Any, Final

import brotli

from tests.hostile.case import DECODE, SAVED, STATUS, TOO_LARGE, Case, bad, whole
from tests.hostile.crawled import Theme
from tests.toysite import Reply, in_turn

BODY: Final = b"The quick brown fox jumps over the lazy dog.\n" * 40
HUGE: Final = 1 << 24
"""Bytes of a bomb: four times what a body may have here, and packed next to nothing."""


def zstd(data: bytes, **parameters: int) -> bytes:
    """In zstd coding, with these parameters by the names of the module."""
    module = _zstd()
    options = {getattr(module.CompressionParameter, name): value for name, value in parameters.items()}
    return bytes(module.compress(data, options=options or None))


def _zstd() -> Any:
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")


def raw_deflate(data: bytes) -> bytes:
    """In deflate without zlib's head."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def coded(coding: str, body: bytes, status: int = 200, **fields: str) -> Reply:
    """A body said to be in this coding."""
    return Reply(status, body, {"Content-Type": "text/plain", "Content-Encoding": coding, **fields})


def coded_for_ever(coding: str, more: bytes, start: bytes = b"") -> Reply:
    """A body in a coding that never comes to its end."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: {coding}\r\n\r\n".encode()
    return Reply(script=lambda: chain([head + start], repeat(more * (65536 // len(more)))))


def undone(name: str, why: str, coding: str, body: bytes, content: bytes = BODY) -> Case:
    """A body that decodes to `content`."""
    return whole(name, why, coded(coding, body), content)


def broken(name: str, why: str, coding: str, body: bytes, *ends: str) -> Case:
    """A body that must not be taken for a whole one."""
    return bad(name, why, coded(coding, body), *(ends or (DECODE,)))


GZIP: Final = gzip.compress(BODY)
BROTLI: Final = bytes(brotli.compress(BODY))
ZSTD: Final = zstd(BODY)
DEFLATE: Final = zlib.compress(BODY)

SOUND = (
    undone("gzip", "RFC 1952", "gzip", GZIP),
    undone("x-gzip", "RFC 9110 8.4.1.3: the same", "x-gzip", GZIP),
    undone("GZIP", "RFC 9110 8.4.1: case does not matter", "GZip", GZIP),
    undone("gzip of two members", "RFC 1952 2.2", "gzip", gzip.compress(BODY[:99]) + gzip.compress(BODY[99:])),
    undone("gzip of 5,000 members", "linear", "gzip", gzip.compress(b"") * 5000 + GZIP),
    undone("gzip padded with zeros", "gzip(1) takes it", "gzip", GZIP + bytes(512)),
    undone(
        "gzip with a name, a comment and extra fields",
        "RFC 1952 2.3",
        "gzip",
        b"\x1f\x8b\x08\x1c\0\0\0\0\0\x03\x04\0abcdname\0comment\0" + GZIP[10:],
    ),
    undone("gzip of nothing", "RFC 1952", "gzip", gzip.compress(b""), b""),
    undone("nothing, said to be gzip", "browsers take it", "gzip", b"", b""),
    undone("deflate", "RFC 1950", "deflate", DEFLATE),
    undone("deflate without zlib's head", "RFC 9110 8.4.1.2: some send it", "deflate", raw_deflate(BODY)),
    undone("br", "RFC 7932", "br", BROTLI),
    undone("zstd", "RFC 8878", "zstd", ZSTD),
    undone("zstd of two frames", "RFC 8878 3.1", "zstd", zstd(BODY[:99]) + zstd(BODY[99:])),
    undone("zstd behind a skippable frame", "RFC 8878 3.1.2", "zstd", b"\x50\x2a\x4d\x18\x04\0\0\0skip" + ZSTD),
    undone("gzip twice", "RFC 9110 8.4: in the order applied", "gzip, gzip", gzip.compress(GZIP)),
    undone("br upon gzip", "RFC 9110 8.4", "gzip, br", bytes(brotli.compress(GZIP))),
    undone("identity", "RFC 9110 12.5.3", "identity", BODY),
    undone("an empty coding", "RFC 9110 5.6.1: empty members", " , ", BODY),
    whole(
        "gzip in chunks of a byte",
        "any split of the bytes",
        Reply(chunks=[bytes([byte]) for byte in GZIP], headers={"Content-Encoding": "gzip"}),
        BODY,
    ),
    whole(
        "an archive that is no coding",
        "kept as it is",
        Reply(body=GZIP, headers={"Content-Type": "application/gzip"}),
        GZIP,
    ),
    whole(
        "no coding, a length of the decoded",
        "Content-Length counts what is sent",
        Reply(
            raw=b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nX-Length: %d\r\nContent-Length: %d\r\n\r\n%b"
            % (len(BODY), len(GZIP), GZIP),
            keep=True,
        ),
        BODY,
    ),
)

PASSING = (
    *(
        whole(
            f"{coding} that breaks off where the close is the end",
            "RFC 9112 8: nothing but the coding tells, so it is asked for again",
            in_turn(
                Reply(body=body[: len(body) // 2], headers={"Content-Encoding": coding}, until_close=True),
                Reply(body=body, headers={"Content-Encoding": coding}, until_close=True),
            ),
            BODY,
        )
        for coding, body in (("gzip", GZIP), ("br", BROTLI), ("zstd", ZSTD), ("deflate", DEFLATE))
    ),
)

DAMAGED = (
    broken("text said to be gzip", "a damaged page is no page", "gzip", BODY),
    broken("gzip's first two bytes alone", "cut short", "gzip", GZIP[:2]),
    broken("gzip cut in its head", "cut short", "gzip", GZIP[:8]),
    broken("gzip cut in the middle", "never a saved page", "gzip", GZIP[: len(GZIP) // 2]),
    broken("gzip without its last byte", "never a saved page", "gzip", GZIP[:-1]),
    broken("gzip without its checksum", "never a saved page", "gzip", GZIP[:-8]),
    broken("gzip with a wrong checksum", "RFC 1952 2.3.1", "gzip", GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:]),
    broken("gzip with a wrong size", "RFC 1952 2.3.1", "gzip", GZIP[:-4] + b"\xff\0\0\0"),
    broken("gzip with a flipped bit", "never a saved page", "gzip", GZIP[:30] + bytes([GZIP[30] ^ 4]) + GZIP[31:]),
    broken(
        "bytes behind gzip's end",
        "not what its head says; browsers pass over them",
        "gzip",
        GZIP + b"<script>",
        DECODE,
        SAVED,
    ),
    broken("half a member behind gzip's end", "cut short", "gzip", GZIP + GZIP[:20]),
    broken("deflate cut short", "never a saved page", "deflate", DEFLATE[:-6]),
    broken("deflate with a wrong checksum", "RFC 1950 2.2", "deflate", DEFLATE[:-4] + b"abcd"),
    broken("gzip said to be deflate", "neither zlib's nor bare", "deflate", GZIP),
    broken("text said to be deflate", "a damaged page is no page", "deflate", BODY),
    broken("br cut short", "never a saved page", "br", BROTLI[:-3]),
    broken("bytes behind br's end", "RFC 7932 10: not allowed", "br", BROTLI + b"more"),
    broken("text said to be br", "a damaged page is no page", "br", BODY),
    broken("zstd cut short", "never a saved page", "zstd", ZSTD[:-3]),
    broken("text said to be zstd", "a damaged page is no page", "zstd", BODY),
    broken(
        "a zstd window beyond 8 MB",
        "RFC 9659: 8 MB at the most",
        "zstd",
        zstd(bytes(64) + BODY * 8_000, window_log=27, enable_long_distance_matching=1),
        DECODE,
        TOO_LARGE,
    ),
    broken("an unknown coding", "RFC 9110 8.4: it cannot be undone", "x-rot13", BODY),
    broken("compress", "RFC 9110 8.4.1.1: not asked for", "compress", b"\x1f\x9d\x90rest"),
    broken("a charset for a coding", "sent by mistake", "utf-8", BODY, DECODE, SAVED),
    broken("a coding of a module", "a name, never looked up", "zlib", BODY),
    broken("a coding of 60 KB", "a name, never looked up", "x" * 60_000, BODY),
)

BOMBS = (
    broken("a bomb of gzip", "CVE-2024-3572: decoded bytes count", "gzip", gzip.compress(bytes(HUGE)), TOO_LARGE),
    broken("a bomb of deflate", "decoded bytes count", "deflate", zlib.compress(bytes(HUGE)), TOO_LARGE),
    broken(
        "a bomb of br",
        "CVE-2025-66418: decoded bytes count",
        "br",
        bytes(brotli.compress(bytes(HUGE), quality=1)),
        TOO_LARGE,
    ),
    broken("a bomb of zstd", "decoded bytes count", "zstd", zstd(bytes(HUGE)), TOO_LARGE, DECODE),
    broken("a bomb in a bomb", "each stage counts", "gzip, gzip", gzip.compress(gzip.compress(bytes(HUGE))), TOO_LARGE),
    broken("a bomb of many members", "all of them count", "gzip", gzip.compress(bytes(HUGE >> 4)) * 16, TOO_LARGE),
    broken("six codings", "CVE-2023-23916: the chain is bounded", ", ".join(["gzip"] * 6), GZIP),
    broken("a thousand codings", "CVE-2025-66418: the chain is bounded", ", ".join(["gzip"] * 1000), GZIP),
    bad(
        "a hundred lines of codings",
        "CVE-2023-23916: over all lines",
        Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"Content-Encoding: gzip\r\n" * 100 + b"\r\n" + GZIP),
        DECODE,
    ),
    bad(
        "a bomb behind a redirect",
        "bodies of redirects are not decoded",
        coded("gzip", gzip.compress(bytes(HUGE)), 302, Location="/before"),
        "redirected",
    ),
    bad(
        "a broken coding of a redirect",
        "bodies of redirects are not decoded",
        coded("gzip", BODY, 301, Location="/before"),
        "redirected",
    ),
    bad(
        "an unknown coding of a redirect",
        "bodies of redirects are not decoded",
        coded("x-rot13", BODY, 301, Location="/before"),
        "redirected",
    ),
    bad("a bomb as a 404", "an answer is an answer", coded("gzip", gzip.compress(bytes(HUGE)), 404), STATUS),
    bad("a broken coding of a 404", "an answer is an answer", coded("gzip", BODY, 404), STATUS),
    bad(
        "a bomb of HTML",
        "decoded bytes count",
        Reply(
            body=gzip.compress(b"<p>" * (HUGE // 3)), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"}
        ),
        TOO_LARGE,
    ),
)

ENDLESS = (
    bad(
        "empty members of gzip for ever",
        "bytes that decode to nothing count too",
        coded_for_ever("gzip", gzip.compress(b"") * 100),
        TOO_LARGE,
    ),
    bad(
        "empty frames of zstd for ever",
        "bytes that decode to nothing count too",
        coded_for_ever("zstd", zstd(b"") * 100),
        TOO_LARGE,
        DECODE,
    ),
    bad(
        "frames of zstd to skip for ever",
        "RFC 8878 3.1.2: bytes that decode to nothing count too",
        coded_for_ever("zstd", b"\x50\x2a\x4d\x18\xff\xff\xff\x7f"),
        TOO_LARGE,
    ),
    bad(
        "empty blocks of deflate for ever",
        "RFC 1951 3.2.4: bytes that decode to nothing count too",
        coded_for_ever("deflate", b"\0\0\0\xff\xff" * 1000),
        TOO_LARGE,
    ),
    bad(
        "empty blocks of br for ever",
        "RFC 7932 9.2: bytes that decode to nothing count too",
        coded_for_ever("br", b"\x06" * 1000, b"\x0b"),
        TOO_LARGE,
        DECODE,
    ),
    bad(
        "a name of gzip without end",
        "RFC 1952 2.3: bytes that decode to nothing count too",
        coded_for_ever("gzip", b"a" * 1000, b"\x1f\x8b\x08\x08\0\0\0\0\0\3"),
        TOO_LARGE,
    ),
)

THEME: Final = Theme("coding", (*SOUND, *PASSING, *DAMAGED, *BOMBS, *ENDLESS))
