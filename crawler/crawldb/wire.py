"""Values on the socket between the parent and a worker process: batches of plain tuples, packed by marshal.

Both ends are the same program, started by one another: nothing here is for a stranger. What is sent in one turn of the
loop travels as one batch. It knows the values and no frontier.
"""

import asyncio
import marshal
import socket
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Kind, Link, Outcome, Partial, Saved, Verdict, Visit
from crawler.web.cookies import Cookie

HEAD: Final = 4
"""Bytes of a batch's length."""

Plain = tuple[Any, ...]
"""A tuple of what marshal takes: numbers, texts, bytes, None, and tuples of them."""


class Wire(asyncio.Protocol):
    """One end of a socket pair: `take` is given each batch that comes, `lost` is called once the other end is gone."""

    def __init__(self, take: Callable[[list[Plain]], None], lost: Callable[[], None]) -> None:
        self.take = take
        self.lost = lost
        self._transport: asyncio.Transport | None = None
        self._sending: list[Plain] = []
        self._received = bytearray()
        self._loop = asyncio.get_running_loop()
        self._is_over = asyncio.Event()

    @classmethod
    async def over(cls, end: socket.socket, take: Callable[[list[Plain]], None], lost: Callable[[], None]) -> "Wire":
        """The wire over a connected socket."""
        end.setblocking(False)
        _, wire = await asyncio.get_running_loop().create_connection(lambda: cls(take, lost), sock=end)
        return wire

    def send(self, item: Plain) -> None:
        """Send a value, together with all that is sent before the loop turns."""
        if not self._sending:
            self._loop.call_soon(self._flush)
        self._sending.append(item)

    @property
    def waiting(self) -> int:
        """Bytes that the other end has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    async def close(self) -> None:
        """Send what is left, and hang up."""
        self._flush()
        if self._transport is not None:
            self._transport.close()
        await self._is_over.wait()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio's protocols have it."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio's protocols have it."""
        self._transport = None
        self._is_over.set()
        self.lost()

    def data_received(self, data: bytes) -> None:
        """As asyncio's protocols have it: takes each batch that is whole."""
        received = self._received
        received += data
        at = 0
        while len(received) >= (begin := at + HEAD):
            end = begin + int.from_bytes(received[at:begin], "big")
            if len(received) < end:
                break
            batch = marshal.loads(bytes(memoryview(received)[begin:end]))
            at = end
            self.take(batch)
        del received[:at]

    def _flush(self) -> None:
        if self._sending and self._transport is not None:
            batch = marshal.dumps(self._sending)
            self._transport.write(len(batch).to_bytes(HEAD, "big") + batch)
        self._sending = []


_link: Final = attrgetter("depth", "hops", "place")
_saved: Final = attrgetter(*(item.name for item in fields(Saved)))
_cookie: Final = attrgetter(*(item.name for item in fields(Cookie)))
_partial: Final = attrgetter(*(item.name for item in fields(Partial)))

_OWN: Final = {"verdict", "request", "head", "saved", "found", "moved", "cookies", "partial"}
"""The fields of an outcome that are no plain values; its request and what it found stay where they are."""
_PLAIN: Final = tuple(item.name for item in fields(Outcome) if item.name not in _OWN)
_plain: Final = attrgetter(*_PLAIN)
_VISIT: Final = tuple(item.name for item in fields(Visit) if item.name not in {"link", "partial"})
_visit: Final = attrgetter(*_VISIT)


def pack_link(link: Link) -> Plain:
    """A link as plain values."""
    parent = str(link.parent) if link.parent is not None else None
    return str(link.url), link.kind.value, parent, *_link(link)


def unpack_link(row: Sequence[Any]) -> Link:
    """The link again."""
    url, kind, parent, depth, hops, place = row
    return Link(URL.known(url), Kind(kind), depth, hops, URL.known(parent) if parent is not None else None, place)


def pack_visit(visit: Visit) -> Plain:
    """A visit as plain values."""
    partial = _partial(visit.partial) if visit.partial is not None else None
    return pack_link(visit.link), partial, _visit(visit)


def unpack_visit(row: Sequence[Any]) -> Visit:
    """The visit again."""
    link, partial, plain = row
    begun = Partial(*partial) if partial is not None else None
    return Visit(link=unpack_link(link), partial=begun, **dict(zip(_VISIT, plain, strict=True)))


def pack_cookies(cookies: Sequence[Cookie]) -> Plain:
    """Cookies as plain values."""
    return tuple(_cookie(cookie) for cookie in cookies)


def unpack_cookies(rows: Sequence[Any]) -> list[Cookie]:
    """The cookies again."""
    return [Cookie(*row) for row in rows]


def pack_outcome(outcome: Outcome) -> Plain:
    """What an outcome says, but for its request and what it found (links.py folds that)."""
    head = outcome.head
    return (
        outcome.verdict.value,
        (head.version, head.status, head.reason, head.raw) if head is not None else None,
        _saved(outcome.saved) if outcome.saved is not None else None,
        pack_link(outcome.moved) if outcome.moved is not None else None,
        pack_cookies(outcome.cookies),
        _partial(outcome.partial) if outcome.partial is not None else None,
        _plain(outcome),
    )


def unpack_outcome(row: Sequence[Any]) -> Outcome:
    """The outcome again."""
    verdict, head, saved, moved, cookies, partial, plain = row
    return Outcome(
        Verdict(verdict),
        head=_head(head) if head is not None else None,
        saved=Saved(*saved) if saved is not None else None,
        moved=unpack_link(moved) if moved is not None else None,
        cookies=unpack_cookies(cookies),
        partial=Partial(*partial) if partial is not None else None,
        **dict(zip(_PLAIN, plain, strict=True)),
    )


def _head(row: Sequence[Any]) -> ResponseHead:
    version, status, reason, raw = row
    return ResponseHead(version, status, reason, Headers.of(raw, raw.find(b"\n") + 1), raw)
