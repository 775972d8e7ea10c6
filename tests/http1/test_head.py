"""Status lines: the parts, and the forms the table allows."""

import pytest

from crawler.errors import ProtocolError
from crawler.http1.head import parse_head, parse_status_line
from crawler.http1.headers import Headers
from crawler.http1.limits import Limits


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n", ((1, 1), 200, "OK")),
        (b"HTTP/1.0 404 Not Found\n", ((1, 0), 404, "Not Found")),
        (b"HTTP/1.1 200\r\n", ((1, 1), 200, "")),
        (b"HTTP/1.1 200 \r\n", ((1, 1), 200, "")),
        (b"HTTP/1.9 200 OK\r\n", ((1, 1), 200, "OK")),
        (b"HTTP/2 200 OK\r\n", ((1, 1), 200, "OK")),
        (b"HTTP/3.0 200 OK\r\n", ((1, 1), 200, "OK")),
        (b"HTTP/1.1  200\t OK \r\n", ((1, 1), 200, "OK")),
        (b"HTTP/1.1 200\rO\rK\r\n", ((1, 1), 200, "O K")),
        (b"HTTP/1.1 200\x0b\x0cOK\r\n", ((1, 1), 200, "OK")),
        (b"HTTP/1.1 000 \xc3\xa4\r\n", ((1, 1), 0, "\xc3\xa4")),
        (b"HTTP/1.1 200 " + b"x" * 100 + b"\r\n", ((1, 1), 200, "x" * 100)),
    ],
)
def test_taken(line: bytes, expected: tuple[tuple[int, int], int, str]) -> None:
    assert parse_status_line(line) == expected
    raw = line + b"A: b\r\n\r\n"
    head = parse_head(raw, Limits())
    assert (head.version, head.status, head.reason) == expected
    assert (head.headers, head.raw) == (Headers([("A", "b")]), raw)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1\r200 OK", b"HTTP/1.1200 OK", b"HTTP/1. 200 OK", b"HTTP/11 200 OK",
        b"HTTP/2.1 200 OK", b"HTTP/4 200 OK", b"HTTP/1.1 2 OK", b"HTTP/1.1 20x OK", b"HTTP/1.1 200,OK",
        b"HTTP/1.1 +20 OK", b"HTTP/1.1 \xb2\xb2\xb2 OK", b"HTTP/1.1 2000", b" HTTP/1.1 200 OK", b"ICY 200 OK",
    ],
)  # fmt: skip
def test_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError, match="RFC 9112 section 4"):
        parse_status_line(line + b"\r\n")
