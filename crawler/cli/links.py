"""`crawler links`: the links of one page, from the web, a file or standard input."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from crawler.cli.flags import FETCH_FLAGS, config_option, overrides, path_or_none, preset_option, with_flags
from crawler.cli.terminal import complain, show
from crawler.errors import SettingsError
from crawler.settings import load

if TYPE_CHECKING:
    from crawler.interfaces import Response
    from crawler.web.reference import Reference

NOWHERE: Final = "about:blank"
"""The base of a page that came from no URL: against it only whole URLs resolve."""


@dataclass(frozen=True, slots=True)
class Style:
    """How links are written: resolved or as written, with all that is known of each or not, as text or JSON lines."""

    as_written: bool = False
    detail: bool = False
    format: str = "text"
    images: bool = False


@with_flags(FETCH_FLAGS)
def links(
    page: str = typer.Argument(..., metavar="URL|FILE|-", show_default=False),
    as_written: bool = typer.Option(False, "--as-written", help="The links as the page has them, fragments and all."),
    detail: bool = typer.Option(False, "--detail", help="Tag, URL, contents and attributes of each."),
    format: str = typer.Option("text", "--format", metavar="text|jsonl", help="Lines, or an object in each line."),
    images: bool = typer.Option(False, "--images", help="The images too."),
    base: str | None = typer.Option(None, "--base", metavar="URL", help="Where the page of a file would lie."),
    config: str | None = config_option(),
    preset: str | None = preset_option(),
    **given: Any,
) -> int:
    """Print the links of one page.

    In their order, each resolved to a whole URL.

    The page comes from the web, from a file or, with -, from standard input; relative links of a file stay as written
    unless --base says where it would lie. It acts for a person, as a browser does: robots.txt is not asked.

    \b
    Examples
      crawler links https://example.org/
      crawler links https://example.org/ --as-written
      crawler links https://example.org/ --detail --format jsonl
      crawler links page.html --base https://example.org/docs/
      curl -s https://example.org/ | crawler links - --base https://example.org/
    """
    if format not in ("text", "jsonl"):
        raise SettingsError(f"--format: {format!r} is not accepted: takes text or jsonl")
    table = overrides(FETCH_FLAGS, given)
    if page == "-" or Path(page).is_file():
        max_html = load(path_or_none(config), table, preset)[0].fetch.max_html
        found = _of_file(page, base, max_html)
    else:
        from crawler.cli.document import open_document

        found = asyncio.run(of_document(open_document(page, path_or_none(config), preset, table)))
    for line in lines_of(found, Style(as_written, detail, format, images)):
        show(line)
    return 0


def _of_file(page: str, base: str | None, max_html: int) -> "list[Reference]":
    from crawler.cli.address import parse_address
    from crawler.model import URL
    from crawler.web.charset import find_encoding
    from crawler.web.links import find_references

    if page == "-":
        body = sys.stdin.buffer.read(max_html + 1)
    else:
        with Path(page).open("rb") as file:
            body = file.read(max_html + 1)
    if len(body) > max_html:
        raise SettingsError(f"{page}: is larger than fetch.max_html, {max_html:,} bytes")
    url = parse_address(base).url if base is not None else URL(NOWHERE)
    return find_references(body, find_encoding(body), url)


async def of_document(document: "AbstractAsyncContextManager[Response]") -> "list[Reference]":
    """The references of a page on the web."""
    from crawler.cli.document import found_at
    from crawler.http1.media_type import find_media_type
    from crawler.web.charset import find_encoding
    from crawler.web.links import find_references
    from crawler.web.sniff import SNIFF_SIZE, is_html, sniff_media_type

    async with document as response:
        url = found_at(response)
        declared = find_media_type(response.head.headers.get_all("content-type"))
        media_type = sniff_media_type(str(declared) if declared else None, await response.peek(SNIFF_SIZE))
        if not is_html(media_type):
            complain(f"{url} is no page ({media_type}), it has no links")
            return []
        body = await response.read()
        encoding = find_encoding(body, declared.charset if declared is not None else None)
        return find_references(body, encoding, url)


def lines_of(references: "Iterable[Reference]", style: Style) -> Iterator[str]:
    """The links as lines."""
    from crawler.model import Kind

    for reference in references:
        if reference.kind is not Kind.PAGE and not style.images:
            continue
        written = reference.attributes.get(reference.attribute, "")
        url = str(reference.url) if reference.url is not None else None
        if style.format == "jsonl":
            yield _json(reference, url, written, style)
        elif not style.detail:
            yield _one_line(written if style.as_written or url is None else url)
        else:
            yield "\n".join(_details(reference, written if style.as_written or url is None else url))


def _json(reference: "Reference", url: str | None, written: str, style: Style) -> str:
    line: dict[str, object] = {"url": url, "as_written": written, "tag": reference.tag}
    if style.detail:
        line |= {
            "kind": reference.kind,
            "attribute": reference.attribute,
            "text": reference.text,
            "attributes": dict(reference.attributes),
            "nofollow": reference.nofollow,
        }
    return json.dumps(line).replace("\x7f", "\\u007f")


def _details(reference: "Reference", url: str) -> Iterator[str]:
    yield _one_line(f"{reference.tag}  {url}")
    if reference.text:
        yield _one_line(f"    {reference.text}")
    yield from (_one_line(f"    {name}: {value}") for name, value in reference.attributes.items())


def _one_line(text: str) -> str:
    from crawler.watch.printable import printable

    return printable(text)
