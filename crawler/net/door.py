"""An origin as requests see it: the way there, and what is said to this origin and to no other.

It sends nothing. Header fields, credentials, proxy and rate of one origin are put together here, once, from the
settings for all hosts and those for this one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from crawler.errors import DNSError, SettingsError
from crawler.http1.coding import ACCEPT_ENCODING
from crawler.http1.request import write_request
from crawler.model import Reach
from crawler.net.auth import Login
from crawler.net.credentials import Credentials, Given
from crawler.net.proxy import Proxies, Proxy, parse_proxy
from crawler.net.rate import Bucket, Sips, Throttle
from crawler.net.route import Route
from crawler.net.socks import require_socks
from crawler.net.tls import Identity
from crawler.settings import FetchSettings, HostSettings
from crawler.web.url import URL

HOST: Final = re.compile(r"[a-z0-9\-._~%!$&'()*+;=]+|[0-9a-f:.]+")
"""The names that a Host field can say (RFC 3986 section 3.2.2); URLs know more, the name system none of those."""

MAX_DOORS: Final = 1024

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Door:
    """The way to an origin, the header fields for it, who one is there, and how fast it may answer."""

    route: Route
    fields: Fields
    login: Login | None = None
    throttle: Throttle | None = None

    def route_for(self, reach: Reach) -> Route:
        """The route of a request whose host may lie there."""
        return self.route if reach == self.route.reach else replace(self.route, reach=reach)

    def target_of(self, url: URL) -> str:
        """The target of a request: a proxy that reads it is told the whole URL (RFC 9112 section 3.2.2)."""
        return str(url) if self.route.is_forwarded else url.target

    def fields_with(self, own: Fields, authorization: str | None = None) -> Fields:
        """These fields, those of this request, and a request's own, which replace those of their name."""
        fields = self.fields if authorization is None else (*self.fields, ("Authorization", authorization))
        if not own:
            return fields
        return _merged(fields, _sayable(own, self.route))


class Doors:
    """The doors to all origins, each made when it is first asked for; `SettingsError` where a setting cannot be.

    A section of `hosts` that names the scheme too goes before one that does not, key by key.
    """

    def __init__(
        self,
        settings: FetchSettings,
        hosts: Mapping[str, HostSettings],
        credentials: Given,
        proxies: Proxies,
        clock: Callable[[], float],
        sips: Sips | None = None,
    ) -> None:
        self._settings = settings
        self._hosts = hosts
        self._credentials = Credentials(hosts, credentials, settings.netrc)
        self._proxies = proxies
        self._clock = clock
        self._sips = sips
        self._bucket = Bucket(settings.max_rate, clock) if settings.max_rate is not None else None
        self._buckets = {name: Bucket(own.max_rate, clock) for name, own in hosts.items() if own.max_rate is not None}
        self._own_proxies = {
            name: parse_proxy(own.proxy, f'hosts."{name}".proxy')
            for name, own in hosts.items()
            if own.proxy is not None
        }
        self._doors: dict[str, Door] = {}
        for proxy in (*proxies.by_scheme.values(), *self._own_proxies.values()):
            if proxy is not None and proxy.is_socks:
                require_socks(proxy)
        for name, own in hosts.items():
            _check_fields(name, own.headers)

    def door_to(self, url: URL) -> Door:
        """The door to the origin of `url`; remembered, within bounds."""
        origin = url.origin
        door = self._doors.get(origin)
        if door is None:
            if not HOST.fullmatch(url.host):
                raise DNSError(f"no such host: {url.host}")
            if len(self._doors) >= MAX_DOORS:
                self._doors.clear()
            door = self._doors[origin] = self._make(url)
        return door

    def _make(self, url: URL) -> Door:
        names = [name for name in (url.origin, url.site) if name in self._hosts]
        is_legacy = any(self._hosts[name].legacy_tls for name in names)
        route = Route.of(url, self._proxy_for(url, names), Identity.of(self._settings, legacy=is_legacy))
        fields: Fields = (
            ("Host", url.authority),
            ("User-Agent", self._settings.user_agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", ACCEPT_ENCODING),
        )
        for name in reversed(names):
            fields = _merged(fields, _sayable(self._hosts[name].headers, route))
        if route.is_forwarded and route.proxy is not None and route.proxy.authorization is not None:
            fields = (*fields, ("Proxy-Authorization", route.proxy.authorization))
        credential = self._credentials.credential_for(url)
        has_own = any(name.lower() == "authorization" for name, _ in fields)
        login = Login(credential) if credential is not None and not has_own else None
        return Door(route, fields, login, self._throttle(names))

    def _proxy_for(self, url: URL, names: list[str]) -> Proxy | None:
        for name in names:
            if name in self._own_proxies:
                return self._own_proxies[name]
        return self._proxies.proxy_for(url)

    def _throttle(self, names: list[str]) -> Throttle | None:
        own = next((self._buckets[name] for name in names if name in self._buckets), None)
        buckets = [bucket for bucket in (self._bucket, own) if bucket is not None]
        return Throttle(buckets, sips=self._sips) if buckets or self._sips is not None else None


def _sayable(own: Fields, route: Route) -> Fields:
    """Without what is said to a proxy, or instead of what a proxy takes from the URL (RFC 9112 section 3.2.2)."""
    never = "host" if route.is_forwarded else "proxy-authorization"
    return tuple(field for field in own if field[0].lower() != never)


def _merged(fields: Fields, own: Fields) -> Fields:
    """The fields and, behind them, those that replace the ones of their name."""
    names = {name.lower() for name, _ in own}
    return (*[field for field in fields if field[0].lower() not in names], *own)


def _check_fields(host: str, fields: Fields) -> None:
    """`SettingsError` where no request could bear one of a host's own fields; its value is not shown."""
    for name, value in fields:
        try:
            write_request("GET", "/", _merged((("Host", "example.org"),), ((name, value),)))
        except ValueError:
            raise SettingsError(f'hosts."{host}".headers: {name!r} is no header field that can be sent') from None
