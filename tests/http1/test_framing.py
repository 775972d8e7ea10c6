"""The decision where a body ends, as RFC 9112 section 6.3 lists it."""

import pytest

from crawler.http1.events import Data
from crawler.http1.framing import ChunkedReader, CloseReader, LengthReader, body_reader, is_persistent
from crawler.http1.head import parse_head
from crawler.http1.limits import Limits

LENGTH = b"Content-Length: 5\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("method", "status", "fields", "reader"),
    [
        ("GET", 200, LENGTH, LengthReader),
        ("GET", 200, CHUNKED, ChunkedReader),
        ("GET", 200, CHUNKED + LENGTH, ChunkedReader),
        ("GET", 200, b"", CloseReader),
        ("GET", 200, b"Transfer-Encoding: identity\r\n", CloseReader),
        ("GET", 200, b"Content-Location: 5\r\nTrailer: chunked\r\n", CloseReader),
        ("GET", 200, b"X: Content-Length: 5\r\n", CloseReader),
        ("GET", 205, LENGTH, LengthReader),
        ("POST", 201, CHUNKED, ChunkedReader),
        ("GET", 404, LENGTH, LengthReader),
        ("CONNECT", 407, LENGTH, LengthReader),
    ],
)
def test_by_which_rule(method: str, status: int, fields: bytes, reader: type) -> None:
    head = parse_head(b"HTTP/1.1 %d \r\n%b\r\n" % (status, fields), Limits())
    assert type(body_reader(method, head, Limits())) is reader


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("CONNECT", 200)])
@pytest.mark.parametrize("fields", [LENGTH, CHUNKED, b"", b"Content-Length: x\r\n"])
def test_no_body_whatever_the_fields_say(method: str, status: int, fields: bytes) -> None:
    head = parse_head(b"HTTP/1.1 %d \r\n%b\r\n" % (status, fields), Limits())
    reader = body_reader(method, head, Limits())
    event, at = reader.read(b"next", 0, False)
    assert not isinstance(event, Data)
    assert at == 0


def test_a_glance_and_a_long_look_come_to_the_same() -> None:
    """The plainest heads are framed without a parse of their fields; another spelling must not change the framing."""
    for fields in (LENGTH, CHUNKED):
        for start in (
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\nX-Trailer-Content-Length: 1\r\n",
            b"HTTP/1.1 200 OK\n",
        ):
            plain = parse_head(start + fields + b"\r\n", Limits())
            spelt = parse_head(start + fields.replace(b": ", b":\t") + b"\r\n", Limits())
            readers = [body_reader("GET", head, Limits()) for head in (plain, spelt)]
            assert type(readers[0]) is type(readers[1])
            body = b"5\r\nhello\r\n0\r\n\r\n"
            assert readers[0].read(body, 0, False) == readers[1].read(body, 0, False)
            assert readers[0].reusable
            assert readers[1].reusable
            assert is_persistent(plain)
