"""`crawler fetch`: documents, each with all that can be seen of its exchange, to standard output or into files."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from crawler.cli.flags import FETCH_FLAGS, config_option, overrides, path_or_none, preset_option, with_flags
from crawler.errors import SettingsError
from crawler.units import DURATION_WORDS, SIZE_WORDS, parse_duration, parse_size

if TYPE_CHECKING:
    from crawler.model import Request
    from crawler.net.rate import Sips


@with_flags(FETCH_FLAGS)
def fetch(
    url: list[str] = typer.Argument(..., metavar="URL...", show_default=False),
    output: str | None = typer.Option(None, "--output", "-o", metavar="FILE", help="A file, whole or not at all."),
    remote_name: bool = typer.Option(False, "--remote-name", "-O", help="Files here, each named after its URL."),
    include: bool = typer.Option(False, "--include", "-i", help="Show the head of the answer, then the document."),
    only_head: bool = typer.Option(False, "--head", "-I", help="Ask for the head alone (HEAD), and show it."),
    raw: bool = typer.Option(False, "--raw", help="The bytes as they came: head, framing, coding; redirects too."),
    literal: bool = typer.Option(False, "--repr", help="Each line as Python writes bytes, so that CR LF can be seen."),
    trace: bool = typer.Option(False, "--trace", help="Tell on standard error what happens, each arrival too."),
    fail: bool = typer.Option(False, "--fail", "-f", help="Status 22 and no document where the answer is 4xx or 5xx."),
    force: bool = typer.Option(False, "--force", help="Write to a terminal even what is no text."),
    header: list[str] = typer.Option(
        [], "--header", "-H", metavar="'NAME: VALUE'", help="A header field more, or several."
    ),
    method: str | None = typer.Option(None, "--method", "-X", metavar="WORD", help="Default: GET; POST with --data."),
    data: str | None = typer.Option(None, "--data", "-d", metavar="TEXT|@FILE|@-", help="What the request carries."),
    user: str | None = typer.Option(
        None, "--user", "-u", metavar="NAME:PASSWORD", help="For the origins of the URLs, and no other."
    ),
    http10: bool = typer.Option(False, "--http1.0", help="Ask as HTTP/1.0 has it."),
    read_size: str | None = typer.Option(None, "--read-size", metavar="SIZE", help="Read no more than this at once."),
    read_delay: str | None = typer.Option(None, "--read-delay", metavar="DURATION", help="A pause after each piece."),
    config: str | None = config_option(),
    preset: str | None = preset_option(),
    **given: Any,
) -> int:
    """Fetch documents, and see what HTTP does.

    To standard output, in the order of their URLs, or into files. It acts for a person, as a browser does: redirects
    are followed (with --max-redirects 0 they are shown), and robots.txt is not asked. Several URLs are fetched at the
    same time, as many as concurrency.per_host says.

    \b
    Examples
      crawler fetch https://example.org/
      crawler fetch https://example.org/cover.jpg -o cover.jpg
      crawler fetch -O https://example.org/a.jpg https://example.org/b.jpg
      crawler fetch -i https://example.org/            # the head as it came, then the document
      crawler fetch --raw --repr https://example.org/  # every byte that came, CR LF too
      crawler fetch --trace https://example.org/ -o index.html
      crawler fetch --trace --read-size 1KiB --read-delay 0.1s https://example.org/ -o index.html
      crawler fetch --user me:secret -H 'Accept: application/json' https://example.org/api
    """
    from crawler.cli.delivery import Manner, Wanted, fetch_all
    from crawler.cli.document import settings_of
    from crawler.cli.request import Asking, requests_of

    sips = parse_sips(read_size, read_delay)
    addresses, settings = settings_of(url, path_or_none(config), preset, overrides(FETCH_FLAGS, given), user)
    requests = requests_of(addresses, Asking(method, header, data, only_head))
    targets = targets_of(requests, output, remote_name=remote_name)
    wanted = Wanted(include or only_head, raw, literal, force, fail)
    jobs = list(zip(requests, targets, strict=True))
    return asyncio.run(fetch_all(jobs, settings, wanted, Manner(http10, trace, sips)))


def parse_sips(size: str | None, delay: str | None) -> "Sips | None":
    """How slowly to read; None: as fast as it comes."""
    from crawler.net.rate import Sips
    from crawler.net.wire import CHUNK

    if size is None and delay is None:
        return None
    try:
        bytes_at_once = parse_size(size) if size is not None else CHUNK
    except ValueError:
        bytes_at_once = 0
    if not 0 < bytes_at_once <= CHUNK:
        raise SettingsError(f"--read-size: {size!r} is not accepted: takes {SIZE_WORDS}, from 1 to {CHUNK}")
    try:
        return Sips(bytes_at_once, parse_duration(delay) if delay is not None else 0.0)
    except ValueError:
        raise SettingsError(f"--read-delay: {delay!r} is not accepted: takes {DURATION_WORDS}") from None


def targets_of(requests: "Sequence[Request]", output: str | None, *, remote_name: bool) -> list[Path | None]:
    """The file of each document; None: standard output."""
    from crawler.cli.target import file_name

    if remote_name:
        if output is not None:
            raise SettingsError("--remote-name: goes without --output")
        names = [file_name(request.url) for request in requests]
        for name in names:
            if [other.casefold() for other in names].count(name.casefold()) > 1:  # as some disks compare names
                raise SettingsError(f"--remote-name: two documents would be named {name}")
        return [Path(name) for name in names]
    if output is None or output == "-":
        return [None] * len(requests)
    if len(requests) > 1:
        raise SettingsError("--output: one file takes one URL; --remote-name (-O) names the files of several")
    if Path(output).is_dir():
        raise SettingsError(f"--output: {output} is a folder; takes the name of a file")
    return [Path(output)]
