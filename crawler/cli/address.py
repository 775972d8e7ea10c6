"""What a person writes for a URL, made one: a bare host name becomes http, a user and password are taken out of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Any, Final

from crawler.errors import InvalidURLError, SettingsError
from crawler.model import URL
from crawler.web.url import split_userinfo

ACCEPTED: Final = "takes an http or https URL, such as https://example.org/docs/, or a host name"
MASK: Final = "********"
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT: Final = re.compile(r"[0-9]{1,5}(?=[/?#]|$)")
_OPAQUE: Final = frozenset(
    {"about", "blob", "data", "javascript", "mailto", "news", "sms", "tel", "urn", "view-source"}
)
"""Schemes that are written without //."""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL as it was meant; `credential` is the (user, password) it carried, `is_guessed` says that http was added."""

    url: URL
    credential: tuple[str, str] | None
    is_guessed: bool


def parse_address(text: str) -> Address:
    """The address a text is; `InvalidURLError` in one line, without the password that the text may hold."""
    text = text.strip().removeprefix("//")
    scheme = _scheme_of(text)
    if scheme is not None and scheme not in ("http", "https"):
        raise InvalidURLError(f"{masked(text)}: the scheme {scheme} cannot be fetched: {ACCEPTED}")
    whole = text if scheme is not None else f"http://{_bracketed(text)}"
    if scheme is None and (not text or text[0] in "./?#-\\"):
        raise InvalidURLError(f"{masked(text)!r} is no URL: {ACCEPTED}")
    try:
        url, credential = split_userinfo(whole)
    except InvalidURLError:
        raise InvalidURLError(f"{masked(text)!r} is no URL: {ACCEPTED}") from None
    return Address(url, credential, scheme is None)


def hosts_of(addresses: Iterable[Address]) -> dict[str, Any]:
    """The section `hosts` that sends each credential to the origin it was given for, and to no other."""
    hosts: dict[str, Any] = {}
    for address in addresses:
        if address.credential is not None:
            user, password = address.credential
            own = {"user": user, "password": password}
            if hosts.setdefault(address.url.origin, own) != own:
                raise SettingsError(f"two different users are given for {address.url.origin}")
    return hosts


def _scheme_of(text: str) -> str | None:
    """The scheme a text is written with; None where what stands before the colon is a host or a user."""
    match = _SCHEME.match(text)
    if match is None:
        return None
    scheme, rest = match[1].lower(), text[match.end() :]
    if scheme in ("http", "https") or rest.startswith("//") or scheme in _OPAQUE:
        return scheme
    if _PORT.match(rest) or "." in scheme or "@" in re.split(r"[/?#]", rest)[0] or _is_ipv6(text):
        return None
    return scheme


def _bracketed(text: str) -> str:
    """A bare IPv6 address in its brackets."""
    host, slash, rest = text.partition("/")
    return f"[{host}]{slash}{rest}" if _is_ipv6(text) else text


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text.partition("/")[0])
    except AddressValueError:
        return False
    return True


def masked(text: str) -> str:
    """The text without what may be a user and a password in it, and not too long for a line."""
    before, at, after = text.rpartition("@")
    scheme, slashes, _ = before.partition("//")
    return f"{scheme + slashes if slashes else ''}{MASK}@{after[:200]}" if at else text[:200]
