"""How long an answer takes to parse: ours beside httptools (C), h11 and http.client, in one run.

    python -m tests.bench.parser [--quick]

Every parser is given the same answers, new objects for each, and must hand over the status and the body. Ours parses
the header fields when the first one is asked for; the column `ours, fields` asks for all of them, the others always
have them. Date, ETag, Last-Modified and the cookie differ from answer to answer, as they do in life, so that nothing
can be remembered that a crawler would not meet again. Times are CPU microseconds per answer, the best of many rounds.
"""

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from http.client import HTTPResponse
from pathlib import Path

import h11
import httptools

sys.path.insert(0, str(Path(__file__).parents[2]))

from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.parser import ResponseParser

VARIANTS = 97
CHUNK = 4096

FIELDS = 10

Parsed = tuple[int, int]
"""Status and bytes of the body: what shows that the work was done."""


def answers(size: int, *, chunked: bool) -> list[bytes]:
    """As many answers as there are variants, each with a body of `size` bytes."""
    body = bytes(range(32, 127)) * (size // 95 + 1)
    return [head(number, size, chunked=chunked) + framed(body[:size], chunked=chunked) for number in range(VARIANTS)]


def head(number: int, size: int, *, chunked: bool) -> bytes:
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    return (
        "HTTP/1.1 200 OK\r\n"
        "Server: nginx/1.22.1\r\n"
        f"Date: Fri, 20 Nov 2026 09:{number // 60:02}:{number % 60:02} GMT\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"{framing}\r\n"
        f"Last-Modified: Thu, 19 Nov 2026 10:{number // 60:02}:{number % 60:02} GMT\r\n"
        "Connection: keep-alive\r\n"
        f'ETag: "691d{number:04x}-{size:x}"\r\n'
        "Cache-Control: public, max-age=3600\r\n"
        f"Set-Cookie: session={number * 7919:08x}; Path=/; HttpOnly\r\n"
        "Accept-Ranges: bytes\r\n"
        "\r\n"
    ).encode()


def framed(body: bytes, *, chunked: bool) -> bytes:
    if not chunked:
        return body
    pieces = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def ours(message: bytes) -> Parsed:
    parser = ResponseParser("GET")
    parser.feed(message)
    status = size = 0
    while True:
        event = parser.next_event()
        if isinstance(event, Data):
            size += len(event.data)
        elif isinstance(event, ResponseHead):
            status = event.status
        else:
            assert isinstance(event, End)
            return status, size


def ours_with_fields(message: bytes) -> Parsed:
    parser = ResponseParser("GET")
    parser.feed(message)
    status = size = 0
    while True:
        event = parser.next_event()
        if isinstance(event, Data):
            size += len(event.data)
        elif isinstance(event, ResponseHead):
            status = event.status
            assert len(event.headers) == FIELDS
        else:
            assert isinstance(event, End)
            return status, size


class Collector:
    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.size = 0
        self.is_over = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.size += len(data)

    def on_message_complete(self) -> None:
        self.is_over = True


def of_httptools(message: bytes) -> Parsed:
    collector = Collector()
    parser = httptools.HttpResponseParser(collector)
    parser.feed_data(message)
    assert collector.is_over
    assert len(collector.fields) == FIELDS
    return parser.get_status_code(), collector.size


def of_h11(message: bytes) -> Parsed:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(message)
    status = size = 0
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Data):
            size += len(event.data)
        elif isinstance(event, h11.Response):
            status = event.status_code
            assert len(event.headers) == FIELDS
        else:
            assert isinstance(event, h11.EndOfMessage)
            return status, size


class Socket:
    def __init__(self, message: bytes) -> None:
        self.message = message

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.message)


def of_http_client(message: bytes) -> Parsed:
    response = HTTPResponse(Socket(message), method="GET")  # type: ignore[arg-type]
    response.begin()
    body = response.read()
    assert len(response.getheaders()) == FIELDS
    return response.status, len(body)


PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    "ours": ours,
    "ours, fields": ours_with_fields,
    "httptools": of_httptools,
    "h11": of_h11,
    "http.client": of_http_client,
}


def best(parse: Callable[[bytes], Parsed], messages: Sequence[bytes], times: int) -> float:
    """CPU microseconds per answer over `times` passes."""
    start = time.process_time()
    for _ in range(times):
        for message in messages:
            parse(message)
    return (time.process_time() - start) / times / len(messages) * 1e6


def measure(messages: Sequence[bytes], size: int, rounds: int, times: int) -> dict[str, float]:
    """The best round of each parser; rounds take turns, so that a busy moment hits all alike."""
    for name, parse in PARSERS.items():
        for message in messages:
            assert parse(message) == (200, size), name
    found = {name: float("inf") for name in PARSERS}
    for _ in range(rounds):
        for name, parse in PARSERS.items():
            found[name] = min(found[name], best(parse, messages, times))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="a smoke run: the figures mean nothing")
    quick = options.parse_args(arguments).quick
    rounds, times = (1, 1) if quick else (15, 5)
    print(f"| us per answer | {' | '.join(PARSERS)} | ours / httptools | with fields / httptools | h11 / ours |")
    print("|---" * (len(PARSERS) + 4) + "|")
    for title, size, chunked in (("1 KB", 1024, False), ("30 KB", 30_720, False), ("30 KB chunked", 30_720, True)):
        found = measure(answers(size, chunked=chunked), size, rounds, times)
        ratios = (
            found["ours"] / found["httptools"],
            found["ours, fields"] / found["httptools"],
            found["h11"] / found["ours"],
        )
        figures = [f"{microseconds:.1f}" for microseconds in found.values()] + [f"{ratio:.2f}" for ratio in ratios]
        print(f"| {title} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
