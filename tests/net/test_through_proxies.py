"""Whole exchanges through proxies: a real squid, a SOCKS5 server, and proxies that misbehave."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import trustme

from crawler.errors import DNSError, FetchTimeoutError, ProxyError, SettingsError, TLSError
from crawler.model import URL, Request
from crawler.net.fetcher import HttpFetcher
from crawler.settings import FetchSettings, HostSettings
from tests.net.proxies import Squid, socks, squid
from tests.net.wires import OK, Side, always, answering, fetching, get, open_descriptors, serving, settings

USERS = "me:$apr1$abcdefgh$ckT15POyCRlen.h6XtGAZ1\n"
"""The user `me` with the password `hunter2`, by `openssl passwd -apr1`."""


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    await asyncio.get_running_loop().run_in_executor(None, int)
    sockets, tasks = open_descriptors(), len(asyncio.all_tasks())
    yield
    await asyncio.sleep(0.05)
    assert open_descriptors() == sockets
    assert len(asyncio.all_tasks()) == tasks


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="module")
def secure(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "origin.test").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def open_squid() -> Iterator[Squid]:
    with squid() as running:
        yield running


@pytest.fixture(scope="module")
def closed_squid() -> Iterator[Squid]:
    """One that wants to know who is asking."""
    with squid(USERS) as running:
        yield running


# --- squid


async def logged(running: Squid, start: str) -> None:
    """Squid's log is written a moment after the answer."""
    for _ in range(100):
        if any(line.startswith(start) for line in running.lines()):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"squid saw no {start!r}, but {running.lines()}")


async def test_http_through_squid(open_squid: Squid) -> None:
    async with serving(always(OK)) as server, fetching(settings(proxy=f"http://{open_squid.host}")) as fetcher:
        for path in ("/a?b=c", "/d"):
            async with fetcher.fetch(Request(URL(server.url + path))) as response:
                assert await response.read() == b"ok"
                assert response.contact.peer == open_squid.host
        assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\n")
        assert f"\r\nHost: 127.0.0.1:{server.port}\r\n".encode() in server.requests[0]
        assert len(fetcher._pool._live) == 1
    await logged(open_squid, f"GET {server.url}/d 200")


async def test_https_through_squid(open_squid: Squid, secure: ssl.SSLContext, ca_file: str) -> None:
    chosen = settings(proxy=f"http://{open_squid.host}", ca_file=ca_file)
    async with serving(always(OK), context=secure) as server, fetching(chosen) as fetcher:
        for _ in range(2):
            async with fetcher.fetch(Request(URL(server.url + "/a"))) as response:
                assert await response.read() == b"ok"
                assert response.contact.tls == "TLSv1.3"
        assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\n")
        assert server.connections == 1
    await logged(open_squid, f"CONNECT 127.0.0.1:{server.port} ")


async def test_squid_cannot_reach_an_https_host(open_squid: Squid) -> None:
    async with serving(always(OK)) as server:
        pass
    async with fetching(settings(proxy=f"http://{open_squid.host}")) as fetcher:
        with pytest.raises(ProxyError, match=rf"^the proxy http://{open_squid.host} refused to connect: 50[0-9] "):
            await get(fetcher, f"https://127.0.0.1:{server.port}/")


async def test_squid_wants_to_know_who_is_asking(closed_squid: Squid, secure: ssl.SSLContext, ca_file: str) -> None:
    async with serving(always(OK)) as server, serving(always(OK), context=secure) as other:
        for user, words in (
            ("", "asks for a user and password"),
            ("me:wrong@", "does not take this user and password"),
        ):
            async with fetching(settings(proxy=f"http://{user}{closed_squid.host}", ca_file=ca_file)) as fetcher:
                for url in (server.url, other.url):
                    with pytest.raises(ProxyError, match=rf"^the proxy http://{closed_squid.host} {words}: 407 "):
                        await get(fetcher, url)
        assert not server.requests
        assert not other.connections


async def test_squid_is_told_who_is_asking_and_nobody_else_is(
    closed_squid: Squid, secure: ssl.SSLContext, ca_file: str
) -> None:
    chosen = settings(proxy=f"http://me:hunter2@{closed_squid.host}", ca_file=ca_file)
    async with (
        serving(always(OK)) as server,
        serving(always(OK), context=secure) as other,
        fetching(chosen) as fetcher,
    ):
        for url in (server.url, other.url):
            for _ in range(2):
                assert await get(fetcher, url) == b"ok"
        assert len(server.requests) == len(other.requests) == 2
        assert b"proxy-auth" not in b"".join(server.requests + other.requests).lower()


async def test_squid_over_tls(authority: trustme.CA, secure: ssl.SSLContext, ca_file: str, tmp_path: Path) -> None:
    """TLS with the proxy, and within it TLS with the origin."""
    issued = authority.issue_cert("127.0.0.1")
    pem = tmp_path / "squid.pem"
    pem.write_bytes(issued.private_key_pem.bytes() + b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    with squid(USERS, pem) as running:
        chosen = settings(proxy=f"https://me:hunter2@{running.host}", ca_file=ca_file)
        large = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000)
        async with (
            serving(always(large)) as server,
            serving(always(large), context=secure) as other,
            fetching(chosen) as fetcher,
        ):
            for url in (server.url, other.url):
                assert await get(fetcher, url) == bytes(3_000_000)


