"""Opens connections, TCP and TLS, and says in one line why one could not be opened or broke off.

It knows no HTTP. Here alone an `OSError` of the network becomes one of ours. `TimeoutError` and `ssl.SSLError` are
children of `OSError`, so that they are looked for first.
"""

import asyncio
import errno
import os
import re
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from crawler.errors import ConnectError, ConnectionLostError, DNSError, FetchError, FetchTimeoutError, TLSError
from crawler.web.url import URL

BUFFER: Final = 1024 * 1024
"""The stream's own limit; beyond twice this the socket is no longer read, and the peer has to wait."""

HEAD_START: Final = 0.25
"""Seconds one address is tried alone before the next one runs beside it (RFC 8305 section 5)."""

NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})
RESET: Final = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})


class NoDescriptorError(ConnectError):
    """The process or the machine has no file descriptor left: our shortage, and no fault of the host."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a connection leads to; connections of one route are as good as each other."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: URL) -> "Route":
        """The route on which `url` is asked for."""
        return cls(url.scheme, url.host, url.port)

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken on it."""
        return self.scheme == "https"

    def __str__(self) -> str:
        return join_address(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Wire:
    """An open connection as two streams, and the address it really leads to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    peer: str


async def dial(route: Route, context: ssl.SSLContext | None, timeout: float) -> Wire:
    """A new connection, through TLS where there is a `context`; TCP and TLS may take `timeout` seconds each."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                route.host, route.port, limit=BUFFER, happy_eyeballs_delay=HEAD_START
            )
    except (OSError, UnicodeError) as error:
        raise connect_error(error, route, timeout) from error
    try:
        address = writer.get_extra_info("peername")
        peer = join_address(*address[:2]) if address else str(route)
        if context is not None:
            await _secure(writer, route, context, timeout)
    except BaseException:
        writer.transport.abort()
        raise
    return Wire(reader, writer, peer)


async def _secure(writer: asyncio.StreamWriter, route: Route, context: ssl.SSLContext, timeout: float) -> None:
    """The TLS handshake; the name proved is the route's, an address too (sent as SNI only where it is a name)."""
    try:
        async with asyncio.timeout(timeout):
            await writer.start_tls(context, server_hostname=route.host.rstrip("."), ssl_handshake_timeout=2 * timeout)
    except (OSError, ValueError) as error:
        raise handshake_error(error, route, timeout) from error


def join_address(host: str, port: int) -> str:
    """`host:port`, with the brackets that an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def connect_error(error: OSError | UnicodeError, route: Route, timeout: float) -> FetchError:
    """Why no TCP connection came about."""
    number = _errno(error)
    if number in NO_DESCRIPTOR or (isinstance(error, socket.gaierror) and not _has_descriptor()):
        # glibc's resolver says "name not known" where it cannot open a socket or /etc/hosts.
        return NoDescriptorError(f"no file descriptor left to connect to {route}")
    if isinstance(error, UnicodeError):
        return DNSError(f"no such host: {route.host}")
    if isinstance(error, socket.gaierror):
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
            return DNSError(f"no such host: {route.host}")
        return DNSError(f"the name {route.host} cannot be looked up: {error.strerror}")
    if isinstance(error, TimeoutError) and number is None:
        return FetchTimeoutError(f"no connection to {route} within {timeout:g} s")
    if number == errno.ECONNREFUSED:
        return ConnectError(f"connection refused by {route}")
    return ConnectError(f"no connection to {route}: {_words(error, number)}")


def handshake_error(error: OSError | ValueError, route: Route, timeout: float) -> FetchError:
    """Why the TLS handshake failed: refused, not trusted, or merely broken off."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TLSError(f"the certificate of {route} is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        if "ALERT" in (error.reason or ""):
            return TLSError(f"refused during the TLS handshake by {route}: {_reason(error)}")
        return TLSError(f"the TLS handshake with {route} failed: {_reason(error)}")
    if isinstance(error, TimeoutError):
        return FetchTimeoutError(f"no TLS handshake with {route} within {timeout:g} s")
    if isinstance(error, ValueError):
        return TLSError(f"no name for a certificate: {route.host}")
    # A server that restarts, or a middlebox: another attempt may well do better, so it is not a TLSError.
    return ConnectError(f"connection closed during the TLS handshake by {route}")


def exchange_error(error: OSError, peer: str) -> FetchError:
    """Why an open connection broke off."""
    if isinstance(error, ssl.SSLError):
        if "ALERT" in (error.reason or ""):
            return TLSError(f"TLS ended by {peer}: {_reason(error)}")
        return ConnectionLostError(f"TLS with {peer} broke: {_reason(error)}")
    number = _errno(error)
    if number in RESET or isinstance(error, ConnectionError):
        return ConnectionLostError(f"connection reset by {peer}")
    return ConnectionLostError(f"connection to {peer} lost: {_words(error, number)}")


def _errno(error: OSError | UnicodeError) -> int | None:
    """The error number; where several addresses were tried, asyncio leaves it only in the text."""
    if isinstance(error, socket.gaierror | UnicodeError):
        return None
    if error.errno is not None:
        return error.errno
    numbers = {int(number) for number in re.findall(r"\[Errno ([0-9]+)\]", str(error))}
    return min(numbers & NO_DESCRIPTOR or numbers, default=None)


def _words(error: OSError, number: int | None) -> str:
    return os.strerror(number).lower() if number is not None else str(error) or type(error).__name__


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's reason in words: `tlsv1 alert protocol version`."""
    return (error.reason or str(error)).replace("_", " ").lower()


def _has_descriptor() -> bool:
    try:
        socket.socket().close()
    except OSError:
        return False
    return True
