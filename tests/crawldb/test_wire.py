"""What is sent over a wire is what comes out of it, wherever the bytes are cut."""

import asyncio
import socket
from dataclasses import MISSING, fields, replace
from typing import Any

from crawler.crawldb.wire import (
    Wire,
    pack_cookies,
    pack_outcome,
    pack_visit,
    unpack_cookies,
    unpack_outcome,
    unpack_visit,
)
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Found, Kind, Link, Outcome, Partial, Reference, Request, Saved, Verdict, Visit
from crawler.web.cookies import Cookie

RAW = b"HTTP/1.1 404 Not Found\r\nServer: x\r\nX-B: \xe9\r\n\r\n"
COOKIE = Cookie("n", "v", "a.example", True, "/", 5.0, True, False, 1.0, True)
LINK = Link(URL("http://a/x?y"), Kind.IMAGE, 3, 2, URL("http://a/"), 7)
WHOLE = {
    "verdict": Verdict.FAILED,
    "head": ResponseHead((1, 0), 404, "Not Found", Headers([("Server", "x"), ("X-B", "\xe9")]), RAW),
    "saved": Saved("p", "image/png", 3, "ab" * 32, True, 4, 5, b"\x01\x02", "why"),
    "moved": LINK,
    "cookies": [COOKIE],
    "partial": Partial("a.part", 9, '"tag"'),
    "rules": b"User-agent: *",
    "fingerprint": (1 << 64) - 1,
}


def filled(cls: type[Any], known: dict[str, Any]) -> Any:
    """A value none of whose fields has its default, so that one which is left out is missed."""
    values = {}
    for number, item in enumerate(fields(cls), 1):
        plain = f"text {number}" if "str" in str(item.type) or "Reach" in str(item.type) else number + 0.5
        values[item.name] = known.get(item.name, plain)
        assert item.default is MISSING or values[item.name] != item.default, item.name
    return cls(**values)


def test_every_field_of_a_visit_arrives() -> None:
    visit = filled(Visit, {"link": LINK, "attempt": 2, "token": 1 << 50, "partial": WHOLE["partial"], "reach": "host"})
    assert unpack_visit(pack_visit(visit)) == visit
    bare = Visit(Link(URL("http://a/")), 1, 1)
    assert unpack_visit(pack_visit(bare)) == bare


def test_every_field_of_an_outcome_arrives_but_its_request_and_what_it_found() -> None:
    found = [Found(Reference(None, Kind.PAGE, "a", "href", {}, ""), None, "url")]
    outcome = filled(Outcome, {**WHOLE, "request": Request(URL("http://a/")), "found": found})
    assert unpack_outcome(pack_outcome(outcome)) == replace(outcome, request=None, found=())
    came = unpack_outcome(pack_outcome(outcome))
    assert came.head is not None
    assert came.head.headers.get("x-b") == "\xe9"
    assert type(came.verdict) is Verdict
    bare = Outcome(Verdict.SAVED)
    assert unpack_outcome(pack_outcome(bare)) == replace(bare, cookies=[])


def test_a_cookie_arrives() -> None:
    assert unpack_cookies(pack_cookies([COOKIE])) == [COOKIE]


async def test_what_is_sent_in_one_turn_travels_together_and_in_order() -> None:
    batches: list[list[Any]] = []
    gone = asyncio.Event()
    ours, theirs = socket.socketpair()
    sender = await Wire.over(ours, batches.append, lambda: None)
    await Wire.over(theirs, batches.append, gone.set)
    for number in range(3):
        sender.send((number, "x"))
    await asyncio.sleep(0.01)
    sender.send((3, "last"))
    await sender.close()
    await gone.wait()
    assert batches == [[(0, "x"), (1, "x"), (2, "x")], [(3, "last")]]


async def test_batches_are_whole_however_the_bytes_are_cut() -> None:
    ours, theirs = socket.socketpair()
    lines: list[bytes] = []
    sender = await Wire.over(ours, lambda batch: None, lambda: None)
    sender.send(("first", b"x" * 300))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    sender.send(("second", 2))
    await sender.close()
    theirs.setblocking(True)
    while piece := theirs.recv(65536):
        lines.append(piece)
    theirs.close()
    whole = b"".join(lines)
    for size in (1, 2, 3, 5, 7, 299, len(whole)):
        batches: list[list[Any]] = []
        wire = Wire(batches.append, lambda: None)
        for at in range(0, len(whole), size):
            wire.data_received(whole[at : at + size])
        assert batches == [[("first", b"x" * 300)], [("second", 2)]], size


async def test_what_is_sent_to_nobody_is_dropped() -> None:
    ours, theirs = socket.socketpair()
    gone = asyncio.Event()
    wire = await Wire.over(ours, lambda batch: None, gone.set)
    theirs.close()
    await gone.wait()
    wire.send((1, 2))
    await wire.close()
    assert wire.waiting == 0
