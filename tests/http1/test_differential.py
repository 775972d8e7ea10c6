"""Beside h11 and httptools (llhttp) on answers with one byte too many, one too few, or cut off.

Where a peer judges otherwise, the answer must show one of the deviations that the table says this peer judges
otherwise; and where ours and a peer's both accept, status and body are the same.
"""

import re
from collections.abc import Callable, Iterator

import h11
import httptools

from crawler.errors import CrawlError, TruncatedError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.parser import ResponseParser

BASES = [
    b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 12\r\n\r\nhello world\n",
    b"HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x\r\n world\n\r\n0\r\nC: d\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\nContent-Type: text/plain\r\n\r\nhello",
]
INSERTED = [b" ", b"\t", b"\r", b"\n", b"\0", b"\x01", b"\x0b", b"\x80", b":", b",", b";", b"-", b"a", b"0"]

Verdict = tuple[str, int, bytes]
"""`whole`, `unfinished` or `refused`; then status and body of what is whole."""

REFUSED: Verdict = ("refused", 0, b"")
UNFINISHED: Verdict = ("unfinished", 0, b"")


def grid() -> Iterator[bytes]:
    for base in BASES:
        yield base
        for at in range(len(base) + 1):
            yield base[:at]
            yield base[:at] + base[at + 1 :]
            for byte in INSERTED:
                yield base[:at] + byte + base[at:]


def of_ours(message: bytes) -> Verdict:
    parser = ResponseParser("GET")
    status, body = 0, b""
    try:
        for piece in (message, b""):
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                if isinstance(event, ResponseHead):
                    status = event.status
                elif isinstance(event, Data):
                    body += event.data
                else:
                    assert isinstance(event, End)
                    return "whole", status, body
    except TruncatedError:
        return UNFINISHED
    except CrawlError:
        return REFUSED
    return UNFINISHED


def of_h11(message: bytes) -> Verdict:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    status, body = 0, b""
    pieces = iter([message, b""] if message else [])
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if (piece := next(pieces, None)) is None:
                    return UNFINISHED
                connection.receive_data(piece)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return "whole", status, body
    except h11.RemoteProtocolError as error:
        return UNFINISHED if re.search("closed|incomplete|without sending complete", str(error)) else REFUSED


class Collector:
    def __init__(self) -> None:
        self.body = b""
        self.has_head = self.is_over = False

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_over = True


def of_httptools(message: bytes) -> Verdict:
    collector = Collector()
    parser = httptools.HttpResponseParser(collector)
    try:
        for at in range(len(message)):
            parser.feed_data(message[at : at + 1])
            if collector.is_over:
                return "whole", parser.get_status_code(), collector.body
    except httptools.HttpParserError:
        return REFUSED
    # It has no word for the end of the stream, which ends a body that nothing else does.
    is_framed = re.search(rb"\n(content-length:|transfer-encoding:[ \t]*chunked\r)", message.lower())
    if collector.has_head and not is_framed:
        return "whole", parser.get_status_code(), collector.body
    return UNFINISHED


PEERS: dict[str, Callable[[bytes], Verdict]] = {"h11": of_h11, "httptools": of_httptools}
BOTH = {"h11", "httptools"}

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"

