"""A lane: one site with a port of its own, one output folder, and one crawl after the other, as a user runs them.

What a crawl of the lane's site comes to when nothing goes wrong is measured first; all else is compared with that.
"""

import asyncio
import os
import shlex
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.faults.folder import Folder, read_folder
from tests.faults.shim import Block, new_block
from tests.faults.site import Document, Site

PROJECT: Final = Path(__file__).parents[2]
PATIENCE: Final = 60.0
IN_FLIGHT: Final = 4
COMMAND: Final = f"crawl {{url}} -o {{folder}} -q --concurrency {IN_FLIGHT} --config {{config}}"
"""What is run when nobody asks for another command."""

CONFIG: Final = """
[store]
durability = "power"
min_free = 0
memory = "32KiB"
min_partial = "32KiB"
[fetch]
retry_wait = "50ms"
"""
"""Small bounds, so that a small site reaches all of them, and every fsync there is."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its status (negative: the signal that ended it; None: not by itself), and what it said."""

    status: int | None
    out: str
    err: str
    took: float
    orphans: bool = False


@dataclass(frozen=True, slots=True)
class Clean:
    """What an undisturbed crawl comes to; `worked` is how many seconds it was at work on its folder."""

    folder: Folder
    asked: Counter[str]
    worked: float
    calls: Mapping[int, int]

    def is_whole(self, path: str, content: bytes) -> bool:
        """Whether these are the bytes that belong under that name."""
        return self.folder.files.get(path) == sha256(content).hexdigest()


@dataclass(slots=True)
class Lane:
    """The site, the folder, and how crawls are started; `command` has {url}, {folder} and {config} in it."""

    site: Site
    work: Path
    library: Path
    command: str = COMMAND
    url: str = ""
    config: str = CONFIG
    environment: Mapping[str, str] = field(default_factory=dict)
    clean: Clean = field(init=False)

    @property
    def folder(self) -> Path:
        """The output folder of the present case."""
        return self.work / "out"

    def arguments(self, command: str | None = None) -> list[str]:
        """The command of a crawl, for exec."""
        config = self.work / "config.toml"
        config.write_text(self.config, encoding="utf-8")
        values = {"url": self.url or self.site.at("/"), "folder": str(self.folder), "config": str(config)}
        words = [word.format(**values) for word in shlex.split(command or self.command)]
        return [sys.executable, "-m", "crawler", *words]

    def new_block(self) -> Block:
        """A block of the shim over the present folder."""
        return new_block(self.library, self.work / "block", self.folder)

    def fresh(self) -> None:
        """A new case: nothing in the folder, nothing in the site's log."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.site.asked.clear()
        self.site.accepted.clear()

    async def start(
        self, environment: Mapping[str, str] | None = None, *, wrapper: Sequence[str] = (), command: str | None = None
    ) -> asyncio.subprocess.Process:
        """A crawl under way, the leader of a session of its own; `wrapper` is put before its command."""
        return await asyncio.create_subprocess_exec(
            *wrapper,
            *self.arguments(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**_environment(), "PYTHONPATH": str(PROJECT), **self.environment, **(environment or {})},
            start_new_session=True,
        )

    async def end(self, process: asyncio.subprocess.Process, patience: float = PATIENCE) -> Ended:
        """The command at its end, all its processes gone, and the site's log whole."""
        began = time.monotonic()
        status: int | None = None
        try:
            async with asyncio.timeout(patience):
                out, err = await process.communicate()
                status = process.returncode
        except TimeoutError:
            send(process, signal.SIGABRT)  # upon which Python says where each of its threads stands
            await asyncio.wait_for(process.wait(), 5)
            _kill_group(process.pid)
            out, err = await process.communicate()
        took = time.monotonic() - began
        orphans = not await _gone(process.pid)
        _kill_group(process.pid)
        await self.site.quiet()
        return Ended(status, out.decode(errors="replace"), err.decode(errors="replace"), took, orphans)

    async def crawl(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        patience: float = PATIENCE,
        wrapper: Sequence[str] = (),
        command: str | None = None,
    ) -> Ended:
        """A crawl from start to end."""
        process = await self.start(environment, wrapper=wrapper, command=command)
        return await self.end(process, patience)

    async def measure(self, times: int = 1) -> None:
        """Crawl undisturbed, and keep that as what is right; of several crawls the most calls of each kind count."""
        calls: Counter[int] = Counter()
        for _ in range(times):
            self.fresh()
            block = self.new_block()
            process = await self.start(block.environment)
            ending = asyncio.create_task(self.end(process))
            await begun(block, ending)
            began = time.monotonic()
            ended = await ending
            worked = time.monotonic() - began
            assert ended.status == 0, ended
            for call, number in block.counts.items():
                calls[call] = max(calls[call], number)
            clean = Clean(read_folder(self.folder), self.site.times(), worked, calls)
            self._check_clean(clean)
        self.clean = clean

    def _check_clean(self, clean: Clean) -> None:
        """What the undisturbed crawl kept is what the site serves: no expectation comes from the crawler alone."""
        assert not clean.folder.damage, clean.folder.damage
        truth = {sha256(document.body).hexdigest() for document in self.site.served.values() if is_kept(document)}
        kept = set(clean.folder.files.values())
        assert kept, "an undisturbed crawl keeps nothing"
        assert kept <= truth, "an undisturbed crawl keeps what the site does not serve"
        assert kept == truth or self.command.split()[0] != "crawl", "an undisturbed crawl does not keep all there is"
        for row in clean.folder.rows.values():
            assert row.state not in ("queued", "leased"), row

    def like(self, **changes: Any) -> "Lane":
        """The same lane with other settings, still compared with the same undisturbed crawl."""
        other = replace(self, **changes)
        other.clean = self.clean
        return other


def _environment() -> dict[str, str]:
    """Ours, without what would have the coverage of every crawl measured, which takes longer than the crawl."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_"))}
    return {**ours, "PYTHONFAULTHANDLER": "1"}


def send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """A signal to a process, if it has not ended; asyncio's own way may reap it behind the back of who waits for it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def is_kept(document: Document) -> bool:
    """Whether a crawl keeps a document: redirects are followed, not kept."""
    return document.status == "200 OK"


async def begun(block: Block, ending: "asyncio.Task[Ended]") -> None:
    """Wait until a program touches its folder, or ends."""
    while not block.fields.armed and not ending.done():
        await asyncio.sleep(0.001)


async def _gone(group: int, patience: float = 3.0) -> bool:
    """Whether all processes of a session have ended within a while."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return True
        await asyncio.sleep(0.02)
    return False


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


@asynccontextmanager
async def open_lane(
    work: Path, library: Path, served: Mapping[str, Document], command: str = COMMAND
) -> AsyncIterator[Lane]:
    """A lane in the folder `work`, its site up and its undisturbed crawl measured."""
    work.mkdir(parents=True, exist_ok=True)
    site = Site(served)
    await site.up()
    try:
        lane = Lane(site, work.resolve(), library, command)
        await lane.measure(2)
        yield lane
    finally:
        await site.down()
