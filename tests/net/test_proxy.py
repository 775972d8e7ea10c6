"""Which proxy is chosen, from settings and from an environment that is an argument."""

import errno
import ssl
import sys

import pytest

from crawler.errors import ConnectError, ProxyError, SettingsError
from crawler.model import URL
from crawler.net.dial import NoDescriptorError, proxy_errors
from crawler.net.proxy import Proxy, choose_proxies, is_exempt, parse_proxy, proxies_from
from crawler.net.socks import require_socks
from crawler.settings import FetchSettings


@pytest.mark.parametrize(
    ("text", "proxy", "shown"),
    [
        ("http://proxy.test:3128", Proxy("http", "proxy.test", 3128), "http://proxy.test:3128"),
        ("proxy.test:3128", Proxy("http", "proxy.test", 3128), "http://proxy.test:3128"),
        ("http://proxy.test/", Proxy("http", "proxy.test", 80), "http://proxy.test:80"),
        ("https://proxy.test", Proxy("https", "proxy.test", 443), "https://proxy.test:443"),
        ("socks5://Proxy.test", Proxy("socks5", "proxy.test", 1080), "socks5://proxy.test:1080"),
        ("socks5h://[::1]:9050", Proxy("socks5h", "::1", 9050), "socks5h://[::1]:9050"),
        ("http://me:p%40ss@proxy.test:8", Proxy("http", "proxy.test", 8, "me", "p@ss"), "http://proxy.test:8"),
        ("socks5://me:x@proxy.test", Proxy("socks5", "proxy.test", 1080, "me", "x"), "socks5://proxy.test:1080"),
        ("http://me@proxy.test", Proxy("http", "proxy.test", 80, "me", ""), "http://proxy.test:80"),
    ],
)
def test_a_proxy_as_it_is_written(text: str, proxy: Proxy, shown: str) -> None:
    parsed = parse_proxy(text, "fetch.proxy")
    assert parsed == proxy
    assert str(parsed) == shown


@pytest.mark.parametrize("text", ["", "none"])
def test_no_proxy_at_all(text: str) -> None:
    assert parse_proxy(text, "fetch.proxy") is None


