"""What comes where: answers made up for it, on a terminal, in files, and on standard output."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from crawler.cli.delivery import FAILED, REFUSED, NotShownError, Wanted, deliver_document, deliver_raw, is_text
from crawler.demo.site import example_site
from crawler.errors import DecodingError, FetchError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Contact, Request
from crawler.net.watched import Watch

ASKED = Request(URL("http://a.example/x"))
PNG = example_site()["/images/dawn.png"].body


class FakeFetcher:
    """Answers with one document in two pieces; the second may be a failure."""

    def __init__(
        self, first: bytes, second: bytes | Exception = b"", media_type: str = "text/plain", status: int = 200
    ) -> None:
        raw = f"HTTP/1.1 {status} Well\r\nContent-Type: {media_type}\r\n\r\n".encode()
        self.head = ResponseHead((1, 1), status, "Well", Headers([("Content-Type", media_type)]), raw)
        self.contact = Contact("127.0.0.1:80", 0.0)
        self.pieces = (first, second)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator["FakeFetcher"]:
        assert request == ASKED
        yield self

    async def peek(self, size: int) -> bytes:
        return self.pieces[0][:size]

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def read(self, limit: int | None = None) -> bytes:
        return b"".join([piece async for piece in self.chunks()])


def shown(fetcher: FakeFetcher, wanted: Wanted, terminal: str | None = None) -> bytes:
    written: list[bytes] = []
    asyncio.run(deliver_document(fetcher, wanted, ASKED, written.append, terminal))
    return b"".join(written)


def test_bytes_are_bytes() -> None:
    fetcher = FakeFetcher(b"\0\r\n", b"\xff\x1b")
    assert shown(fetcher, Wanted()) == b"\0\r\n\xff\x1b"
    assert shown(fetcher, Wanted(head=True)) == fetcher.head.raw + b"\0\r\n\xff\x1b"
    assert shown(fetcher, Wanted(literal=True), "utf-8") == b"b'\\x00\\r\\n'\nb'\\xff\\x1b'\n"


def test_a_terminal_gets_text_that_cannot_act_upon_it() -> None:
    fetcher = FakeFetcher(b"K\xc3\xa4se \x1b[2J\r\n\xe2\x80", b"\xaeend\r", "text/plain; charset=utf-8")
    assert shown(fetcher, Wanted(head=True), "utf-8").decode() == (
        "HTTP/1.1 200 Well\nContent-Type: text/plain; charset=utf-8\n\nKäse \\x1b[2J\n\\u202eend\\x0d"
    )


def test_a_terminal_gets_text_by_its_charset_in_the_encoding_of_its_own() -> None:
    fetcher = FakeFetcher(b"K\xe4se", media_type="text/plain; charset=iso-8859-1")
    assert shown(fetcher, Wanted(), "utf-8") == "Käse".encode()
    assert shown(fetcher, Wanted(), "ascii") == b"K\\xe4se"
    assert shown(fetcher, Wanted()) == b"K\xe4se"


def test_a_terminal_gets_no_binary_unless_forced() -> None:
    fetcher = FakeFetcher(PNG, media_type="image/png")
    with pytest.raises(NotShownError, match=r"looks binary \(image/png\).* -o FILE, .* --force") as caught:
        shown(fetcher, Wanted(), "utf-8")
    assert caught.value.status == FAILED
    assert shown(fetcher, Wanted(force=True), "utf-8") == PNG
    with pytest.raises(NotShownError, match=r"looks binary \(no text\)"):
        shown(FakeFetcher(PNG, media_type="?"), Wanted(), "utf-8")


def test_what_the_server_thinks_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(FakeFetcher(b"gone", status=410), Wanted()) == b"gone"
    assert capsys.readouterr().err == "crawler: http://a.example/x: the server answered 410 Well\n"
    assert shown(FakeFetcher(b"x", status=399), Wanted(fail=True)) == b"x"
    with pytest.raises(NotShownError, match=r"^the server answered 400 Well$") as caught:
        shown(FakeFetcher(b"x", status=400), Wanted(fail=True))
    assert caught.value.status == REFUSED == 22
    assert capsys.readouterr().err == ""


Opened = Callable[..., AbstractAsyncContextManager[FakeFetcher]]


def off_the_wire(*pieces: bytes | Exception) -> Opened:
    """Opens a fetcher whose wire carries these bytes."""

    @asynccontextmanager
    async def opened(*, watch: Watch) -> AsyncIterator[FakeFetcher]:
        watcher = watch(None, None)  # type: ignore[arg-type]
        watcher.sent(b"GET / HTTP/1.1\r\n\r\n")
        for piece in pieces:
            if isinstance(piece, bytes):
                watcher.received(piece)
        yield FakeFetcher(b"decoded", next((piece for piece in pieces if isinstance(piece, Exception)), b""))

    return opened


@pytest.mark.parametrize(
    ("wanted", "terminal", "expected"),
    [
        (Wanted(raw=True), None, b"HTTP/1.1 200\r\n\r\n5\r\n\xe4\x1b\r\n"),
        (
            Wanted(raw=True, literal=True),
            "utf-8",
            b"b'HTTP/1.1 200\\r\\n'\nb'\\r\\n'\nb'5\\r\\n'\nb'\\xe4\\x1b\\r\\n'\n",
        ),
        (Wanted(raw=True), "utf-8", "HTTP/1.1 200\n\n5\n\ufffd\\x1b\n".encode()),
        (Wanted(raw=True, force=True), "utf-8", b"HTTP/1.1 200\r\n\r\n5\r\n\xe4\x1b\r\n"),
    ],
)
def test_what_comes_off_the_wire(wanted: Wanted, terminal: str | None, expected: bytes) -> None:
    written: list[bytes] = []
    opened = off_the_wire(b"HTTP/1.1 200\r\n\r\n5\r", b"\n\xe4\x1b\r\n")
    asyncio.run(deliver_raw(opened, None, wanted, ASKED, written.append, terminal))
    assert b"".join(written) == expected


def test_what_came_before_a_failure_is_shown() -> None:
    written: list[bytes] = []
    opened = off_the_wire(b"HTTP/1.1 200\r\n\r\nno gzip", DecodingError("broken"))
    with pytest.raises(FetchError, match="broken"):
        asyncio.run(deliver_raw(opened, None, Wanted(raw=True, literal=True), ASKED, written.append, None))
    assert b"".join(written) == b"b'HTTP/1.1 200\\r\\n'\nb'\\r\\n'\nb'no gzip'\n"


@pytest.mark.parametrize(
    ("declared", "first", "expected"),
    [
        ("text/html", b"<p>", True),
        ("application/json", b"{}", True),
        ("application/xhtml+xml", b"<html>", True),
        ("image/png", b"\x89PNG\r\n\x1a\n", False),
        ("application/pdf", b"%PDF-1.4", False),
        ("text/plain", b"\0\1\2\3", False),
        (None, b"plain words", True),
        (None, b"\0\1\2\3", False),
        ("application/octet-stream", b"", True),
    ],
)
def test_what_is_text(declared: str | None, first: bytes, expected: bool) -> None:
    assert is_text(declared, first) is expected


class Terminal(io.TextIOWrapper):
    """A standard output that a person looks at."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="iso-8859-1", newline="")

    def isatty(self) -> bool:
        return True


def test_on_a_terminal(crawler: Callable[..., object], site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    crawler("fetch", site + "latin.txt", site + "images/dawn.png", site + "robots.txt")
    monkeypatch.undo()
    assert terminal.buffer.getvalue() == b"K\xe4se \\x1b[2J\n" + example_site()["/robots.txt"].body  # type: ignore[attr-defined]
