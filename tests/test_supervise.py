"""Worker processes are started, watched, replaced and stopped; here they are small scripts, some of which misbehave."""

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from crawler.model import Counts, Event, Noted
from crawler.supervise import WINDOW, WORTH, Growth, Supervisor

TALK = """
import socket, sys, os, time, signal
line = socket.socket(fileno=0)
def say(text): line.sendall(text.encode() + b"\\n")
say("pid %d" % os.getpid())
"""
FINISH = TALK + 'say("bye")\n'
STAY = (
    TALK
    + """
while True:
    line.settimeout(0.05)
    try:
        if line.recv(99): break
    except TimeoutError: say("beat")
say("bye")
"""
)
STUCK = TALK + "time.sleep(60)\n"
MUTE = "import time; time.sleep(60)\n"
KILLED = TALK + "os.kill(os.getpid(), signal.SIGKILL)\n"
LEFT = TALK + "sys.exit(3)\n"


class FakeLine:
    """Hears a script; `had_some` is whether it held visits when it died."""

    def __init__(self, office: "Office", end: socket.socket, alone: bool) -> None:
        self.office, self.alone, self.end = office, alone, end
        self.pid = 0
        self.words = 0
        self.over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.task = asyncio.ensure_future(self.listen())

    async def listen(self) -> None:
        reader, self.writer = await asyncio.open_connection(sock=self.end)
        said_goodbye = False
        try:
            while line := (await reader.readline()).decode().split():
                self.words += 1
                self.pid = int(line[1]) if line[0] == "pid" else self.pid
                said_goodbye = said_goodbye or line[0] == "bye"
        except ConnectionError:
            pass
        self.over.set_result(said_goodbye)
        self.writer.close()

    async def begun(self) -> None:
        while not self.pid:
            await asyncio.sleep(0.01)

    async def ended(self) -> bool:
        return await asyncio.shield(self.over)

    def heard(self) -> bool:
        words, self.words = self.words, 0
        return words > 0

    def stop(self) -> bool:
        if self.pid:
            self.writer.write(b"stop")
        return self.pid > 0

    async def lost(self) -> bool:
        self.office.lost.append(self)
        return self.office.had_some


