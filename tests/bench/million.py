"""A list of a million URLs: the rate from its beginning to its end, the memory, and whether all is accounted for.

    python -m tests.bench.million [--urls 1000000] [--in-flight 16] [--kill]

A server of its own answers every URL with one of ten small images. With `--kill` the crawler is ended by force in the
middle, and the same command goes on. Rates are those of the server's access log, what is known of the rows is read from
the database. It asserts neither times nor sizes, but that nothing is missing and nothing was done twice.
"""

import argparse
import json
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import BinaryIO

from tests.bench.images import ours, png
from tests.bench.turns import Spent, spend
from tests.servers import Server, nginx, public_folder

PICTURES = 10
AGAIN = 100
"""After so many rows comes one that names a URL again."""

ANSWERS = r"open_file_cache max=20; location ~ ^/\d+/\d*(\d)\.png$ { try_files /$1.png =404; }"
SAMPLE = 1.0
"""Seconds between two looks at the memory."""
PATIENCE = 4 * 3600.0


@dataclass(slots=True)
class Run:
    """The processes that worked through a list, one after the other, and what the server saw of them.

    `asked` counts the requests for each URL; `answered_at` has the moments at which each part of `part` requests was
    answered, `cpu_at` the seconds of CPU that were spent by then; `killed_at` is how many were answered at the end by
    force.
    """

    part: int
    spent: list[Spent] = field(default_factory=list)
    memory: int = 0
    killed_at: int | None = None
    asked: bytearray = field(default_factory=bytearray)
    answered_at: list[float] = field(default_factory=list)
    cpu_at: list[float] = field(default_factory=lambda: [0.0])

    def rates(self) -> list[float]:
        """Images a second, part by part."""
        return [self.part / (end - begin) for begin, end in pairwise(self.answered_at)]

    def costs(self) -> list[float]:
        """Microseconds of CPU an image, part by part: what holds on a machine with other work, too."""
        return [(end - begin) / self.part * 1e6 for begin, end in pairwise(self.cpu_at)]


@dataclass(slots=True)
class Watch:
    """Looks at a crawl under way: how much it takes; it is killed once `kill_at` requests are in the log."""

    run: Run
    log: BinaryIO
    kill_at: int | None
    answered: int = 0
    sample_at: float = 0.0

    def __call__(self, pid: int) -> None:
        """Look once."""
        self.answered += self.log.read().count(b"\n")
        while self.answered >= self.run.part * len(self.run.cpu_at):
            self.run.cpu_at.append(sum(spent.cpu for spent in self.run.spent) + cpu_time(pid))
        if self.kill_at is not None and self.answered >= self.kill_at:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() >= self.sample_at:
            self.sample_at = time.monotonic() + SAMPLE
            self.run.memory = max(self.run.memory, sum(map(proportional_size, family(pid))))