# --- SOCKS


@pytest.mark.parametrize("is_secure", [False, True])
async def test_through_socks(secure: ssl.SSLContext, ca_file: str, is_secure: bool) -> None:
    async with socks() as proxy, serving(always(OK), context=secure if is_secure else None) as server:
        async with fetching(settings(proxy=f"socks5://{proxy.host}", ca_file=ca_file)) as fetcher:
            for _ in range(2):
                async with fetcher.fetch(Request(URL(server.url + "/a"))) as response:
                    assert await response.read() == b"ok"
                    assert response.contact.peer == proxy.host
        assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\n")
        assert proxy.asked == [(1, "127.0.0.1", server.port)]


async def test_names_are_looked_up_here_or_there() -> None:
    async with serving(always(OK)) as server, socks() as proxy:
        for scheme in ("socks5", "socks5h"):
            async with fetching(settings(proxy=f"{scheme}://{proxy.host}")) as fetcher:
                assert await get(fetcher, f"http://localhost:{server.port}/") == b"ok"
        assert proxy.asked == [(1, "127.0.0.1", server.port), (3, "localhost", server.port)]
        async with fetching(settings(proxy=f"socks5h://{proxy.host}")) as fetcher:
            assert await get(fetcher, f"http://nosuchhost.invalid:{server.port}/") == b"ok"
        async with fetching(settings(proxy=f"socks5://{proxy.host}")) as fetcher:
            with pytest.raises(DNSError, match=r"^no such host: nosuchhost\.invalid$"):
                await get(fetcher, f"http://nosuchhost.invalid:{server.port}/")


async def test_a_user_for_socks() -> None:
    async with serving(always(OK)) as server, socks(credential=("me", "hunter2")) as proxy:
        async with fetching(settings(proxy=f"socks5://me:hunter2@{proxy.host}")) as fetcher:
            assert await get(fetcher, server.url) == b"ok"
        for user in ("", "me:wrong@"):
            async with fetching(settings(proxy=f"socks5://{user}{proxy.host}")) as fetcher:
                with pytest.raises(ProxyError, match=rf"^the proxy socks5://{proxy.host} refused to connect: "):
                    await get(fetcher, server.url)


async def test_socks_refuses() -> None:
    async with socks(reply=5) as proxy, fetching(settings(proxy=f"socks5://{proxy.host}")) as fetcher:
        with pytest.raises(ProxyError, match=r"refused to connect: .*[Cc]onnection refused"):
            await get(fetcher, "http://127.0.0.1:9/")


async def test_socks_hangs_up() -> None:
    async def play(side: Side) -> None:
        await side.reader.read(2)

    async with serving(play) as server, fetching(settings(proxy=f"socks5://127.0.0.1:{server.port}")) as fetcher:
        with pytest.raises(ProxyError, match=r"^the proxy "):
            await get(fetcher, "http://127.0.0.1:9/")


# --- proxies that misbehave


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("url", ["http://a.test/", "https://a.test/"])
async def test_a_proxy_that_is_not_there(scheme: str, url: str) -> None:
    async with serving(always(OK)) as server:
        pass
    url = url.replace("a.test", "127.0.0.1")
    async with fetching(settings(proxy=f"{scheme}://127.0.0.1:{server.port}")) as fetcher:
        with pytest.raises(ProxyError, match=r"^the proxy failed: connection refused by (http|socks5)://127") as caught:
            await get(fetcher, url)
        assert caught.value.kind == "proxy"


async def test_a_proxy_whose_name_nobody_knows() -> None:
    async with fetching(settings(proxy="http://nosuchhost.invalid")) as fetcher:
        with pytest.raises(ProxyError, match=r"^the proxy failed: no such host: nosuchhost\.invalid$"):
            await get(fetcher, "http://127.0.0.1/")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_says_nothing(scheme: str) -> None:
    async with serving(Side.gone) as server:
        chosen = settings(proxy=f"{scheme}://127.0.0.1:{server.port}", connect_timeout=0.2)
        async with fetching(chosen) as fetcher:
            with pytest.raises(ProxyError, match=r"^the proxy failed: no connection to .* within 0\.2 s$"):
                await get(fetcher, "https://127.0.0.1/")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "gave no answer to CONNECT 127.0.0.1:443"),
        (b"SSH-2.0\r\n\r\n", "gave no answer to CONNECT 127.0.0.1:443: the answer does not begin with HTTP/"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 400_000, "gave no answer to CONNECT 127.0.0.1:443"),
        (b"HTTP/1.1 403 Never\r\nContent-Length: 0\r\n\r\n", "refused to connect: 403 Never"),
        (b"HTTP/1.1 302 \r\nLocation: http://evil.test/\r\n\r\n", "refused to connect: 302"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "said more than its answer to CONNECT 127.0.0.1:443"),
    ],
)  # fmt: skip
async def test_a_proxy_that_opens_no_tunnel(answer: bytes, words: str) -> None:
    async with serving(answering(answer)) as server, fetching(settings(proxy=f"127.0.0.1:{server.port}")) as fetcher:
        with pytest.raises(ProxyError, match=rf"^the proxy http://127.0.0.1:{server.port} {re.escape(words)}"):
            await get(fetcher, "https://127.0.0.1/")


