"""Ways from a page on loopback into other private networks, by address, name and redirect."""

from typing import Final

from tests.hostile.case import BAD, REDIRECTED, Case, html
from tests.hostile.crawled import Theme
from tests.toysite import Reply, redirect

REFUSED: Final = ("failed scope", "skipped scope", "refused scope")
PRIVATE: Final = {
    **{
        url: url
        for url in (
            "http://10.0.0.1/",
            "http://172.16.0.1/",
            "http://192.168.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://192.0.0.1/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
        )
    },
    "http://[::ffff:10.0.0.1]/": "http://[::ffff:a00:1]/",
    "http://[64:ff9b::a00:1]/": "http://[64:ff9b::a00:1]/",
    "http://0x0a000001/": "http://10.0.0.1/",
    "http://012.0.0.1/": "http://10.0.0.1/",
}
"""As written, and as the URL standard has them."""


def linked(url: str) -> Case:
    """A link there, where the scope would allow it."""
    return Case(
        name=f"a link to {url}", why="the address connected to decides", links=(url,), ends={PRIVATE[url]: REFUSED}
    )


def moved(url: str) -> Case:
    """A redirect there."""
    ends = {BAD: (REDIRECTED, *REFUSED)}
    return Case(
        name=f"a redirect to {url}", why="the address connected to decides", pages={BAD: redirect(url)}, ends=ends
    )


THEME: Final = Theme(
    "networks",
    (
        *(linked(url) for url in PRIVATE),
        *(moved(url) for url in PRIVATE),
        Case(
            name="a picture there",
            why="every kind of link",
            pages={BAD: html('<img src="http://10.0.0.2/x.png">')},
            ends={"http://10.0.0.2/x.png": REFUSED},
        ),
        Case(
            name="robots.txt there",
            why="every hop",
            pages={"/robots.txt": redirect("http://10.0.0.1/robots.txt"), BAD: Reply()},
        ),
    ),
    {"scope": {"scope": "any"}, "images": {"any_host": True}, "fetch": {"connect_timeout": "0.5s"}},
)
