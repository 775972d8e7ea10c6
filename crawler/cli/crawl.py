"""`crawler crawl`: a site from a start URL, seen by a person, stopped by Ctrl-C, continued by the same command."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from crawler.cli.flags import FLAGS, config_option, overrides, path_or_none, preset_option, with_flags
from crawler.cli.terminal import complain, is_terminal, say, show
from crawler.errors import CrawldbError
from crawler.settings import Settings, load

if TYPE_CHECKING:
    from crawler.crawling import Summary
    from crawler.interfaces import Observer
    from crawler.watch.progress import Progress, View

STOPPING: Final = "stopping: what is in flight may finish; Ctrl-C again stops now"
LOG: Final = "crawl.log"
BETWEEN_LINES: Final = 2.0
"""Seconds between two lines on what comes after a crawl."""


@with_flags(FLAGS)
def crawl(
    start: list[str] | None = typer.Argument(None, metavar="URL", help="Where to start; several add up."),
    config: str | None = config_option(),
    preset: str | None = preset_option(),
    **given: Any,
) -> int:
    """Crawl a site: save its pages and the images they show.

    Links are followed within the start URL's host and path (--scope widens it); robots.txt is obeyed.
    Ctrl-C stops in good order, and the same command goes on where it stopped.

    \b
    Examples
      crawler crawl https://example.org/docs/ -o docs
      crawler crawl https://example.org/ --scope host --max-depth 3 --delay 1s
      crawler crawl https://example.org/ --exclude 're:[?&]page='
      crawler crawl --config my.toml --max-pages 1000
    """
    settings = settings_of(start or (), path_or_none(config), preset, overrides(FLAGS, given))
    return run(settings)


def settings_of(
    start: Sequence[str],
    config: Path | None,
    preset: str | None,
    table: Mapping[str, Any],
    base: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings of a crawl; its start URLs as they are meant, their users and passwords among the hosts' own."""
    from crawler.cli.address import hosts_of, parse_address

    settings, _ = load(config, table, preset, base)
    addresses = [parse_address(text) for text in start or settings.crawl.start]
    for address in addresses:
        if address.is_guessed and settings.log.show != "quiet":
            say(f"taken as {address.url}")
    urls = [str(address.url) for address in addresses]
    overlay = {**table, "crawl": {**table.get("crawl", {}), "start": urls}, "hosts": hosts_of(addresses)}
    return load(config, overlay, preset, base)[0]


def run(settings: Settings, retry: Collection[str] = ()) -> int:
    """Run a crawl to its end, what ended for one of the words of `retry` too; its exit status."""
    from crawler.assemble_worker import settle_in

    settle_in()
    return asyncio.run(run_crawl(settings, retry))


async def run_crawl(settings: Settings, retry: Collection[str] = ()) -> int:
    """As `run`, with all that a person sees of it."""
    from crawler.assemble import open_crawl, output_folder, write_sidecar
    from crawler.assemble_worker import command
    from crawler.cli.interruption import Interruption, leave
    from crawler.cli.summary import exit_status, summary_lines
    from crawler.model import Noted
    from crawler.watch.log import open_log, open_stream_log
    from crawler.watching import STALLED

    folder = output_folder(settings)
    progress = _progress(settings, folder)
    with ExitStack() as stack:
        observers: list[Observer] = [stack.enter_context(open_log(folder / LOG, settings.log))]
        if settings.log.json_log:
            observers.append(stack.enter_context(open_stream_log(sys.stdout, settings.log)))
        if progress is not None:
            observers.append(progress)
        opening = open_crawl(settings, observers=observers, environ=os.environ, retry=retry, command=command())
        async with opening as crawl:

            def stop() -> None:
                for observe in observers:
                    observe(Noted(STOPPING))
                crawl.stop("interrupted")

            with Interruption(stop) as interruption, progress or nullcontext():
                summary = await crawl.run()
            if summary.stopped == STALLED:
                # What does not answer would hold the end up as well; a crawl that just ends loses nothing.
                complain(next(summary_lines(summary, [], folder)))
                leave(1)
    _report(summary, settings, folder)
    if summary.stopped != "interrupted":
        with suppress(CrawldbError):  # the crawl was ended by that
            write_sidecar(settings, folder, _counting(settings))
    return exit_status(summary, interruption.status)


def _counting(settings: Settings) -> Callable[[int], None]:
    """Says how far the file of images is, every few seconds that it takes."""
    began = time.monotonic()
    told = 0.0

    def tick(count: int) -> None:
        nonlocal told
        if count % 1000 == 0 and (took := time.monotonic() - began) > told + BETWEEN_LINES:
            told = took
            if settings.log.show != "quiet":
                say(f"writing down what is known of the images: {count:,}")

    return tick


def _progress(settings: Settings, folder: Path) -> "Progress | None":
    """What is seen while it runs: a drawing on a terminal, else lines, or nothing where that is asked."""
    if settings.log.show == "quiet" or settings.log.json_log:
        return None
    from crawler.watch.progress import Progress
    from crawler.watch.stats import Stats

    stats = Stats(settings.crawl, settings.politeness.delay)
    return Progress(_view(settings, folder), stats, verbose=settings.log.show == "verbose")


def _view(settings: Settings, folder: Path) -> "View":
    if is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        from crawler.watch.screen import ScreenView

        return ScreenView(Console(stderr=True, highlight=False), ", ".join(settings.crawl.start[:3]), str(folder))
    from crawler.watch.lines import LinesView

    return LinesView(sys.stderr)


def _report(summary: "Summary", settings: Settings, folder: Path) -> None:
    """The end, on standard output: lines, or one of JSON."""
    from crawler.cli.summary import exit_status, summary_lines
    from crawler.crawldb.records import Records

    if settings.log.json_log:
        print(json.dumps({"event": "summary", "folder": str(folder), **asdict(summary)}), flush=True)
    elif settings.log.show != "quiet":
        reasons, rows = [], (0, 0)
        with (
            suppress(CrawldbError),
            Records(folder) as records,
        ):  # it may be gone, and the crawl ended by that
            reasons, rows = records.reasons(), records.rows()
        show("\n".join(summary_lines(summary, reasons, folder, rows)))
    elif exit_status(summary, 0) == 1:
        complain(next(summary_lines(summary, [], folder)))
