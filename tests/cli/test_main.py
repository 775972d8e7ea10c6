import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from crawler.cli import app as commands
from crawler.cli.main import BROKEN_PIPE, main
from crawler.errors import CrawldbError, FetchError, InvalidURLError, NoCrawlError, SettingsError, StoreError
from crawler.settings import VERSION

Crawler = Callable[..., Any]
Complains = Callable[..., None]


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--version", "crawl"]])
def test_the_version(crawler: Crawler, arguments: list[str]) -> None:
    said = crawler(*arguments)
    assert (said.status, said.out, said.err) == (0, f"crawler {VERSION}\n", "")


def test_the_version_needs_no_library() -> None:
    """It is what other programs ask for; importing what only commands need would make them wait."""
    code = "import sys; from crawler.cli.main import run; run(['--version']); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version == f"crawler {VERSION}"
    assert not {"typer", "rich", "asyncio", "bs4", "ada_url", "sqlite3", "ssl"} & set(modules.split())


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "crawler", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"crawler {VERSION}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], ["no such command 'nope'", "crawler --help tells more"]),
        (["cral"], ["no such command 'cral'", "crawl"]),
        (["crawl", "--nope"], ["no such option: --nope", "crawler crawl --help tells more"]),
        (["crawl", "x", "--max-depth"], ["--max-depth"]),
        (["crawl"], ["crawl.start: no start URL"]),
        (["crawl", "ftp://x/"], ["ftp://x/", "scheme ftp", "http or https"]),
        (["crawl", "http://"], ["'http://' is no URL", "http or https"]),
        (["crawl", "http://me:hunter2@[x/"], ["is no URL"]),
        (["crawl", "x", "--max-depth", "-1"], ["--max-depth: '-1'", "a whole number"]),
        (["crawl", "x", "--delay", "5x"], ["--delay: '5x'", "a duration such as"]),
        (["crawl", "x", "--max-bytes", "1_0"], ["--max-bytes: '1_0'", "a size such as"]),
        (["crawl", "x", "--scope", "all"], ["--scope: 'all'", "page, path, host, subdomains, domain, any"]),
        (["crawl", "x", "--include", "re:("], ["--include: 're:('", "regular expression"]),
        (["crawl", "x", "--preset", "polit"], ["unknown preset: polit", "did you mean polite"]),
        (["crawl", "x", "-c", "/nowhere/my.toml"], ["/nowhere/my.toml", "cannot be read"]),
        (["crawl", "x", "-o", "/dev/null"], ["/dev/null"]),
        (["status"], ["FOLDER"]),
        (["status", "/nowhere"], ["/nowhere holds no crawl"]),
        (["export", "/nowhere"], ["/nowhere holds no crawl"]),
        (["export", "/nowhere", "--format", "xml"], ["--format: 'xml'", "jsonl or csv"]),
        (["export", "/nowhere", "--table", "x"], ["--table: 'x'", "urls or links"]),
        (["links", "/dev/null", "--format", "xml"], ["--format: 'xml'", "text or jsonl"]),
        (["fetch", "mailto:a@b"], ["scheme mailto"]),
        (["fetch", "x", "-o", "/"], ["--output: / is a folder"]),
        (["config", "show", "--preset", "x"], ["unknown preset: x"]),
        (["demo", "--port", "x"], ["--port"]),
        (["fetch", "x\x1b[2J"], ["x\\x1b[2J"]),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    crawler: Crawler, complains: Complains, arguments: list[str], words: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    said = crawler(*arguments)
    assert said.status == 2
    assert said.out == ""
    err = said.err.removeprefix("taken as http://x/\n")
    complains(type(said)(said.status, said.out, err), *words)
    assert "hunter2" not in err
    assert list(tmp_path.iterdir()) == []


def test_nothing_asked_is_helped(crawler: Crawler) -> None:
    said = crawler()
    assert said.status == 2
    assert "crawl" in said.out + said.err
    assert "crawler: " not in said.err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file fails for everybody")
def test_an_unexpected_failure_of_the_system_is_one_line(crawler: Crawler, complains: Complains) -> None:
    said = crawler("links", "/proc/self/mem")
    assert said.status == 1
    complains(said, "Input/output error")


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KeyboardInterrupt(), 130, ""),
        (typer.Abort(), 130, ""),
        (SystemExit(1), BROKEN_PIPE, ""),
        (SettingsError("a: b"), 2, "crawler: a: b\n"),
        (InvalidURLError("no URL"), 2, "crawler: no URL\n"),
        (NoCrawlError("no crawl"), 2, "crawler: no crawl\n"),
        (CrawldbError("disk full"), 1, "crawler: disk full\n"),
        (StoreError("disk full"), 1, "crawler: disk full\n"),
        (FetchError("\x1b[2J"), 1, "crawler: \\x1b[2J\n"),
        (FileNotFoundError(2, "No such file", "x"), 1, "crawler: x: No such file\n"),
        (OSError(28, "No space left"), 1, "crawler: No space left\n"),
        (OSError("odd"), 1, "crawler: odd\n"),
    ],
)
def test_what_a_command_raises_becomes_a_line_and_a_status(
    crawler: Crawler, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, line: str
) -> None:
    def fail(*arguments: object, **options: object) -> int:
        raise error

    monkeypatch.setattr(commands, "app", fail)
    said = crawler("crawl")
    assert (said.status, said.out, said.err) == (status, "", line)


def test_a_bug_keeps_its_traceback(crawler: Crawler, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> int:
        raise KeyError("bug")

    monkeypatch.setattr(commands, "app", fail)
    with pytest.raises(KeyError):
        crawler("crawl")


def test_main_ends_the_process_with_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["crawler", "--version"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0


@pytest.mark.parametrize("command", [["config", "show"], ["--version"], ["config", "--help"]])
def test_a_reader_that_went_away_is_no_error(command: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "crawler", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(30) == BROKEN_PIPE
