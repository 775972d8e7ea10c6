"""The example site on loopback for commands that run in this process, and what they said."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Thread

import pytest

from crawler.cli.main import run
from crawler.demo.server import serve
from crawler.demo.site import Answer, example_site

HOSTILE = (
    b'<a href="/x\x1b[31my">\x1b]0;owned\x07 \xe2\x80\xae</a><a href="nowhere:\x07">\x9b</a><a href="/#top">top</a>'
)


@dataclass(frozen=True, slots=True)
class Said:
    """The exit status of a command and what it wrote."""

    status: int
    out: str
    err: str


@pytest.fixture
def crawler(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """A command line, run in this process."""

    def command(*arguments: object) -> Said:
        status = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Said(status, out, err)

    return command


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The URL of the example site, served by a thread; with a few answers more."""
    answers = {
        **example_site(),
        "/tides.html": Answer(200, "text/html", b"<p>quick</p>"),
        "/hostile.html": Answer(200, "text/html; charset=utf-8", HOSTILE),
        "/latin.txt": Answer(200, "text/plain; charset=iso-8859-1", b"K\xe4se \x1b[2J\n"),
        "/empty": Answer(200, "application/octet-stream", b""),
        "/gone": Answer(410, "text/plain", b"gone\n"),
    }
    ready, over = Event(), Event()
    found: list[str] = []

    async def main() -> None:
        async with serve(answers, 0) as url:
            found.append(url)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert ready.wait(10)
    yield found[0]
    over.set()
    thread.join(10)


def one_line(said: Said, *words: str) -> None:
    """The one line of an error, with these words and no traceback."""
    assert said.err.startswith("crawler: "), said
    assert said.err.count("\n") == 1, said
    for word in words:
        assert word in said.err, said


@pytest.fixture
def complains() -> Callable[..., None]:
    return one_line
