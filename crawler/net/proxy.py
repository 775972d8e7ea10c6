"""Which proxy an origin is asked through, if any: a decision on texts; it opens nothing and reads no environment.

The environment's variables are an argument of `choose_proxies`, so that they count only where somebody asked for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Final

from crawler.errors import InvalidURLError, SettingsError
from crawler.net.auth import basic
from crawler.settings import FetchSettings
from crawler.web.url import URL, split_userinfo

PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
NONE: Final = frozenset({"", "none"})
"""What is written for no proxy at all."""
ACCEPTED: Final = "takes http://, https://, socks5:// or socks5h:// with a host, and user:password@ where it needs one"


@dataclass(frozen=True, slots=True)
class Proxy:
    """Somebody who connects for us. Its text, and so every message, holds no credential."""

    scheme: str
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS5 (RFC 1928) rather than HTTP."""
        return self.scheme.startswith("socks5")

    @property
    def authorization(self) -> str | None:
        """The value of Proxy-Authorization (RFC 9110 section 11.7.2)."""
        return None if self.user is None else basic(self.user, self.password or "")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies by the scheme of what is asked through them, and the hosts that are asked without."""

    by_scheme: Mapping[str, Proxy]
    no_proxy: tuple[str, ...] = ()

    def proxy_for(self, url: URL) -> Proxy | None:
        """The proxy for this URL; None: directly."""
        proxy = self.by_scheme.get(url.scheme)
        return None if proxy is None or is_exempt(url.host, url.port, self.no_proxy) else proxy


def choose_proxies(settings: FetchSettings, environ: Mapping[str, str] = MappingProxyType({})) -> Proxies:
    """The proxies of `fetch.proxy`, or else, where `fetch.proxy_from_env` says so, those that `environ` names."""
    proxy = parse_proxy(settings.proxy, "fetch.proxy")
    if proxy is not None:
        return Proxies({"http": proxy, "https": proxy}, settings.no_proxy)
    if not settings.proxy_from_env:
        return Proxies({})
    named = proxies_from(environ)
    return Proxies(named.by_scheme, (*settings.no_proxy, *named.no_proxy))


def proxies_from(environ: Mapping[str, str]) -> Proxies:
    """The proxies that the variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` name.

    Lower case wins. HTTP_PROXY in upper case does not count, for a web server hands its CGI programs a client's
    header field `Proxy` under that name (CVE-2016-5385).
    """
    found: dict[str, Proxy] = {}
    for scheme in ("http", "https"):
        names = (f"{scheme}_proxy", "HTTPS_PROXY" if scheme == "https" else "", "all_proxy", "ALL_PROXY")
        name = next((name for name in names if environ.get(name)), None)
        if name is not None and (proxy := parse_proxy(environ[name], name)) is not None:
            found[scheme] = proxy
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return Proxies(found, tuple(exempt.replace(",", " ").split()))


def parse_proxy(text: str, key: str) -> Proxy | None:
    """The proxy that `key` names, None where it names none; a bare `host:port` is an HTTP proxy."""
    if text in NONE:
        return None
    try:
        url, credential = split_userinfo(text if "://" in text else f"http://{text}")
    except InvalidURLError:
        raise SettingsError(f"{key}: the value is not accepted: {ACCEPTED}") from None
    if url.scheme not in PORTS or not url.host:
        raise SettingsError(f"{key}: {url} is not accepted: {ACCEPTED}")
    user, password = credential or (None, None)
    return Proxy(url.scheme, url.host.lower(), url.port or PORTS[url.scheme], user, password)


def is_exempt(host: str, port: int, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns names the host.

    `example.org` names what is below it too, as do `.example.org` and `*.example.org`; `*` is everything; an address
    or a network (`10.0.0.0/8`) names addresses; a port behind a name narrows it.
    """
    return any(_names(pattern.lower(), host, port) for pattern in patterns)


def _names(pattern: str, host: str, port: int) -> bool:
    if pattern == "*":
        return True
    try:
        return ip_address(host) in ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        pass
    name, colon, number = pattern.rpartition(":")
    if colon and number.isdigit():
        if number != str(port):
            return False
        pattern = name
    pattern = pattern.strip("[]").removeprefix("*").removeprefix(".").rstrip(".")
    host = host.rstrip(".")
    return bool(pattern) and (host == pattern or (host.endswith(f".{pattern}") and not _is_address(host)))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
