"""Connections that come about, and the one line for each way in which they do not."""

import asyncio
import errno
import os
import resource
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from crawler.errors import (
    ConnectError,
    ConnectionLostError,
    DNSError,
    FetchError,
    FetchTimeoutError,
    PrivateAddressError,
    TLSError,
)
from crawler.net.dial import (
    Dialer,
    NoDescriptorError,
    connect_error,
    exchange_error,
    handshake_error,
    lookup_error,
)
from crawler.net.proxy import parse_proxy
from crawler.net.resolver import Address, Resolver
from crawler.net.route import Route, join_address
from crawler.net.tls import Identity
from crawler.net.wire import Wire
from tests.net.wires import Side, always, open_descriptors, serving, settings


async def dial(route: Route, timeout: float = 5.0) -> Wire:
    return await Dialer(settings(connect_timeout=timeout)).dial(route)


def secure(host: str, port: int, ca_file: str = "", **more: str) -> Route:
    return Route("https", host, port, identity=Identity(ca_file, **more))


async def test_the_peer_is_the_address_connected_to() -> None:
    async with serving(always(b"")) as server:
        wire = await dial(Route("http", "localhost", server.port))
        assert wire.peer == join_address("127.0.0.1", server.port)
        wire.writer.transport.abort()


async def test_the_peer_of_ipv6_has_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    async with serving(always(b""), host="::1") as server:
        wire = await dial(Route("http", "::1", server.port))
        assert wire.peer == f"[::1]:{server.port}"
        wire.writer.transport.abort()


async def test_refused() -> None:
    async with serving(always(b"")) as server:
        pass
    with pytest.raises(ConnectError, match=f"^connection refused by 127.0.0.1:{server.port}$"):
        await dial(Route("http", "127.0.0.1", server.port))


async def test_refused_by_every_address_of_a_name() -> None:
    async with serving(always(b"")) as server:
        pass
    with pytest.raises(ConnectError, match=f"^connection refused by localhost:{server.port}$"):
        await dial(Route("http", "localhost", server.port))


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "a..b", "x" * 64 + ".example"])
async def test_unknown_host(host: str) -> None:
    with pytest.raises(DNSError, match=f"{host}"):
        await dial(Route("http", host, 80), 20.0)


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
            await dial(Route("http", "127.0.0.1", full.getsockname()[1]), 0.2)
        for client in clients:
            client.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_tls_proves_a_name_or_an_address(authority: trustme.CA, ca_file: str, name: str) -> None:
    """A name is told to the server (RFC 6066 section 3), an address never."""
    told: list[str | None] = []
    context = server_side(authority, name)
    context.sni_callback = lambda _, sni, __: told.append(sni)
    async with serving(always(b""), context=context) as server:
        wire = await dial(secure(name, server.port, ca_file))
        assert wire.tls == "TLSv1.3"
        wire.writer.transport.abort()
    assert told == [name if name == "localhost" else None]


async def test_the_dot_at_the_end_of_a_name_is_in_no_certificate(authority: trustme.CA, ca_file: str) -> None:
    async with serving(always(b""), context=server_side(authority, "localhost")) as server:
        wire = await Dialer(settings(), knowing(localhost="127.0.0.1")).dial(secure("localhost.", server.port, ca_file))
        assert wire.tls == "TLSv1.3"
        wire.writer.transport.abort()


async def test_tls_for_another_name_is_not_trusted(authority: trustme.CA, ca_file: str) -> None:
    async with serving(always(b""), context=server_side(authority, "example.org")) as server:
        with pytest.raises(TLSError, match=r"the certificate of localhost:[0-9]+ is not trusted: .*localhost"):
            await dial(secure("localhost", server.port, ca_file))


async def test_tls_by_an_unknown_authority_is_not_trusted(authority: trustme.CA) -> None:
    async with serving(always(b""), context=server_side(authority, "localhost")) as server:
        with pytest.raises(TLSError, match=r"is not trusted: self.signed certificate|unable to get local issuer"):
            await dial(secure("localhost", server.port))