class Office:
    """What a supervisor is given, and what becomes of it; each worker runs the next of `scripts`, or the last."""

    def __init__(self, folder: Path, *scripts: str, had_some: bool = True) -> None:
        self.folder, self.scripts, self.had_some = folder, list(scripts), had_some
        self.lines: list[FakeLine] = []
        self.lost: list[FakeLine] = []
        self.events: list[Event] = []
        self.failures: list[tuple[str, str | None]] = []
        self.beginnings = 0
        for number, script in enumerate(scripts):
            (folder / f"{number}.py").write_text(script)

    @property
    def command(self) -> Sequence[str]:
        """Runs the next script that no process has taken."""
        choose = (
            "import os, sys\nfolder, last = sys.argv[1], int(sys.argv[2])\nnumber = 0\n"
            "while number < last:\n"
            "    try: os.close(os.open(f'{folder}/{number}.taken', os.O_CREAT | os.O_EXCL)); break\n"
            "    except FileExistsError: number += 1\n"
            "exec(open(f'{folder}/{number}.py').read())\n"
        )
        return (sys.executable, "-c", choose, str(self.folder), str(len(self.scripts) - 1))

    async def connect(self, end: socket.socket, stop: object, alone: bool) -> FakeLine:
        self.lines.append(FakeLine(self, end, alone))
        return self.lines[-1]

    def begin(self) -> None:
        self.beginnings += 1

    def fail(self, word: str, detail: str | None) -> None:
        self.failures.append((word, detail))

    def supervisor(self, count: int = 1, hang_timeout: float = 30.0, command: Sequence[str] = ()) -> Supervisor:
        return Supervisor(command or self.command, count, self.connect, lambda: True, self.events.append, hang_timeout)

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]

    async def begun(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len([line for line in self.lines if line.pid]) < count:
                await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_workers_that_finish_are_the_end(tmp_path: Path) -> None:
    office = Office(tmp_path, FINISH)
    await office.supervisor(3).run(office.fail, office.begin)
    assert len(office.lines) == 3
    assert (office.lost, office.failures, office.notes) == ([], [], [])


@pytest.mark.parametrize(
    ("script", "word"), [(KILLED, "a worker process died of SIGKILL"), (LEFT, "a worker process ended with status 3")]
)
async def test_one_that_dies_is_replaced_and_its_visits_are_seen_to_alone(
    tmp_path: Path, script: str, word: str
) -> None:
    office = Office(tmp_path, script, FINISH)
    await office.supervisor().run(office.fail, office.begin)
    assert office.lost == office.lines[:1]
    assert sorted(line.alone for line in office.lines[1:]) == [False, True]
    assert office.notes == [f"{word}; it is replaced"]


async def test_one_that_had_nothing_is_replaced_and_nothing_else_done(tmp_path: Path) -> None:
    office = Office(tmp_path, KILLED, FINISH, had_some=False)
    await office.supervisor().run(office.fail, office.begin)
    assert [line.alone for line in office.lines] == [False, False]


async def test_one_that_is_stuck_is_killed_and_replaced(tmp_path: Path) -> None:
    office = Office(tmp_path, STUCK, FINISH, had_some=False)
    await office.supervisor(hang_timeout=0.4).run(office.fail, office.begin)
    assert office.lost == office.lines[:1]
    assert not is_alive(office.lines[0].pid)
    assert office.notes == ["a worker process said nothing for 0.4 s; it is replaced"]


async def test_one_that_speaks_now_and_then_is_not_stuck(tmp_path: Path) -> None:
    office = Office(tmp_path, STAY)
    supervisor = office.supervisor(hang_timeout=0.4)
    task = asyncio.ensure_future(supervisor.run(office.fail, office.begin))
    await office.begun(1)
    await asyncio.sleep(1.2)
    assert office.lost == []
    supervisor.stop()
    await task


async def test_the_one_for_suspects_is_replaced_too(tmp_path: Path) -> None:
    office = Office(tmp_path, KILLED, KILLED, KILLED, FINISH)
    await office.supervisor().run(office.fail, office.begin)
    assert len(office.lost) == 3
    assert office.failures == []
    assert any(line.alone for line in office.lines)


async def test_stop_lets_them_end_in_good_order(tmp_path: Path) -> None:
    office = Office(tmp_path, STAY)
    supervisor = office.supervisor(2)
    task = asyncio.ensure_future(supervisor.run(office.fail, office.begin))
    async with asyncio.timeout(20):
        while office.beginnings < 2:
            await asyncio.sleep(0.01)
    supervisor.stop()
    async with asyncio.timeout(10):
        await task
    assert all(line.over.result() for line in office.lines)
    assert (office.lost, office.notes, len(office.lines)) == ([], [], 2)


async def test_stop_kills_what_has_not_begun_and_starts_nothing_new(tmp_path: Path) -> None:
    office = Office(tmp_path, MUTE)
    supervisor = office.supervisor()
    task = asyncio.ensure_future(supervisor.run(office.fail, office.begin))
    while not office.lines:
        await asyncio.sleep(0.01)
    supervisor.stop()
    async with asyncio.timeout(10):
        await task
    assert (office.lost, len(office.lines)) == ([], 1)


async def test_when_it_is_cancelled_none_is_left(tmp_path: Path) -> None:
    office = Office(tmp_path, STUCK)
    task = asyncio.ensure_future(office.supervisor(2).run(office.fail, office.begin))
    await office.begun(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [line.pid for line in office.lines if is_alive(line.pid)]


async def test_workers_that_die_in_vain_end_the_crawl(tmp_path: Path) -> None:
    office = Office(tmp_path, LEFT, had_some=False)
    await office.supervisor().run(office.fail, office.begin)
    assert office.failures == [("crash", "a worker process ended with status 3, and so did those before it")]
    assert len(office.lines) == 3


async def test_a_program_that_is_not_there_ends_the_crawl(tmp_path: Path) -> None:
    office = Office(tmp_path, FINISH)
    await office.supervisor(command=["/nowhere/python"]).run(office.fail, office.begin)
    ((word, text),) = office.failures
    assert word == "crash"
    assert text is not None
    assert text.startswith("no worker process could be started: No such file")


class Alone:
    """A crawl in one process, as `Growth` looks at it."""

    def __init__(self) -> None:
        self.now = self.computed = 0.0
        self.counts = Counts()
        self.growth = Growth(lambda: self.counts, lambda: self.now, lambda: self.computed)

    def go_on(self, seconds: float, share: float, saved: int, queued: int) -> bool:
        self.now += seconds
        self.computed += seconds * share
        self.counts = Counts(saved=self.counts.saved + saved, queued=queued)
        return self.growth()


def test_large_is_what_is_busy_and_has_much_before_it() -> None:
    alone = Alone()
    assert not alone.go_on(WINDOW / 2, 1.0, 50, 10_000), "too early to tell"
    assert alone.go_on(WINDOW / 2, 1.0, 50, 10_000)
    assert not alone.go_on(WINDOW, 0.3, 100, 10_000), "it waits for servers"
    assert not alone.go_on(WINDOW, 1.0, 100, int(WORTH * 100 / WINDOW) - 1), "it is nearly done"
    assert alone.go_on(WINDOW, 1.0, 100, int(WORTH * 100 / WINDOW) + 1)
    assert not alone.go_on(WINDOW, 1.0, 0, 10_000), "nothing gets done"
