"""Runs hostile cases and prints how many passed: `python -m tests.hostile [--alone] [theme ...]`."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.hostile import tls
from tests.hostile.crawled import Theme, crawl, wrong_with, wrong_with_all
from tests.hostile.themes import THEMES


def themes_of(chosen: argparse.Namespace) -> Iterator[Theme]:
    """The themes asked for; alone: each case in a crawl of its own."""
    for theme in THEMES:
        if not chosen.themes or theme.name in chosen.themes:
            if chosen.alone:
                yield from (Theme(theme.name, (case,), theme.settings) for case in theme.cases)
            else:
                yield theme


def run(theme: Theme) -> Iterator[str]:
    """What came out wrong, a line for each case."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        crawled = crawl(theme, Path(folder))
        yield from (f"{theme.name}: {wrong}" for wrong in wrong_with_all(crawled))
        for case in theme.cases:
            if wrong := wrong_with(case, crawled):
                yield f"{theme.name}: {case.name} ({case.why}): {'; '.join(wrong)}"


def run_tls() -> Iterator[str]:
    """The same for the servers of https, which are met in one crawl."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        handshakes = tls.crawl(Path(folder))
        yield from (f"tls: {wrong}" for wrong in tls.wrong_with_all(handshakes))
        for peer in tls.PEERS:
            if wrong := tls.wrong_with(peer, handshakes):
                yield f"tls: {peer.name} ({peer.why}): {'; '.join(wrong)}"


def main() -> int:
    """Print what is wrong, then the figures; 0 where nothing is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", action="store_true", help="each case in a crawl of its own")
    parser.add_argument("themes", nargs="*")
    chosen = parser.parse_args()
    count = failed = 0
    for theme in themes_of(chosen):
        count += len(theme.cases)
        for line in run(theme):
            failed += 1
            print(line, flush=True)
    if not chosen.themes or "tls" in chosen.themes:
        count += len(tls.PEERS)
        for line in run_tls():
            failed += 1
            print(line, flush=True)
    print(f"hostile cases: {count}, wrong: {failed}")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
