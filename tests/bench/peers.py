"""One site crawled by us and by every peer that is installed, in one run, as a Markdown table.

    python -m tests.bench.peers [--site FOLDER] [--in-flight 16] [--runs 3] [--only crawler,wget2] [--quick]

Counted is what the server's access log says, not what a tool says of itself. The tools take turns, so that a busy
machine is busy for all of them; the table shows medians. It asserts nothing.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.servers import Server, nginx, package_folder, public_folder

Command = Callable[[str, Path, int], list[str]]
PROJECT = Path(__file__).parents[2]
SPIDER = Path(__file__).with_name("scrapy_spider.py")
RSS_UNIT = 1024 if sys.platform == "linux" else 1
PATIENCE = 600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: distinct pages answered with 200 and all requests, as the server saw them, and what they cost.

    `cpu` is in seconds over the tool and its children, `memory` in bytes for the largest of its processes.
    """

    pages: int
    requests: int
    wall: float
    cpu: float
    memory: int


def ours(url: str, folder: Path, in_flight: int) -> list[str]:
    """This crawler with a user's defaults but for the number in flight."""
    flags = f"-q --concurrency {in_flight} --per-host {in_flight} --output"
    return [sys.executable, "-m", "crawler", "crawl", url, *flags.split(), str(folder / "out")]


def wget(url: str, folder: Path, _: int) -> list[str]:
    """GNU wget, which has one request in flight."""
    return ["wget", "-r", "-l", "inf", "-np", "-q", "-e", "robots=off", "-P", str(folder), url]


def wget2(url: str, folder: Path, in_flight: int) -> list[str]:
    """GNU wget2."""
    return [*f"wget2 -r -l inf -np -q --no-robots --max-threads={in_flight} -P".split(), str(folder), url]


def scrapy() -> Command | None:
    """Scrapy, from a virtual environment made once in the user's cache folder; None where it cannot be had."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crawler-bench" / "scrapy"
    python = str(home / "bin" / "python")
    if not home.exists():
        print("installing Scrapy into", home, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "scrapy"], check=False)
    if subprocess.run([python, "-c", "import scrapy"], capture_output=True, check=False).returncode:
        return None
    return lambda url, folder, in_flight: [python, str(SPIDER), url, str(folder), str(in_flight)]


def find_peers(only: Sequence[str]) -> Iterator[tuple[str, Command | None]]:
    """The tools wanted (all, where `only` is empty), in the order of the table; None for what is not installed."""
    for name, find in (
        ("crawler", lambda: ours),
        ("scrapy", scrapy),
        ("wget", lambda: wget if shutil.which("wget") else None),
        ("wget2", lambda: wget2 if shutil.which("wget2") else None),
    ):
        if not only or name in only:
            yield name, find()


def measure(command: list[str], server: Server) -> Measured:
    """One run of a tool against a server that serves nobody else."""
    before = len(server.hits())
    with tempfile.TemporaryFile() as complaints:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=PROJECT, stdout=complaints, stderr=complaints)
        patience = threading.Timer(PATIENCE, process.kill)
        patience.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        patience.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip()
    hits = server.hits()[before:]
    pages = {hit.target for hit in hits if hit.status == 200 and hit.target.partition("?")[0].endswith(("/", ".html"))}
    if process.returncode and not pages:
        print(f"{command[0]} ended with {process.returncode}: {said[-500:]}", file=sys.stderr)
    return Measured(len(pages), len(hits), wall, used.ru_utime + used.ru_stime, used.ru_maxrss * RSS_UNIT)


def compare(site: Path, peers: Mapping[str, Command], runs: int, in_flight: int) -> dict[str, list[Measured]]:
    """`runs` rounds in which every tool crawls the site once, into a folder of its own.

    The folders are thrown away at the end: files removed a moment ago make a file system slow to make new ones, and
    that would be booked on whoever comes next.
    """
    results: dict[str, list[Measured]] = {name: [] for name in peers}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            for name, command in peers.items():
                place = Path(folder, f"{name}-{number}")
                place.mkdir()
                with nginx(site) as server:
                    results[name].append(measure(command(server.url, place, in_flight), server))
                print(f"{name}: {results[name][-1]}", file=sys.stderr)
    return results


def table(results: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    """The lines of a Markdown table: medians, the spread of pages/s, and its ratio to the first tool's."""
    yield "| tool | pages | requests | wall s | pages/s | (spread) | CPU s/1000 | peak MB | ratio |"
    yield "|---|---|---|---|---|---|---|---|---|"
    first = 0.0
    for name, runs in results.items():
        rates = [run.pages / run.wall for run in runs]
        rate = median(rates)
        first = first or rate
        cells = (
            name,
            f"{median(run.pages for run in runs):.0f}",
            f"{median(run.requests for run in runs):.0f}",
            f"{median(run.wall for run in runs):.2f}",
            f"{rate:.0f}",
            f"{min(rates):.0f}-{max(rates):.0f}",
            f"{median(run.cpu / max(run.pages, 1) * 1000 for run in runs):.2f}",
            f"{median(run.memory for run in runs) / 1e6:.0f}",
            f"{rate / first if first else 0:.2f}",
        )
        yield f"| {' | '.join(cells)} |"


def write_tiny_site(folder: Path, pages: int = 30) -> None:
    """Pages that link all others: enough to see that a benchmark runs."""
    names = ["index.html", *(f"{number}.html" for number in range(1, pages))]
    anchors = "".join(f'<p><a href="{name}">{name}</a>\n' for name in names)
    for name in names:
        (folder / name).write_text(f"<!doctype html><title>{name}</title>{anchors}", encoding="utf-8")


def main() -> None:
    """Read the flags, run, print."""
    parser = argparse.ArgumentParser(description="Crawls one site with every tool and compares them.")
    parser.add_argument("--site", type=Path, help="a folder of HTML (default: that of the package python3.11-doc)")
    parser.add_argument("--in-flight", type=int, default=16, help="requests in flight (default: 16)")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="tools, with commas")
    parser.add_argument("--quick", action="store_true", help="one round on a tiny generated site")
    flags = parser.parse_args()
    peers = {}
    for name, command in find_peers(flags.only):
        if command is None:
            print(f"{name} is not installed and left out")
        else:
            peers[name] = command
    with public_folder() as tiny:
        write_tiny_site(tiny)
        site = tiny if flags.quick else flags.site or package_folder("python3.11-doc", "index.html")
        results = compare(site, peers, 1 if flags.quick else flags.runs, flags.in_flight)
    print("\n".join(table(results)))
    if not all(run.pages for runs in results.values() for run in runs):
        sys.exit("a tool fetched nothing")


if __name__ == "__main__":
    main()
