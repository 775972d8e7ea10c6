"""What stands in robots.txt, or does not, or never comes (RFC 9309)."""

import gzip
from itertools import chain, repeat
from typing import Final

from tests.hostile.case import ABSENT, BAD, ROBOTS, STATUS, Case, good_page
from tests.hostile.crawled import Theme
from tests.toysite import Answer, Reply, in_turn, redirect, text

FILE: Final = "/robots.txt"
DENY: Final = "User-agent: *\nDisallow: /bad\n"
DENY_ALL: Final = "User-agent: *\nDisallow: /\n"
GIVEN_UP: Final = (
    ROBOTS,
    "failed robots",
    "failed timeout",
    "failed reset",
    "failed truncated",
    "failed connect",
)
"""Where there is no robots.txt for now, nothing is asked (RFC 9309 section 2.3.1.4): each link ends with a word."""


def plain(body: str | bytes) -> Reply:
    content = body.encode() if isinstance(body, str) else body
    return Reply(body=content, headers={"Content-Type": "text/plain"})


def allows(name: str, why: str, answer: Answer, **pages: Answer) -> Case:
    """A robots.txt that forbids nothing."""
    more = {f"/{path}": page for path, page in pages.items()}
    return Case(
        name=name,
        why=why,
        pages={FILE: answer, BAD: good_page(name, BAD), **more},
        contents={BAD: good_page(name, BAD).body},
        most=30,
    )


def forbids(name: str, why: str, answer: Answer, path: str = BAD, **pages: Answer) -> Case:
    """A robots.txt that forbids the bad page and not its neighbours."""
    more = {f"/{path}": page for path, page in pages.items()}
    return Case(
        name=name, why=why, pages={FILE: answer, **more}, links=(path,), ends={path: (ROBOTS,)}, never=(path,), most=30
    )


def closes(name: str, why: str, answer: Answer, *ends: str) -> Case:
    """A robots.txt for which nothing may be asked of the host."""
    return Case(
        name=name,
        why=why,
        pages={FILE: answer},
        ends={"/": ends or GIVEN_UP, BAD: (ABSENT,)},
        never=("/before", "/after", "/bad"),
        neighbours=False,
        most=30,
    )


def slow(asked: object) -> Reply:
    return Reply(script=lambda: chain([b"HTTP/1.1 200 OK\r\n\r\n"], *repeat((0.3, b"x"), 1000)))


NONE = (
    *(
        allows(f"status {status}", "RFC 9309 2.3.1.3: none there", text(DENY_ALL, status))
        for status in (400, 401, 402, 403, 404, 410, 418, 451, 499)
    ),
    allows("204", "nothing is said", Reply(204)),
    allows("empty", "nothing is said", plain("")),
    allows(
        "a page of HTML",
        "nothing is said",
        Reply(body=b"<!doctype html><title>Not found</title>" * 100, headers={"Content-Type": "text/html"}),
    ),
    allows("a page with a rule in its middle of a line", "no rule", plain("<p>User-agent: * Disallow: /</p>\n")),
    allows("binary rubbish", "nothing is said", plain(bytes(range(256)) * 1000)),
    allows("NULs", "nothing is said", plain(bytes(100_000))),
    allows("JSON", "nothing is said", plain('{"User-agent": "*", "Disallow": "/"}')),
    allows(
        "a picture",
        "nothing is said",
        Reply(body=b"\x89PNG\r\n\x1a\n" + bytes(500), headers={"Content-Type": "image/png"}),
    ),
    allows("UTF-16", "nothing is said in UTF-8", plain(DENY_ALL.encode("utf-16"))),
    allows("an empty Disallow", "RFC 9309 2.2.2", plain("User-agent: *\nDisallow:\n")),
    allows("rules for others", "RFC 9309 2.2.1", plain("User-agent: other\nDisallow: /\n")),
    allows("rules without a group", "RFC 9309 2.2", plain("Disallow: /\n")),
    allows("a rule that is no path", "RFC 9309 2.2.2", plain("User-agent: *\nDisallow: bad\nDisallow: http://x/\n")),
    allows(
        "our own group wins", "RFC 9309 2.2.1", plain("User-agent: *\nDisallow: /\n\nUser-agent: CRAWLER\nAllow: /\n")
    ),
    allows("a tie", "RFC 9309 2.2.2: allow", plain("User-agent: *\nDisallow: /bad\nAllow: /bad\n")),
    allows(
        "too many redirects",
        "RFC 9309 2.3.1.2: as none",
        redirect("/r1"),
        **{f"r{n}": redirect(f"/r{n + 1}") for n in range(1, 9)},
    ),
    allows("redirects in a loop", "RFC 9309 2.3.1.2: as none", redirect(FILE)),
    allows("a redirect to nowhere", "as none", Reply(302)),
    allows("a redirect to a file", "Scrapy GHSA-23j4-mw76-5v7h: not read", redirect("file:///etc/passwd")),
    allows("a redirect to what is not there", "RFC 9309 2.3.1.3", redirect("/nothing")),
    allows(
        "a bomb", "500 KiB are read", Reply(body=gzip.compress(b"#" * (1 << 24)), headers={"Content-Encoding": "gzip"})
    ),
    allows(
        "without end",
        "500 KiB are read",
        Reply(script=lambda: chain([b"HTTP/1.1 200 OK\r\n\r\n"], repeat(b"# more\n" * 9000))),
    ),
    allows("a rule behind 500 KiB", "RFC 9309 2.5: a limit", plain("#" * 513_000 + "\n" + DENY_ALL)),
    allows("a million rules that say nothing", "linear", plain("User-agent: x\nDisallow: /\n" * 19_000)),
    allows("one line of 400 KB", "linear", plain("User-agent: *\nDisallow: /" + "a" * 400_000 + "\n")),
    allows("a Location in a 200", "no redirect", Reply(body=b"", headers={"Location": "/x"})),
    allows(
        "patterns made to backtrack",
        "no backtracking",
        plain("User-agent: *\n" + f"Disallow: /{'*a' * 2000}*b$\n" * 100),
    ),
    allows("2,000 stars", "no backtracking", plain(f"User-agent: *\nDisallow: /{'*' * 2000}z\n")),
    allows(
        "dollars",
        "RFC 9309 2.2.3: one, at the end",
        plain("User-agent: *\nDisallow: /$bad\nDisallow: /b$\nDisallow: /bad$$\n"),
    ),
)