@pytest.mark.parametrize("text", ["ftp://me:hunter2@a", "http://", "http://a b:hunter2@", "socks4://a", "socks5://"])
def test_what_is_no_proxy_is_refused_by_its_key_and_shows_no_secret(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^fetch.proxy: .* takes http://, https://, socks5:// or") as caught:
        parse_proxy(text, "fetch.proxy")
    assert "hunter2" not in str(caught.value)


def test_no_text_of_a_proxy_holds_its_password() -> None:
    proxy = Proxy("http", "a", 80, "me", "hunter2")
    assert "hunter2" not in f"{proxy} {proxy!r}"
    assert proxy.authorization == "Basic bWU6aHVudGVyMg=="
    assert Proxy("http", "a", 80).authorization is None


@pytest.mark.parametrize(
    ("host", "port", "pattern", "exempt"),
    [
        ("example.org", 80, "example.org", True),
        ("www.example.org", 80, "example.org", True),
        ("www.example.org", 80, ".example.org", True),
        ("www.example.org", 80, "*.example.org", True),
        ("www.example.org.", 80, "EXAMPLE.org.", True),
        ("notexample.org", 80, "example.org", False),
        ("example.org.evil.test", 80, "example.org", False),
        ("example.org", 80, "www.example.org", False),
        ("example.org", 8080, "example.org:8080", True),
        ("example.org", 80, "example.org:8080", False),
        ("example.org", 80, "*", True),
        ("127.0.0.1", 80, "*", True),
        ("127.0.0.1", 80, "127.0.0.1", True),
        ("127.0.0.1", 80, "127.0.0.0/8", True),
        ("128.0.0.1", 80, "127.0.0.0/8", False),
        ("127.0.0.1", 8080, "127.0.0.1:8080", True),
        ("127.0.0.1", 80, "127.0.0.1:8080", False),
        ("127.0.0.1", 80, "0.1", False),
        ("::1", 80, "::1", True),
        ("::1", 80, "[::1]", True),
        ("::1", 8080, "[::1]:8080", True),
        ("fd00::5", 80, "fd00::/8", True),
        ("127.0.0.1", 80, "fd00::/8", False),
        ("example.org", 80, "127.0.0.0/8", False),
        ("example.org", 80, "", False),
        ("example.org", 80, ".", False),
    ],
)
def test_hosts_that_are_asked_directly(host: str, port: int, pattern: str, exempt: bool) -> None:
    assert is_exempt(host, port, (pattern,)) == exempt
    assert is_exempt(host, port, ("nothing.test", pattern)) == exempt


HTTP, HTTPS = URL("http://example.org/"), URL("https://example.org/")


def test_one_proxy_for_all_but_those_excepted() -> None:
    proxies = choose_proxies(FetchSettings(proxy="http://p", no_proxy=("inner.test",)))
    assert proxies.proxy_for(HTTP) == proxies.proxy_for(HTTPS) == Proxy("http", "p", 80)
    assert proxies.proxy_for(URL("http://www.inner.test/")) is None


ENVIRON = {"http_proxy": "http://one", "HTTPS_PROXY": "http://two", "no_proxy": "inner.test, 10.0.0.0/8 other.test"}


def test_the_environment_counts_only_where_it_is_asked_for() -> None:
    assert choose_proxies(FetchSettings(), ENVIRON).proxy_for(HTTP) is None
    proxies = choose_proxies(FetchSettings(proxy_from_env=True, no_proxy=("third.test",)), ENVIRON)
    assert proxies.proxy_for(HTTP) == Proxy("http", "one", 80)
    assert proxies.proxy_for(HTTPS) == Proxy("http", "two", 80)
    assert proxies.no_proxy == ("third.test", "inner.test", "10.0.0.0/8", "other.test")
    proxies = choose_proxies(FetchSettings(proxy_from_env=True, proxy="http://mine"), ENVIRON)
    assert proxies.proxy_for(HTTP) == Proxy("http", "mine", 80)
    assert proxies.no_proxy == ()


@pytest.mark.parametrize(
    ("environ", "http", "https"),
    [
        ({}, None, None),
        ({"http_proxy": "a:1"}, "a", None),
        ({"HTTP_PROXY": "a:1"}, None, None),  # whoever asks a CGI program could set it
        ({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, None, "a"),
        ({"all_proxy": "socks5://a", "https_proxy": "b"}, "a", "b"),
        ({"ALL_PROXY": "a"}, "a", "a"),
        ({"http_proxy": "", "all_proxy": "a"}, "a", "a"),
        ({"http_proxy": "none", "all_proxy": "a"}, None, "a"),
    ],
)
def test_what_the_environment_says(environ: dict[str, str], http: str | None, https: str | None) -> None:
    by_scheme = {scheme: proxy.host for scheme, proxy in proxies_from(environ).by_scheme.items()}
    assert (by_scheme.get("http"), by_scheme.get("https")) == (http, https)


def test_a_variable_that_is_no_proxy_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^http_proxy: "):
        proxies_from({"http_proxy": "ftp://a"})


def test_no_proxy_in_upper_case() -> None:
    assert proxies_from({"NO_PROXY": "a,b"}).no_proxy == ("a", "b")


def test_a_socks_proxy_takes_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy("socks5", "a", 1080)
    require_socks(proxy)
    monkeypatch.setitem(sys.modules, "python_socks", None)
    with pytest.raises(SettingsError, match=r"^socks5://a:1080 takes .*: pip install 'crawler\[socks\]'$"):
        require_socks(proxy)


def _tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] text")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (OSError(errno.EMFILE, "x"), NoDescriptorError, "no file descriptor left to connect to http://a:80"),
        (NoDescriptorError("ours"), NoDescriptorError, "ours"),
        (ConnectError("refused"), ProxyError, "the proxy failed: refused"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), ProxyError, "the proxy failed: connection refused by http://a:80"),
        (TimeoutError(), ProxyError, "the proxy failed: no connection to http://a:80 within 1 s"),
        (_tls("BAD_RECORD_MAC"), ProxyError, "the proxy failed: TLS with http://a:80 broke: bad record mac"),
    ],
)  # fmt: skip
def test_what_goes_wrong_with_a_proxy(error: Exception, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught, proxy_errors(Proxy("http", "a", 80), 1.0):
        raise error
    assert type(caught.value) is kind
    assert str(caught.value) == text
