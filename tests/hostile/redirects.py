"""Redirects that lead nowhere, round and round, or where no crawler may go (RFC 9110 section 15.4)."""

from typing import Final

from tests.hostile.case import (
    ABSENT,
    BAD,
    PROTOCOL,
    REDIRECT,
    REDIRECTED,
    SAVED,
    SCHEME,
    SCOPE,
    STATUS,
    Case,
    bad,
    good_page,
    html,
    raw,
)
from tests.hostile.crawled import Theme
from tests.toysite import Answer, Asked, Reply, redirect


def to(location: str) -> Reply:
    """A redirect there."""
    return redirect(location)


def lost(name: str, why: str, answer: Answer, *ends: str) -> Case:
    """A redirect that leads to nothing."""
    return bad(name, why, answer, *(ends or (REDIRECT,)))


def leads(name: str, why: str, location: str, target: str, status: int = 302) -> Case:
    """A redirect to `target`, however it is written."""
    case = bad(name, why, redirect(location, status), REDIRECTED, pages={target: good_page(name, target)})
    return with_content(case, target)


def with_content(case: Case, target: str) -> Case:
    """The same, whose redirect ends at a good page."""
    return Case(
        name=case.name,
        why=case.why,
        pages=case.pages,
        ends=case.ends,
        contents={target: good_page(case.name, target).body},
    )


def counting(asked: Asked) -> Reply:
    return redirect(f"/bad?n={len(asked.target)}{'x' * len(asked.target)}")


def consenting(asked: Asked) -> Reply:
    """A redirect to itself until its cookie comes back."""
    if "consent=yes" in asked.headers.get("cookie", ""):
        return Reply(body=b"consented", headers={"Content-Type": "text/plain"})
    return Reply(302, b"", {"Location": asked.target, "Set-Cookie": "consent=yes; Path=/"})


NOWHERE = (
    lost("to itself", "a loop", to(BAD)),
    lost("to itself by a fragment", "RFC 3986 4.4: the same document", to("#here")),
    lost("to itself by nothing but a dot", "a loop", to("./bad")),
    Case(
        name="to and fro",
        why="a loop",
        pages={BAD: to("/two"), "/two": to(BAD)},
        ends={BAD: (REDIRECTED, REDIRECT), "/two": (REDIRECTED, REDIRECT)},
    ),
    Case(
        name="a loop of three",
        why="a loop",
        pages={BAD: to("/two"), "/two": to("/three"), "/three": to(BAD)},
        ends={BAD: (REDIRECTED, REDIRECT), "/three": (REDIRECTED, REDIRECT)},
    ),
    Case(
        name="a loop that grows", why="a limit on redirects", pages={BAD: counting}, most=2, ends={BAD: (REDIRECTED,)}
    ),
    lost(
        "a loop with a cookie each time",
        "a cookie is asked about once",
        lambda asked: Reply(302, b"", {"Location": BAD, "Set-Cookie": f"n{asked.times}={asked.times}"}),
    ),
    lost("without a Location", "nowhere to go", Reply(302, b"")),
    lost("an empty Location", "no place", to("")),
    lost("a blank Location", "no place", to("   "), REDIRECT),
    lost(
        "two Locations", "which one?", raw(b"HTTP/1.1 302 F\r\nLocation: /one\r\nLocation: /two\r\nContent-Length: 0")
    ),
    lost("to an invalid address", "no URL", to("http://[::1/")),
    lost("to an impossible address", "no URL", to("http://999.1.1.1/")),
    lost("to a port that is none", "no URL", to("http://127.0.0.1:99999/")),
    lost("to a host with a NUL", "no URL", to("http://a%00b/")),
    lost("to a host with a blank", "no URL", to("http://a b/")),
    lost("to no host", "no URL", to("http://")),
    lost(
        "a NUL in the Location", "RFC 9110 5.5", raw(b"HTTP/1.1 302 F\r\nLocation: /\0x\r\nContent-Length: 0"), PROTOCOL
    ),
    Case(
        name="a Location of 100 KB",
        why="a limit on URLs",
        pages={BAD: to("/" + "x" * 100_000)},
        ends={BAD: (SCOPE, REDIRECT)},
    ),
)

