"""The whole table: every work beside every peer that is installed, each goal with the figure that was reached.

    python -m tests.bench [--runs 3] [--only pydoc,jdk,gimp,gallery,list,latency,start] [--tools crawler] [--quick]

Each work is a run of its own in which the tools take turns; medians, on servers that it starts itself. It asserts
nothing. How the cost of a page grows with the crawl is another run: `python -m tests.bench.scale`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench import images, peers
from tests.bench.delay import DelaySite, serving
from tests.bench.million import proportional_size
from tests.bench.turns import Command, Measured, find_tools, spend, table, take_turns
from tests.servers import nginx, package_folder, public_folder

Results = Mapping[str, Sequence[Measured]]
SITES = {
    "pydoc": ("python3.11-doc", "index.html"),
    "jdk": ("openjdk-17-doc", "api/index.html"),
    "gimp": ("gimp-help-en", "index.html"),
}


def family(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


class Peak:
    """The largest memory of a family of processes together, their shared pages counted once."""

    def __init__(self) -> None:
        self.size = 0
        self._ticks = 0

    def __call__(self, pid: int) -> None:
        """Look, at every tenth call: it costs the looked at some time."""
        self._ticks += 1
        if self._ticks % 10 == 0:
            self.size = max(self.size, sum(map(proportional_size, family(pid))))


def crawl_site(command: Command, site: Path, folder: Path, in_flight: int) -> Measured:
    """One crawl of a folder of files: done is every document answered with 200."""
    peak = Peak()
    with nginx(site) as server:
        spent = spend(command(server.url, folder, in_flight), peak)
        hits = server.hits()
    done = {hit.target for hit in hits if hit.status == 200 and hit.target != "/robots.txt"}
    return Measured(len(done), len(hits), spent.wall, spent.cpu, peak.size or spent.memory)


def crawl_delayed(command: Command, pages: int, delay: float, folder: Path, in_flight: int) -> Measured:
    """One crawl of a site of which every page takes a while."""
    with serving(DelaySite(pages, delay)) as site:
        spent = spend(command(site.url, folder, in_flight))
        done = len({target for target in site.asked if target != "/robots.txt"})
        return Measured(done, len(site.asked), spent.wall, spent.cpu, spent.memory)


def write_gallery_site(folder: Path, pages: int, shown: int) -> None:
    """Pages that show pictures, and link the next one and the first."""
    digests = list(images.write_gallery(folder, pages * shown))
    for page in range(pages):
        figures = "".join(f'<img src="/{path}" alt="">\n' for path in digests[page * shown : (page + 1) * shown])
        links = "".join(f'<a href="/{name}">{name}</a>\n' for name in ("index.html", f"{(page + 1) % pages}.html"))
        name = f"{page}.html" if page else "index.html"
        (folder / name).write_text(f"<!doctype html><title>{page}</title>{links}{figures}", encoding="utf-8")
    (folder / "0.html").write_text("<!doctype html><a href=index.html>first</a>", encoding="utf-8")


def rate(results: Results, name: str) -> float:
    """Documents a second, the median."""
    return median(run.done / run.wall for run in results[name])


def against(results: Results, goals: Mapping[str, float]) -> Iterator[str]:
    """What was reached beside what was asked, as ratios to peers."""
    for name, goal in goals.items():
        if name in results:
            yield f"{rate(results, 'crawler') / rate(results, name):.2f} of {name}'s (goal {goal:g})"


class Table:
    """One work after the other, each printed as it is done."""

    def __init__(self, runs: int, quick: bool, tools: Callable[[Mapping[str, Command]], Mapping[str, Command]]) -> None:
        self.runs, self.quick, self.tools = runs, quick, tools

    def site(self, name: str, goals: Mapping[str, float]) -> Iterator[str]:
        """A site of files, 16 in flight."""
        with public_folder() as made, TemporaryDirectory() as work:
            site = made
            if self.quick or name == "gallery":
                write_gallery_site(made, 3 if self.quick else 60, 5 if self.quick else 50)
            else:
                site = package_folder(*SITES[name])
            found = self.tools(find_tools(peers.PEERS, []))
            results = take_turns(found, self.runs, Path(work), lambda one, place: crawl_site(one, site, place, 16))
        yield from table(results, "documents")
        yield from against(results, goals)
        if name == "pydoc" and "scrapy" in results:
            ours, theirs = (median(run.memory for run in results[one]) for one in ("crawler", "scrapy"))
            yield f"peak memory of all processes {ours / theirs:.2f} of Scrapy's (goal 0.5)"

    def latency(self) -> Iterator[str]:
        """5,000 pages of 50 ms, 64 in flight."""
        pages, delay, in_flight = (50, 0.01, 8) if self.quick else (5_000, 0.05, 64)
        ideal = pages / in_flight * delay
        found = self.tools(find_tools(peers.PEERS, []))
        found = {name: one for name, one in found.items() if name not in peers.ONE_AT_A_TIME}
        with TemporaryDirectory() as work:
            results = take_turns(
                found, self.runs, Path(work), lambda one, place: crawl_delayed(one, pages, delay, place, in_flight)
            )
        yield from table(results, "pages")
        yield f"{median(run.wall for run in results['crawler']) / ideal:.2f} of the ideal {ideal:.1f} s (goal 1.08)"

    def list(self) -> Iterator[str]:
        """3,000 images from a list, 16 in flight."""
        with public_folder() as gallery, TemporaryDirectory() as work:
            digests = images.write_gallery(gallery, 30 if self.quick else 3_000)
            found = self.tools(find_tools(images.PEERS, []))
            results = images.compare(gallery, digests, found, self.runs, 16, Path(work))
        yield from table(results, "images")
        yield from against(results, {"curl": 1.0, "aria2c": 1.0, "scrapy": 1.0, "img2dataset": 1.0})

    def start(self) -> Iterator[str]:
        """The shortest commands there are."""
        version = [spend([sys.executable, "-m", "crawler", "--version"]).cpu for _ in range(self.runs)]
        walls, cpus = [], []
        with public_folder() as site, TemporaryDirectory() as work:
            (site / "index.html").write_text("<!doctype html><p>one page", encoding="utf-8")
            with nginx(site) as server:
                for number in range(self.runs):
                    spent = spend(peers.ours(server.url, Path(work, str(number)), 4))
                    walls.append(spent.wall)
                    cpus.append(spent.cpu)
        yield f"crawler --version: {median(version):.3f} s of CPU (goal 0.15)"
        yield f"a crawl of one page: {median(walls):.2f} s, {median(cpus):.2f} s of CPU (goal 0.5)"


def main() -> None:
    """Read the flags, run, print."""
    parser = argparse.ArgumentParser(description="Every work beside every peer, as Markdown.")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[], help="works, with commas")
    parser.add_argument("--tools", type=lambda text: text.split(","), default=[], help="tools, with commas")
    parser.add_argument("--quick", action="store_true", help="one round of each, tiny")
    flags = parser.parse_args()

    def chosen(found: Mapping[str, Command]) -> Mapping[str, Command]:
        return {name: one for name, one in found.items() if not flags.tools or name in flags.tools}

    whole = Table(1 if flags.quick else flags.runs, flags.quick, chosen)
    works: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
        "pydoc": ("python3.11-doc, 16 in flight", lambda: whole.site("pydoc", {"scrapy": 25, "wget2": 0.8})),
        "jdk": ("openjdk-17-doc, 16 in flight", lambda: whole.site("jdk", {"wget2": 1.3})),
        "gimp": ("gimp-help-en, pages and images, 16 in flight", lambda: whole.site("gimp", {"wget2": 1.2})),
        "gallery": ("60 pages, 3,000 images, 16 in flight", lambda: whole.site("gallery", {"wget2": 1.1})),
        "list": ("3,000 images from a list, 16 in flight", whole.list),
        "latency": ("5,000 pages of 50 ms, 64 in flight", whole.latency),
        "start": ("start-up", whole.start),
    }
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the beginning, median of {whole.runs} rounds")
    for name, (title, run) in works.items():
        if not flags.only or name in flags.only:
            print(f"\n### {title}\n", flush=True)
            lines = list(run())
            print("\n".join(line if line.startswith("|") else f"\n{line}" for line in lines), flush=True)


if __name__ == "__main__":
    main()
