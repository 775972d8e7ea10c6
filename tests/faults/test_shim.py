"""The shim strikes the call that it is told to and no other, and the watch sees what is not whole."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.shim import Action, Block, Call, Part, compile_shim, new_block
from tests.faults.watch import Watch

WRITES = """
import os, sys
folder = sys.argv[1]
os.mkdir(folder + "/pages")
for number in range(4):
    file = os.open(f"{folder}/pages/{number}", os.O_CREAT | os.O_WRONLY)
    try:
        print(number, os.write(file, b"12345678"), flush=True)
    except OSError as error:
        print(number, os.strerror(error.errno), flush=True)
    os.close(file)
database = os.open(folder + "/crawl.sqlite", os.O_CREAT | os.O_WRONLY)
print("database", os.write(database, b"12345678"))
"""
CLOCK = "import time; print(int(time.time()), int(time.monotonic()))"
LOOK_UP = """
import socket
try:
    print(socket.getaddrinfo("some.test", None)[0][4][0])
except socket.gaierror as error:
    print(error.errno)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def block(library: Path, tmp_path: Path) -> Block:
    (tmp_path / "out").mkdir()
    return new_block(library, tmp_path / "block", tmp_path / "out")


def run(script: str, block: Block, *arguments: Path) -> tuple[int, list[str]]:
    """The exit status of a script under the shim and its lines; as leader of a group, as it may kill that."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, **block.environment},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    return done.returncode, done.stdout.splitlines()


def struck(block: Block, action: Action, number: int, error: int = 0, part: Part = Part.ALL) -> None:
    fields = block.fields
    fields.action, fields.call, fields.number, fields.error, fields.part = action, Call.WRITE, number, error, part


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action.NOTHING, ["0 8", "1 8", "2 8", "3 8", "database 8"]),
        (Action.FAIL, ["0 8", "1 No space left on device", "2 8", "3 8", "database 8"]),
        (Action.FAIL_ON, ["0 8", *(f"{number} No space left on device" for number in (1, 2, 3))]),
        (Action.SHORT, ["0 8", "1 4", *(f"{number} No space left on device" for number in (2, 3))]),
        (Action.KILL, ["0 8"]),
        (Action.TEAR, ["0 8"]),
    ],
)
def test_the_second_write_is_struck(block: Block, tmp_path: Path, action: Action, said: list[str]) -> None:
    struck(block, action, 2, errno.ENOSPC)
    status, lines = run(WRITES, block, tmp_path / "out")
    assert lines == said
    assert (status == -9) == (action in (Action.KILL, Action.TEAR))
    half = {Action.KILL: 0, Action.TEAR: 4, Action.SHORT: 4, Action.NOTHING: 8}.get(action, 0)
    assert (tmp_path / "out" / "pages" / "1").stat().st_size == half
    if action is not Action.NOTHING:
        assert block.fields.fired
        assert block.where == str(tmp_path / "out" / "pages" / "1")


def test_the_database_alone_is_struck(block: Block, tmp_path: Path) -> None:
    struck(block, Action.SHORT, 1, errno.ENOSPC, Part.DATABASE)
    assert run(WRITES, block, tmp_path / "out") == (0, ["0 8", "1 8", "2 8", "3 8", "database 4"])


def test_calls_are_counted_from_the_first_touch_of_the_folder(block: Block, tmp_path: Path) -> None:
    run(WRITES, block, tmp_path / "out")
    counts = block.counts
    assert (counts[Call.MKDIR], counts[Call.CREATE], counts[Call.WRITE]) == (1, 5, 5)
    assert not any(counts[call] for call in (Call.READ, Call.RENAME, Call.CONNECT, Call.SEND))


def test_the_wall_clock_alone_is_moved(block: Block) -> None:
    before = run(CLOCK, block)[1][0].split()
    block.fields.clock = 1_000_000
    after = run(CLOCK, block)[1][0].split()
    assert 1_000_000 <= int(after[0]) - int(before[0]) < 1_000_100
    assert int(after[1]) - int(before[1]) < 100


def test_names_under_test_are_answered_for(block: Block) -> None:
    assert run(LOOK_UP, block)[1] == ["127.0.0.1"]
    block.fields.name_error = -3
    assert run(LOOK_UP, block)[1] == ["-3"]


async def test_the_watch_sees_what_is_not_whole(tmp_path: Path) -> None:
    with Watch(tmp_path, lambda name, content: content == b"whole") as watch:
        (tmp_path / ".tmp").mkdir()
        (tmp_path / ".tmp" / "1").write_bytes(b"half")
        (tmp_path / "crawl.log").write_bytes(b"log")
        (tmp_path / "pages" / "deep").mkdir(parents=True)
        (tmp_path / ".tmp" / "2").write_bytes(b"whole")
        (tmp_path / ".tmp" / "2").replace(tmp_path / "pages" / "deep" / "a")
    assert not watch.seen
    with Watch(tmp_path, lambda name, content: content == b"whole") as watch:
        (tmp_path / ".tmp" / "1").replace(tmp_path / "pages" / "b")
        with (tmp_path / "pages" / "deep" / "a").open("ab"):
            pass
        (tmp_path / "pages" / "deep" / "a").write_bytes(b"whole")
    assert [seen.split(" ")[0] for seen in watch.seen[:1]] == ["pages/b"]
    assert any("written to" in seen for seen in watch.seen)
