"""Opens connections, TCP and TLS, through a proxy where there is one, and says in one line why one failed or broke off.

It knows no HTTP. Here alone an `OSError` of the network becomes one of ours. `TimeoutError` and `ssl.SSLError` are
children of `OSError`, so that they are looked for first.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from crawler.errors import (
    ConnectError,
    ConnectionLostError,
    DNSError,
    FetchError,
    FetchTimeoutError,
    PrivateAddressError,
    ProxyError,
    TLSError,
)
from crawler.model import Reach
from crawler.net.proxy import Proxy
from crawler.net.race import NO_DESCRIPTOR, connect
from crawler.net.resolver import Address, Resolver, is_unknown
from crawler.net.route import Route, join_address
from crawler.net.socks import connect_through
from crawler.net.tls import Identity, client_context
from crawler.net.tunnel import open_tunnel
from crawler.net.wire import BUFFER, Wire
from crawler.settings import FetchSettings
from crawler.steps import step, waiting_for
from crawler.web.addresses import reach

RESET: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NoDescriptorError(ConnectError):
    """The process or the machine has no file descriptor left: our shortage, and no fault of the host."""


class Dials(Protocol):
    """Opens connections."""

    async def dial(self, route: Route) -> Wire:
        """A new connection; `FetchError` where none comes about."""
        ...


class Dialer:
    """Opens connections; each may take `fetch.connect_timeout` in all, from the look-up of the name to the end of TLS.

    Of the addresses that a host's name leads to those are connected to that the route's `reach` allows. Where a proxy
    looks names up, nobody knows these addresses. `receive_buffer` bounds what the system holds of what a connection
    receives (through SOCKS it has no effect).
    """

    def __init__(
        self,
        settings: FetchSettings,
        resolver: Resolver | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self._timeout = settings.connect_timeout
        self._user_agent = settings.user_agent
        self._resolver = resolver or Resolver(settings.dns_ttl, settings.dns_negative_ttl)
        self._receive_buffer = receive_buffer
        self._contexts: dict[Identity, ssl.SSLContext] = {}
        self._identity = Identity.of(settings)
        if self._identity.has_files:
            self._context(self._identity)  # a file that cannot be used is said at once

    async def dial(self, route: Route) -> Wire:
        """A new connection, through TLS where the route says so; `FetchError` where none comes about."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        deadline = began + self._timeout
        step("connect")
        if route.proxy is None:
            addresses = await self._allowed(route, deadline)
            looked_up = loop.time()
            reader, writer = await self._connect(addresses, route.port, str(route), deadline)
        else:
            # With socks5 a name is looked up here, with socks5h and HTTP by the proxy (as curl has it).
            is_ours = route.proxy.scheme == "socks5"
            target = (await self._allowed(route, deadline))[0].ip if is_ours else named(route)
            with proxy_errors(route.proxy, self._timeout):
                addresses = await self._look_up(route.proxy.host, deadline)
                looked_up = loop.time()
                reader, writer = await self._connect_through(route.proxy, addresses, route, target, deadline)
        connected = loop.time()
        try:
            if route.identity is not None:
                await self._secure(writer, route.host, str(route), route.identity, deadline)
        except BaseException:
            writer.transport.abort()
            raise
        address = writer.get_extra_info("peername")
        peer = join_address(*address[:2]) if address else str(route)
        tls = writer.get_extra_info("ssl_object").version() if route.identity is not None else None
        return Wire(reader, writer, peer, tls, looked_up - began, connected - looked_up, loop.time() - connected)

    async def _allowed(self, route: Route, deadline: float) -> Sequence[Address]:
        """The addresses of a host that it may be asked at; `PrivateAddressError` where there is none."""
        addresses = await self._look_up(route.host, deadline)
        allowed = [address for address in addresses if may_reach(route.reach, address.ip)]
        if not allowed:
            raise private_address(route.host, addresses[0].ip)
        return allowed

    async def _look_up(self, host: str, deadline: float) -> Sequence[Address]:
        try:
            with waiting_for("look-up"):
                async with asyncio.timeout_at(deadline):
                    return await self._resolver.resolve(host)
        except (OSError, UnicodeError) as error:
            raise lookup_error(error, host, self._timeout) from error

    async def _connect(self, addresses: Sequence[Address], port: int, peer: str, deadline: float) -> Streams:
        try:
            async with asyncio.timeout_at(deadline):
                connected = await connect(addresses, port, self._receive_buffer)
                return await asyncio.open_connection(sock=connected, limit=BUFFER)
        except OSError as error:
            raise connect_error(error, peer, self._timeout) from error

    async def _connect_through(
        self, proxy: Proxy, addresses: Sequence[Address], route: Route, target: str, deadline: float
    ) -> Streams:
        """Streams that lead to the server of the route, or to a proxy that reads the requests for it."""
        if proxy.is_socks:
            async with asyncio.timeout_at(deadline):
                through = await connect_through(proxy, addresses[0].ip, target, route.port, self._timeout)
                return await asyncio.open_connection(sock=through, limit=BUFFER)
        reader, writer = await self._connect(addresses, proxy.port, str(proxy), deadline)
        try:
            if proxy.scheme == "https":
                await self._secure(writer, proxy.host, str(proxy), self._identity, deadline)
            if not route.is_forwarded:
                async with asyncio.timeout_at(deadline):
                    await open_tunnel(reader, writer, str(route), proxy, self._user_agent)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer

    async def _secure(
        self, writer: asyncio.StreamWriter, host: str, peer: str, identity: Identity, deadline: float
    ) -> None:
        """The TLS handshake; the name proved is `host`, an address too (sent as SNI only where it is a name)."""
        context = self._context(identity)
        try:
            async with asyncio.timeout_at(deadline):
                name, late = host.rstrip("."), 2 * self._timeout
                await writer.start_tls(context, server_hostname=name, ssl_handshake_timeout=late)
        except (OSError, ValueError) as error:
            raise handshake_error(error, peer, self._timeout) from error

    def _context(self, identity: Identity) -> ssl.SSLContext:
        if identity not in self._contexts:
            self._contexts[identity] = client_context(identity)
        return self._contexts[identity]


