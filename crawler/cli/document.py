"""One document for a person: the address and settings of a request, and what is said when it fails."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.cli.address import hosts_of, parse_address
from crawler.cli.terminal import say
from crawler.errors import FetchError
from crawler.model import URL, Request
from crawler.settings import load

if TYPE_CHECKING:
    from crawler.interfaces import Response

PLAIN: Final = {
    "dns": "the name is not known",
    "connect": "no connection",
    "timeout": "it took too long",
    "tls": "no secure connection",
    "proxy": "the proxy failed",
    "protocol": "the answer is not HTTP",
    "truncated": "the answer ended before its end",
    "reset": "the connection was closed before an answer came",
    "decode": "the answer cannot be decoded",
    "too-large": "the answer is too large",
    "redirect": "it redirects to nowhere",
}
"""The words of failures, as a person says them."""


@asynccontextmanager
async def open_document(
    text: str, config: Path | None, preset: str | None, table: Mapping[str, Any]
) -> "AsyncIterator[Response]":
    """The answer to what a person asks for, redirects followed; `FetchError` says in plain words what failed."""
    from crawler.assemble import open_fetcher

    address = parse_address(text)
    if address.is_guessed:
        say(f"taken as {address.url}")
    settings, _ = load(config, {**table, "hosts": hosts_of([address])}, preset)
    async with open_fetcher(settings) as fetcher:
        try:
            async with fetcher.fetch(Request(address.url)) as response:
                yield response
        except FetchError as error:
            raise FetchError(f"{address.url}: {explained(error)}") from error


def found_at(response: "Response") -> URL:
    """Where the answer was found, redirects followed."""
    url = getattr(response, "url", None)
    assert isinstance(url, URL)
    return url


def explained(error: FetchError) -> str:
    """What failed, in plain words and in its own."""
    plain = PLAIN.get(error.kind)
    return f"{plain} ({error})" if plain is not None else str(error)
