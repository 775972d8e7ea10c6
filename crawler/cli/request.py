"""The requests that a person's words come to; what would split one, or make two of it, is refused here in one line."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crawler.cli.address import Address
from crawler.errors import SettingsError
from crawler.http1.request import write_request
from crawler.model import Request

FORM: Final = "application/x-www-form-urlencoded"
"""The type of content whose type nobody named: what a form in a page sends."""
HEADER_WORDS: Final = "takes 'Name: value' in one line, such as -H 'Accept-Language: de'"


@dataclass(frozen=True, slots=True)
class Asking:
    """How the URLs are asked for, as it was said on the command line."""

    method: str | None = None
    headers: Sequence[str] = ()
    data: str | None = None
    only_head: bool = False


def requests_of(addresses: Sequence[Address], asking: Asking) -> list[Request]:
    """A request for each address; `SettingsError` where no such request can be sent."""
    if asking.only_head and (asking.data is not None or asking.method not in (None, "HEAD")):
        raise SettingsError("--head: asks for the head alone, and does not go with --data or another --method")
    headers = tuple(parse_header(text) for text in asking.headers)
    body = read_data(asking.data) if asking.data is not None else b""
    if asking.data is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", FORM))
    usual = "HEAD" if asking.only_head else "GET" if asking.data is None else "POST"
    method = asking.method if asking.method is not None else usual
    try:
        write_request(method, "/", [("Host", "example.org")])
    except ValueError:
        raise SettingsError(f"--method: {method!r} is no method that can be sent, such as GET, HEAD or POST") from None
    return [Request(address.url, method, headers, body) for address in addresses]


def parse_header(text: str) -> tuple[str, str]:
    """The name and value of a header field; never shows the value, which may be a secret."""
    name, colon, value = text.partition(":")
    field = name, value.strip(" \t")
    host = [] if name.lower() == "host" else [("Host", "example.org")]
    if name.lower() in ("content-length", "transfer-encoding"):
        raise SettingsError(f"--header: {name} says where a request ends, and is written by the crawler itself")
    try:
        write_request("GET", "/", [*host, field])
    except ValueError:
        colon = ""
    if not colon:
        raise SettingsError(
            f"--header: {name.partition(' ')[0][:80]!r} begins no header field that can be sent: {HEADER_WORDS}"
        )
    return field


def read_data(text: str) -> bytes:
    """The content that `--data` names: its own text, `@file`, or `@-` for standard input."""
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    if text == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise SettingsError(f"--data: {text[1:]}: {error.strerror}") from error


def users_of(addresses: Sequence[Address], user: str | None) -> dict[str, Any]:
    """The section `hosts` that sends `name:password` to the origin of each address, and to no other."""
    if user is None:
        return {}
    name, colon, password = user.partition(":")
    if not colon:
        raise SettingsError("--user: takes name:password")
    return {address.url.origin: {"user": name, "password": password} for address in addresses}
