"""Documents for a person: the addresses and settings of requests, and what is said when one fails."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.cli.address import Address, hosts_of, parse_address
from crawler.cli.request import users_of
from crawler.cli.terminal import say
from crawler.errors import FetchError
from crawler.model import URL, Request
from crawler.settings import Settings, load

if TYPE_CHECKING:
    from crawler.interfaces import Response

PLAIN: Final = {
    "dns": "the name is not known",
    "connect": "no connection",
    "timeout": "timed out",
    "tls": "no secure connection",
    "proxy": "the proxy failed",
    "protocol": "the answer is not HTTP",
    "truncated": "the answer ended before its end",
    "reset": "the connection was closed before an answer came",
    "decode": "the answer cannot be decoded",
    "too-large": "the answer is too large",
    "redirect": "the redirect cannot be followed",
    "scope": "the address may not be reached",
}
"""The words of failures, as a person says them."""


def settings_of(
    texts: Sequence[str],
    config: Path | None,
    preset: str | None,
    table: Mapping[str, Any],
    user: str | None = None,
) -> tuple[list[Address], Settings]:
    """What is asked for, and how; `user` and what the URLs hold themselves is said to their own origins."""
    addresses = [parse_address(text) for text in texts]
    for address in addresses:
        if address.is_guessed:
            say(f"taken as {address.url}")
    hosts = {**users_of(addresses, user), **hosts_of(addresses)}
    return addresses, load(config, {**table, "hosts": hosts}, preset)[0]


@asynccontextmanager
async def open_document(
    text: str, config: Path | None, preset: str | None, table: Mapping[str, Any]
) -> "AsyncIterator[Response]":
    """The answer to what a person asks for, redirects followed; `FetchError` says in plain words what failed."""
    from crawler.assemble import open_fetcher

    [address], settings = settings_of([text], config, preset, table)
    async with open_fetcher(settings, environ=os.environ) as fetcher:
        try:
            async with fetcher.fetch(Request(address.url)) as response:
                yield response
        except FetchError as error:
            raise FetchError(f"{address.url}: {explained(error)}") from error


def found_at(response: "Response") -> URL:
    """Where the answer was found, redirects followed."""
    url = response.contact.url
    assert url is not None
    return url


def explained(error: FetchError) -> str:
    """What failed, in plain words and in its own."""
    plain = PLAIN.get(error.kind)
    return f"{plain} ({error})" if plain is not None else str(error)
