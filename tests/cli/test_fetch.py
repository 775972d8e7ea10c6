import asyncio
import io
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.document import PLAIN, explained
from crawler.cli.fetch import Wanted, deliver, is_text, whole_file
from crawler.demo.site import example_site
from crawler.errors import ConnectError, DNSError, FetchError, SettingsError, TruncatedError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import Contact

Crawler = Callable[..., Any]


class FakeResponse:
    """A document in two pieces; the second may be a failure."""

    def __init__(self, first: bytes, second: bytes | Exception = b"", media_type: str = "text/plain") -> None:
        raw = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n\r\n".encode()
        self.head = ResponseHead((1, 1), 200, "OK", Headers([("Content-Type", media_type)]), raw)
        self.contact = Contact("127.0.0.1:80", 0.0)
        self.pieces = (first, second)

    async def peek(self, size: int) -> bytes:
        return self.pieces[0][:size]

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if piece:
                yield piece

    async def read(self, limit: int | None = None) -> bytes:
        return b"".join([piece async for piece in self.chunks()])


@asynccontextmanager
async def given(response: FakeResponse) -> AsyncIterator[FakeResponse]:
    yield response


class Terminal(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="")

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def show(response: FakeResponse, wanted: Wanted, stream: io.TextIOBase | None = None) -> int:
    with redirect_stdout(stream or io.StringIO()):
        return asyncio.run(deliver(given(response), wanted))


def test_a_document_goes_to_standard_output_byte_by_byte(site: str) -> None:
    command = [sys.executable, "-m", "crawler", "fetch", site + "images/dawn.png"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (example_site()["/images/dawn.png"].body, b"")


def test_redirects_are_followed_into_a_file(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("fetch", site + "old-tower.html", "-o", tmp_path / "tower.html")
    assert (said.status, said.out, said.err) == (0, "", "")
    assert (tmp_path / "tower.html").read_bytes() == example_site()["/tower.html"].body
    assert [path.name for path in tmp_path.iterdir()] == ["tower.html"]


def test_the_head_comes_first_where_it_is_wanted(crawler: Crawler, site: str, tmp_path: Path) -> None:
    assert crawler("fetch", "-i", site + "robots.txt", "-o", tmp_path / "r").status == 0
    content = (tmp_path / "r").read_bytes()
    assert content.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain")
    assert content.endswith(b"\r\n\r\n" + example_site()["/robots.txt"].body)


def test_each_arrival_is_told(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("fetch", "--trace", site + "story.txt", "-o", tmp_path / "s")
    size = len(example_site()["/story.txt"].body)
    assert said.err.startswith(f"* {site[7:-1]} answered 200, head of ")
    assert said.err.rstrip().endswith(f"{size:,} in all")


def test_an_error_page_is_delivered_and_said(crawler: Crawler, site: str, tmp_path: Path) -> None:
    said = crawler("fetch", site + "gone", "-o", tmp_path / "g")
    assert (said.status, said.err) == (0, "crawler: the server answered 410 Gone\n")
    assert (tmp_path / "g").read_bytes() == b"gone\n"


def test_robots_txt_is_not_asked(crawler: Crawler, site: str, tmp_path: Path) -> None:
    assert crawler("fetch", site + "private/cellar.html", "-o", tmp_path / "c").status == 0
    assert b"The cellar" in (tmp_path / "c").read_bytes()


def test_a_bare_host_is_taken_as_http_with_a_word_about_it(crawler: Crawler, site: str, tmp_path: Path) -> None:
    host = site.removeprefix("http://").rstrip("/")
    said = crawler("fetch", f"joe:hunter2@{host}/robots.txt", "-o", tmp_path / "r")
    assert (said.status, said.err) == (0, f"taken as {site}robots.txt\n")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/", "no connection ("),
        ("http://nothing.invalid/", "the name is not known ("),
        ("http://joe:hunter2@127.0.0.1:1/", "http://127.0.0.1:1/: no connection"),
    ],
)
def test_a_failure_is_one_plain_line(
    crawler: Crawler, complains: Callable[..., None], url: str, words: str, tmp_path: Path
) -> None:
    said = crawler("fetch", url, "-o", tmp_path / "x")
    assert said.status == 1
    complains(said, words)
    assert "hunter2" not in said.err
    assert list(tmp_path.iterdir()) == []


def test_failures_in_plain_words() -> None:
    assert explained(DNSError("no such host: x")) == "the name is not known (no such host: x)"
    assert explained(FetchError("odd")) == "odd"
    kinds = {error.kind for error in FetchError.__subclasses__()} | {TruncatedError.kind, ConnectError.kind, "reset"}
    assert kinds <= set(PLAIN)


def test_a_document_that_breaks_off_leaves_no_file_and_the_old_one_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_text("old")
    with pytest.raises(TruncatedError):
        show(FakeResponse(b"new", TruncatedError("broke off")), Wanted(target))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_a_file_is_made_with_the_rights_of_any_other(tmp_path: Path) -> None:
    with whole_file(tmp_path / "x") as write:
        write(b"1")
    (tmp_path / "y").touch()
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "y").stat().st_mode
    assert stat.S_ISREG((tmp_path / "x").stat().st_mode)


def test_a_device_is_written_and_not_replaced() -> None:
    with whole_file(Path("/dev/null")) as write:
        write(b"1")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no folder .*none"), whole_file(tmp_path / "none" / "x"):
        pass


def test_a_terminal_gets_text_that_cannot_act_upon_it(terminal: Terminal) -> None:
    response = FakeResponse(b"K\xc3\xa4se \x1b[2J\r\n\xe2\x80", b"\xaeend\n", "text/plain; charset=utf-8")
    assert show(response, Wanted(head=True), terminal) == 0
    assert terminal.shown == ("HTTP/1.1 200 OK\nContent-Type: text/plain; charset=utf-8\n\nKäse \\x1b[2J\n\\u202eend\n")


def test_a_terminal_gets_text_by_its_charset(terminal: Terminal) -> None:
    assert show(FakeResponse(b"K\xe4se", media_type="text/plain; charset=iso-8859-1"), Wanted(), terminal) == 0
    assert terminal.shown == "Käse"


def test_a_terminal_gets_no_binary_unless_forced(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    png = example_site()["/images/dawn.png"].body
    assert show(FakeResponse(png, media_type="image/png"), Wanted(), terminal) == 1
    assert terminal.shown == ""
    assert "looks binary (image/png)" in capsys.readouterr().err
    assert show(FakeResponse(png, media_type="image/png"), Wanted(force=True), terminal) == 0
    terminal.flush()
    assert terminal.buffer.getvalue() == png  # type: ignore[attr-defined]


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
