"""Links to hosts that no resolver knows, or may even be asked for (RFC 1035, RFC 3986 section 3.2.2)."""

from typing import Final

from tests.hostile.case import ABSENT, CONNECT, DNS, Case
from tests.hostile.crawled import Theme

UNKNOWN: Final = (
    "a.invalid",
    "{host}.invalid",
    "a'b.invalid",
    "a,b.invalid",
    "a`b.invalid",
    'a"b.invalid',
    "a*b.invalid",
    "a~b.invalid",
    "a;b.invalid",
    "a=b+c!$&()x.invalid",
    "a..invalid",
    ".invalid",
    "a.invalid.",
    "-a.invalid",
    "_a.invalid",
    "xn--a.invalid",
    "xn--.invalid",
    "xn--ls8h.invalid",
    f"{'a' * 64}.invalid",
    f"{'.'.join(['a' * 60] * 5)}.invalid",
)
"""Hosts that are part of a URL, and no host."""

NONE: Final = (
    "",
    "a b",
    "a<b",
    "a^b",
    "a|b",
    "a%00b",
    "a%b",
    "[::1",
    "[::1%25eth0]",
    "1.2.3.4.5",
    "256.256.256.256",
    "a%2fb",
)
"""Hosts that no URL has (WHATWG, host parsing)."""


def linked(host: str, *ends: str) -> Case:
    """A link there, where the scope would allow it."""
    text = f"http://{host}/"
    return Case(
        name=f"a link to {text[:30]} of {len(text)} letters",
        why="one host's fault is none of another's",
        links=(text.replace('"', "&quot;"),),
        ends={text: ends},
    )


THEME: Final = Theme(
    "hosts",
    (
        *(linked(host, DNS) for host in UNKNOWN),
        *(linked(host, ABSENT) for host in NONE),
        linked("127.0.0.1:1", CONNECT),
        linked("127.0.0.1:0", CONNECT),
        linked("[::1]:1", CONNECT),
        linked("localhost:1", CONNECT),
        linked("127.0.0.1:65536", ABSENT),
        linked("127.0.0.1:-1", ABSENT),
        linked("127.0.0.1:1e3", ABSENT),
    ),
    {"scope": {"scope": "any"}},
)