ELSEWHERE = (
    lost("to a file", "Scrapy GHSA-23j4-mw76-5v7h", to("file:///etc/passwd"), SCHEME),
    lost("to a file on a host", "Scrapy GHSA-23j4-mw76-5v7h", to("file://localhost/etc/passwd"), SCHEME),
    lost("to data", "no place", to("data:text/html,<a href=/x>"), SCHEME),
    lost("to a script", "no place", to("javascript:alert(1)"), SCHEME),
    lost("to about", "no place", to("about:blank"), SCHEME),
    lost("to mail", "no place", to("mailto:a@b.example"), SCHEME),
    lost("to a blob", "no place", to("blob:http://HERE/1"), SCHEME),
    lost("to ftp", "not spoken", to("ftp://HERE/x"), SCHEME),
    lost("to gopher", "smuggles any bytes", to("gopher://ELSEWHERE/_GET"), SCHEME),
    lost("to dict", "smuggles any bytes", to("dict://ELSEWHERE/x"), SCHEME),
    lost("to view-source", "no place", to("view-source:http://HERE/"), SCHEME),
    lost("to a scheme of letters", "no place", to("x:y"), SCHEME),
    lost("to another port", "host and port decide", to("http://ELSEWHERE/x"), SCOPE),
    lost("to another host", "host and port decide", to("http://localhost:1/x"), SCOPE),
    lost("to another scheme", "scheme and port decide", to("https://ELSEWHERE/x"), SCOPE),
    lost("to another host without scheme", "RFC 3986 4.2", to("//ELSEWHERE/x"), SCOPE),
    lost("to another host by backslashes", "WHATWG: as slashes", to("\\\\ELSEWHERE\\x"), SCOPE),
    lost("to another host behind a name", "user information is no host", to("http://HERE@ELSEWHERE/x"), SCOPE),
    lost(
        "to another host behind a name and a backslash",
        "WHATWG: the backslash ends it",
        to("http://ELSEWHERE\\@HERE/x"),
        SCOPE,
    ),
    lost("to another host by three slashes", "WHATWG passes over them", to("http:///ELSEWHERE/x"), SCOPE),
    lost("to an address as a number", "WHATWG: 2130706433 is 127.0.0.1", to("http://2130706433:1/x"), SCOPE),
    lost("to an address in octal", "WHATWG: 0177 is 127", to("http://0177.0.0.1:1/x"), SCOPE),
    lost("to an address in IPv6", "another host", to("http://[::ffff:127.0.0.1]:1/x"), SCOPE),
    lost(
        "to an address of fullwidth digits",
        "WHATWG: IDNA makes them digits",
        to("http://１２７.0.0.1:1/x".encode().decode("latin-1")),
        SCOPE,
    ),
    lost("to the cloud's metadata", "169.254.169.254", to("http://169.254.169.254/latest/meta-data/"), SCOPE),
    bad(
        "to another host at the second hop",
        "scope at every hop",
        to("/hop"),
        REDIRECTED,
        pages={"/hop": to("http://ELSEWHERE/x")},
        ends={"/hop": (SCOPE,)},
    ),
)

