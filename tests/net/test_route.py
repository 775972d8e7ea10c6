"""Which connections are as good as each other."""

import pytest

from crawler.model import URL
from crawler.net.proxy import Proxy
from crawler.net.route import Route
from crawler.net.tls import Identity


@pytest.mark.parametrize(
    ("url", "route", "text"),
    [
        ("http://example.org/a", Route("http", "example.org", 80), "example.org:80"),
        (
            "https://example.org:8443/",
            Route("https", "example.org", 8443, None, Identity()),
            "example.org:8443",
        ),
        ("https://[::1]/", Route("https", "::1", 443, None, Identity()), "[::1]:443"),
    ],
)
def test_route_of_a_url(url: str, route: Route, text: str) -> None:
    assert Route.of(URL(url)) == route
    assert str(route) == text


def test_what_leads_there_in_another_way_is_another_route() -> None:
    proxies = [None, Proxy("http", "a", 80), Proxy("http", "a", 80, "me", "x"), Proxy("http", "a", 80, "me", "y")]
    identities = [Identity(), Identity(legacy=True), Identity(client_cert="mine")]
    routes = [Route.of(URL("https://a/"), proxy, identity) for proxy in proxies for identity in identities]
    assert len(set(routes)) == 12
    assert Route.of(URL("http://a/"), None, Identity(legacy=True)) == Route.of(URL("http://a/"))


@pytest.mark.parametrize(
    ("url", "proxy", "is_forwarded"),
    [
        ("http://a/", None, False),
        ("http://a/", Proxy("http", "p", 80), True),
        ("http://a/", Proxy("https", "p", 443), True),
        ("http://a/", Proxy("socks5", "p", 1080), False),
        ("https://a/", Proxy("http", "p", 80), False),
    ],
)
def test_a_proxy_reads_what_it_does_not_tunnel(url: str, proxy: Proxy | None, is_forwarded: bool) -> None:
    assert Route.of(URL(url), proxy).is_forwarded == is_forwarded
