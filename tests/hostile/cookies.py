"""Cookies that are too many, too large, meant for others, or nonsense (RFC 6265bis)."""

from collections.abc import Callable, Sequence
from typing import Final

from tests.hostile.case import BAD, PROTOCOL, SAVED, TOO_LARGE, Case, raw
from tests.hostile.crawled import Theme
from tests.toysite import Answer, Asked, Reply

MAX_FIELD: Final = 8190
"""Bytes of a field that servers take: Apache's LimitRequestFieldSize; nginx has 8 KiB for the line."""

BODY: Final = b"a page with cookies\n"


def setting(*lines: str) -> Reply:
    """A page that sets these."""
    fields = "".join(f"Set-Cookie: {line}\r\n" for line in lines).encode("latin-1")
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%bContent-Length: %d" % (fields, len(BODY)), BODY)


def cookies(
    name: str, why: str, answer: Answer, *ends: str, objects: Callable[[Sequence[Asked]], object] | None = None
) -> Case:
    """A page with these cookies, and two more requests behind it."""
    return Case(
        name=name,
        why=why,
        pages={BAD: answer},
        ends={BAD: ends or (SAVED,)},
        objects=objects,
        contents={BAD: BODY} if not ends else {},
    )


def once_a_cookie_is_there(before: Reply) -> Callable[[Asked], Reply]:
    """A page behind a cookie; and what is answered as long as that does not come."""
    return lambda asked: Reply(body=BODY) if "ok=1" in asked.headers.get("cookie", "") else before


def sent(asked: Sequence[Asked]) -> list[str]:
    """The Cookie fields that came behind the bad page."""
    behind = [one for one in asked if one.target in ("/after", "/before")]
    return [one.headers["cookie"] for one in behind if "cookie" in one.headers]


def any_at_all(asked: Sequence[Asked]) -> list[str]:
    return sent(asked)


def none_sent(asked: Sequence[Asked]) -> bool:
    return not sent(asked)


def too_long(asked: Sequence[Asked]) -> list[int]:
    return [len(field) for field in sent(asked) if len(field) > MAX_FIELD]


LARGE = (
    cookies(
        "50 cookies of 4 KB",
        "a bomb: servers take 8 KB, and refuse all behind it",
        setting(*(f"n{n}={'x' * 4000}; Path=/" for n in range(50))),
        objects=too_long,
    ),
    cookies(
        "200 cookies of 1 KB",
        "a bomb: servers take 8 KB",
        setting(*(f"n{n}={'x' * 1000}; Path=/" for n in range(200))),
        objects=too_long,
    ),
    cookies(
        "5,000 small cookies",
        "bounds on a domain's",
        setting(*(f"n{n}=1; Path=/" for n in range(5000))),
        objects=too_long,
    ),
    cookies("a cookie of 100 KB", "6265bis 5.6: ignored", setting(f"a={'x' * 100_000}"), objects=any_at_all),
    cookies(
        "cookies of a megabyte", "the head is bounded", setting(*(f"n{n}={'x' * 4000}" for n in range(250))), TOO_LARGE
    ),
    cookies("a name of 5 KB", "6265bis 5.6: ignored", setting(f"{'n' * 5000}=1"), objects=any_at_all),
    cookies("an attribute of 100 KB", "6265bis 5.6: the attribute is ignored", setting(f"a=1; Path=/{'x' * 100_000}")),
    cookies("10,000 attributes", "linear", setting("a=1" + "; x" * 10_000)),
    cookies("semicolons", "linear", setting("a=1" + ";" * 100_000)),
    cookies("blanks", "linear", setting("a=1;" + " " * 100_000 + "Path" + " " * 20_000 + "=/x")),
    cookies(
        "a cookie that is the Cookie field of all",
        "kept, and sent once",
        setting("a=1; Path=/"),
        objects=lambda asked: any("a=1; a=1" in field for field in sent(asked)),
    ),
)

