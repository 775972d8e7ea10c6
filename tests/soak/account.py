"""Accounts for every URL of the site: its state, its word, how often it was asked for, and its file's every byte."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.soak.site import LEAVES, RETRIES, Site, Trouble, parse

MOST_TOLD: Final = 20


@dataclass(slots=True)
class Account:
    """What came out: how many URLs in each state, how many were asked for again, and what is `wrong`."""

    finished: bool
    states: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    again: int = 0
    files: int = 0
    size: int = 0
    missing: int = 0
    faults: int = 0
    wrong: list[str] = field(default_factory=list)

    def blame(self, text: str) -> None:
        """One more that is wrong; the first are told."""
        self.faults += 1
        if len(self.wrong) < MOST_TOLD:
            self.wrong.append(text)

    def lines(self) -> Iterator[str]:
        """The figures."""
        states = ", ".join(f"{state} {count:,}" for state, count in self.states.most_common())
        yield f"URLs {self.states.total():,}: {states}"
        yield f"requests {self.asked:,}, of which {self.again:,} again, as the site provoked"
        yield f"files compared {self.files:,}, {self.size / 1e6:,.0f} MB"
        yield f"URLs that a finished crawl would have and this one has not: {self.missing:,}"
        yield f"wrong: {self.faults:,}"
        yield from (f"  {text}" for text in self.wrong)


def account(
    site: Site, folder: Path, rows: Iterable[Mapping[str, Any]], asked: Mapping[str, int], *, finished: bool
) -> Account:
    """Compare what a crawl recorded, kept and asked for with what the site is."""
    came = Account(finished, asked=sum(asked.values()), again=sum(times - 1 for times in asked.values()))
    seen: set[str] = set()
    paths: set[str] = set()
    for row in rows:
        if row["kind"] == "robots":
            continue
        url = row["url"]
        came.states[row["state"]] += 1
        if url in seen:
            came.blame(f"{url} has two rows")
        seen.add(url)
        times = asked.get(url, 0)
        if row["state"] == "queued":
            if finished or times > _most_asked(site, url):
                came.blame(f"{url} is queued, and was asked for {times} times")
        else:
            _judge(site, folder, row, times, came)
        if row["path"]:
            paths.add(row["path"])
    expected = set(site.urls())
    came.missing = len(expected - seen)
    for url in seen - expected:
        came.blame(f"{url} is not of the site")
    if finished and came.missing:
        came.blame(f"{came.missing:,} URLs are unknown")
    kept = {str(file.relative_to(folder)) for kind in ("pages", "images") for file in _files(folder / kind)}
    for path in kept ^ paths:
        if not path.endswith("robots.txt"):
            came.blame(f"{path}: {'a file without a row' if path in kept else 'a row without a file'}")
    return came


def _judge(site: Site, folder: Path, row: Mapping[str, Any], times: int, came: Account) -> None:
    """One URL that came to its end."""
    url = row["url"]
    path = "/" + url.split("/", 3)[3]
    name, _ = parse(path)
    leaf = LEAVES.get(name)
    state, error = (leaf.state, leaf.error) if leaf is not None else ("saved", None)
    if (row["state"], row["error"]) != (state, error):
        came.blame(f"{url} is {row['state']} {row['error']}, not {state} {error}")
    if row["links_error"]:
        came.blame(f"{url}: its links were not read: {row['links_error']}")
    least = RETRIES + 1 if name in ("reset", "cut", "error") else _most_asked(site, url)
    if not least <= times <= _most_asked(site, url):
        came.blame(f"{url} was asked for {times} times")
    if row["state"] == "redirected" and row["redirect"] != site.target(path):
        came.blame(f"{url} leads to {row['redirect']}")
    if row["state"] == "saved":
        content = (folder / row["path"]).read_bytes()
        came.files += 1
        came.size += len(content)
        if content != site.body(path):
            came.blame(f"{url}: its file has {len(content)} bytes, and not those that were served")


def _most_asked(site: Site, url: str) -> int:
    """How often a URL is asked for when the site has its way."""
    name, number = parse("/" + url.split("/", 3)[3])
    if name != "page":
        return LEAVES[name].asked
    return len([trouble for trouble in site.troubles(number) if trouble is not Trouble.SLOW]) or 1


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())
