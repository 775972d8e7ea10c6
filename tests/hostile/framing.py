"""Answers whose head or body does not end where it says (RFC 9112)."""

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Final

from tests.hostile.case import (
    PROTOCOL,
    RESET,
    SAVED,
    STATUS,
    TOO_LARGE,
    TRUNCATED,
    Case,
    bad,
    raw,
    whole,
)
from tests.hostile.crawled import Theme
from tests.toysite import Reply

TEXT: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
EVIL: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nEVIL"
HELLO: Final = b"hello"
CHUNK: Final = b"5\r\nhello\r\n"
LAST: Final = b"0\r\n\r\n"
FULLWIDTH: Final = "５".encode()


def chunked(body: bytes, *, keep: bool = True, fields: bytes = b"") -> Reply:
    """A chunked body as these bytes."""
    return raw(TEXT + fields + b"Transfer-Encoding: chunked", body, keep=keep)


def measured(length: bytes, body: bytes = HELLO, *, keep: bool = False) -> Reply:
    """A body with this Content-Length."""
    return raw(TEXT + b"Content-Length: " + length, body, keep=keep)


def headed(head: bytes, body: bytes = b"Content-Length: 5\r\n\r\nhello", *, keep: bool = True) -> Reply:
    """An answer that begins so."""
    return Reply(raw=head + body, keep=keep)