FORMS = (
    *(leads(f"status {status}", "RFC 9110 15.4", "/found", "/found", status) for status in (301, 302, 303, 307, 308)),
    leads("relative", "RFC 3986 5", "found", "/found"),
    leads("relative with dots", "RFC 3986 5.2.4", "../.././x/../found", "/found"),
    leads("relative query", "RFC 3986 5.2.2", "?found=1", "/bad?found=1"),
    leads("absolute", "RFC 9110 10.2.2", "http://HERE/found", "/found"),
    leads("absolute without scheme", "RFC 3986 4.2", "//HERE/found", "/found"),
    leads("absolute in capitals", "WHATWG: the scheme in small letters", "HTTP://HERE/found", "/found"),
    leads("a scheme and no slashes", "WHATWG: relative to the same scheme", "http:found", "/found"),
    leads("one slash behind the scheme", "WHATWG: relative to the same scheme", "http:/found", "/found"),
    leads("backslashes", "WHATWG: as slashes", "\\found", "/found"),
    leads("a fragment", "RFC 9110 10.2.2: not sent", "/found#top", "/found"),
    leads("blanks around", "RFC 9110 5.5", "  /found \t ", "/found"),
    leads("a tab inside", "WHATWG: dropped", "/fo\tund", "/found"),
    leads("a blank inside", "WHATWG: escaped", "/fo und", "/fo%20und"),
    leads("controls inside", "WHATWG: escaped", "/fo\x01\x1b[und", "/fo%01%1B[und"),
    leads("quotes and angle brackets", "WHATWG: escaped", '/fo"<und>', "/fo%22%3Cund%3E"),
    leads("escapes", "kept as they are", "/fo%2Fund%0D%0AX:%20y", "/fo%2Fund%0D%0AX:%20y"),
    leads("bytes of UTF-8", "browsers read it as UTF-8", "/für".encode().decode("latin-1"), "/f%C3%BCr"),
    leads("bytes of Latin-1", "as browsers escape them: the same bytes", "/für", "/f%FCr"),
    leads("user and password", "never sent on", "http://user:secret@HERE/found", "/found"),
    leads("a comma inside", "a Location is one", "/found,2", "/found,2"),
    Case(
        name="the same Location twice",
        why="there is only one",
        contents={"/found": b"hello"},
        pages={
            BAD: raw(b"HTTP/1.1 302 F\r\nLocation: /found\r\nLocation: /found\r\nContent-Length: 0"),
            "/found": Reply(body=b"hello"),
        },
    ),
    Case(
        name="CR in a Location",
        why="RFC 9112 2.2: a blank, and never a line of a request",
        ends={BAD: (REDIRECTED, PROTOCOL)},
        pages={BAD: raw(b"HTTP/1.1 302 F\r\nLocation: /found\rX-Injected: yes\r\nContent-Length: 0")},
        objects=lambda asked: [one for one in asked if "x-injected" in one.headers],
    ),
    bad("to a page that is known", "each URL once", to("/before"), REDIRECTED),
    bad(
        "a chain within the limit",
        "five hops",
        to("/1"),
        REDIRECTED,
        pages={f"/{n}": to(f"/{n + 1}") for n in range(1, 5)},
        good=("/5",),
    ),
    bad(
        "until a cookie comes back", "as sites do that ask for consent", consenting, SAVED, contents={BAD: b"consented"}
    ),
    bad(
        "a long body",
        "of no interest",
        Reply(302, bytes(3_000_000), {"Location": "/found"}),
        REDIRECTED,
        good=("/found",),
    ),
    bad(
        "a body that never comes",
        "of no interest",
        Reply(302, bytes(300), {"Location": "/found"}, cut=5, hang=True),
        REDIRECTED,
        good=("/found",),
    ),
)

OTHER = (
    lost("300 with a Location", "RFC 9110 15.4.1: a choice", redirect("/before", 300), STATUS, REDIRECTED),
    lost("304", "RFC 9110 15.4.5", Reply(304), STATUS),
    bad("305 Use Proxy", "RFC 9110 15.4.6: deprecated, for its dangers", redirect("http://ELSEWHERE/", 305), STATUS),
    lost("306", "RFC 9110 15.4.7", redirect("/before", 306), STATUS, REDIRECTED),
    lost("399", "an unknown 3xx", redirect("/before", 399), STATUS, REDIRECTED),
    bad(
        "200 with a Location",
        "RFC 9110 10.2.2: no redirect",
        Reply(body=b"hello", headers={"Location": "/never"}),
        SAVED,
        contents={BAD: b"hello"},
        never=("/never",),
    ),
    lost(
        "201 with a Location",
        "RFC 9110 15.3.2: no redirect",
        Reply(201, b"made", {"Location": "/never"}),
        STATUS,
        SAVED,
    ),
    lost("404 with a Location", "no redirect", Reply(404, b"no", {"Location": "/never"}), STATUS),
    bad(
        "Refresh in a field",
        "a hint at the most",
        Reply(body=b"hello", headers={"Refresh": "0; url=http://ELSEWHERE/"}),
        SAVED,
        contents={BAD: b"hello"},
    ),
    bad(
        "meta refresh",
        "a link like any other",
        html('<meta http-equiv=refresh content="0; url=/found">'),
        SAVED,
        good=("/found",),
    ),
    bad("meta refresh to itself", "no loop", html('<meta http-equiv=refresh content="0">'), SAVED, most=1),
    bad(
        "meta refresh to a file",
        "not followed",
        html('<meta http-equiv=refresh content="0;url=file:///etc/passwd">'),
        SAVED,
        ends={"file:///etc/passwd": (ABSENT,)},
    ),
    bad("meta refresh elsewhere", "scope", html('<meta http-equiv=refresh content="0;url=http://ELSEWHERE/">'), SAVED),
    bad(
        "meta refresh of rubbish",
        "no refresh",
        html(f'<meta http-equiv=refresh content="{"9" * 5000};;;url=\'">'),
        SAVED,
    ),
)

THEME: Final = Theme("redirects", (*NOWHERE, *ELSEWHERE, *FORMS, *OTHER))
