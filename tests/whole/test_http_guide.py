"""Everything that docs/http.md says to type is typed here, and has to show what it says."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

import pytest

from tests.command import PROJECT

GUIDE = (PROJECT / "docs" / "http.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
PORTS = ("8765", "8766")


def steps(console: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, and what it is to show."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [str(one.getsockname()[1]) for one in sockets]


def wait_for(port: str) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
        except ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nobody listens on {port}")


class Reader:
    """Somebody who follows the guide in a folder of their own; the ports are others, so that any number can."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.ports = free_ports(len(PORTS))
        programs = folder / "bin"
        programs.mkdir()
        for name, arguments in (("crawler", "-m crawler"), ("python3", "")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            (programs / name).chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        self.environ = {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT), "LC_ALL": "C.UTF-8"}
        self.stack = stack

    def here(self, text: str) -> str:
        for written, real in zip(PORTS, self.ports, strict=True):
            text = text.replace(written, real)
        return text

    def there(self, text: str) -> str:
        for written, real in zip(PORTS, self.ports, strict=True):
            text = text.replace(real, written)
        return text

    def save(self, code: str) -> None:
        name = code.splitlines()[0].removeprefix("# ")
        (self.folder / "desk" / name).write_text(self.here(code))

    def leave_running(self, command: str) -> None:
        process = subprocess.Popen(
            ["sh", "-c", f"exec {self.here(command)}"],
            cwd=self.folder / "desk", env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.stack.callback(process.wait, 10)
        self.stack.callback(process.terminate)

    def type(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", self.here(command)],
            cwd=self.folder / "desk", env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=30, check=False,
        )  # fmt: skip
        return self.there(done.stdout)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A reader who has saved what was to be saved, and has left running what was to be left running."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "desk").mkdir()
    with ExitStack() as stack:
        reader = Reader(folder, stack)
        for kind, text in BLOCKS:
            if kind == "python":
                reader.save(text)
        for kind, text in BLOCKS:
            if kind == "sh":
                reader.leave_running(text.strip())
        for port in reader.ports:
            wait_for(port)
        yield reader


def test_the_guide_has_what_is_tested() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert set(kinds) == {"sh", "python", "console"}
    assert (kinds.count("sh"), kinds.count("python")) == (2, 2)
    assert kinds.count("console") >= 15
    assert GUIDE.count("\n```") == 2 * len(BLOCKS)


@pytest.mark.parametrize("block", [text for kind, text in BLOCKS if kind == "console"], ids=lambda text: text[2:60])
def test_what_is_typed_shows_what_is_said(reader: Reader, block: str) -> None:
    for command, expected in steps(block):
        shown = reader.type(command)
        assert OutputChecker().check_output(expected, shown, ELLIPSIS), f"$ {command}\n{shown}\n--- said:\n{expected}"