def rows(urls: int, root: str) -> Iterator[tuple[str, str, str]]:
    """URL, caption and tag of each row of a list with `urls` URLs, one in a hundred of which is named again."""
    for number in range(urls):
        yield url_of(root, number), f"picture {number}", str(number % 7)
        if number % AGAIN == AGAIN - 1:
            yield url_of(root, number // 2), f"picture {number // 2} again", "again"


def url_of(root: str, number: int) -> str:
    """The URL of that number."""
    return f"{root}{number // 1000}/{number}.png"


def family(pid: int) -> Iterator[int]:
    """A process and all below it; on Linux only."""
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def cpu_time(pid: int) -> float:
    """Seconds of CPU that a process has spent; 0 where the system does not say."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def proportional_size(pid: int) -> int:
    """Bytes that a process has of its own, and its share of what it shares; 0 where the system does not say."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def read_log(server: Server, run: Run, urls: int) -> None:
    """How often each URL was asked for, and when each part of them had been answered, by the server's log."""
    run.asked = bytearray(urls)
    answered = 0
    with server.log.open(encoding="ascii") as log:
        for line in log:
            ended, took, request, *_ = line.split("\t")
            name = request.split(" ")[1].rpartition("/")[2]
            if not name.endswith(".png"):
                continue
            if not run.answered_at:
                run.answered_at.append(float(ended) - float(took))
            run.asked[int(name.removesuffix(".png"))] += 1
            answered += 1
            if answered % run.part == 0:
                run.answered_at.append(float(ended))


def problems(folder: Path, run: Run, urls: int, root: str, in_flight: int) -> Iterator[str]:
    """What is not as it should be when the list has come to its end."""
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as sql:
        for [word] in sql.execute("PRAGMA integrity_check"):
            if word != "ok":
                yield f"the database is broken: {word}"
        there = sql.execute(
            "SELECT u.url, r.caption, r.columns, r.number, r.error FROM rows r LEFT JOIN urls u ON u.id = r.url"
            " ORDER BY r.list, r.number"
        )
        for number, (row, found) in enumerate(zip_longest(rows(urls, root), there), 1):
            wanted = (*row[:2], json.dumps({"tag": row[2]}), number, None) if row is not None else None
            if found != wanted:
                yield f"row {number} is {found}, not {wanted}"
                break
        states = dict(
            sql.execute("SELECT state || coalesce(' ' || error, ''), count(*) FROM urls WHERE kind = 3 GROUP BY 1")
        )
        pictures = min(PICTURES, urls)
        wanted_states = {"saved": pictures, "rejected duplicate": urls - pictures}
        if states != {state: count for state, count in wanted_states.items() if count}:
            yield f"URLs end as {states}, not as {wanted_states}"
    kept = sum(file.is_file() for file in (folder / "images").rglob("*"))
    if kept != pictures:
        yield f"{kept} files are kept, not {pictures}"
    if left := [file.name for file in (folder / ".tmp").iterdir()]:
        yield f"temporary files are left: {left[:5]}"
    with (folder / "images.jsonl").open("rb") as lines:
        if (count := sum(1 for _ in lines)) != urls + urls // AGAIN:
            yield f"images.jsonl has {count} lines, not {urls + urls // AGAIN}"
    if missed := run.asked.count(0):
        yield f"{missed} URLs were never asked for"
    again, most = sum(run.asked) - urls + missed, in_flight if run.killed_at is not None else 0
    if again > most:
        yield f"{again} requests were made again, more than the {most} in flight at the end by force"


def crawl_list(folder: Path, urls: int, in_flight: int, *, kill: bool) -> tuple[Run, list[str]]:
    """Work through a list of `urls` URLs in an empty folder; what that took, and what is wrong."""
    run, wrong = Run(part=max(urls // 10, 1)), []
    with public_folder() as pictures:
        for number in range(PICTURES):
            (pictures / f"{number}.png").write_bytes(png(600, Random(number)))
        with nginx(pictures, ANSWERS) as server:
            list_file = folder / "list.csv"
            with list_file.open("w", encoding="ascii") as file:
                file.write("url,caption,tag\n")
                file.writelines(f"{','.join(row)}\n" for row in rows(urls, server.url))
            command = ours(str(list_file), folder, in_flight)
            for kill_at in (urls // 2, None) if kill else (None,):
                with server.log.open("rb") as log:
                    watch = Watch(run, log, kill_at)
                    run.spent.append(spend(command, watch, PATIENCE))
                if kill_at is not None:
                    run.killed_at = watch.answered
                wanted = -signal.SIGKILL if kill_at is not None else 0
                if run.spent[-1].status != wanted:
                    wrong.append(f"it ended with {run.spent[-1].status}, not {wanted}: {run.spent[-1].said[-500:]}")
            read_log(server, run, urls)
            return run, wrong or list(problems(folder / "out", run, urls, server.url, in_flight))


def table(run: Run) -> Iterator[str]:
    """The lines of a Markdown table: the rate of each part, and that of the last against the first."""
    rates, costs = run.rates(), run.costs()
    if not rates:
        return
    yield "| URLs | images/s | CPU us an image |"
    yield "|---|---|---|"
    for number, (rate, cost) in enumerate(zip_longest(rates, costs, fillvalue=0.0), 1):
        was_killed = run.killed_at is not None and (number - 1) * run.part < run.killed_at <= number * run.part
        said = " (killed here, and started again)" if was_killed else ""
        yield f"| {number * run.part:,}{said} | {rate:.0f} | {cost:.0f} |"
    yield ""
    yield (
        f"last part / first part {rates[-1] / rates[0]:.2f}; wall {sum(spent.wall for spent in run.spent):.0f} s,"
        f" CPU {sum(spent.cpu for spent in run.spent):.0f} s;"
        f" peak {max(spent.memory for spent in run.spent) / 1e6:.0f} MB resident,"
        f" {run.memory / 1e6:.0f} MB proportional"
    )


def main() -> None:
    """Read the flags, run, print."""
    parser = argparse.ArgumentParser(description="Works through a long list of images, and counts what came of it.")
    parser.add_argument("--urls", type=int, default=1_000_000, help="URLs in the list (default: 1,000,000)")
    parser.add_argument("--in-flight", type=int, default=16, help="requests in flight (default: 16)")
    parser.add_argument("--kill", action="store_true", help="kill it in the middle, and run the same command again")
    flags = parser.parse_args()
    with TemporaryDirectory() as folder:
        run, wrong = crawl_list(Path(folder), flags.urls, flags.in_flight, kill=flags.kill)
    print("\n".join(table(run)))
    if wrong:
        sys.exit("\n".join(wrong))
    print("every row is accounted for, once")


if __name__ == "__main__":
    main()
