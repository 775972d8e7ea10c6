"""How far an IP address reaches: the whole Internet, or only this host, this link, some private network.

It knows nothing of names, sockets or of what is allowed where: it reads the address that was connected to, so nothing
that a name resolves to on another day changes its answer. The table is our own, because `ipaddress.is_private` and
`is_global` mean different things in different versions of Python. It follows the IANA special-purpose address
registries (RFC 6890, RFC 8190) for IPv4 and IPv6, the address architecture (RFC 4291) and the multicast space
(RFC 5771); what is assigned to nobody is `reserved`. An address that carries one of IPv4 reaches no farther than that.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final, Literal

Reach = Literal["public", "private", "loopback", "link-local", "multicast", "reserved"]
"""public: anybody's. private: some network's own. loopback: this host. link-local: this link, where clouds keep their
metadata. multicast: many hosts at once, broadcast with it. reserved: documentation, tests, protocols, the future."""

_Networks = tuple[tuple[int, dict[int, Reach]], ...]
"""For each prefix length, longest first, how far to shift an address, and what is known of the prefix that leaves."""

_V4: Final[tuple[tuple[str, Reach], ...]] = (
    ("0.0.0.0/0", "public"),
    ("0.0.0.0/8", "reserved"),  # this network, RFC 791 section 3.2; no destination, though systems take 0.0.0.0 for one
    ("10.0.0.0/8", "private"),  # RFC 1918
    ("100.64.0.0/10", "private"),  # shared by the customers of a carrier, RFC 6598
    ("127.0.0.0/8", "loopback"),  # RFC 1122 section 3.2.1.3
    ("169.254.0.0/16", "link-local"),  # RFC 3927
    ("172.16.0.0/12", "private"),  # RFC 1918
    ("192.0.0.0/24", "reserved"),  # IETF protocol assignments, RFC 6890 section 2.1
    ("192.0.0.9/32", "public"),  # Port Control Protocol anycast, RFC 7723
    ("192.0.0.10/32", "public"),  # TURN anycast, RFC 8155
    ("192.0.2.0/24", "reserved"),  # documentation, RFC 5737
    ("192.88.99.0/24", "reserved"),  # 6to4 relay anycast, withdrawn by RFC 7526
    ("192.168.0.0/16", "private"),  # RFC 1918
    ("198.18.0.0/15", "reserved"),  # benchmarks, RFC 2544
    ("198.51.100.0/24", "reserved"),  # documentation, RFC 5737
    ("203.0.113.0/24", "reserved"),  # documentation, RFC 5737
    ("224.0.0.0/4", "multicast"),  # RFC 5771
    ("240.0.0.0/4", "reserved"),  # RFC 1112 section 4
    ("255.255.255.255/32", "multicast"),  # limited broadcast, RFC 919 section 7
)

_V6: Final[tuple[tuple[str, Reach], ...]] = (
    ("::/0", "reserved"),  # only 2000::/3 has been given out, RFC 4291 section 2.4; :: is no destination, section 2.5.2
    ("::1/128", "loopback"),  # RFC 4291 section 2.5.3
    ("64:ff9b:1::/48", "private"),  # a network's own translation to IPv4, RFC 8215
    ("2000::/3", "public"),  # global unicast, RFC 4291 section 2.5.4
    ("2001::/23", "reserved"),  # IETF protocol assignments, RFC 2928
    ("2001:1::1/128", "public"),  # Port Control Protocol anycast, RFC 7723
    ("2001:1::2/128", "public"),  # TURN anycast, RFC 8155
    ("2001:1::3/128", "public"),  # DNS-SD registration anycast, RFC 9665
    ("2001:3::/32", "public"),  # automatic multicast tunnels, RFC 7450
    ("2001:4:112::/48", "public"),  # AS112, RFC 7535
    ("2001:20::/28", "public"),  # ORCHIDv2, RFC 7343
    ("2001:30::/28", "public"),  # drone entity tags, RFC 9374
    ("2001:db8::/32", "reserved"),  # documentation, RFC 3849
    ("3fff::/20", "reserved"),  # documentation, RFC 9637
    ("fc00::/7", "private"),  # unique local, RFC 4193
    ("fe80::/10", "link-local"),  # RFC 4291 section 2.5.6
    ("fec0::/10", "private"),  # site-local, deprecated by RFC 3879
    ("ff00::/8", "multicast"),  # RFC 4291 section 2.7
)

_CARRIERS: Final = tuple(
    (ip_network(network), shift, mask)
    for network, shift, mask in (
        ("::ffff:0:0/96", 0, 0),  # mapped, RFC 4291 section 2.5.5.2
        ("64:ff9b::/96", 0, 0),  # translated by a NAT64, RFC 6052 section 2.1
        ("2002::/16", 80, 0),  # 6to4, RFC 3056 section 2
        ("2001::/32", 0, 0xFFFFFFFF),  # Teredo, RFC 4380 section 4: the client, every bit turned
        ("2001::/32", 64, 0),  # Teredo: its server
    )
)
"""Networks of IPv6 whose addresses carry one of IPv4: how many bits follow it, and which of its bits are turned."""


def _networks(rows: Iterable[tuple[str, Reach]]) -> _Networks:
    known: dict[int, dict[int, Reach]] = {}
    for text, reach in rows:
        network = ip_network(text)
        shift = network.max_prefixlen - network.prefixlen
        known.setdefault(shift, {})[int(network.network_address) >> shift] = reach
    return tuple(sorted(known.items()))


_V4_NETWORKS: Final = _networks(_V4)
_V6_NETWORKS: Final = _networks(_V6)


def reach(address: str) -> Reach:
    """How far this address reaches; `ValueError` where the text is none.

    Written as a socket gives it: `192.0.2.1`, `2001:db8::1`, `fe80::1%eth0`.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return _look_up(int(parsed), _V4_NETWORKS)
    number = int(parsed)
    carried = [
        _look_up(number >> shift & 0xFFFFFFFF ^ mask, _V4_NETWORKS)
        for network, shift, mask in _CARRIERS
        if number >> 128 - network.prefixlen == int(network.network_address) >> 128 - network.prefixlen
    ]
    if not carried:
        return _look_up(number, _V6_NETWORKS)
    return next((one for one in carried if one != "public"), "public")


def is_loopback_name(host: str) -> bool:
    """Whether a host's name or address is one of this machine's own (RFC 6761 section 6.3), without looking it up."""
    name = host.rstrip(".").strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return reach(name) == "loopback"
    except ValueError:
        return False


def _look_up(number: int, networks: _Networks) -> Reach:
    """What the longest prefix says (as registries have them: the more specific entry counts)."""
    return next(known[number >> shift] for shift, known in networks if number >> shift in known)
