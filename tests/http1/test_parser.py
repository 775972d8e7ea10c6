"""The machine: order of events, what an end of the stream means, what may follow on the connection."""

from collections.abc import Iterable

import pytest

from crawler.errors import ConnectionLostError, CrawlError, ProtocolError, TooLargeError, TruncatedError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.limits import Limits
from crawler.http1.parser import ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"


def parse(pieces: Iterable[bytes], method: str = "GET") -> tuple[ResponseHead | None, bytes, End | str, bool]:
    """Head, body, the end or the error's word, and whether the connection may be used again."""
    parser = ResponseParser(method)
    head, body = None, b""
    end: End | str = "waiting"
    try:
        for piece in pieces:
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                if isinstance(event, ResponseHead):
                    assert head is None
                    head = event
                elif isinstance(event, Data):
                    assert event.data
                    assert head is not None
                    body += event.data
                else:
                    end = event
    except CrawlError as error:
        end = error.kind
    return head, body, end, parser.reusable


def check(message: bytes, method: str = "GET") -> tuple[ResponseHead | None, bytes, End | str, bool]:
    """What the message is, the same under every cut in two and byte by byte."""
    whole = parse([message], method)
    for at in range(1, len(message)):
        assert parse([message[:at], message[at:]], method) == whole, at
    assert parse([message[at : at + 1] for at in range(len(message))], method) == whole
    return whole


def test_a_plain_answer() -> None:
    raw = OK + b"Content-Length: 5\r\nX-A: b\r\n\r\n"
    head, body, end, reusable = check(raw + b"hello")
    assert head is not None
    assert (head.version, head.status, head.reason) == ((1, 1), 200, "OK")
    assert list(head.headers.items()) == [("Content-Length", "5"), ("X-A", "b")]
    assert head.raw == raw
    assert body == b"hello"
    assert isinstance(end, End)
    assert reusable


def test_chunks_and_trailers() -> None:
    message = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nA: b\r\nC: d\r\n\r\n"
    _, body, end, reusable = check(message)
    assert body == b"hello world"
    assert isinstance(end, End)
    assert list(end.trailers.items()) == [("A", "b"), ("C", "d")]
    assert reusable