OTHERS = (
    cookies("for another host", "6265bis 5.7: refused", setting("a=1; Domain=example.com"), objects=any_at_all),
    cookies("for everybody", "6265bis 5.7: a public suffix", setting("a=1; Domain=com"), objects=any_at_all),
    cookies(
        "for a part of an address",
        "6265bis 5.1.3: an address has no parts",
        setting("a=1; Domain=0.1"),
        objects=any_at_all,
    ),
    cookies("for localhost", "6265bis 5.7: another host", setting("a=1; Domain=localhost"), objects=any_at_all),
    cookies("for a dot", "6265bis 5.6.3: as not said", setting("a=1; Domain=.; Path=/")),
    cookies("for https alone", "6265bis 5.7: not over http", setting("a=1; Secure; Path=/"), objects=any_at_all),
    cookies(
        "__Host- over http",
        "6265bis 5.7: a promise not kept",
        setting("__Host-a=1; Path=/; Secure"),
        objects=any_at_all,
    ),
    cookies(
        "__Secure- over http", "6265bis 5.7: a promise not kept", setting("__Secure-a=1; Path=/"), objects=any_at_all
    ),
    cookies(
        "__host- in a value alone",
        "6265bis 5.7: a promise without a name",
        setting("=__Host-a; Path=/"),
        objects=any_at_all,
    ),
    cookies("for another path", "6265bis 5.1.4", setting("a=1; Path=/bad/x"), objects=any_at_all),
    cookies(
        "for this path and no longer one",
        "6265bis 5.1.4",
        setting("a=1; Path=/a", "b=2; Path=/bef"),
        objects=any_at_all,
    ),
    cookies(
        "over before it began", "6265bis 5.7: to be deleted", setting("a=1; Max-Age=0; Path=/"), objects=any_at_all
    ),
    cookies(
        "before 1970",
        "6265bis 5.1.1",
        setting("a=1; Expires=Thu, 01 Jan 1601 00:00:00 GMT; Path=/"),
        objects=any_at_all,
    ),
    cookies("set and deleted", "6265bis 5.7", setting("a=1; Path=/", "a=; Max-Age=-1; Path=/"), objects=any_at_all),
    cookies(
        "with a redirect elsewhere",
        "never sent there",
        Reply(302, BODY, {"Location": "http://ELSEWHERE/", "Set-Cookie": "a=1; Path=/"}),
        "failed scope",
    ),
    cookies(
        "in a trailer",
        "RFC 9110 6.5.1: not there",
        Reply(
            raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSet-Cookie: a=1; Path=/\r\n\r\n",
            keep=True,
        ),
        SAVED,
        objects=any_at_all,
    ),
    cookies(
        "in a 103",
        "RFC 8297: the final answer counts",
        Reply(
            raw=b"HTTP/1.1 103 E\r\nSet-Cookie: a=1; Path=/\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            keep=True,
        ),
        SAVED,
    ),
)