async def test_a_proxy_that_resets_the_connection() -> None:
    async def play(side: Side) -> None:
        await side.request()
        side.reset()

    async with serving(play) as server, fetching(settings(proxy=f"127.0.0.1:{server.port}")) as fetcher:
        with pytest.raises(ProxyError, match=r"^the proxy failed: no connection to http://127.*: connection reset"):
            await get(fetcher, "https://127.0.0.1/")


async def test_a_proxy_that_is_not_trusted(secure: ssl.SSLContext) -> None:
    async with (
        serving(always(OK), context=secure) as server,
        fetching(settings(proxy=f"https://127.0.0.1:{server.port}")) as fetcher,
    ):
        with pytest.raises(ProxyError, match=r"^the proxy failed: the certificate of https://127.* not trusted"):
            await get(fetcher, "http://127.0.0.1/")


async def test_an_informational_answer_before_the_tunnel() -> None:
    async def play(side: Side) -> None:
        await side.request()
        await side.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
        await side.gone()

    async with serving(play) as server:
        chosen = settings(proxy=f"127.0.0.1:{server.port}", connect_timeout=0.3)
        async with fetching(chosen) as fetcher:
            with pytest.raises(FetchTimeoutError, match=r"^no TLS handshake with 127.0.0.1:443 within"):
                await get(fetcher, "https://127.0.0.1/")


async def test_tls_that_fails_behind_a_proxy_is_the_host_s(open_squid: Squid, secure: ssl.SSLContext) -> None:
    async with serving(always(OK), context=secure) as server, fetching(settings(proxy=open_squid.host)) as fetcher:
        with pytest.raises(TLSError, match=rf"^the certificate of 127.0.0.1:{server.port} is not trusted"):
            await get(fetcher, server.url)


# --- which proxy


async def test_hosts_without_and_with_a_proxy_of_their_own(open_squid: Squid) -> None:
    async with serving(always(OK)) as server, socks() as proxy:
        name = f"127.0.0.1:{server.port}"
        chosen = settings(proxy="http://nosuchhost.invalid", no_proxy=("localhost",))
        hosts = {name: HostSettings(proxy=f"socks5://{proxy.host}")}
        async with fetching(chosen, hosts=hosts) as fetcher:
            assert await get(fetcher, f"http://localhost:{server.port}/") == b"ok"
            assert proxy.asked == []
            assert await get(fetcher, server.url) == b"ok"
            assert proxy.asked == [(1, "127.0.0.1", server.port)]
        async with fetching(chosen, hosts={name: HostSettings(proxy="")}) as fetcher:
            assert await get(fetcher, server.url) == b"ok"
        assert len(proxy.asked) == 1
        both = {name: HostSettings(proxy="http://nosuchhost.invalid"), server.url: HostSettings(proxy="none")}
        async with fetching(hosts=both) as fetcher:
            assert await get(fetcher, server.url) == b"ok"


async def test_a_request_s_own_word_to_a_proxy_reaches_no_origin(open_squid: Squid) -> None:
    headers = (("Proxy-Authorization", "Basic bWU6aHVudGVyMg=="),)
    async with serving(always(OK)) as server:
        for proxy in ("", open_squid.host):
            async with fetching(settings(proxy=proxy)) as fetcher:
                await get(fetcher, server.url, headers=headers)
        assert b"proxy-auth" not in b"".join(server.requests).lower()


async def test_an_origin_that_answers_407_is_no_proxy() -> None:
    play = always(b"HTTP/1.1 407 Odd\r\nContent-Length: 0\r\n\r\n")
    async with (
        serving(play) as server,
        fetching() as fetcher,
        fetcher.fetch(Request(URL(server.url))) as response,
    ):
        assert response.head.status == 407


async def test_a_proxy_that_cannot_be_is_said_at_once() -> None:
    for chosen, hosts, key in (
        (settings(proxy="ftp://a"), {}, "fetch.proxy"),
        (settings(), {"a.test": HostSettings(proxy="ftp://a")}, 'hosts."a.test".proxy'),
    ):
        with pytest.raises(SettingsError, match=f"^{re.escape(key)}: "):
            async with fetching(chosen, hosts=hosts):
                pass


async def test_a_proxy_is_idle_with_its_route(open_squid: Squid) -> None:
    """A connection through a proxy never serves one who goes another way."""
    async with serving(always(OK)) as server, fetching(settings(proxy=open_squid.host)) as fetcher:
        await get(fetcher, server.url)
        direct = HttpFetcher(fetcher._pool, FetchSettings())
        async with direct.fetch(Request(URL(server.url))) as response:
            assert response.contact.peer == f"127.0.0.1:{server.port}"