RULES = (
    forbids("a byte order mark", "no part of the first line", plain(b"\xef\xbb\xbf" + DENY.encode())),
    forbids("CR alone", "RFC 9309 2.2: EOL", plain(DENY.replace("\n", "\r"))),
    forbids("CR LF", "RFC 9309 2.2: EOL", plain(DENY.replace("\n", "\r\n"))),
    forbids("no end of the last line", "it counts", plain(DENY.rstrip())),
    forbids("capitals", "RFC 9309 2.2", plain(DENY.upper().replace("/BAD", "/bad"))),
    forbids("blanks and tabs", "RFC 9309 2.2", plain("  User-agent\t:  *  \n\tDisallow :\t/bad\t# no\n")),
    forbids("comments", "RFC 9309 2.2", plain("# x\nUser-agent: * # all\n#y\nDisallow: /bad#z\n")),
    forbids("rubbish between", "RFC 9309 2.2.4", plain("User-agent: *\n\xff\xfe\n<b>\nFoo: bar\n\0\nDisallow: /bad\n")),
    forbids(
        "two groups for all",
        "RFC 9309 2.2.1: as one",
        plain("User-agent: *\nDisallow: /x\n\nUser-agent: *\nDisallow: /bad\n"),
    ),
    forbids("escapes", "RFC 9309 2.2.2", plain("User-agent: *\nDisallow: /b%61d\n")),
    forbids("beyond ASCII as it stands", "RFC 9309 2.2.2", plain("User-agent: *\nDisallow: /ü\n"), "/%C3%BC"),
    forbids("beyond ASCII escaped", "RFC 9309 2.2.2", plain("User-agent: *\nDisallow: /%c3%bc\n"), "/%C3%BC"),
    forbids("a star and a dollar", "RFC 9309 2.2.3", plain("User-agent: *\nDisallow: /*d$\n")),
    forbids("a longer rule", "RFC 9309 2.2.2", plain("User-agent: *\nAllow: /b\nDisallow: /bad\n")),
    forbids(
        "rules in gzip",
        "a coding like any other",
        Reply(body=gzip.compress(DENY.encode()), headers={"Content-Encoding": "gzip"}),
    ),
    forbids("rules as HTML", "the text counts", Reply(body=DENY.encode(), headers={"Content-Type": "text/html"})),
    forbids(
        "rules behind five redirects",
        "RFC 9309 2.3.1.2",
        redirect("/r1"),
        **{f"r{n}": redirect(f"/r{n + 1}") for n in range(1, 5)},
        r5=plain(DENY),
    ),
    forbids("rules before 500 KiB of others", "RFC 9309 2.5", plain(DENY + "Disallow: /x\n" * 100_000)),
    forbids(
        "rules among 100,000",
        "linear",
        plain("User-agent: *\n" + "".join(f"Disallow: /{n:x}x\n" for n in range(30_000)) + "Disallow: /bad\n"),
    ),
    forbids("rules that come slowly", "within the time", Reply(body=DENY.encode(), delay=0.4)),
    forbids("rules at the second try", "RFC 9309 2.3.1.4", in_turn(Reply(503), plain(DENY))),
    forbids("rules behind a reset", "RFC 9309 2.3.1.4", in_turn(Reply(reset=True), plain(DENY))),
    forbids("rules behind a 429", "busy is not absent", in_turn(Reply(429), plain(DENY))),
    forbids(
        "rules cut off once", "half of the rules are none", in_turn(Reply(body=DENY.encode(), cut=14), plain(DENY))
    ),
    forbids(
        "rules in chunks without end",
        "they are asked for again",
        in_turn(Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nUser-\r\n"), plain(DENY)),
    ),
)

DELAYS = tuple(
    allows(f"a crawl-delay of {delay[:20]!r}", "capped, or no number", plain(f"User-agent: *\nCrawl-delay: {delay}\n"))
    for delay in (
        "99999999",
        "1e308",
        "inf",
        "nan",
        "-5",
        "0x10",
        "1_0",
        "9" * 5000,
        "1,5",
        "one hour",
        "",
        "0.001",
        "٥",
        "1;2",
        "0",
    )
)

NEVER = (
    *(
        closes(f"always {status}", "RFC 9309 2.3.1.4: all is forbidden for now", Reply(status))
        for status in (500, 502, 503, 504, 599)
    ),
    closes("always silence", "unreachable: all is forbidden for now", Reply(script=lambda: [60.0])),
    closes("dripping", "unreachable: all is forbidden for now", slow),
    closes("always a reset", "unreachable: all is forbidden for now", Reply(reset=True)),
    closes("always cut off", "half of the rules are none", Reply(body=DENY.encode(), cut=10)),
    closes("always too many requests", "unreachable for now", Reply(429), *GIVEN_UP, STATUS),
    closes("all forbidden", "RFC 9309 2.2.2", plain(DENY_ALL), ROBOTS),
)

THEME: Final = Theme("robots", (*NONE, *RULES, *DELAYS, *NEVER), {"politeness": {"give_up_after": "1s"}})
