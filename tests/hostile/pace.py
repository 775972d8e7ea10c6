"""Answers that come too slowly, never, without end, or only the second time; and some that are merely slow."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Final

from tests.hostile.case import PROTOCOL, RESET, SAVED, STATUS, TIMEOUT, TOO_LARGE, TRUNCATED, Case, bad, whole
from tests.hostile.crawled import Theme
from tests.toysite import Answer, Reply, in_turn

TEXT: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
SIZED: Final = TEXT + b"Content-Length: 100\r\n\r\n"
CHUNKED: Final = TEXT + b"Transfer-Encoding: chunked\r\n\r\n"
BODY: Final = b"0123456789" * 10
LARGE: Final = BODY * 10_000
GOOD: Final = Reply(body=BODY, headers={"Content-Type": "text/plain"})
ROUNDS: Final = 1000
"""Steps of a server that drips: with its pauses far more than any time a request may take."""


def played(*steps: bytes | float) -> Reply:
    """These bytes and waits."""
    return Reply(script=lambda: steps)


def dripping(start: bytes, drop: bytes, pause: float = 0.3) -> Reply:
    """A piece at a time, always in time for the next, and never at an end."""
    return Reply(script=lambda: chain([start], *repeat((pause, drop), ROUNDS)))


def flowing(start: bytes, piece: bytes) -> Reply:
    """As fast as it can, for ever."""
    return Reply(script=lambda: chain([start], repeat(piece)))


def slowly(start: bytes, pieces: Sequence[bytes], pause: float) -> Reply:
    """Slow and honest: the whole body, a wait before each piece."""

    def script() -> Iterable[bytes | float]:
        return chain([start], *((pause, piece) for piece in pieces))

    return Reply(script=script)


def late(name: str, why: str, answer: Answer, *ends: str) -> Case:
    """A case that never comes to its end."""
    return bad(name, why, answer, *(ends or (TIMEOUT,)))


def steady(name: str, why: str, answer: Answer, body: bytes = BODY) -> Case:
    """A case that comes to its end, with this body."""
    return whole(name, why, answer, body)


def after(first: Reply) -> Callable[..., Reply]:
    """That once, and then as it should be."""
    return in_turn(first, GOOD)


SILENT = (
    late("silence", "the time to the head is bounded", played(60.0)),
    late("silence in the status line", "the time to the head is bounded", played(b"HTTP/1.1 2", 60.0)),
    late("silence in the head", "the time to the head is bounded", played(TEXT, 60.0)),
    late("silence behind the head", "the time between bytes is bounded", played(SIZED, 60.0)),
    late("silence in the body", "the time between bytes is bounded", played(SIZED + BODY[:50], 60.0)),
    late("silence before the last byte", "the time between bytes is bounded", played(SIZED + BODY[:99], 60.0)),
    late("silence in a chunk", "the time between bytes is bounded", played(CHUNKED + b"64\r\nabc", 60.0)),
    late("silence before the last chunk", "it is not whole without", played(CHUNKED + b"3\r\nabc\r\n", 60.0)),
    late("silence in the trailers", "the time between bytes is bounded", played(CHUNKED + b"0\r\nA: b\r\n", 60.0)),
    late("silence where the close is the end", "it is not whole without", played(TEXT + b"\r\n" + BODY, 60.0)),
    late("silence behind a 100", "the final answer counts", played(b"HTTP/1.1 100 Continue\r\n\r\n", 60.0)),
)

DRIPPING = (
    late("a dripping status line", "the whole request has its time", dripping(b"HTTP/1.1 200 ", b"O")),
    late("a dripping head", "slowloris; the whole request has its time", dripping(TEXT, b"A: b\r\n")),
    late("a dripping field", "the whole request has its time", dripping(TEXT + b"A: ", b"b")),
    late(
        "a dripping body", "a drip beats any time between bytes", dripping(TEXT + b"Content-Length: 1000\r\n\r\n", b"x")
    ),
    late("a dripping body without length", "a drip beats any time between bytes", dripping(TEXT + b"\r\n", b"x")),
    late("dripping chunks", "a drip beats any time between bytes", dripping(CHUNKED, b"1\r\nx\r\n")),
    late("a dripping chunk size", "the whole request has its time", dripping(CHUNKED, b"0"), TIMEOUT, PROTOCOL),
    late("a dripping chunk extension", "the whole request has its time", dripping(CHUNKED + b"1;", b"x")),
    late("dripping trailers", "the whole request has its time", dripping(CHUNKED + b"0\r\n", b"A: b\r\n")),
    late(
        "dripping 1xx",
        "the whole request has its time",
        dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        TIMEOUT,
        TOO_LARGE,
    ),
    late(
        "dripping empty lines", "the whole request has its time", dripping(b"", b"\r\n"), TIMEOUT, TOO_LARGE, PROTOCOL
    ),
    late(
        "a dripping 404",
        "its body is of no interest",
        dripping(b"HTTP/1.1 404 No\r\nContent-Length: 999\r\n\r\n", b"x"),
        STATUS,
    ),
    late(
        "a dripping redirect",
        "its body is of no interest",
        dripping(b"HTTP/1.1 302 Found\r\nLocation: /before\r\nContent-Length: 999\r\n\r\n", b"x"),
        "redirected",
    ),
)

ENDLESS = (
    late("a body without end", "a limit on it", flowing(TEXT + b"\r\n", bytes(65536)), TOO_LARGE),
    late(
        "chunks without end", "a limit on the body", flowing(CHUNKED, b"ffff\r\n" + bytes(65535) + b"\r\n"), TOO_LARGE
    ),
    late(
        "tiny chunks without end",
        "a limit on the body, or on time",
        flowing(CHUNKED, b"1\r\nx\r\n" * 4000),
        TOO_LARGE,
        TIMEOUT,
    ),
    late(
        "a terabyte said and sent",
        "said beforehand, refused beforehand",
        flowing(TEXT + b"Content-Length: 1000000000000\r\n\r\n", bytes(65536)),
        TOO_LARGE,
    ),
    late(
        "a page of HTML without end",
        "a limit on it",
        flowing(TEXT.replace(b"plain", b"html") + b"\r\n", b'<a href="/after">x</a>' * 3000),
        TOO_LARGE,
    ),
    late("a 404 without end", "its body is of no interest", flowing(b"HTTP/1.1 404 No\r\n\r\n", bytes(65536)), STATUS),
    late(
        "a redirect without end",
        "its body is of no interest",
        flowing(b"HTTP/1.1 302 Found\r\nLocation: /before\r\n\r\n", bytes(65536)),
        "redirected",
    ),
)

HONEST = (
    steady("a slow head", "within the time", Reply(body=BODY, delay=0.5)),
    steady("a slow body", "within the time", slowly(SIZED, [BODY[at : at + 20] for at in range(0, 100, 20)], 0.2)),
    steady(
        "slow chunks", "within the time", slowly(CHUNKED, [b"a\r\n0123456789\r\n"] * 5 + [b"0\r\n\r\n"], 0.2), BODY[:50]
    ),
    steady("a byte a segment", "any split of the bytes", played(*(bytes([byte]) for byte in SIZED + BODY))),
    steady(
        "a megabyte in pieces",
        "within the time",
        slowly(
            TEXT + b"Content-Length: 1000000\r\n\r\n",
            [LARGE[at : at + 250_000] for at in range(0, 10**6, 250_000)],
            0.1,
        ),
        LARGE,
    ),
    steady("a whole body, then silence", "the length says where it ends", played(SIZED + BODY, 60.0)),
    steady(
        "a last chunk, then silence",
        "the last chunk ends it",
        played(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", 60.0),
        b"hello",
    ),
    steady(
        "a whole body said to close, then silence",
        "RFC 9112 9.6: the length ends it",
        played(TEXT + b"Connection: close\r\nContent-Length: 100\r\n\r\n" + BODY, 60.0),
    ),
)

BROKEN = (
    late("reset at once", "nothing came", Reply(reset=True), RESET),
    late("reset behind the head", "incomplete", Reply(body=BODY, cut=0, reset=True), RESET, TRUNCATED),
    late("reset in the body", "incomplete", Reply(body=BODY, cut=50, reset=True), RESET, TRUNCATED),
    late("closed in the body", "RFC 9112 8: incomplete", Reply(body=BODY, cut=50), TRUNCATED),
    late(
        "reset where the close is the end",
        "RFC 9112 8: incomplete",
        Reply(body=BODY, until_close=True, cut=50, reset=True),
        RESET,
        TRUNCATED,
    ),
    *(late(f"always {status}", "an answer", Reply(status, b"no"), STATUS) for status in (501, 505, 511)),
    late("always 500", "an answer", Reply(500, b"oops"), STATUS),
    late("always 502", "an answer", Reply(502, b"oops"), STATUS),
    late("always 408", "an answer", Reply(408, b"oops"), STATUS),
)

PASSING = (
    steady("reset once", "it is asked again", after(Reply(reset=True))),
    steady("no answer once", "it is asked again", after(Reply(raw=b""))),
    steady("reset in the body once", "it is asked again", after(Reply(body=BODY, cut=50, reset=True))),
    steady("closed in the body once", "it is asked again", after(Reply(body=BODY, cut=50))),
    steady("cut in the head once", "it is asked again", after(Reply(raw=SIZED[:30]))),
    steady("chunks cut once", "it is asked again", after(Reply(raw=CHUNKED + b"5\r\nhel"))),
    steady("silence once", "it is asked again", after(played(60.0))),
    steady("silence in the body once", "it is asked again", after(played(SIZED + BODY[:50], 60.0))),
    *(
        steady(f"{status} once", "it passes, and is asked again", after(Reply(status, b"later")))
        for status in (408, 500, 502, 504, 507, 520, 599)
    ),
)

KEPT = (
    Case(
        name="closes every connection unsaid",
        why="RFC 9112 9.3.1: asked again on a fresh one",
        links=("/1", "/2", "/3"),
        pages={"/*": Reply(script=lambda: [SIZED + BODY])},
        contents=dict.fromkeys(("/1", "/2", "/3"), BODY),
    ),
    Case(
        name="resets every connection that rests",
        why="RFC 9112 9.3.1: asked again on a fresh one",
        links=("/1", "/2", "/3"),
        contents=dict.fromkeys(("/1", "/2", "/3"), BODY),
        pages={"/*": Reply(script=lambda: [SIZED + BODY, 0.01], torn=True)},
    ),
    Case(
        name="every second answer is a reset",
        why="no attempt is lost to a neighbour's fault",
        links=("/1", "/2", "/3"),
        pages={"/*": in_turn(Reply(reset=True), GOOD)},
        contents=dict.fromkeys(("/1", "/2", "/3"), BODY),
        ends={"/1": (SAVED,)},
    ),
)

THEME: Final = Theme("pace", (*SILENT, *DRIPPING, *ENDLESS, *HONEST, *BROKEN, *PASSING, *KEPT))