def test_the_chunks_at_hand_come_as_one_piece() -> None:
    parser = ResponseParser("GET")
    parser.feed(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n3\r\ncd")
    parser.next_event()
    assert parser.next_event() == Data(b"abcd")
    assert parser.next_event() is None


def test_what_is_wrong_behind_good_chunks_comes_after_them() -> None:
    parser = ResponseParser("GET")
    parser.feed(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n")
    parser.next_event()
    assert parser.next_event() == Data(b"a")
    for _ in range(2):
        with pytest.raises(ProtocolError, match="not a chunk size"):
            parser.next_event()


def test_until_close() -> None:
    head, body, end, reusable = parse([OK + b"\r\nhello", b" world"])
    assert (body, end, reusable) == (b"hello world", "waiting", False)
    head, body, end, reusable = parse([OK + b"\r\nhello", b" world", b""])
    assert head is not None
    assert body == b"hello world"
    assert isinstance(end, End)
    assert not reusable


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("CONNECT", 200), ("CONNECT", 299)]
)
@pytest.mark.parametrize("framing", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_answers_without_a_body(method: str, status: int, framing: bytes) -> None:
    _, body, end, reusable = check(b"HTTP/1.1 %d \r\n%b\r\n" % (status, framing), method)
    assert body == b""
    assert isinstance(end, End)
    assert reusable


def test_connect_refused_has_a_body() -> None:
    assert check(b"HTTP/1.1 407 \r\nContent-Length: 2\r\n\r\nno", "CONNECT")[1] == b"no"


def test_informational_answers_are_passed_over() -> None:
    message = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    head, body, _, reusable = check(message + OK + b"Content-Length: 2\r\n\r\nok")
    assert head is not None
    assert (head.status, "Link" in head.headers, body, reusable) == (200, False, b"ok", True)


def test_nothing_at_all() -> None:
    parser = ResponseParser("GET")
    assert parser.next_event() is None
    assert not parser.began
    parser.feed(b"")
    with pytest.raises(ConnectionLostError):
        parser.next_event()


@pytest.mark.parametrize(
    "message",
    [
        b"H",
        b"\r\n",
        OK,
        OK + b"A: b\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        OK + b"Content-Length: 5\r\n\r\n",
        OK + b"Content-Length: 5\r\n\r\nhell",
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhell",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n",
    ],
)
def test_cut_short(message: bytes) -> None:
    parser = ResponseParser("GET")
    parser.feed(message)
    assert parser.began
    while parser.next_event() is not None:
        pass
    parser.feed(b"")
    with pytest.raises(TruncatedError, match="RFC 9112 section 8"):
        parser.next_event()
    assert not parser.reusable


@pytest.mark.parametrize(
    ("version", "fields", "reusable"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: keep-alive\r\n", True),
        (b"1.1", b"Connection: Close\r\n", False),
        (b"1.1", b"Connection: upgrade\r\nConnection: x , close\r\n", False),
        (b"1.1", b"Connection: keep-alive, close\r\n", False),
        (b"1.1", b"Connection:\r\n close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
        (b"1.0", b"Connection: keep-alive, close\r\n", False),
    ],
)
def test_keep_alive(version: bytes, fields: bytes, reusable: bool) -> None:
    message = b"HTTP/" + version + b" 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n"
    assert check(message)[3] is reusable


def test_a_connection_with_bytes_left_or_at_its_end_is_not_used_again() -> None:
    parser = ResponseParser("GET")
    parser.feed(OK + b"Content-Length: 0\r\n\r\n")
    parser.next_event()
    assert not parser.reusable
    assert isinstance(parser.next_event(), End)
    assert parser.reusable
    assert parser.next_event() is None
    parser.feed(b"H")
    assert not parser.reusable
    ended = ResponseParser("GET")
    ended.feed(OK + b"Content-Length: 0\r\n\r\n")
    ended.feed(b"")
    assert [type(ended.next_event()) for _ in range(2)] == [ResponseHead, End]
    assert not ended.reusable


def test_an_error_stays() -> None:
    parser = ResponseParser("GET", Limits(max_informational=0))
    parser.feed(b"220 smtp.example.org ESMTP\r\n")
    for _ in range(2):
        with pytest.raises(ProtocolError, match="begin with HTTP/"):
            parser.next_event()
    assert parser.began
    assert not parser.reusable


@pytest.mark.parametrize(
    "second", [b"Content-Length: 3\r\n", b"content-length : 3\r\n", b"Content-Length\t:\r\n 3\r\n"]
)
@pytest.mark.parametrize("between", [b"", b"A: b\r\n"])
def test_a_second_length_is_seen_however_it_is_written(second: bytes, between: bytes) -> None:
    for first in (b"Content-Length: 2\r\n", b"Content-Length:2\r\n"):
        assert check(OK + first + between + second + b"\r\nabc")[2] == "protocol"


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding : chunked\r\nContent-Length: 2\r\n",
        b"Content-Length: 2\r\nTRANSFER-ENCODING:\r\n chunked\r\n",
        b"Content-Length: 2\nTransfer-Encoding:chunked\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked\r\n",
    ],
)
def test_chunked_counts_however_it_is_written(fields: bytes) -> None:
    _, body, end, reusable = check(OK + fields + b"\r\n2\r\nok\r\n0\r\n\r\n")
    assert body == b"ok"
    assert isinstance(end, End)
    assert not reusable


@pytest.mark.parametrize("field", [b"X: a\rContent-Length: 2", b" Content-Length: 2", b"X: a\r\n Content-Length: 2"])
def test_what_only_looks_like_a_length_is_none(field: bytes) -> None:
    assert check(OK + field + b"\r\n\r\nabc")[1:3] == (b"abc", "waiting")


def test_a_head_that_never_ends_is_refused_early() -> None:
    parser = ResponseParser("GET", Limits(max_head=100))
    parser.feed(OK)
    for _ in range(6):
        assert parser.next_event() is None
        parser.feed(b"A: bcdefghijkl\r\n")
    with pytest.raises(TooLargeError):
        parser.next_event()
