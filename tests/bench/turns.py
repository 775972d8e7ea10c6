"""Tools that take turns at the same work, so that a busy machine is busy for all; and a table of what each turn took.

It knows neither the work nor the tools, and asserts nothing.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Command = Callable[[str, Path, int], list[str]]
"""The command by which a tool does the work: of what (a URL, a list of them), into which folder, how many in flight."""

PROJECT = Path(__file__).parents[2]
RSS_UNIT = 1024 if sys.platform == "linux" else 1
PATIENCE, TICK = 600.0, 0.02
SLOWER = "PYTHONDONTWRITEBYTECODE"
"""With this a program of Python would be compiled anew in every turn, as it is for no user."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process and its children took.

    `cpu` is in seconds over all of them, `memory` in bytes for the largest; `status` is negative where a signal ended
    it.
    """

    wall: float
    cpu: float
    memory: int
    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One turn: what a tool got done by its end, how many requests the server saw for it, and what that took."""

    done: int
    requests: int
    wall: float
    cpu: float
    memory: int


def spend(command: Sequence[str], tick: Callable[[int], object] = lambda _: None, patience: float = PATIENCE) -> Spent:
    """Run a command to its end; what it started ends with it where it is not over after `patience` seconds.

    `tick` is called again and again with its process id, in a thread.
    """
    environment = {name: value for name, value in os.environ.items() if name != SLOWER}
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(TICK):
                tick(process.pid)
                if time.monotonic() > began + patience:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * RSS_UNIT, process.returncode, said)


def installed(program: str, command: Command) -> Command | None:
    """The command, None where its program is not there."""
    return command if shutil.which(program) else None


def python_with(package: str) -> str | None:
    """A Python that has `package`, in a virtual environment made once in the user's cache folder.

    None where it cannot be had.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crawler-bench" / package
    python = str(home / "bin" / "python")
    if not home.exists():
        print(f"installing {package} into {home}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", package], check=False)
    return None if subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode else python


def find_tools(finders: Mapping[str, Callable[[], Command | None]], only: Sequence[str]) -> dict[str, Command]:
    """The tools wanted (all, where `only` is empty), in the order of the table; what is not installed is said."""
    tools = {}
    for name, find in finders.items():
        if only and name not in only:
            continue
        command = find()
        if command is None:
            print(f"{name} is not installed and left out")
        else:
            tools[name] = command
    return tools


def take_turns(
    tools: Mapping[str, Command], runs: int, folder: Path, turn: Callable[[Command, Path], Measured]
) -> dict[str, list[Measured]]:
    """`runs` rounds in which every tool has its turn, each in a folder of its own below `folder`.

    None is thrown away before all are done: files removed in the last minutes make a file system slow to make new ones
    (ext4 passes over inodes freed a moment ago), and that would be booked on whoever comes next.
    """
    results: dict[str, list[Measured]] = {name: [] for name in tools}
    for number in range(runs):
        for name, command in tools.items():
            place = folder / f"{name}-{number}"
            place.mkdir(parents=True)
            results[name].append(turn(command, place))
            print(f"{name}: {results[name][-1]}", file=sys.stderr)
    return results


def table(results: Mapping[str, Sequence[Measured]], unit: str) -> Iterator[str]:
    """The lines of a Markdown table: medians, the spread of the rate, and its ratio to the first tool's."""
    yield f"| tool | {unit} | requests | wall s | {unit}/s | (spread) | CPU s/1000 | peak MB | ratio |"
    yield "|---|---|---|---|---|---|---|---|---|"
    first = 0.0
    for name, runs in results.items():
        rates = [run.done / run.wall for run in runs]
        rate = median(rates)
        first = first or rate
        cells = (
            name,
            f"{median(run.done for run in runs):.0f}",
            f"{median(run.requests for run in runs):.0f}",
            f"{median(run.wall for run in runs):.2f}",
            f"{rate:.0f}",
            f"{min(rates):.0f}-{max(rates):.0f}",
            f"{median(run.cpu / max(run.done, 1) * 1000 for run in runs):.2f}",
            f"{median(run.memory for run in runs) / 1e6:.0f}",
            f"{rate / first if first else 0:.2f}",
        )
        yield f"| {' | '.join(cells)} |"