def named(route: Route) -> str:
    """The host of a route whose name a proxy looks up; what it finds cannot be seen from here, an address can."""
    is_local = route.host == "localhost" or route.host.endswith(".localhost")
    if not may_reach(route.reach, "127.0.0.1" if is_local else route.host):
        raise private_address(route.host, route.host)
    return route.host


def may_reach(allowed: Reach, ip: str) -> bool:
    """Whether an address is where a host may lie; what is no address may be."""
    if allowed in ("any", "host"):
        return True
    try:
        lies = reach(ip)
    except ValueError:
        return True
    return lies == "public" or lies == allowed


def private_address(host: str, ip: str) -> PrivateAddressError:
    """Why a host is not asked."""
    at = "" if host == ip else f" at {ip}"
    return PrivateAddressError(f"{host}{at} is in a network that this crawl may not reach (scope.private_networks)")


@contextmanager
def proxy_errors(proxy: Proxy, timeout: float) -> Iterator[None]:
    """What goes wrong on the way to a proxy and with it is its failure, and says nothing of the host behind it."""
    try:
        yield
    except (ProxyError, NoDescriptorError):
        raise
    except FetchError as error:
        raise ProxyError(f"the proxy failed: {error}") from error
    except OSError as error:
        is_tls = isinstance(error, ssl.SSLError)
        failure = exchange_error(error, str(proxy)) if is_tls else connect_error(error, str(proxy), timeout)
        if isinstance(failure, NoDescriptorError):
            raise failure from error
        raise ProxyError(f"the proxy failed: {failure}") from error


def lookup_error(error: OSError | UnicodeError, host: str, timeout: float) -> FetchError:
    """Why no address was found."""
    if is_unknown(error):
        return DNSError(f"no such host: {host}")
    if isinstance(error, socket.gaierror):
        return DNSError(f"the name {host} cannot be looked up: {error.strerror}")
    if isinstance(error, TimeoutError):
        return DNSError(f"the name {host} was not looked up within {timeout:g} s")
    if isinstance(error, OSError) and error.errno in NO_DESCRIPTOR:
        return NoDescriptorError(f"no file descriptor left to look up {host}")
    return DNSError(f"the name {host} cannot be looked up: {error}")


def connect_error(error: OSError, peer: str, timeout: float) -> FetchError:
    """Why no TCP connection came about."""
    if error.errno in NO_DESCRIPTOR:
        return NoDescriptorError(f"no file descriptor left to connect to {peer}")
    if isinstance(error, TimeoutError) and error.errno is None:
        return FetchTimeoutError(f"no connection to {peer} within {timeout:g} s")
    if error.errno == errno.ECONNREFUSED:
        return ConnectError(f"connection refused by {peer}")
    return ConnectError(f"no connection to {peer}: {_words(error)}")


def handshake_error(error: OSError | ValueError, peer: str, timeout: float) -> FetchError:
    """Why the TLS handshake failed: refused, not trusted, or merely broken off."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TLSError(f"the certificate of {peer} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        if "ALERT" in (error.reason or ""):
            return TLSError(f"refused during the TLS handshake by {peer}: {_reason(error)}")
        return TLSError(f"the TLS handshake with {peer} failed: {_reason(error)}")
    if isinstance(error, TimeoutError):
        return FetchTimeoutError(f"no TLS handshake with {peer} within {timeout:g} s")
    if isinstance(error, ValueError):
        return TLSError(f"no name for a certificate: {peer}")
    # A server that restarts, or a middlebox: another attempt may well do better, so it is not a TLSError.
    return ConnectError(f"connection closed during the TLS handshake by {peer}")


def exchange_error(error: OSError, peer: str) -> FetchError:
    """Why an open connection broke off."""
    if isinstance(error, ssl.SSLError):
        if "ALERT" in (error.reason or ""):
            return TLSError(f"TLS ended by {peer}: {_reason(error)}")
        return ConnectionLostError(f"TLS with {peer} broke: {_reason(error)}")
    if error.errno in RESET or isinstance(error, ConnectionError):
        return ConnectionLostError(f"connection reset by {peer}")
    return ConnectionLostError(f"connection to {peer} lost: {_words(error)}")


def _words(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno is not None else str(error) or type(error).__name__


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words: `tlsv1 alert protocol version`."""
    return (error.reason or str(error)).replace("_", " ").lower()
