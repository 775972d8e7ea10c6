"""Connections that come about, and the one line for each way in which they do not."""

import asyncio
import errno
import os
import resource
import socket
import ssl
import sys
from contextlib import suppress

import pytest
import trustme

from crawler.errors import ConnectError, ConnectionLostError, DNSError, FetchError, FetchTimeoutError, TLSError
from crawler.net.dial import (
    NoDescriptorError,
    Route,
    connect_error,
    dial,
    exchange_error,
    handshake_error,
    join_address,
)
from crawler.web.url import URL
from tests.net.wires import Side, always, open_descriptors, serving

ROUTE = Route("http", "example.org", 80)


@pytest.mark.parametrize(
    ("url", "route", "text"),
    [
        ("http://example.org/a", Route("http", "example.org", 80), "example.org:80"),
        ("https://example.org:8443/", Route("https", "example.org", 8443), "example.org:8443"),
        ("https://[::1]/", Route("https", "::1", 443), "[::1]:443"),
    ],
)
def test_route_of_a_url(url: str, route: Route, text: str) -> None:
    assert Route.of(URL(url)) == route
    assert str(route) == text
    assert route.is_secure == url.startswith("https")


async def test_the_peer_is_the_address_connected_to() -> None:
    async with serving(always(b"")) as server:
        wire = await dial(Route("http", "localhost", server.port), None, 5.0)
        assert wire.peer == join_address("127.0.0.1", server.port)
        wire.writer.transport.abort()


async def test_the_peer_of_ipv6_has_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    async with serving(always(b""), host="::1") as server:
        wire = await dial(Route("http", "::1", server.port), None, 5.0)
        assert wire.peer == f"[::1]:{server.port}"
        wire.writer.transport.abort()


async def test_refused() -> None:
    async with serving(always(b"")) as server:
        pass
    with pytest.raises(ConnectError, match=f"^connection refused by 127.0.0.1:{server.port}$"):
        await dial(Route("http", "127.0.0.1", server.port), None, 5.0)


async def test_refused_by_every_address_of_a_name() -> None:
    async with serving(always(b"")) as server:
        pass
    with pytest.raises(ConnectError, match=f"^connection refused by localhost:{server.port}$"):
        await dial(Route("http", "localhost", server.port), None, 5.0)


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "a..b", "x" * 64 + ".example"])
async def test_unknown_host(host: str) -> None:
    with pytest.raises(DNSError, match=f"{host}"):
        await dial(Route("http", host, 80), None, 20.0)


