"""Each bound, one below it, at it and one above it."""

from dataclasses import fields

import pytest

from crawler.errors import TooLargeError
from crawler.http1.events import End
from crawler.http1.limits import Limits
from crawler.http1.parser import ResponseParser
from crawler.settings import FetchSettings

START = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 0\r\n\r\n"
CHUNKED = START + b"Transfer-Encoding: chunked\r\n\r\n"


def head_of(size: int) -> bytes:
    return START + b"A: " + b"x" * (size - len(START) - len(END) - 5) + b"\r\n" + END


def line_of(size: int) -> bytes:
    return START + b"A: " + b"x" * (size - 3) + b"\r\n" + END


MESSAGES = {
    "max_head": (100, head_of),
    "max_line": (50, line_of),
    "max_headers": (40, lambda count: START + b"A:\r\n" * (count - 1) + END),
    "max_leading": (6, lambda size: b"\r\n\n\n\r\n\n\n"[:size] + START + END),
    "max_informational": (3, lambda count: b"HTTP/1.1 103 \r\n\r\n" * count + START + END),
    "max_chunk_line": (30, lambda size: CHUNKED + b"2;" + b"x" * (size - 2) + b"\r\nok\r\n0\r\n\r\n"),
    "max_extensions": (30, lambda size: CHUNKED + b"2;" + b"x" * (size - 6) + b"\r\nok\r\n0;efgh\r\n\r\n"),
    "max_trailers": (40, lambda size: CHUNKED + b"0\r\nA: " + b"x" * (size - 7) + b"\r\n\r\n"),
    "max_trailer_fields": (5, lambda count: CHUNKED + b"0\r\n" + b"A:\r\n" * count + b"\r\n"),
}


def passes(message: bytes, limits: Limits, step: int) -> bool:
    parser = ResponseParser("GET", limits)
    try:
        for at in range(0, len(message), step):
            parser.feed(message[at : at + step])
            while (event := parser.next_event()) is not None:
                if isinstance(event, End):
                    return True
    except TooLargeError:
        return False
    raise AssertionError("neither over nor refused")


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize("name", MESSAGES)
def test_below_at_and_above(name: str, step: int) -> None:
    limit, message = MESSAGES[name]
    limits = Limits(**{name: limit})
    assert passes(message(limit - 1), limits, step)
    assert passes(message(limit), limits, step)
    assert not passes(message(limit + 1), limits, step)


def drain(parser: ResponseParser) -> None:
    while parser.next_event() is not None:
        pass


def test_every_limit_is_tested() -> None:
    assert {field.name for field in fields(Limits)} == MESSAGES.keys()


@pytest.mark.parametrize(("name", "endless"), [
    ("max_line", START + b"A: " + b"x" * 60),
    ("max_line", b"HTTP/1.1 200 " + b"x" * 60),
    ("max_head", START + b"A: b\r\n" * 30),
    ("max_chunk_line", CHUNKED + b"2;" + b"x" * 60),
    ("max_chunk_line", CHUNKED + b"0" * 60),
    ("max_trailers", CHUNKED + b"0\r\n" + b"A: b\r\n" * 30),
])  # fmt: skip
def test_what_never_ends_is_refused_before_its_end(name: str, endless: bytes) -> None:
    parser = ResponseParser("GET", Limits(**{name: 50 if name != "max_head" else 100}))
    parser.feed(endless)
    with pytest.raises(TooLargeError, match="more than"):
        drain(parser)


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 " + b"x" * 60, b"HTTP/1.1 200 OK\r\nA: " + b"x" * 60])
def test_the_longest_line_may_be_any(line: bytes) -> None:
    assert not passes(line + b"\r\n" + END, Limits(max_line=50), 10_000)
    assert not passes(CHUNKED + b"0\r\nA: " + b"x" * 60 + b"\r\n\r\n", Limits(max_line=50), 10_000)


def test_the_defaults_take_what_settings_allow() -> None:
    """A crawl hands its own bounds over; they are not looser than those of a parser by itself."""
    settings, limits = FetchSettings(), Limits()
    assert settings.max_head <= limits.max_head
    assert settings.max_header_line <= limits.max_line
    assert settings.max_headers <= limits.max_headers