async def test_tls_refused_by_an_alert(authority: trustme.CA, ca_file: str) -> None:
    """Played by a blocking server: asyncio's own closes without sending the alert."""
    old = server_side(authority, "localhost")
    old.maximum_version = ssl.TLSVersion.TLSv1_2

    def refuse() -> None:
        accepted, _ = listener.accept()
        with accepted, pytest.raises(ssl.SSLError):
            old.wrap_socket(accepted, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = asyncio.get_running_loop().run_in_executor(None, refuse)
        with pytest.raises(
            TLSError, match=r"^refused during the TLS handshake by localhost:[0-9]+: .*protocol version"
        ):
            await dial(secure("localhost", port, ca_file, min_tls="1.3"))
        await server


async def test_tls_with_a_server_that_speaks_none() -> None:
    async def play(side: Side) -> None:
        await side.reader.read(100)
        await side.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(play) as server:
        with pytest.raises(TLSError, match=r"^the TLS handshake with 127.0.0.1:[0-9]+ failed: "):
            await dial(secure("127.0.0.1", server.port))


@pytest.mark.parametrize("by_reset", [True, False])
async def test_a_connection_that_ends_in_the_handshake_is_no_verdict_on_tls(by_reset: bool) -> None:
    async def play(side: Side) -> None:
        await side.reader.read(100)
        if by_reset:
            side.reset()

    async with serving(play) as server:
        with pytest.raises(ConnectError, match=r"^connection closed during the TLS handshake by 127.0.0.1") as caught:
            await dial(secure("127.0.0.1", server.port))
        assert caught.value.retryable


async def test_a_handshake_takes_too_long() -> None:
    before = open_descriptors()
    async with serving(Side.gone) as server:
        with pytest.raises(FetchTimeoutError, match=r"^no TLS handshake with 127.0.0.1:[0-9]+ within 0\.2 s$"):
            await dial(secure("127.0.0.1", server.port), 0.2)
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
        with pytest.raises(NoDescriptorError, match=f"^no file descriptor left to (connect to|look up) {host}"):
            await dial(Route("http", host, 80))
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
    ],
)
def test_words_for_what_cannot_be_brought_about_here(error: OSError, kind: type[FetchError], text: str) -> None:
    translated = connect_error(error, "example.org:80", 1.0)
    assert type(translated) is kind
    assert str(translated) == text


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), DNSError, "no such host: a.test"),
        (UnicodeError("label too long"), DNSError, "no such host: a.test"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), DNSError, "the name a.test cannot be looked up: try again"),
        (TimeoutError(), DNSError, "the name a.test was not looked up within 1 s"),
        (OSError(errno.EMFILE, "x"), NoDescriptorError, "no file descriptor left to look up a.test"),
        (OSError("odd"), DNSError, "the name a.test cannot be looked up: odd"),
    ],
)
def test_words_for_names_that_are_not_found(error: OSError, kind: type[FetchError], text: str) -> None:
    translated = lookup_error(error, "a.test", 1.0)
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
    translated = handshake_error(ValueError("leading dot"), ".a:443", 1.0)
    assert type(translated) is TLSError
    assert str(translated) == "no name for a certificate: .a:443"


# --- names


def knowing(**names: str) -> Resolver:
    return Resolver(60.0, 60.0, lambda host: [Address(ip) for ip in names[host.partition(".")[0]].split()])


async def test_a_name_that_takes_too_long_is_a_matter_of_dns() -> None:
    hanging = threading.Event()

    def look_up(host: str) -> list[Address]:
        hanging.wait(20)
        return []

    dialer = Dialer(settings(connect_timeout=0.2), Resolver(60.0, 60.0, look_up))
    try:
        with pytest.raises(DNSError, match=r"^the name slow.test was not looked up within 0\.2 s$"):
            await dialer.dial(Route("http", "slow.test", 80))
    finally:
        hanging.set()


async def test_a_host_is_asked_only_where_it_may_lie() -> None:
    names = knowing(
        good="127.0.0.1", rebound="10.1.2.3 127.0.0.1", metadata="169.254.169.254", mapped="::ffff:10.0.0.1"
    )
    async with serving(always(b"")) as server:
        dialer = Dialer(settings(connect_timeout=0.3), names)
        for reach, host in (("any", "good.test"), ("host", "good.test"), ("loopback", "rebound.test")):
            wire = await dialer.dial(Route("http", host, server.port, reach=reach))
            assert wire.peer == f"127.0.0.1:{server.port}"
            wire.writer.transport.abort()
        for reach, host, said in (
            ("public", "good.test", "good.test at 127.0.0.1"),
            ("public", "127.0.0.1", "127.0.0.1"),
            ("loopback", "metadata.test", "metadata.test at 169.254.169.254"),
            ("loopback", "mapped.test", "mapped.test at ::ffff:10.0.0.1"),
            ("public", "rebound.test", "rebound.test at 10.1.2.3"),
        ):
            with pytest.raises(PrivateAddressError, match=rf"^{said} is in a network that this crawl may not reach"):
                await dialer.dial(Route("http", host, server.port, reach=reach))
        assert server.connections == 3


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "localhost", "a.localhost"])
async def test_a_proxy_is_not_asked_for_an_address_that_may_not_be_reached(host: str) -> None:
    async with serving(always(b"")) as server:
        proxy = parse_proxy(f"http://127.0.0.1:{server.port}", "fetch.proxy")
        with pytest.raises(PrivateAddressError):
            await Dialer(settings()).dial(Route("http", host, 80, proxy, reach="public"))
        assert server.connections == 0


async def test_each_step_to_a_connection_is_timed(authority: trustme.CA, ca_file: str) -> None:
    def look_up(host: str) -> list[Address]:
        time.sleep(0.1)
        return [Address("127.0.0.1")]

    async with serving(always(b""), context=server_side(authority, "slow.test")) as server:
        dialer = Dialer(settings(), Resolver(60.0, 60.0, look_up))
        wire = await dialer.dial(secure("slow.test", server.port, ca_file))
        wire.writer.transport.abort()
        assert 0.1 <= wire.dns_took < 1
        assert 0 < wire.connect_took < 0.1
        assert 0 < wire.tls_took < 1
        wire = await dialer.dial(secure("slow.test", server.port, ca_file))
        wire.writer.transport.abort()
        assert wire.dns_took < 0.1
