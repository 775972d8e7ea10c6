import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.cli.rendering import LONGEST, AsItIs, AsLiterals, AsText, Rendering

HEAD = b"HTTP/1.1 200 OK\r\nX: \xe4\x1b\r\n\r\n"


def rendered(rendering: Rendering, *pieces: bytes) -> bytes:
    return b"".join([*(rendering.feed(piece) for piece in pieces), rendering.finish()])


@given(st.lists(st.binary()))
def test_literals_are_the_bytes_and_nothing_that_acts(pieces: list[bytes]) -> None:
    written = rendered(AsLiterals(), *pieces)
    lines = written.decode("ascii").splitlines()
    assert all(line.isprintable() for line in lines)
    literals = [ast.literal_eval(line) for line in lines]
    assert b"".join(literals) == b"".join(pieces)
    assert literals == b"".join(pieces).splitlines(keepends=True) or b"\r" in b"".join(pieces)


def test_each_line_is_a_literal_and_a_long_one_several() -> None:
    assert rendered(AsLiterals(), b"a\r", b"\nb\n", b"c") == b"b'a\\r\\n'\nb'b\\n'\nb'c'\n"
    for pieces in ([bytes(10_000) + b"\n"], [bytes(6000), bytes(4000), b"\n"]):
        literals = [ast.literal_eval(line) for line in rendered(AsLiterals(), *pieces).decode().splitlines()]
        assert max(map(len, literals)) == LONGEST
        assert b"".join(literals) == bytes(10_000) + b"\n"


def test_the_head_and_the_body_are_one_as_literals() -> None:
    rendering = AsLiterals()
    assert rendering.head(HEAD) + rendered(rendering, b"x") == (
        b"b'HTTP/1.1 200 OK\\r\\n'\nb'X: \\xe4\\x1b\\r\\n'\nb'\\r\\n'\nb'x'\n"
    )


def test_as_it_is() -> None:
    rendering = AsItIs()
    assert (rendering.head(HEAD), rendered(rendering, b"\0", b"\xff")) == (HEAD, b"\0\xff")


TEXT = "\ufeffKäse\r\n\u4e2d\r\r\nz\r"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "gb18030"])
def test_a_text_is_the_same_however_it_is_cut(codec: str) -> None:
    whole = TEXT.encode(codec)
    for cut in range(len(whole) + 1):
        written = rendered(AsText(codec, "utf-8"), whole[:cut], whole[cut:])
        assert written.decode() == "Käse\n\u4e2d\\x0d\nz\\x0d"


def test_a_terminal_of_another_encoding() -> None:
    assert rendered(AsText("utf-8", "iso-8859-1"), "Käse \u20ac".encode()) == b"K\xe4se \\u20ac"
    assert AsText("utf-8", "utf-8").head(HEAD) == b"HTTP/1.1 200 OK\nX: \xc3\xa4\\x1b\n\n"


def test_what_is_no_text_in_its_encoding_is_replaced() -> None:
    assert rendered(AsText("utf-8", "utf-8"), b"a\xff", b"b\xe2\x80") == "a\ufffdb\ufffd".encode()
