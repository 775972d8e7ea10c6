"""Jobs in real child processes: what they give, and how they end when they will not."""

import asyncio
import os
import pickle
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import LimitError, StoreError, WorkError
from crawler.work import children as module
from crawler.work.children import Children
from tests.work import jobs

LONG = 60.0
PROJECT = Path(__file__).parents[2]


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    async with Children(2, max_memory=512 * 1024**2, max_answer=1 << 20) as children:
        yield children


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """A pipe by name, into which a job says that it has started."""
    os.mkfifo(tmp_path / "pipe")
    return str(tmp_path / "pipe")


async def said(pipe: str) -> int:
    """The process that a job named in a pipe."""
    return int(await asyncio.to_thread(Path(pipe).read_text))


@contextmanager
def watched(pid: int) -> Iterator[Callable[[], bool]]:
    """Asks whether a process ends within ten seconds."""
    handle = os.pidfd_open(pid)
    try:
        yield lambda: bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


async def test_a_job_gives_its_value(children: Children) -> None:
    assert await children.run(jobs.add, 2, 3, timeout=LONG) == 5
    for value in ({"a": ["\0" * 100_000]}, [None, True, 1.5, "\udc80\u2028"], 10**30):
        assert await children.run(jobs.echo, value, timeout=LONG) == value


async def test_nothing_is_started_before_it_is_needed_and_no_more_than_that(children: Children) -> None:
    assert not children._alive
    one_after_another = {await children.run(jobs.pid, timeout=LONG) for _ in range(5)}
    assert len(one_after_another) == len(children._alive) == 1
    at_once = set(await asyncio.gather(*(children.run(jobs.pid_after_work, timeout=LONG) for _ in range(20))))
    assert one_after_another <= at_once
    assert len(at_once) == 2


async def test_callers_are_served_in_the_order_in_which_they_came() -> None:
    served: list[int] = []

    async def call(number: int) -> None:
        served.append(await children.run(jobs.echo, number, timeout=LONG))

    async with Children(1) as children:
        await asyncio.gather(*map(call, range(30)))
    assert served == list(range(30))


async def test_every_caller_gets_its_own_answer(children: Children) -> None:
    answers = await asyncio.gather(*(children.run(jobs.add, n, n, timeout=LONG) for n in range(300)))
    assert answers == [2 * n for n in range(300)]


async def test_a_child_imports_nothing_of_the_crawler_by_itself(children: Children) -> None:
    names = await children.run(jobs.modules, timeout=LONG)
    assert [name for name in names if name.startswith("crawler")] == []
    assert "asyncio" not in names


async def test_a_child_has_its_limits(children: Children) -> None:
    assert await children.run(jobs.limits, timeout=LONG) == [[512 * 1024**2] * 2, [0, 0]]


async def test_what_a_job_prints_and_reads_is_not_the_crawler_s(
    children: Children, capfd: pytest.CaptureFixture[str]
) -> None:
    assert await children.run(jobs.chatter, timeout=LONG) == ""
    assert await children.run(jobs.add, 1, 1, timeout=LONG) == 2
    assert capfd.readouterr() == ("", "")


async def test_a_crawl_error_comes_back_as_itself(children: Children) -> None:
    with pytest.raises(StoreError, match=r"^disk full$"):
        await children.run(jobs.fail_as_expected, "disk full", timeout=LONG)


async def test_any_other_error_is_one_line_and_keeps_its_traceback(children: Children) -> None:
    with pytest.raises(WorkError) as caught:
        await children.run(jobs.fail, "one\n two", timeout=LONG)
    assert str(caught.value) == "tests.work.jobs.fail: ValueError: one two"
    assert "jobs.py" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (jobs.leave, "SystemExit: I have had enough"),
        (jobs.fail_as_odd, "OddError: a class that nobody else can find"),
        (jobs.unsendable, "TypeError: .* function is not JSON serializable"),
    ],
)
async def test_what_cannot_travel_is_said(children: Children, job: Callable[[], object], text: str) -> None:
    first = await children.run(jobs.pid, timeout=LONG)
    with pytest.raises(WorkError, match=text):
        await children.run(job, timeout=LONG)
    assert await children.run(jobs.pid, timeout=LONG) == first


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self._path,)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[" * 100_000,
        b'"\xff"',
        b"[]",
        b"3",
        b'["returned"]',
        b'["returned", 1, 2]',
        b'["raised", 3]',
        b'["raised", ["StoreError", "x"]]',
        b'[["returned"], null]',
    ],
)
async def test_an_answer_that_is_none_is_said(children: Children, answer: bytes) -> None:
    with pytest.raises(WorkError, match=r"^tests\.work\.jobs\.say gave what cannot be read: "):
        await children.run(jobs.say, answer, timeout=LONG)


