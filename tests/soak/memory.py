"""How much memory a process and its children have, over time; from Linux's /proc."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Final

FLAT: Final = 1.10
"""How many times the memory of the second quarter the last one's may be, and `SLACK` more."""
SLACK: Final = 8e6


@dataclass(frozen=True, slots=True)
class Sample:
    """Bytes at a moment, in seconds from the beginning: the shared ones by their share (PSS), and all (RSS)."""

    at: float
    pss: int
    rss: int


def measure(pid: int) -> tuple[int, int]:
    """PSS and RSS of a process and all below it."""
    sums = {"Pss": 0, "Rss": 0}
    for process in _family(pid):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        for line in text.splitlines():
            name, _, rest = line.partition(":")
            if name in sums:
                sums[name] += int(rest.split()[0]) * 1024
    return sums["Pss"], sums["Rss"]


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        children = []
    return [pid, *(one for child in children for one in _family(int(child)))]


async def sample(pid: int, every: float, samples: list[Sample]) -> None:
    """Add a sample now and then, until cancelled."""
    began = time.monotonic()
    while True:
        pss, rss = await asyncio.to_thread(measure, pid)
        if pss:
            samples.append(Sample(time.monotonic() - began, pss, rss))
        await asyncio.sleep(every)


def quarters(samples: list[Sample]) -> list[tuple[float, float]]:
    """Mean PSS and RSS of each quarter of the time; empty where there are too few samples to tell."""
    if len(samples) < 8:
        return []
    end = samples[-1].at
    parts = [[one for one in samples if n * end / 4 <= one.at <= (n + 1) * end / 4] for n in range(4)]
    return [(mean(one.pss for one in part), mean(one.rss for one in part)) for part in parts]


def is_flat(samples: list[Sample]) -> bool:
    """Whether the last quarter has no more than the second one; too few samples say nothing against it."""
    by_quarter = quarters(samples)
    return not by_quarter or by_quarter[3][0] <= by_quarter[1][0] * FLAT + SLACK
