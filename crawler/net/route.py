"""Where a connection leads to, which way, and as whom; a value that knows no sockets."""

from dataclasses import dataclass

from crawler.model import Reach
from crawler.net.proxy import Proxy
from crawler.net.tls import Identity
from crawler.web.url import URL


@dataclass(frozen=True, slots=True)
class Route:
    """A way to a server; connections of one route are as good as each other, those of different ones never.

    `identity` is that of the TLS spoken with the server, None where none is; `proxy` None leads there directly. `reach`
    says where the server may lie.
    """

    scheme: str
    host: str
    port: int
    proxy: Proxy | None = None
    identity: Identity | None = None
    reach: Reach = "any"

    @classmethod
    def of(cls, url: URL, proxy: Proxy | None = None, identity: Identity | None = None) -> "Route":
        """The route on which `url` is asked for; `identity` counts where it is asked for over TLS."""
        is_secure = url.scheme == "https"
        return cls(url.scheme, url.host, url.port, proxy, (identity or Identity()) if is_secure else None)

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy reads the requests, and so has to be told the whole URL (RFC 9112 section 3.2.2)."""
        return self.proxy is not None and not self.proxy.is_socks and self.identity is None

    def __str__(self) -> str:
        return join_address(self.host, self.port)


def join_address(host: str, port: int) -> str:
    """`host:port`, with the brackets that an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