async def test_connecting_takes_too_long() -> None:
    with socket.socket() as full:  # a server that never accepts: what its backlog cannot hold is left without an answer
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        clients = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            clients.append(client)
        with pytest.raises(FetchTimeoutError, match=r"within 0\.2 s$"):
            await dial(Route("http", "127.0.0.1", full.getsockname()[1]), None, 0.2)
        for client in clients:
            client.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def client_side(authority: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authority is not None:
        authority.configure_trust(context)
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_tls_proves_a_name_or_an_address(authority: trustme.CA, name: str) -> None:
    async with serving(always(b""), context=server_side(authority, name)) as server:
        wire = await dial(Route("https", name, server.port), client_side(authority), 5.0)
        assert wire.writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        wire.writer.transport.abort()


async def test_tls_for_another_name_is_not_trusted(authority: trustme.CA) -> None:
    async with serving(always(b""), context=server_side(authority, "example.org")) as server:
        with pytest.raises(TLSError, match=r"the certificate of localhost:[0-9]+ is not trusted: .*localhost"):
            await dial(Route("https", "localhost", server.port), client_side(authority), 5.0)


async def test_tls_by_an_unknown_authority_is_not_trusted(authority: trustme.CA) -> None:
    async with serving(always(b""), context=server_side(authority, "localhost")) as server:
        with pytest.raises(TLSError, match=r"is not trusted: self.signed certificate|unable to get local issuer"):
            await dial(Route("https", "localhost", server.port), client_side(), 5.0)


async def test_tls_refused_by_an_alert(authority: trustme.CA) -> None:
    """Played by a blocking server: asyncio's own closes without sending the alert."""
    old = client_side(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    new = server_side(authority, "localhost")
    new.minimum_version = ssl.TLSVersion.TLSv1_3

    def refuse() -> None:
        accepted, _ = listener.accept()
        with accepted, pytest.raises(ssl.SSLError):
            new.wrap_socket(accepted, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = asyncio.get_running_loop().run_in_executor(None, refuse)
        with pytest.raises(
            TLSError, match=r"^refused during the TLS handshake by localhost:[0-9]+: .*protocol version"
        ):
            await dial(Route("https", "localhost", port), old, 5.0)
        await server


async def test_tls_with_a_server_that_speaks_none() -> None:
    async def play(side: Side) -> None:
        await side.reader.read(100)
        await side.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(play) as server:
        with pytest.raises(TLSError, match=r"^the TLS handshake with 127.0.0.1:[0-9]+ failed: "):
            await dial(Route("https", "127.0.0.1", server.port), client_side(), 5.0)


@pytest.mark.parametrize("by_reset", [True, False])
async def test_a_connection_that_ends_in_the_handshake_is_no_verdict_on_tls(by_reset: bool) -> None:
    async def play(side: Side) -> None:
        await side.reader.read(100)
        if by_reset:
            side.reset()

    async with serving(play) as server:
        with pytest.raises(ConnectError, match=r"^connection closed during the TLS handshake by 127.0.0.1") as caught:
            await dial(Route("https", "127.0.0.1", server.port), client_side(), 5.0)
        assert caught.value.retryable


async def test_a_handshake_takes_too_long() -> None:
    before = open_descriptors()
    async with serving(Side.gone) as server:
        with pytest.raises(FetchTimeoutError, match=r"^no TLS handshake with 127.0.0.1:[0-9]+ within 0\.2 s$"):
            await dial(Route("https", "127.0.0.1", server.port), client_side(), 0.2)
    await asyncio.sleep(0)
    assert open_descriptors() == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_no_descriptor_left_is_our_own_shortage(host: str) -> None:
    """Without one, glibc says of any name that it does not exist; that must not be believed."""
    await asyncio.get_running_loop().run_in_executor(None, int)  # the resolver's thread exists
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))
        with pytest.raises(NoDescriptorError, match=f"^no file descriptor left to connect to {host}:80$"):
            await dial(Route("http", host, 80), None, 5.0)
        unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        assert type(connect_error(unknown, ROUTE, 1.0)) is NoDescriptorError
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (OSError(errno.ENETUNREACH, "x"), ConnectError, "no connection to example.org:80: network is unreachable"),
        (TimeoutError(errno.ETIMEDOUT, "x"), ConnectError, "no connection to example.org:80: connection timed out"),
        (OSError("odd"), ConnectError, "no connection to example.org:80: odd"),
        (OSError(), ConnectError, "no connection to example.org:80: OSError"),
        (OSError(errno.ENFILE, "x"), NoDescriptorError, "no file descriptor left to connect to example.org:80"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 24] Too many open files"),
            NoDescriptorError,
            "no file descriptor left to connect to example.org:80",
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "try again"),
            DNSError,
            "the name example.org cannot be looked up: try again",
        ),
    ],
)
def test_words_for_what_cannot_be_brought_about_here(error: OSError, kind: type[FetchError], text: str) -> None:
    if "111" in str(error) and sys.platform != "linux":
        pytest.skip("error numbers of Linux")
    translated = connect_error(error, ROUTE, 1.0)
    assert type(translated) is kind
    assert str(translated) == text


def _tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] text")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ConnectionResetError(errno.ECONNRESET, "x"), ConnectionLostError, "connection reset by a:1"),
        (BrokenPipeError(errno.EPIPE, "x"), ConnectionLostError, "connection reset by a:1"),
        (ConnectionResetError("Connection lost"), ConnectionLostError, "connection reset by a:1"),
        (OSError(errno.EHOSTUNREACH, "x"), ConnectionLostError, "connection to a:1 lost: no route to host"),
        (_tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), TLSError, "TLS ended by a:1: tlsv13 alert certificate required"),
        (_tls("BAD_RECORD_MAC"), ConnectionLostError, "TLS with a:1 broke: bad record mac"),
    ],
)
def test_words_for_what_breaks_off(error: OSError, kind: type[FetchError], text: str) -> None:
    translated = exchange_error(error, "a:1")
    assert type(translated) is kind
    assert str(translated) == text


def test_a_name_that_no_certificate_can_bear() -> None:
    translated = handshake_error(ValueError("leading dot"), Route("https", ".a", 443), 1.0)
    assert type(translated) is TLSError
    assert str(translated) == "no name for a certificate: .a"