def endless(start: bytes, more: bytes) -> Reply:
    """These bytes, and then those for ever."""

    def script() -> Iterable[bytes]:
        return chain([start], repeat(more * (8192 // len(more) + 1)))

    return Reply(script=script)


def refused(name: str, why: str, answer: Reply, *ends: str) -> Case:
    """A case that is no HTTP: it must end so, by default as a breach of the protocol."""
    return bad(name, why, answer, *(ends or (PROTOCOL,)))


def sound(name: str, why: str, answer: Reply) -> Case:
    """A case whose body is `hello` all the same."""
    return whole(name, why, answer, HELLO)


CHUNKS = (
    refused("chunk size with a plus", "RFC 9112 7.1: 1*HEXDIG", chunked(b"+5\r\nhello\r\n" + LAST)),
    refused("chunk size with a minus", "wget CVE-2017-13089", chunked(b"-5\r\nhello\r\n" + LAST)),
    refused("chunk size with 0x", "int(text, 16) takes it", chunked(b"0x5\r\nhello\r\n" + LAST)),
    refused("chunk size with underscore", "int() takes 1_0", chunked(b"0_5\r\nhello\r\n" + LAST)),
    refused("chunk size in fullwidth digits", "aiohttp CVE-2026-34520", chunked(FULLWIDTH + b"\r\nhello\r\n" + LAST)),
    refused("chunk size with a letter behind", "picohttpparser: 123x is 0x123", chunked(b"5x\r\nhello\r\n" + LAST)),
    refused("chunk size with a blank in front", "RFC 9112 7.1", chunked(b" 5\r\nhello\r\n" + LAST)),
    refused("chunk size with a blank inside", "RFC 9112 7.1", chunked(b"0 5\r\nhello\r\n" + LAST)),
    refused("chunk size with a vertical tab", "bytes.strip takes it off", chunked(b"5\x0b\r\nhello\r\n" + LAST)),
    refused("chunk size with a dot", "RFC 9112 7.1", chunked(b"5.0\r\nhello\r\n" + LAST)),
    refused("chunk size of nothing", "RFC 9112 7.1: at least one digit", chunked(b"\r\nhello\r\n" + LAST)),
    refused("chunk size of an extension alone", "RFC 9112 7.1", chunked(b";a=b\r\nhello\r\n" + LAST)),
    refused("chunk size beyond 64 bits", "an overflow makes it 5", chunked(b"10000000000000005\r\nhello\r\n" + LAST)),
    refused("chunk size of 64 ones", "signed, it is -1", chunked(b"ffffffffffffffff\r\nhello\r\n" + LAST)),
    refused(
        "chunk size of 2**63-1",
        "allowed, and never there",
        chunked(b"7fffffffffffffff\r\nhello", keep=False),
        TRUNCATED,
        TOO_LARGE,
        PROTOCOL,
    ),
    refused(
        "chunk size of 5,000 digits",
        "int() raises at 4,300",
        chunked(b"1" * 5000 + b"\r\nhello\r\n" + LAST),
        PROTOCOL,
        TOO_LARGE,
    ),
    refused("chunk size with a NUL", "no digit", chunked(b"5\0\r\nhello\r\n" + LAST)),
    refused("chunk size ended by CR alone", "RFC 9112 7.1: CRLF", chunked(b"5\rhello\r\n" + LAST)),
    refused("two wrong bytes behind a chunk", "h11 CVE-2025-43859", chunked(b"5\r\nhelloXX" + LAST)),
    refused("a chunk longer than its size", "RFC 9112 7.1", chunked(b"4\r\nhello\r\n" + LAST)),
    refused("CR and another byte behind a chunk", "h11 CVE-2025-43859", chunked(b"5\r\nhello\rX" + LAST)),
    refused("nothing between two chunks", "RFC 9112 7.1", chunked(b"5\r\nhello5\r\nhello\r\n" + LAST)),
    refused("cut in a chunk", "RFC 9112 8: incomplete", chunked(b"5\r\nhel", keep=False), TRUNCATED),
    refused("cut in a chunk's size", "RFC 9112 8", chunked(CHUNK + b"1", keep=False), TRUNCATED),
    refused("cut behind a chunk", "RFC 9112 8", chunked(CHUNK, keep=False), TRUNCATED),
    refused("cut in the trailers", "RFC 9112 8", chunked(CHUNK + b"0\r\nX: y", keep=False), TRUNCATED),
    refused(
        "a chunk extension without end",
        "Go CVE-2023-39326",
        endless(chunked(b"").raw or b"", b";a"),
        PROTOCOL,
        TOO_LARGE,
    ),
    refused(
        "a MiB and more of chunk extensions",
        "Go CVE-2023-39326",
        chunked((b"1;" + b"x" * 4000 + b"\r\na\r\n") * 300 + LAST),
        TOO_LARGE,
        PROTOCOL,
    ),
    refused(
        "trailers without end",
        "aiohttp CVE-2026-22815",
        endless(chunked(CHUNK + b"0\r\n").raw or b"", b"A: b\r\n"),
        TOO_LARGE,
        PROTOCOL,
    ),
    refused(
        "one trailer without end",
        "aiohttp CVE-2026-22815",
        endless(chunked(CHUNK + b"0\r\nA: ").raw or b"", b"b"),
        TOO_LARGE,
        PROTOCOL,
    ),
    refused("a NUL in the trailers", "RFC 9110 5.5", chunked(CHUNK + b"0\r\nA: \0\r\n\r\n"), PROTOCOL, SAVED),
    sound("blanks behind a chunk's size", "RFC 9112 7.1.1", chunked(b"5  \r\nhello\r\n" + LAST)),
    sound("leading zeros of a chunk's size", "RFC 9112 7.1: 1*HEXDIG", chunked(b"000005\r\nhello\r\n00000000\r\n\r\n")),
    sound("chunk extensions, quoted CRLF no end", "RFC 9112 7.1.1", chunked(b'5;a="b;c"\r\nhello\r\n0;last\r\n\r\n')),
    sound(
        "LF alone between chunks", "browsers take it; Go CVE-2025-22871: never two bytes", chunked(b"5\nhello\n0\n\n")
    ),
    sound("a byte a chunk", "sound", chunked(b"".join(b"1\r\n%c\r\n" % letter for letter in HELLO) + LAST)),
    sound("junk in the trailers", "they reach nobody", chunked(CHUNK + b"0\r\nno colon\r\n: x\r\n a\r\n\r\n")),
    sound(
        "framing in the trailers",
        "RFC 9110 6.5.1: not there",
        chunked(CHUNK + b"0\r\nContent-Length: 99\r\nTransfer-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n"),
    ),
    sound("another answer behind the last chunk", "RFC 9112 9.2: it is nobody's", chunked(CHUNK + LAST + EVIL)),
    sound("half an answer behind the last chunk", "the connection dies", chunked(CHUNK + LAST + EVIL[:30])),
    sound("a second last chunk", "the connection dies", chunked(CHUNK + LAST + LAST)),
    sound(
        "Content-Length beside chunks",
        "RFC 9112 6.3: chunked counts",
        chunked(CHUNK + LAST + EVIL, fields=b"Content-Length: 3\r\n"),
    ),
    sound(
        "Content-Length of 0 beside chunks",
        "response splitting",
        chunked(CHUNK + LAST, fields=b"Content-Length: 0\r\n"),
    ),
)

CODINGS = (
    refused(
        "transfer coding gzip",
        "not asked for (RFC 9112 7.4)",
        raw(TEXT + b"Transfer-Encoding: gzip, chunked", CHUNK + LAST),
    ),
    refused("chunked not last", "RFC 9112 6.3", raw(TEXT + b"Transfer-Encoding: chunked, gzip", CHUNK + LAST)),
    refused("transfer coding xchunked", "smuggling", raw(TEXT + b"Transfer-Encoding: xchunked", CHUNK + LAST)),
    refused(
        "transfer coding behind a vertical tab",
        "str.strip takes it off; smuggling",
        raw(TEXT + b"Transfer-Encoding: \x0bchunked", CHUNK + LAST),
    ),
    refused("transfer coding in quotes", "no token", raw(TEXT + b'Transfer-Encoding: "chunked"', CHUNK + LAST)),
    sound(
        "chunked said twice",
        "curl, Chromium, Firefox: chunked once",
        raw(TEXT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNK + LAST),
    ),
    sound(
        "chunked in capitals",
        "RFC 9112 7: case does not matter",
        raw(TEXT + b"TRANSFER-ENCODING: ChUnKeD", CHUNK + LAST),
    ),
    sound("chunked in a folded line", "RFC 9112 5.2", raw(TEXT + b"Transfer-Encoding:\r\n chunked", CHUNK + LAST)),
    sound(
        "a blank before the colon of Transfer-Encoding",
        "RFC 9112 5.1: smuggling",
        raw(TEXT + b"Transfer-Encoding : chunked", CHUNK + LAST),
    ),
    sound("chunked over HTTP/1.0", "RFC 9112 6.1", raw(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", CHUNK + LAST)),
    sound(
        "transfer coding identity",
        "RFC 2616 3.6",
        raw(TEXT + b"Transfer-Encoding: identity\r\nContent-Length: 5", HELLO),
    ),
)

LENGTHS = (
    refused("two lengths", "RFC 9112 6.3: unrecoverable", measured(b"5\r\nContent-Length: 6", b"hello!")),
    refused("two lengths in a list", "RFC 9112 6.3", measured(b"5, 6", b"hello!")),
    refused("two lengths, one folded", "RFC 9112 5.2", measured(b"5,\r\n 6", b"hello!")),
    refused("a negative length", "RFC 9110 8.6", measured(b"-5")),
    refused("a length with a plus", "int() takes it", measured(b"+5")),
    refused("a length in hex", "0x5", measured(b"0x5")),
    refused("a length with an exponent", "5e0", measured(b"1e1", b"helloworld")),
    refused("a length with underscore", "int() takes 1_0", measured(b"1_0", b"helloworld")),
    refused("a length in fullwidth digits", "int() takes them", measured(FULLWIDTH)),
    refused("a length beyond 64 bits", "an overflow makes it 5", measured(b"18446744073709551621")),
    refused("a length of 5,000 digits", "int() raises", measured(b"5" * 5000)),
    refused("a length that is a word", "RFC 9110 8.6", measured(b"five")),
    refused("an empty length", "RFC 9110 8.6: 1*DIGIT; browsers pass over it", measured(b""), PROTOCOL, SAVED),
    refused("a length of 2**63-1", "more than any limit", measured(b"9223372036854775807"), TOO_LARGE, TRUNCATED),
    refused("a length longer than the body", "RFC 9112 8: incomplete", measured(b"50"), TRUNCATED),
    refused("a length, and no body at all", "RFC 9112 8", measured(b"50", b""), TRUNCATED),
    sound("the same length twice", "RFC 9110 8.6", measured(b"5\r\nContent-Length: 5", keep=True)),
    sound("the same length in a list", "RFC 9110 8.6", measured(b"5, 5", keep=True)),
    sound("leading zeros of a length", "RFC 9110 8.6: 1*DIGIT", measured(b"0000000000000000000005", keep=True)),
    sound("a length shorter than the body", "RFC 9112 9.2", measured(b"5", b"hello and more", keep=True)),
    sound("another answer behind the body", "response splitting", measured(b"5", HELLO + EVIL, keep=True)),
    sound("a hundred answers behind the body", "response splitting", measured(b"5", HELLO + EVIL * 100, keep=True)),
    sound("an empty line behind the body", "RFC 9112 2.2", measured(b"5", HELLO + b"\r\n", keep=True)),
    sound("a NUL behind the body", "the connection dies", measured(b"5", HELLO + b"\0", keep=True)),
    sound("a request behind the body", "nobody's", measured(b"5", HELLO + b"GET / HTTP/1.1\r\n\r\n", keep=True)),
    sound("no length", "RFC 9112 6.3: up to the close", raw(TEXT[:-2], HELLO, keep=False)),
    whole("a length of 0 with a body", "response splitting", measured(b"0", HELLO + EVIL, keep=True), b""),
)

HEADS = (
    refused("a NUL in a value", "RFC 9110 5.5", headed(TEXT + b"A: b\0c\r\n"), PROTOCOL),
    refused("a NUL in a name", "RFC 9110 5.1", headed(TEXT + b"A\0: b\r\n"), PROTOCOL),
    refused("a head without end", "curl CVE-2023-38039", endless(TEXT, b"A: b\r\n"), TOO_LARGE),
    refused("a line without end", "curl CVE-2023-38039", endless(TEXT + b"A: ", b"b"), TOO_LARGE),
    refused("a status line without end", "StreamReader.readline raises", endless(b"HTTP/1.1 200 ", b"O"), TOO_LARGE),
    refused("a folded line without end", "quadratic joins", endless(TEXT + b"A: b\r\n", b" c\r\n"), TOO_LARGE),
    refused("20,000 fields", "a bound on their count", headed(TEXT + b"A:b\r\n" * 20_000), TOO_LARGE),
    refused("a head cut off", "RFC 9112 8", raw(TEXT + b"A: b", keep=False), TRUNCATED, SAVED),
    refused("a head cut off in a field", "RFC 9112 8", Reply(raw=TEXT + b"Content-Le"), TRUNCATED),
    refused("a head cut off in the status line", "RFC 9112 8", Reply(raw=b"HTTP/1.1 20"), TRUNCATED),
    refused("no answer", "RFC 9112 9.5", Reply(raw=b""), RESET),
    refused("one byte", "RFC 9112 8", Reply(raw=b"H"), TRUNCATED, RESET),
    refused("a banner of SSH", "not HTTP", Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n")),
    refused("an SMTP greeting", "not HTTP", Reply(raw=b"220 mail ESMTP\r\n", keep=True)),
    refused("binary rubbish", "not HTTP", Reply(raw=bytes(range(256)) * 100)),
    refused("HTTP/0.9", "no version this client asked in", Reply(raw=b"<html><body>hello</body></html>")),
    refused("ICY", "shoutcast", Reply(raw=b"ICY 200 OK\r\n\r\nhello")),
    refused("http in small letters", "RFC 9112 2.3: case counts", headed(b"http/1.1 200 OK\r\n"), PROTOCOL, SAVED),
    refused("HTTP/9.9", "RFC 9112 2.3", headed(b"HTTP/9.9 200 OK\r\n"), PROTOCOL),
    refused("HTTP/1.11", "RFC 9112 2.3: one digit", headed(b"HTTP/1.11 200 OK\r\n")),
    refused("HTTP/-1.1", "RFC 9112 2.3", headed(b"HTTP/-1.1 200 OK\r\n")),
    refused("no blank behind the version", "RFC 9112 4", headed(b"HTTP/1.1200 OK\r\n")),
    refused("a status of two digits", "RFC 9112 4: 3DIGIT", headed(b"HTTP/1.1 20 OK\r\n")),
    refused("a status of four digits", "RFC 9112 4: 3DIGIT", headed(b"HTTP/1.1 2000 OK\r\n")),
    refused("a status in fullwidth digits", "int() takes them", headed("HTTP/1.1 ２００ OK\r\n".encode())),
    refused("a negative status", "RFC 9112 4", headed(b"HTTP/1.1 -200 OK\r\n")),
    refused("a status of letters", "RFC 9112 4", headed(b"HTTP/1.1 OK 200\r\n")),
    refused("no status", "RFC 9112 4", headed(b"HTTP/1.1\r\n")),
    refused(
        "a thousand empty lines in front",
        "RFC 9112 2.2: at least one is ignored",
        headed(b"\r\n" * 1000 + TEXT),
        TOO_LARGE,
        PROTOCOL,
    ),
    refused("a byte order mark in front", "not HTTP", headed(b"\xef\xbb\xbf" + TEXT)),
    refused("status 000", "out of range", headed(b"HTTP/1.1 000 Zero\r\n"), STATUS, PROTOCOL),
    refused("status 999", "RFC 9110 15: as 5xx", headed(b"HTTP/1.1 999 Denied\r\n"), STATUS, PROTOCOL),
    refused("status 600", "RFC 9110 15", headed(b"HTTP/1.1 600 Odd\r\n"), STATUS, PROTOCOL),
    refused(
        "controls in the reason",
        "must not reach a terminal",
        headed(b"HTTP/1.1 404 \x1b[2J\x07\xe2\x80\xae\r\n"),
        STATUS,
    ),
    sound(
        "LF alone in the head",
        "RFC 9112 2.2",
        Reply(raw=(TEXT + b"Content-Length: 5\r\n\r\n").replace(b"\r\n", b"\n") + HELLO, keep=True),
    ),
    sound("a folded field", "RFC 9112 5.2", headed(TEXT + b"A: b\r\n\tc\r\n  d\r\n")),
    sound("a folded first line", "RFC 9112 2.2: passed over", headed(b"HTTP/1.1 200 OK\r\n folded: x\r\n")),
    sound("a field without colon", "browsers pass over it", headed(TEXT + b"no colon here\r\n")),
    sound("a field without name", "browsers pass over it", headed(TEXT + b": nameless\r\n")),
    sound("blanks in a field's name", "browsers pass over it", headed(TEXT + b"Two words: x\r\n")),
    sound(
        "a blank before the colon of Content-Length",
        "RFC 9112 5.1: smuggling",
        Reply(raw=TEXT + b"Content-Length : 5\r\n\r\nhello" + EVIL, keep=True),
    ),
    sound("CR alone in a value", "RFC 9112 2.2: a blank", headed(TEXT + b"A: b\rContent-Length: 1\r\n")),
    sound(
        "line ends of other kinds in a value",
        "str.splitlines splits there",
        headed(TEXT + b"A: b\x0b\x0c\x1c\x1d\x1e\x85Content-Length: 1\r\n"),
    ),
    sound("bytes beyond ASCII", "RFC 9110 5.5: obs-text", headed(TEXT + "X-Größe: ü\r\nY: \xff\r\n".encode())),
    sound("controls in a value", "must not reach a log", headed(TEXT + b"A: \x01\x1b[2J\x7f\r\n")),
    sound("9,000 fields", "curl takes 5,000, browsers more", headed(TEXT + b"A: b\r\n" * 9_000)),
    sound("a field of 100 KB", "Chromium takes 256 KiB", headed(TEXT + b"A: " + b"b" * 100_000 + b"\r\n")),
    sound("no reason", "RFC 9112 4", headed(b"HTTP/1.1 200\r\n")),
    *(
        sound(f"status {status} with a page", "RFC 9110 15.3: a success", headed(b"HTTP/1.1 %d Odd\r\n" % status))
        for status in (201, 202, 226, 250, 299)
    ),
    sound("two blanks in the status line", "RFC 9112 4", headed(b"HTTP/1.1  200  OK\r\n")),
    sound("HTTP/2 in a status line", "a gateway that forgot to rewrite it", headed(b"HTTP/2 200 OK\r\n")),
    sound("HTTP/1.9", "RFC 9110 2.5: as 1.1", headed(b"HTTP/1.9 200 OK\r\n")),
    sound("an empty line in front", "RFC 9112 2.2", headed(b"\r\n" + TEXT)),
    sound("HTTP/1.0 without length", "RFC 9112 6.3", Reply(raw=b"HTTP/1.0 200 OK\r\n\r\nhello")),
    sound("HTTP/1.0 kept alive", "RFC 9112 C.2.2", headed(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n")),
    sound("HTTP/1.0 that keeps it unsaid", "RFC 9112 9.3: it ends", headed(b"HTTP/1.0 200 OK\r\n")),
    sound("Connection: close that closes not", "RFC 9112 9.6", headed(TEXT + b"Connection: close\r\n")),
    sound("an Upgrade offered", "RFC 9110 7.8: an offer", headed(TEXT + b"Upgrade: h2c\r\nConnection: Upgrade\r\n")),
)

INTERIM = (
    sound("100 first", "RFC 9110 15.2", headed(b"HTTP/1.1 100 Continue\r\n\r\n" + TEXT)),
    sound("early hints first", "RFC 8297", headed(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + TEXT)),
    sound("an unknown 1xx first", "RFC 9110 15.2", headed(b"HTTP/1.1 199 Odd\r\n\r\n" + TEXT)),
    sound(
        "a length in a 1xx",
        "RFC 9110 6.4.1: it has no body",
        headed(b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" + TEXT),
    ),
    refused("1xx without end", "a bound on their count", endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), TOO_LARGE),
    refused("a thousand 1xx", "a bound on their count", headed(b"HTTP/1.1 103 E\r\n\r\n" * 1000 + TEXT), TOO_LARGE),
    refused(
        "100 with a body", "RFC 9110 15.2", headed(b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello" + TEXT)
    ),
    refused("100 and nothing else", "RFC 9112 8", Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n"), RESET, TRUNCATED),
    refused("101 that nobody asked for", "RFC 9110 7.8", headed(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", EVIL)),
    refused(
        "204 with a body",
        "RFC 9110 6.4.1: it has none",
        headed(b"HTTP/1.1 204 No Content\r\n", b"Content-Length: 5\r\n\r\nhello"),
        STATUS,
    ),
    refused(
        "204 with chunks",
        "RFC 9110 6.4.1",
        headed(b"HTTP/1.1 204 No\r\n", b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK + LAST),
        STATUS,
    ),
    refused("205 with a body", "RFC 9110 15.3.6", headed(b"HTTP/1.1 205 Reset\r\n"), STATUS),
    refused(
        "304 with a body", "RFC 9110 6.4.1; and nobody asked for it", headed(b"HTTP/1.1 304 Not Modified\r\n"), STATUS
    ),
    refused(
        "206 that nobody asked for",
        "a part is no page",
        headed(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-4/10\r\n"),
        STATUS,
    ),
    refused("416 that nobody asked for", "RFC 9110 15.5.17", headed(b"HTTP/1.1 416 Range\r\n"), STATUS),
    refused(
        "407 from a server", "it is no proxy", headed(b"HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic\r\n"), STATUS
    ),
    refused(
        "401 that asks for a password",
        "none was given",
        headed(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n"),
        STATUS,
    ),
    refused(
        "401 with a challenge to choke on",
        "quoted strings without end",
        headed(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="' + b"\\" * 60_000 + b"\r\n"),
        STATUS,
    ),
)

BEHIND_EACH: Final[Callable[[], Iterable[bytes | float]]] = lambda: [  # noqa: E731
    TEXT + b"Content-Length: 5\r\n\r\nhello",
    0.05,
    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
]

CONNECTIONS = (
    sound("408 on a connection that rests", "RFC 9110 15.5.9: an answer to nothing", Reply(script=BEHIND_EACH)),
    Case(
        name="an answer before any request",
        why="response splitting: whose is it?",
        links=(),
        neighbours=False,
        greeting=EVIL,
        ends={"/": (SAVED, PROTOCOL, TRUNCATED, RESET)},
    ),
    Case(
        name="a banner before any request",
        why="not HTTP",
        links=(),
        neighbours=False,
        greeting=b"* OK IMAP\r\n",
        ends={"/": (PROTOCOL,)},
    ),
)

THEME = Theme("framing", (*CHUNKS, *CODINGS, *LENGTHS, *HEADS, *INTERIM, *CONNECTIONS))