WE_TAKE: dict[str, tuple[bytes, set[str]]] = {
    "leading-lines": (rb"\A[\r\n]", {"h11"}),
    "status-blanks": (rb"\AHTTP/1\.[01](?! [0-9]{3}(?: |\r\n))", BOTH),
    "version-blank": (rb"\AHTTP/1\.[\t\x0b\r]", BOTH),
    "length-and-text": (rb"\nContent-Length: [0-9]+[ \t]*[^0-9\s,]|\nContent-Length: [0-9]+\r(?!\n)", BOTH),
    "first-folded": (rb"\A[^\n]+\n[ \t\r](?!\n)", BOTH),
    "folded": (rb"\n[ \t]", {"httptools"}),
    "bare-lf": (rb"(?<!\r)\n", {"httptools"}),
    "bare-cr": (rb"\r(?!\n)", BOTH),
    "blank-before-colon": (rb"\n" + TOKEN + rb"[ \t]+:", BOTH),
    "no-colon": (rb"\n[^:\r\n]+\r?\n", BOTH),
    "bad-name": (rb"\n(?!" + TOKEN + rb"[ \t]*:)[^\r\n]*:", BOTH),
    "controls": (rb"[\x01\x0b]", BOTH),
    "chunk-blanks": (rb"(?:\A|\n)[0-9a-f]+[ \t]+[;\r]", {"httptools"}),
    "chunk-bare-lf": (rb"(?<!\r)\n", BOTH),
    "chunk-bare-lf behind data that ends in CR": (rb"\A5\r\n[^\r]{4}\r\n|\n7;x\r\n[^\r]{6}\r\n", BOTH),
    "chunk-extensions": (rb"\A[^\n]*\n[^\n]*\n[0-9a-f]+(?!\r|;[!#-+./-9<-~-]+\r)", BOTH),
    "chunk-trailers": (rb"\n0\r\n(?!\r|C: [a0]?d\r\n\r\n)", BOTH),
}
"""What ours takes: how the head shows it, or for `chunk-...` what is behind it, and which peers refuse it."""

THEY_TAKE: dict[str, tuple[bytes, set[str]]] = {
    "NUL in the reason phrase": (rb"\A[^\n]*\0", {"httptools"}),
    "an unknown transfer coding, as if the field were not there": (
        rb"(?i)\nTransfer-Encoding:(?!\s*chunked\r)",
        {"httptools"},
    ),
}
"""What ours refuses: how a message shows it, and which peers take it."""

READ_OTHERWISE: dict[str, tuple[bytes, set[str]]] = {
    "an empty member or a tab behind chunked": (rb"chunked[,\t]\r\n", {"httptools"}),
}
"""What is whole for both, but with another body: theirs goes on to the end of the stream."""


def table_for(ours: Verdict, theirs: Verdict) -> dict[str, tuple[bytes, set[str]]] | None:
    """The table that must explain the difference; None where there is none."""
    if ours == theirs or "whole" not in (ours[0], theirs[0]):
        return None
    if ours[0] == theirs[0]:
        return READ_OTHERWISE
    return WE_TAKE if ours[0] == "whole" else THEY_TAKE


def deviations(message: bytes, table: dict[str, tuple[bytes, set[str]]], peer: str) -> set[str]:
    """The names of the rows that the message shows and this peer judges otherwise."""
    end = re.search(rb"\S\s*?\n\r?\n", message)
    head, behind = (message[: end.end()], message[end.end() :]) if end else (message, b"")
    return {
        name
        for name, (shown, peers) in table.items()
        if peer in peers and re.search(shown, behind if name.startswith("chunk-") else head)
    }


def test_every_difference_is_one_of_the_table() -> None:
    seen: set[tuple[str, str]] = set()
    for message in sorted(set(grid())):
        ours = of_ours(message)
        for peer, parse in PEERS.items():
            theirs = parse(message)
            table = table_for(ours, theirs)
            if table is not None:
                named = deviations(message, table, peer)
                assert named, (peer, ours, theirs, message)
                seen |= {(name, peer) for name in named}
    tables = (WE_TAKE, THEY_TAKE, READ_OTHERWISE)
    assert seen == {(name, peer) for table in tables for name, (_, peers) in table.items() for peer in peers}


def test_what_they_judge_as_ours_does() -> None:
    """The grid is not made of differences: most answers are judged alike."""
    messages = sorted(set(grid()))
    for parse in PEERS.values():
        alike = sum(table_for(of_ours(message), parse(message)) is None for message in messages)
        assert alike > len(messages) * 0.6
