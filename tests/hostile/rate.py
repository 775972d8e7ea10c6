"""Servers that are busy, or say so, for a while or for ever (RFC 6585 section 4, RFC 9110 section 10.2.3)."""

from typing import Final

from tests.hostile.case import ABSENT, BAD, STATUS, Case, bad, whole
from tests.hostile.crawled import Theme
from tests.toysite import Answer, Asked, Reply, in_turn

BODY: Final = b"at last\n"
GOOD: Final = Reply(body=BODY, headers={"Content-Type": "text/plain"})
WAITS: Final = (
    "0",
    "1",
    "00000000000000000001",
    "99999999999999999999",
    "9" * 5000,
    "-1",
    "-99999999999",
    "1.5",
    "1e3",
    "0x10",
    "1_0",
    "+1",
    "٥",
    "５",
    "inf",
    "nan",
    "soon",
    "",
    " ",
    "1, 2",
    "1;",
    "Fri, 31 Dec 1999 23:59:59 GMT",
    "Fri, 31 Dec 2199 23:59:59 GMT",
    "Friday, 31-Dec-99 23:59:59 GMT",
    "Fri Dec 31 23:59:59 1999",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Fri, 99 Xxx 99999 99:99:99 GMT",
    "Fri, 31 Dec 1999 23:59:60 GMT",
    "Fri, 31 Dec 2199 23:59:59 +9999",
    "2199-12-31T23:59:59Z",
    "Fri,",
)
"""What stands in Retry-After; all of it, once, and then all is well."""


def told(status: int, wait: str) -> Reply:
    """A busy server that says when to come back."""
    return Reply(status, b"busy", {"Retry-After": wait.encode().decode("latin-1")})


def once(name: str, why: str, *replies: Reply) -> Case:
    """Busy at first; the page must be had in the end."""
    return whole(name, why, in_turn(*replies, GOOD), BODY)


def second(asked: Asked) -> Reply:
    """Every second answer is that the server is busy."""
    return Reply(503, b"busy") if asked.times % 2 else Reply(body=BODY)


def crowded() -> Answer:
    """The first six requests for anything are too many."""
    seen: list[str] = []

    def answer(asked: Asked) -> Reply:
        seen.append(asked.target)
        return Reply(429, b"busy") if len(seen) <= 6 else Reply(body=BODY)

    return answer


ONCE = (
    *(once(f"429 with Retry-After {wait[:32]!r}", "capped, or no number", told(429, wait)) for wait in WAITS),
    *(
        once(f"503 with Retry-After {wait[:32]!r}", "capped, or no number", told(503, wait))
        for wait in ("1", "-1", "soon", "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT")
    ),
    once("429 without a word", "backing off is ours to do", Reply(429, b"busy")),
    once("503 without a word", "backing off is ours to do", Reply(503, b"busy")),
    once(
        "two Retry-Afters",
        "no crash",
        Reply(raw=b"HTTP/1.1 429 T\r\nRetry-After: 1\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", keep=True),
    ),
    once("429 that closes", "RFC 6585", Reply(429, b"busy", {"Retry-After": "1"}, close=True)),
    once("429 whose body never ends", "of no interest", Reply(429, bytes(999), {"Retry-After": "0"}, cut=5, hang=True)),
    whole(
        "200 with Retry-After",
        "no answer of a busy server",
        Reply(body=BODY, headers={"Retry-After": "9999", "Content-Type": "text/plain"}),
        BODY,
    ),
)

EVER = (
    bad("429 for ever", "one page does not hold its host for ever", told(429, "1"), STATUS, most=40),
    bad("429 for ever and a day", "capped", told(429, "99999999999999999999"), STATUS, most=40),
    bad("503 for ever", "one page does not hold its host for ever", Reply(503, b"busy"), STATUS, most=40),
    bad("503 for ever with a date", "capped", told(503, "Fri, 31 Dec 2199 23:59:59 GMT"), STATUS, most=40),
    *(
        bad(f"status {status}", "an answer that is final", Reply(status, b"no"), STATUS)
        for status in (420, 425, 430, 444, 498, 499, 507, 509, 511, 520, 529, 530, 598, 599)
    ),
)

HOSTS = (
    Case(
        name="every second answer is busy",
        why="nothing is lost",
        links=("/1", "/2", "/3"),
        pages={"/*": second},
        contents=dict.fromkeys(("/1", "/2", "/3"), BODY),
    ),
    Case(
        name="the first six are too many",
        why="nothing is lost",
        links=("/1", "/2", "/3"),
        pages={"/*": crowded()},
        contents=dict.fromkeys(("/1", "/2", "/3"), BODY),
        most=12,
    ),
    Case(
        name="the start page is busy for ever",
        why="it ends",
        pages={"/": Reply(503)},
        ends={"/": (STATUS,), BAD: (ABSENT,)},
        neighbours=False,
        most=40,
    ),
)

THEME: Final = Theme("rate", (*ONCE, *EVER, *HOSTS))
