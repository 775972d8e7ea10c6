"""A connection through a SOCKS5 proxy (RFC 1928), as python-socks makes it; it looks no names up."""

import socket
from typing import TYPE_CHECKING

from crawler.errors import ProxyError, SettingsError
from crawler.net.proxy import Proxy

if TYPE_CHECKING:
    from python_socks.async_.asyncio import Proxy as Client


async def connect_through(proxy: Proxy, ip: str, host: str, port: int, timeout: float) -> socket.socket:
    """A socket that leads to `host` through the proxy at the address `ip`; `ProxyError` where it does not.

    `OSError` where not even the proxy could be connected to, `TimeoutError` among them.
    """
    from python_socks import ProxyError as Refusal

    try:
        return await _client(proxy, ip).connect(host, port, timeout)
    except (Refusal, ValueError) as error:
        raise ProxyError(f"the proxy {proxy} refused to connect: {error}") from error


def require_socks(proxy: Proxy) -> None:
    """`SettingsError` where the package is missing that a SOCKS proxy takes."""
    try:
        import python_socks  # noqa: F401
    except ImportError as error:
        raise SettingsError(f"{proxy} takes the package python-socks: pip install 'crawler[socks]'") from error


def _client(proxy: Proxy, ip: str) -> "Client":
    from python_socks import ProxyType
    from python_socks.async_.asyncio import Proxy as Client

    return Client(ProxyType.SOCKS5, ip, proxy.port, proxy.user, proxy.password, rdns=True)
