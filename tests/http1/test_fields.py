"""Lines to fields: what counts, what is joined, what is passed over, what is refused."""

import pytest

from crawler.errors import ProtocolError, TooLargeError
from crawler.http1.fields import check_lines, parse_fields


def test_names_of_any_length() -> None:
    long = "X" * 65
    section = f"{long}: a\r\n{long} : b\r\n {long}\r\nA:b\r\n\tc\r\n \r\n\r\n".encode()
    assert parse_fields(section) == [(long.lower(), long, "a"), (long.lower(), long, f"b {long}"), ("a", "A", "b c")]


def test_a_value_that_begins_in_its_second_line() -> None:
    assert parse_fields(b"A:\r\n b\r\n\r\n") == [("a", "A", "b")]


def test_what_continues_a_line_passed_over_is_passed_over() -> None:
    assert parse_fields(b"A: b\r\n(: c\r\n d\r\nno colon\r\n e\r\n\r\n") == [("a", "A", "b")]


def test_a_value_in_many_lines() -> None:
    assert parse_fields(b"A: 0\r\n" + b" 1 \r\n\t\r\n" * 3 + b"B: c\n\n") == [("a", "A", "0 1 1 1"), ("b", "B", "c")]


def test_bytes_outside_ascii_keep_their_place() -> None:
    assert parse_fields(b"A: \x85\xa0\x1c\x0b\r\n\r\n") == [("a", "A", "\x85\xa0\x1c\x0b")]


def test_the_first_bound_passed_is_named() -> None:
    check_lines(b"A: b\r\n\r\n", 4, 1, "head")
    with pytest.raises(TooLargeError, match="head has more than 0 lines"):
        check_lines(b"A: b\r\n\r\n", 4, 0, "head")
    with pytest.raises(TooLargeError, match="line of the head has more than 3 bytes"):
        check_lines(b"A: b\n\n", 3, 1, "head")
    with pytest.raises(ProtocolError, match="NUL in the trailers"):
        check_lines(b"A: \0\r\n\r\n", 4, 1, "trailers")
