"""How far addresses reach: expectations from the IANA special-purpose registries and the RFCs that they name."""

from ipaddress import ip_address, ip_network

import pytest

from crawler.web.addresses import Reach, reach

BLOCKS: list[tuple[str, Reach]] = [
    # IANA IPv4 Special-Purpose Address Registry; "globally reachable: false" is never public.
    ("0.0.0.0/8", "reserved"),
    ("0.0.0.0/32", "reserved"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "private"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/29", "reserved"),
    ("192.0.0.8/32", "reserved"),
    ("192.0.0.9/32", "public"),
    ("192.0.0.10/32", "public"),
    ("192.0.0.170/32", "reserved"),
    ("192.0.0.171/32", "reserved"),
    ("192.0.2.0/24", "reserved"),
    ("192.31.196.0/24", "public"),
    ("192.52.193.0/24", "public"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "public"),
    ("198.18.0.0/15", "reserved"),
    ("198.51.100.0/24", "reserved"),
    ("203.0.113.0/24", "reserved"),
    ("240.0.0.0/5", "reserved"),
    ("255.255.255.255/32", "multicast"),
    # IANA IPv4 multicast space.
    ("224.0.0.0/4", "multicast"),
    ("233.252.0.0/24", "multicast"),
    # IANA IPv6 Special-Purpose Address Registry.
    ("::1/128", "loopback"),
    ("::/128", "reserved"),
    ("64:ff9b:1::/48", "private"),
    ("100::/64", "reserved"),
    ("100:0:0:1::/64", "reserved"),
    ("2001:1::1/128", "public"),
    ("2001:1::2/128", "public"),
    ("2001:1::3/128", "public"),
    ("2001:2::/48", "reserved"),
    ("2001:3::/32", "public"),
    ("2001:4:112::/48", "public"),
    ("2001:10::/28", "reserved"),
    ("2001:20::/28", "public"),
    ("2001:30::/28", "public"),
    ("2001:db8::/32", "reserved"),
    ("2620:4f:8000::/48", "public"),
    ("3fff::/20", "reserved"),
    ("5f00::/16", "reserved"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    # RFC 3879 and RFC 4291.
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
]


@pytest.mark.parametrize(("block", "expected"), BLOCKS)
def test_first_and_last_address_of_a_block(block: str, expected: Reach) -> None:
    network = ip_network(block)
    assert reach(str(network[0])) == expected
    assert reach(str(network[-1])) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        # The neighbours of the blocks.
        ("0.0.0.1", "reserved"),
        ("0.255.255.255", "reserved"),
        ("1.0.0.0", "public"),
        ("9.255.255.255", "public"),
        ("11.0.0.0", "public"),
        ("100.63.255.255", "public"),
        ("100.128.0.0", "public"),
        ("126.255.255.255", "public"),
        ("128.0.0.0", "public"),
        ("169.253.255.255", "public"),
        ("169.255.0.0", "public"),
        ("172.15.255.255", "public"),
        ("172.32.0.0", "public"),
        ("191.255.255.255", "public"),
        ("192.0.0.11", "reserved"),
        ("192.0.0.255", "reserved"),
        ("192.0.1.0", "public"),
        ("192.0.3.0", "public"),
        ("192.167.255.255", "public"),
        ("192.169.0.0", "public"),
        ("198.17.255.255", "public"),
        ("198.20.0.0", "public"),
        ("223.255.255.255", "public"),
        ("255.255.255.254", "reserved"),
        ("2001:1::4", "reserved"),
        ("2001:1ff:ffff::1", "reserved"),
        ("2001:200::", "public"),
        ("2001:db7:ffff::1", "public"),
        ("2001:db9::", "public"),
        ("3ffe:ffff::1", "public"),
        ("3fff:1000::", "public"),
        ("4000::", "reserved"),
        ("1fff:ffff::1", "reserved"),
        ("fbff:ffff::1", "reserved"),
        ("fe7f:ffff::1", "reserved"),
    ],
)
def test_neighbours(address: str, expected: Reach) -> None:
    assert reach(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        # Well-known hosts, and where clouds keep their metadata.
        ("8.8.8.8", "public"),
        ("2606:4700:4700::1111", "public"),
        ("169.254.169.254", "link-local"),
        ("100.100.100.200", "private"),
        ("fd00:ec2::254", "private"),
        # With a zone, RFC 4007 section 11.
        ("fe80::1%eth0", "link-local"),
        ("fe80::1%2", "link-local"),
        ("::1%lo", "loopback"),
        # Mapped, RFC 4291 section 2.5.5.2.
        ("::ffff:8.8.8.8", "public"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:7f00:1", "loopback"),
        ("::ffff:10.1.2.3", "private"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::ffff:0.0.0.0", "reserved"),
        # Compatible (section 2.5.5.1) and translated (RFC 2765): no more in use, so nobody's.
        ("::127.0.0.1", "reserved"),
        ("::8.8.8.8", "reserved"),
        ("::ffff:0:127.0.0.1", "reserved"),
        # NAT64, RFC 6052 section 2.1.
        ("64:ff9b::8.8.8.8", "public"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b::192.168.0.1", "private"),
        ("64:ff9b::1:8.8.8.8", "reserved"),
        ("64:ff9b:1::8.8.8.8", "private"),
        ("64:ff9b:2::8.8.8.8", "reserved"),
        # 6to4, RFC 3056 section 2.
        ("2002:808:808::1", "public"),
        ("2002:7f00:1::1", "loopback"),
        ("2002:a00:1::", "private"),
        ("2002:a9fe:a9fe::", "link-local"),
        # Teredo, RFC 4380 section 2.7's own kind of example: server 65.54.227.120, client 192.0.2.45.
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "reserved"),
        ("2001:0:808:808:0:ffff:f7f7:f7f7", "public"),
        ("2001:0:808:808:0:ffff:80ff:fffe", "loopback"),
        ("2001:0:7f00:1:0:ffff:f7f7:f7f7", "loopback"),
        ("2001:0:808:808:0:ffff:3f57:fffe", "private"),
    ],
)
def test_addresses(address: str, expected: Reach) -> None:
    assert reach(address) == expected


def test_one_of_ipv6_that_carries_one_of_ipv4_reaches_no_farther() -> None:
    for block, _ in BLOCKS:
        if ":" not in block:
            first = ip_network(block)[0]
            for carrier, shift in (("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)):
                assert reach(str(ip_address(int(ip_address(carrier)) | int(first) << shift))) == reach(str(first))


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f.0.0.1", "010.0.0.1", "1.2.3.4%eth0", "[::1]", "::1%", "1.2.3.4:80"]
)
def test_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        reach(text)
