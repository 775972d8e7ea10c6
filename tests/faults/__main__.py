"""Crawls that are killed, starved and cut off at every point, and what must hold of them after a plain restart.

    python -m tests.faults                              all of it, which takes an hour or two on two cores
    python -m tests.faults --only kill@rename:3         some cases by their names, as the report gives them
    python -m tests.faults points --calls write,rename  every n of some kinds of calls
    python -m tests.faults kills --count 40 --seed 7    random moments
    python -m tests.faults disasters                    full disks, servers that are gone, clocks that jump ...
    python -m tests.faults --command 'crawl {url} -o {folder} -q --concurrency 4 --processes 2 --config {config}'

A case that broke a rule is reported with its name and what was wrong; the name is its reproduction. The exit status
is 0 where no rule was broken.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from tests.faults.cases import DISASTERS, json_line, open_run
from tests.faults.judge import Judgement
from tests.faults.kills import some_kills
from tests.faults.lane import COMMAND
from tests.faults.points import every_point
from tests.faults.shim import Call

KINDS = ("disasters", "kills", "points")


def names_of(options: argparse.Namespace, calls: Mapping[int, int]) -> Iterator[str]:
    """The names of the cases that are wanted."""
    if options.only:
        yield from options.only
        return
    if "disasters" in options.what:
        yield from DISASTERS
        yield from (f"interrupted:{options.seed + number}" for number in range(options.count // 4))
    if "kills" in options.what:
        yield from map(str, some_kills(options.count, options.seed))
    if "points" in options.what:
        wanted = {Call[name.upper()] for name in options.calls.split(",")} if options.calls else set(Call)
        points = (point for point in every_point(calls) if point.call in wanted)
        yield from (str(point) for number, point in enumerate(points) if number % options.every == 0)


async def run(options: argparse.Namespace) -> int:
    """The cases, and the figures at the end; the exit status."""

    def tell(judgement: Judgement) -> None:
        if options.report is not None:
            with options.report.open("a", encoding="utf-8") as file:
                file.write(json_line(judgement))
        if judgement.wrong:
            print("\n  ".join([judgement.name, *judgement.wrong]), flush=True)

    with tempfile.TemporaryDirectory() as name:
        async with AsyncExitStack() as stack:
            one = await open_run(
                stack,
                Path(name),
                lanes=options.lanes,
                seconds=options.seconds,
                tell=tell,
                command=options.command,
            )
            names = list(names_of(options, one.calls))
            if options.list:
                print("\n".join(names))
                return 0
            print(f"{len(names):,} cases in {options.lanes} lanes", flush=True)
            figures = await one.cases(names)
    print("\n".join(figures.lines()))
    return 1 if figures.broken else 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        "python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = ",".join(call.name.lower() for call in Call)
    parser.add_argument("what", nargs="*", default=KINDS, help=" ".join(KINDS))
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these cases alone")
    parser.add_argument("--calls", help=f"points of these kinds of calls alone: {kinds}")
    parser.add_argument("--every", type=int, default=1, help="of the points, each so-manieth")
    parser.add_argument("--count", type=int, default=200, help="random kills, and four times the interruptions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long an outage takes")
    parser.add_argument("--lanes", type=int, default=2, help="crawls at a time")
    parser.add_argument("--command", default=COMMAND, help="what is run, with {url}, {folder} and {config} in it")
    parser.add_argument("--report", type=Path, help="a file that gets a line of JSON for each case")
    parser.add_argument("--list", action="store_true", help="the names of the cases, and nothing else")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
