"""One site crawled by us and by every peer that is installed, in one run, as a Markdown table.

    python -m tests.bench.peers [--site FOLDER] [--in-flight 16] [--runs 3] [--only crawler,wget2] [--quick]

Counted is what the server's access log says, not what a tool says of itself; the table shows medians. It asserts
nothing.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.turns import Command, Measured, find_tools, installed, python_with, spend, table, take_turns
from tests.servers import nginx, package_folder, public_folder

SPIDER = Path(__file__).with_name("scrapy_spider.py")


def ours(url: str, folder: Path, in_flight: int) -> list[str]:
    """This crawler with a user's defaults but for the number in flight."""
    flags = f"-q --concurrency {in_flight} --per-host {in_flight} --output"
    return [sys.executable, "-m", "crawler", "crawl", url, *flags.split(), str(folder / "out")]


ONE_AT_A_TIME: Final = ("wget", "httrack")
"""Tools that wait for each page before they ask for the next, or nearly so: HTTrack asks for its type first."""


def wget(url: str, folder: Path, _: int) -> list[str]:
    """GNU wget, which has one request in flight."""
    return ["wget", "-r", "-l", "inf", "-np", "-q", "-e", "robots=off", "-P", str(folder), url]


def wget2(url: str, folder: Path, in_flight: int) -> list[str]:
    """GNU wget2."""
    return [*f"wget2 -r -l inf -np -q --no-robots --max-threads={in_flight} -P".split(), str(folder), url]


def httrack(url: str, folder: Path, in_flight: int) -> list[str]:
    """HTTrack, without its limits on rate and connections; it rewrites links as it saves."""
    flags = f"-q -s0 -c{in_flight} -%c0 -A1000000000 --disable-security-limits -I0 -%v0 -r9999 -%e0 -O"
    return ["httrack", url, *flags.split(), str(folder / "out"), f"+{url.removeprefix('http://')}*"]


def scrapy() -> Command | None:
    """Scrapy with a spider; None where it cannot be had."""
    python = python_with("scrapy")
    if python is None:
        return None
    return lambda url, folder, in_flight: [python, str(SPIDER), url, str(folder), str(in_flight)]


PEERS = {
    "crawler": lambda: ours,
    "scrapy": scrapy,
    "wget": lambda: installed("wget", wget),
    "wget2": lambda: installed("wget2", wget2),
    "httrack": lambda: installed("httrack", httrack),
}
"""Every tool and how it is found, in the order of the table."""


def measure(command: Command, site: Path, folder: Path, in_flight: int) -> Measured:
    """One crawl of the site, from a server that serves nobody else; done are pages answered with 200."""
    with nginx(site) as server:
        spent = spend(command(server.url, folder, in_flight))
        hits = server.hits()
    pages = {hit.target for hit in hits if hit.status == 200 and hit.target.partition("?")[0].endswith(("/", ".html"))}
    if spent.status and not pages:
        print(f"it ended with {spent.status}: {spent.said[-500:]}", file=sys.stderr)
    return Measured(len(pages), len(hits), spent.wall, spent.cpu, spent.memory)


def compare(
    site: Path, peers: Mapping[str, Command], runs: int, in_flight: int, work: Path
) -> dict[str, list[Measured]]:
    """`runs` rounds in which every tool crawls the site once, into a folder of its own below `work`."""
    return take_turns(peers, runs, work, lambda command, folder: measure(command, site, folder, in_flight))


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
    peers = find_tools(PEERS, flags.only)
    with public_folder() as tiny, TemporaryDirectory() as work:
        write_tiny_site(tiny)
        site = tiny if flags.quick else flags.site or package_folder("python3.11-doc", "index.html")
        results = compare(site, peers, 1 if flags.quick else flags.runs, flags.in_flight, Path(work))
    print("\n".join(table(results, "pages")))
    if not all(run.done for runs in results.values() for run in runs):
        sys.exit("a tool fetched nothing")


if __name__ == "__main__":
    main()
