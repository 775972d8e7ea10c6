"""Every row of the table is taken, with an example each; and the connection ends where the row says so."""

import pytest

from crawler.errors import CrawlError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.leniency import LENIENCIES, Leniency
from crawler.http1.parser import ResponseParser

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"Content-Length: 2\r\n\r\nok"

EXAMPLES: dict[str, tuple[bytes, list[tuple[str, str]] | None, bytes]] = {
    "bare-lf": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", [("Content-Length", "2")], b"ok"),
    "bare-cr": (b"HTTP/1.1 200 OK\r\nA: b\rc\r\n" + LENGTH, [("A", "b c"), ("Content-Length", "2")], b"ok"),
    "leading-lines": (b"\r\n\r\nHTTP/1.1 200 OK\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "status-blanks": (b"HTTP/1.1 \t 200\rOK\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "version-blank": (b"HTTP/1.\t1 200 OK\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "no-reason": (b"HTTP/1.1 200\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "other-version": (b"HTTP/2.0 200 OK\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "odd-status": (b"HTTP/1.1 999 OK\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "first-folded": (b"HTTP/1.1 200 OK\r\n A: b\r\n\tc\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "folded": (b"HTTP/1.1 200 OK\r\nA: b \r\n  c\r\n" + LENGTH, [("A", "b c"), ("Content-Length", "2")], b"ok"),
    "blank-before-colon": (b"HTTP/1.1 200 OK\r\nContent-Length \t: 2\r\n\r\nok", [("Content-Length", "2")], b"ok"),
    "no-colon": (b"HTTP/1.1 200 OK\r\nWelcome\r\n and more\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "bad-name": (b"HTTP/1.1 200 OK\r\n: a\r\nb(: c\r\nd e: f\r\n" + LENGTH, [("Content-Length", "2")], b"ok"),
    "controls": (b"HTTP/1.1 200 O\x01K\r\nA: b\x1bc\r\n" + LENGTH, [("A", "b\x1bc"), ("Content-Length", "2")], b"ok"),
    "same-lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n" + LENGTH,
        [("Content-Length", "2, 2"), ("Content-Length", "2")],
        b"ok",
    ),
    "length-and-text": (b"HTTP/1.1 200 OK\r\nContent-Length: 2;\r\n\r\nok", [("Content-Length", "2;")], b"ok"),
    "length-and-coding": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        None,
        b"ok",
    ),
    "coding-repeated": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        None,
        b"ok",
    ),
    "coding-identity": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n" + LENGTH, None, b"ok"),
    "coding-in-1.0": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        None,
        b"ok",
    ),
    "chunk-bare-lf": (CHUNKED + b"2\nok\n0\n\n", None, b"ok"),
    "chunk-blanks": (CHUNKED + b"2 \t\r\nok\r\n0\r\n\r\n", None, b"ok"),
    "chunk-extensions": (CHUNKED + b'2 ;a;;b="\r\nok\r\n0;c\r\n\r\n', None, b"ok"),
    "bytes-behind": (b"HTTP/1.1 200 OK\r\n" + LENGTH + b"more", [("Content-Length", "2")], b"ok"),
}


@pytest.mark.parametrize("row", LENIENCIES, ids=lambda row: row.name)
def test_each_row_is_taken(row: Leniency) -> None:
    message, fields, expected = EXAMPLES[row.name]
    parser = ResponseParser("GET")
    parser.feed(message)
    head = parser.next_event()
    assert isinstance(head, ResponseHead)
    if fields is not None:
        assert list(head.headers.items()) == fields
    body = b""
    while isinstance(event := parser.next_event(), Data):
        body += event.data
    assert isinstance(event, End)
    assert body == expected
    assert parser.reusable is not row.doubtful


def test_the_table_is_whole_and_argued() -> None:
    assert [row.name for row in LENIENCIES] == list(EXAMPLES)
    assert all(row.section.startswith(("RFC 9110 section", "RFC 9112 section")) and row.why for row in LENIENCIES)


@pytest.mark.parametrize("piece", [b"2 \n", b"2\n", b"ok\n", b"0\n\r\n", b"0\r\n\n", b"0\r\nA: b\n\n"])
def test_each_bare_lf_of_a_chunked_body_ends_the_connection(piece: bytes) -> None:
    whole = b"2\r\nok\r\n0\r\n\r\n"
    strict = {b"2 \n": b"2\r\n", b"2\n": b"2\r\n", b"ok\n": b"ok\r\n"}
    body = whole.replace(strict[piece], piece) if piece in strict else b"2\r\nok\r\n" + piece
    parser = ResponseParser("GET")
    parser.feed(CHUNKED + body)
    events = [parser.next_event() for _ in range(3)]
    assert isinstance(events[2], End)
    assert not parser.reusable


def drain(parser: ResponseParser) -> None:
    while parser.next_event() is not None:
        pass


REFUSED = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "junk in front": b"xHTTP/1.1 200 OK\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "HTTP/0.9 in words": b"HTTP/0.9 200 OK\r\n\r\n",
    "version without minor": b"HTTP/1 200 OK\r\n\r\n",
    "long version": b"HTTP/1.10 200 OK\r\n\r\n",
    "no code": b"HTTP/1.1 \r\n\r\n",
    "two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "text at the code": b"HTTP/1.1 200OK\r\n\r\n",
    "code of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "fullwidth code": "HTTP/1.1 ２００ OK\r\n\r\n".encode(),
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\n\r\n",
    "NUL in a name": b"HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
    "grouped length": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789",
    "hexadecimal length": b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na",
    "superscript length": b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nab",
    "empty length": b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
    "length with digits behind a blank": b"HTTP/1.1 200 OK\r\nContent-Length: 1 0\r\n\r\n0123456789",
    "length with digits behind several marks": b"HTTP/1.1 200 OK\r\nContent-Length: 1 '0\r\n\r\n0123456789",
    "length with an exponent": b"HTTP/1.1 200 OK\r\nContent-Length: 1e1\r\n\r\n0123456789",
    "length of zero with text": b"HTTP/1.1 200 OK\r\nContent-Length: 0xA\r\n\r\n0123456789",
    "length with a comma in its text": b"HTTP/1.1 200 OK\r\nContent-Length: 1a,1b\r\n\r\na",
    "lengths that differ in their text": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1a\r\n\r\na",
    "folded length": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\n0123456789",
    "length of 5,000 digits": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "length beyond all": b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
    "lengths that differ": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "lengths that differ in a list": b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
    "lengths written differently": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 01\r\n\r\na",
    "length list with a hole": b"HTTP/1.1 200 OK\r\nContent-Length: 1,\r\n\r\na",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding with a parameter": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
    "unknown coding alone": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
    "empty chunk size": CHUNKED + b"\r\n\r\n",
    "blank in front of a size": CHUNKED + b" 2\r\nok\r\n0\r\n\r\n",
    "signed size": CHUNKED + b"+2\r\nok\r\n0\r\n\r\n",
    "negative size": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "prefixed size": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "grouped size": CHUNKED + b"0_2\r\nok\r\n0\r\n\r\n",
    "text at the size": CHUNKED + b"2x\r\nok\r\n0\r\n\r\n",
    "vertical tab at the size": CHUNKED + b"2\x0b\r\nok\r\n0\r\n\r\n",
    "text behind a blank": CHUNKED + b"2 x\r\nok\r\n0\r\n\r\n",
    "size of 17 digits": CHUNKED + b"00000000000000002\r\nok\r\n0\r\n\r\n",
    "size beyond all": CHUNKED + b"8000000000000000\r\nok\r\n0\r\n\r\n",
    "two other bytes behind data": CHUNKED + b"2\r\nokXX0\r\n\r\n",
    "CR and another byte behind data": CHUNKED + b"2\r\nok\rX0\r\n\r\n",
    "two CR behind data": CHUNKED + b"2\r\nok\r\r\n0\r\n\r\n",
    "NUL in a trailer": CHUNKED + b"0\r\nA: \0\r\n\r\n",
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
def test_everything_else_is_refused_and_says_which_rule(message: bytes) -> None:
    parser = ResponseParser("GET")
    parser.feed(message)
    with pytest.raises(CrawlError) as failure:
        drain(parser)
    assert failure.value.kind == "protocol"
    assert "(RFC 911" in str(failure.value)
    assert not parser.reusable
