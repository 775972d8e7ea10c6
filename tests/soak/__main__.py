"""A long crawl of a large site with failures of every kind: is the memory flat, and is every URL accounted for?

    python -m tests.soak --minutes 60 --pages 200000
    python -m tests.soak --minutes 60 --pages 200000 --delay-ms 400      so that it takes all of an hour
    python -m tests.soak --minutes 5 --pages 20000 --keep /tmp/soak      keep what was crawled

The site is made from its numbers, served on eight loopback hosts by a process of its own, and crawled by the command.
Where the time is not enough for all pages, the crawl ends in good order, and those it knew and did not come to are
counted as queued. The exit status is 0 where nothing was wrong and the memory flat.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.command import PROJECT
from tests.soak.account import Account, account
from tests.soak.memory import Sample, is_flat, quarters, sample
from tests.soak.site import SETTINGS, Site

COMMAND = (sys.executable, "-m", "crawler")


async def soak(
    pages: int, seconds: float, folder: Path, concurrency: int = 64, every: float = 5.0, delay: float = 0.0
) -> tuple[int, Account, list[Sample], float]:
    """One crawl of so many pages for so many seconds: its exit status, the account, the memory, how long it took."""
    config = folder / "soak.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    output = folder / "crawled"
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak.server", str(pages), str(delay)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=PROJECT,
        limit=1 << 20,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    site = Site(pages, int(await server.stdout.readline()))
    began = time.monotonic()
    crawl = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("crawl", site.start, "-o", str(output), "--config", str(config), "--quiet"),
        *("--concurrency", str(concurrency), "--max-time", f"{seconds:.0f}s"),
        cwd=PROJECT,
    )
    samples: list[Sample] = []
    sampling = asyncio.create_task(sample(crawl.pid, every, samples))
    try:
        async with asyncio.timeout(seconds + 60):
            status = await crawl.wait()
    finally:
        sampling.cancel()
        with suppress(ProcessLookupError):
            crawl.kill()
    took = time.monotonic() - began
    server.stdin.close()
    asked = {}
    async for line in server.stdout:
        times, _, url = line.decode().strip().partition(" ")
        asked[url] = int(times)
    await server.wait()
    rows = _rows(output)
    facts = [row async for row in rows]
    finished = not any(row["state"] == "queued" for row in facts)
    return status, await asyncio.to_thread(account, site, output, facts, asked, finished=finished), samples, took


async def _rows(output: Path):  # type: ignore[no-untyped-def]
    """What the command says of each URL."""
    export = await asyncio.create_subprocess_exec(
        *COMMAND, "export", str(output), "--format", "jsonl", stdout=asyncio.subprocess.PIPE, cwd=PROJECT, limit=1 << 20
    )
    assert export.stdout is not None
    async for line in export.stdout:
        yield json.loads(line)
    assert await export.wait() == 0


def figures(status: int, came: Account, samples: list[Sample], took: float) -> Iterator[str]:
    """What it came to, in lines."""
    pages = came.states["saved"]
    yield f"{'finished' if came.finished else 'ended by its time'} after {took:,.0f} s, exit status {status}"
    yield f"{pages / took:,.0f} documents a second"
    yield from came.lines()
    for number, (pss, rss) in enumerate(quarters(samples), 1):
        yield f"memory in quarter {number}: PSS {pss / 1e6:,.1f} MB, RSS {rss / 1e6:,.1f} MB"
    if samples:
        yield f"memory at its most: PSS {max(one.pss for one in samples) / 1e6:,.1f} MB"
    yield f"memory is {'flat' if is_flat(samples) else 'NOT flat'}"


async def run(options: argparse.Namespace) -> int:
    """The command."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = await soak(
            options.pages, options.minutes * 60, folder, options.concurrency, delay=options.delay_ms / 1000
        )
    print("\n".join(figures(*result)))
    status, came, samples, _ = result
    return int(bool(status or came.faults or not is_flat(samples)))


def main() -> int:
    """The arguments."""
    parser = argparse.ArgumentParser(
        "python -m tests.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="how late each answer is, to make it last")
    parser.add_argument("--keep", type=Path, help="a folder for what is crawled; else it goes when all is counted")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