NONSENSE = (
    cookies("nothing", "ignored", setting(""), objects=any_at_all),
    cookies("an equals sign", "ignored", setting("="), objects=any_at_all),
    cookies("a semicolon", "ignored", setting(";"), objects=any_at_all),
    cookies("no name", "6265bis 5.6: a value alone", setting("=value; Path=/")),
    cookies("controls", "6265bis 5.6: ignored", setting("a=b\x01\x1b[2Jc; Path=/"), objects=any_at_all),
    cookies("NUL", "RFC 9110 5.5", setting("a=b\0c"), PROTOCOL),
    cookies(
        "CR",
        "never a line of a request",
        setting("a=b\rX-Injected: 1; Path=/"),
        objects=lambda asked: [one for one in asked if "x-injected" in one.headers],
    ),
    cookies(
        "a folded line",
        "RFC 9112 5.2",
        setting("a=b\r\n X-Injected: 1; Path=/"),
        objects=lambda asked: [one for one in asked if "x-injected" in one.headers],
    ),
    cookies(
        "a date of rubbish",
        "6265bis 5.1.1: ignored",
        setting("a=1; Expires=99 Xxx 99999 99:99:99; Path=/"),
        objects=none_sent,
    ),
    cookies("a date of digits", "linear", setting(f"a=1; Expires={'1 ' * 500}; Path=/"), objects=none_sent),
    cookies(
        "the year 9999", "capped", setting("a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Path=/"), objects=none_sent
    ),
    cookies(
        "an age of 5,000 digits",
        "int() raises; the attribute is too long",
        setting(f"a=1; Max-Age={'9' * 5000}; Path=/"),
        objects=none_sent,
    ),
    cookies("an age of 1,000 digits", "an overflow", setting(f"a=1; Max-Age={'9' * 1000}; Path=/"), objects=none_sent),
    cookies(
        "an age of minus 1,000 digits", "long ago", setting(f"a=1; Max-Age=-{'9' * 1000}; Path=/"), objects=any_at_all
    ),
    cookies("an age of rubbish", "6265bis 5.6.2: ignored", setting("a=1; Max-Age=1e9; Path=/"), objects=none_sent),
    cookies(
        "attributes of rubbish",
        "6265bis 5.6",
        setting("a=1;=;;= ;Path;Domain;Max-Age;Expires;=Path=/;Path=/"),
        objects=none_sent,
    ),
    cookies("a name like an attribute", "a name", setting("Path=/x; Path=/"), objects=none_sent),
    cookies("quotes", "6265bis 5.6: kept as they are", setting('a="b;c"; Path=/'), objects=none_sent),
    cookies(
        "commas",
        "Set-Cookie is never a list",
        setting("a=1, b=2; Path=/"),
        objects=lambda asked: any("a=1, b=2" not in field for field in sent(asked)),
    ),
    cookies("a cookie of dollars", "no templates", setting("a=$(id)`id`{{7*7}}${x}; Path=/"), objects=none_sent),
    cookies("SameSite of rubbish", "6265bis 5.6.7", setting("a=1; SameSite=\xff; Path=/"), objects=none_sent),
)


def growing(asked: Asked) -> Reply:
    """A new cookie with each answer."""
    return Reply(body=BODY, headers={"Set-Cookie": f"n{asked.target.strip('/')}={'x' * 500}; Path=/"})


WALLED: Final = tuple(f"/walled/{n}" for n in range(10))


def walled(asked: Asked) -> Reply:
    """A page for who was at the gate, which sends everybody back with the same cookie."""
    if asked.target.startswith("/gate?"):
        return Reply(302, b"", {"Location": asked.target.partition("?")[2], "Set-Cookie": "ok=1; Path=/walled"})
    if "ok=1" in asked.headers.get("cookie", ""):
        return Reply(body=BODY)
    return Reply(302, b"", {"Location": f"/gate?{asked.target}"})


GROWING = (
    Case(
        name="a cookie for every page",
        why="bounds on a domain's, and on the field",
        links=tuple(f"/{n}" for n in range(60)),
        pages={"/*": growing},
        contents={f"/{n}": BODY for n in range(60)},
        objects=too_long,
    ),
    cookies(
        "a redirect to itself with ever new cookies",
        "asked once more, then a loop",
        lambda asked: Reply(302, b"", {"Location": BAD, "Set-Cookie": f"n{asked.times}=1; Path=/"}),
        "failed redirect",
    ),
    Case(
        name="one wall in front of many pages",
        why="a browser that came through it once asks for each page again",
        links=WALLED,
        pages={"/*": walled},
        contents=dict.fromkeys(WALLED, BODY),
        most=3,
    ),
    cookies(
        "a wall that sets its cookie with a 503",
        "RFC 6265 3: Set-Cookie counts in any answer",
        once_a_cookie_is_there(Reply(503, b"", {"Set-Cookie": "ok=1; Path=/"})),
    ),
    cookies(
        "to and fro until a cookie comes",
        "as sites do that ask for consent",
        once_a_cookie_is_there(Reply(302, b"", {"Location": BAD, "Set-Cookie": "ok=1; Path=/"})),
    ),
)

THEME: Final = Theme("cookies", (*LARGE, *OTHERS, *NONSENSE, *GROWING))