async def test_a_job_that_has_taken_its_process_over_has_no_code_run_here(children: Children, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        answer = pickle.dumps(("returned", Trap(str(folder))), protocol)
        with pytest.raises(WorkError, match="cannot be read"):
            await children.run(jobs.say, answer, timeout=LONG)
        assert not folder.exists()
        assert not children._idle, "what says such things is given no other job"
    pickle.loads(answer)
    assert folder.exists()


@pytest.mark.parametrize("name", ["SystemExit", "OddError", "CrawldbError", "CrawlError", "Final"])
async def test_it_raises_no_error_that_jobs_do_not_have(children: Children, name: str) -> None:
    answer = f'["raised", ["{name}", "x", ""]]'.encode()
    with pytest.raises(WorkError, match=rf"^tests\.work\.jobs\.say: {name}: x$"):
        await children.run(jobs.say, answer, timeout=LONG)


async def test_a_child_that_begins_with_nonsense_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nprintf '\\0\\0\\0\\0\\0\\0\\0\\003[1]' >&0; exec sleep 1000\n")
    (tmp_path / "python").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    async with Children(1) as children:
        with pytest.raises(WorkError, match=r"^a child process that started gave what cannot be read: "):
            await children.run(jobs.add, 1, 1, timeout=LONG)


async def test_what_it_says_of_an_error_is_a_text_that_can_be_kept(children: Children) -> None:
    with pytest.raises(StoreError, match=r"^disk \? full$"):
        await children.run(jobs.fail_as_expected, "disk\n\udc80 full", timeout=LONG)


async def test_a_job_that_cannot_be_sent_is_the_caller_s_error(children: Children) -> None:
    with pytest.raises(Exception, match=r"pickle|local"):
        await children.run(lambda: 1, timeout=LONG)
    assert await children.run(jobs.add, 1, 1, timeout=LONG) == 2


async def test_an_answer_that_is_too_long_is_not_taken(children: Children) -> None:
    first = await children.run(jobs.pid, timeout=LONG)
    with pytest.raises(LimitError, match=r"1\.0 MB"):
        await children.run(jobs.big, 2 << 20, timeout=LONG)
    assert await children.run(jobs.pid, timeout=LONG) != first


async def test_a_job_that_never_ends_is_ended(children: Children, pipe: str) -> None:
    await children.run(jobs.pid, timeout=LONG)
    task = asyncio.create_task(children.run(jobs.spin, pipe, timeout=1.0))
    with watched(await said(pipe)) as is_gone:
        with pytest.raises(LimitError, match=r"^tests\.work\.jobs\.spin took more than 1 s$"):
            await task
        assert await asyncio.to_thread(is_gone)
    assert await children.run(jobs.add, 1, 1, timeout=LONG) == 2


@pytest.mark.parametrize(
    ("job", "arguments", "text"),
    [
        (jobs.kill_self, (signal.SIGKILL,), "died of SIGKILL"),
        (jobs.kill_self, (signal.SIGSEGV,), "died of SIGSEGV"),
        (jobs.kill_self, (40,), "died of signal 40"),
        (jobs.exit_with, (7,), "ended its process, with status 7"),
        (jobs.eat, (), "wanted more memory than 537 MB"),
        (jobs.eat_in_one_bite, (1 << 40,), "wanted more memory than 537 MB"),
    ],
)
async def test_a_death_is_that_job_s_alone(
    children: Children, job: Callable[..., object], arguments: tuple[object, ...], text: str
) -> None:
    beside = asyncio.gather(*(children.run(jobs.echo, n, timeout=LONG) for n in range(50)))
    with pytest.raises(WorkError, match=rf"^tests\.work\.jobs\.{job.__name__} {text}$"):
        await children.run(job, *arguments, timeout=LONG)
    assert await beside == list(range(50))
    assert await children.run(jobs.add, 1, 1, timeout=LONG) == 2


async def test_an_order_that_is_too_long_for_a_child_is_a_death_too() -> None:
    async with Children(1, max_memory=64 * 1024**2) as children:
        with pytest.raises(WorkError, match="wanted more memory"):
            await children.run(jobs.echo, bytes(64 * 1024**2), timeout=LONG)
        assert await children.run(jobs.add, 1, 1, timeout=LONG) == 2


async def test_a_child_that_died_while_it_had_no_job_costs_none(children: Children) -> None:
    pid = await children.run(jobs.pid, timeout=LONG)
    with watched(pid) as is_gone:
        os.kill(pid, signal.SIGKILL)
        assert is_gone()
    assert await children.run(jobs.pid, timeout=LONG) != pid


async def test_a_child_that_no_job_comes_for_is_ended(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 0.2)
    pid = await children.run(jobs.pid, timeout=LONG)
    with watched(pid) as is_gone:
        assert await asyncio.to_thread(is_gone)
    assert not children._idle
    assert await children.run(jobs.pid, timeout=LONG) != pid


async def test_one_that_is_at_work_by_then_is_not(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE", 0.005)
    pid = await children.run(jobs.pid, timeout=LONG)
    assert await children.run(jobs.pid_after_work, timeout=LONG) == pid


async def test_a_job_that_is_not_waited_for_is_ended_and_its_answer_is_nobody_s(pipe: str) -> None:
    async with Children(1) as children:
        task = asyncio.create_task(children.run(jobs.spin, pipe, timeout=LONG))
        waiting = asyncio.create_task(children.run(jobs.add, 2, 2, timeout=LONG))
        with watched(await said(pipe)) as is_gone:
            task.cancel()
            assert await waiting == 4
            assert await asyncio.to_thread(is_gone)
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("turns", range(8))
async def test_a_caller_may_be_cancelled_at_any_moment(turns: int) -> None:
    async with Children(1) as children:
        for number in range(20):
            task = asyncio.create_task(children.run(jobs.echo, number, timeout=LONG))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            assert await children.run(jobs.add, number, number, timeout=LONG) == 2 * number
            await asyncio.wait([task])


async def test_a_caller_that_is_cancelled_while_it_waits_leaves_the_others_in_order() -> None:
    async with Children(1) as children:
        tasks = [asyncio.create_task(children.run(jobs.echo, number, timeout=LONG)) for number in range(10)]
        await asyncio.sleep(0)
        for task in tasks[1::2]:
            task.cancel()
        assert await asyncio.gather(*tasks[::2]) == [0, 2, 4, 6, 8]


async def test_what_a_job_has_started_ends_with_it(children: Children, pipe: str) -> None:
    task = asyncio.create_task(children.run(jobs.spawn, pipe, timeout=LONG))
    with watched(await said(pipe)) as is_gone:
        task.cancel()
        assert await asyncio.to_thread(is_gone)
    await asyncio.wait([task])


async def test_close_ends_what_is_in_flight_and_what_waits(pipe: str) -> None:
    children = Children(1)
    task = asyncio.create_task(children.run(jobs.spin, pipe, timeout=LONG))
    waiting = asyncio.create_task(children.run(jobs.add, 2, 2, timeout=LONG))
    with watched(await said(pipe)) as is_gone:
        await children.close()
        assert is_gone()
    for one in (task, waiting):
        with pytest.raises(WorkError, match="closed"):
            await one
    with pytest.raises(WorkError, match="closed"):
        await children.run(jobs.add, 2, 2, timeout=LONG)
    await children.close()


async def test_close_leaves_no_process_behind() -> None:
    async with Children(3) as children:
        pids = set(await asyncio.gather(*(children.run(jobs.pid, timeout=LONG) for _ in range(30))))
        await children.run(jobs.leave_a_thread_behind, timeout=LONG)
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


async def test_signals_meant_for_the_crawler_do_not_end_a_job(children: Children) -> None:
    assert await children.run(jobs.session, timeout=LONG) == await children.run(jobs.pid, timeout=LONG)
    meant = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    assert await children.run(jobs.survive, *meant, timeout=LONG) == "alive"


async def test_without_an_interpreter_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with Children(1) as children:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
        with pytest.raises(WorkError, match=r"^no child process could be started: No such file or directory$"):
            await children.run(jobs.add, 1, 1, timeout=LONG)
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(WorkError, match=r"^a child process that started ended its process, with status 1$"):
            await children.run(jobs.add, 1, 1, timeout=LONG)
        monkeypatch.undo()
        assert await children.run(jobs.add, 1, 1, timeout=LONG) == 2


async def test_a_child_that_does_not_get_ready_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 1000\n")
    (tmp_path / "python").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(module, "START_TIMEOUT", 0.1)
    async with Children(1) as children:
        with pytest.raises(WorkError, match=r"did not start within 0\.1 s"):
            await children.run(jobs.add, 1, 1, timeout=LONG)


PARENT = """
import asyncio, sys
from crawler.work.children import Children
import its_jobs

async def main():
    async with Children(1) as children:
        print(await children.run(its_jobs.double, 21, timeout=60), flush=True)
        await children.run(its_jobs.spin, sys.argv[1], timeout=600)

asyncio.run(main())
"""
JOBS = """
import os

def double(number):
    return 2 * number

def spin(started):
    with open(started, "w") as pipe:
        pipe.write(str(os.getpid()))
    while True:
        pass
"""


async def test_a_child_dies_with_its_parent_and_finds_modules_where_that_does(tmp_path: Path, pipe: str) -> None:
    (tmp_path / "its_jobs.py").write_text(JOBS)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", PARENT, pipe]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as parent:
        with watched(await said(pipe)) as is_gone:
            parent.kill()
            assert await asyncio.to_thread(is_gone)
        assert parent.communicate()[0] == b"42\n"
