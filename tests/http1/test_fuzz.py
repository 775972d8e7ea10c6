"""Whatever comes, in whatever pieces: expected errors only, the same events, a bounded buffer."""

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import CrawlError, DecodingError, TooLargeError
from crawler.http1.coding import PIECE, Decoder, codings_of
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.headers import Headers
from crawler.http1.limits import Limits
from crawler.http1.media_type import find_media_type, parse_media_type
from crawler.http1.parser import ResponseParser
from crawler.http1.request import write_request

LIMITS = Limits(max_head=300, max_line=100, max_headers=9, max_chunk_line=20, max_extensions=30, max_trailers=60)

FRAGMENTS = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 304 \r\n", b"HTTP/",
    b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b",", b"\xff", b"\r\n\r\n", b"x" * 120,
    b"Content-Length: 3\r\n", b"Content-Length: 10, 10\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n", b"Connection: close\r\n", b"X-A: b\r\n", b"X-B\r\n", b" c\r\n",
    b"3\r\nabc\r\n", b"3", b"a", b"5;x=y\r\n", b"0\r\n", b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n", b"ffffffffffffffff\r\n",
]  # fmt: skip

messages = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=14).map(b"".join)
answers = messages.map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest)
methods = st.sampled_from(["GET", "HEAD", "CONNECT"])


def events(pieces: list[bytes], method: str) -> tuple[ResponseHead | None, bytes, str, str]:
    """Head, body, how it ended; the buffer never holds more than a bound and what was fed last."""
    parser = ResponseParser(method, LIMITS)
    head, body, end = None, b"", ""
    try:
        for piece in [*pieces, b""]:
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                if isinstance(event, ResponseHead):
                    assert head is None
                    head = event
                elif isinstance(event, Data):
                    assert event.data
                    assert not end
                    body += event.data
                else:
                    assert isinstance(event, End)
                    end = repr(event)
            if not end:
                assert len(parser._buffer) - parser._at <= LIMITS.max_head + len(piece)
    except CrawlError as error:
        assert not parser.reusable
        return head, body, error.kind, str(error)
    assert end
    return head, body, "end", end


@settings(max_examples=300, deadline=None)
@given(st.one_of(messages, answers), methods, st.data())
def test_pieces_do_not_matter(message: bytes, method: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(message)), max_size=6)))
    pieces = [message[start:end] for start, end in zip([0, *cuts], [*cuts, len(message)], strict=True)]
    head, body, kind, text = events([message] if message else [], method)
    again = events([piece for piece in pieces if piece], method)
    drip = events([message[at : at + 1] for at in range(len(message))], method)
    for other in (again, drip):
        assert other[:3] == (head, body, kind)
        assert other[3] == text or kind == "too-large"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.lists(st.sampled_from(["gzip", "deflate", "br", "zstd"]), min_size=1, max_size=3))
def test_decoders_raise_nothing_else(data: bytes, codings: list[str]) -> None:
    decoder = Decoder(codings, 10_000)
    try:
        for piece in [*decoder.feed(data), *decoder.finish()]:
            assert len(piece) <= PIECE
    except (DecodingError, TooLargeError):
        return


@given(st.lists(st.text(st.characters(max_codepoint=255))))
def test_fields_are_read_without_an_exception(lines: list[str]) -> None:
    find_media_type(lines)
    for line in lines:
        media_type = parse_media_type(line)
        assert media_type is None or parse_media_type(str(media_type)) == media_type
    try:
        codings_of(Headers([("Content-Encoding", line) for line in lines]))
    except DecodingError:
        return


@given(st.text(), st.text(), st.text(), st.text())
def test_a_request_is_one_request_or_none(method: str, target: str, name: str, value: str) -> None:
    try:
        request = write_request(method, target, [("Host", "a"), (name, value)])
    except ValueError:
        return
    lines = request.decode("latin-1").split("\r\n")
    assert lines[:3] == [f"{method} {target} HTTP/1.1", "Host: a", f"{name}: {value}"]
    assert lines[3:] in (["", ""], ["Content-Length: 0", "", ""])
    assert not {"\r", "\n", "\0"} & set("".join(lines))
