"""One open connection: a request goes out, an answer comes in event by event, in bounded time.

It neither opens itself nor knows of other connections, and what it reads it hands to the parser unseen.
"""

import asyncio
import ssl
from collections.abc import Callable
from math import inf
from typing import cast

from crawler.errors import FetchTimeoutError, TruncatedError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.limits import Limits
from crawler.http1.parser import ResponseParser
from crawler.model import Timings
from crawler.net.dial import exchange_error
from crawler.net.rate import Throttle
from crawler.net.route import Route
from crawler.net.watchdog import Watchdog
from crawler.net.wire import CHUNK, Wire, arrived
from crawler.steps import step

Tap = Callable[[bytes], None]


class Connection:
    """A connection that can be asked again and again, one request after the other, as long as it `is_reusable`."""

    __slots__ = (
        "_asked", "_has_head", "_is_late", "_limits", "_loop", "_parser", "_read_timeout", "_reader", "_secured",
        "_tap", "_throttle", "_total_at", "_total_timeout", "_transport", "_watchdog", "_wire", "_writer", "asked_at",
        "idle_since", "peer", "route", "tls",
    )  # fmt: skip

    def __init__(self, wire: Wire, route: Route, limits: Limits, read_timeout: float, total_timeout: float) -> None:
        self.route = route
        self.peer = wire.peer
        self.tls = wire.tls
        self.idle_since = 0.0
        self.asked_at = 0.0
        self._wire = wire
        self._reader = wire.reader
        self._writer = wire.writer
        self._transport = cast(asyncio.Transport, wire.writer.transport)
        self._secured: ssl.SSLObject | None = wire.writer.get_extra_info("ssl_object")
        self._limits = limits
        self._read_timeout = read_timeout
        self._total_timeout = total_timeout
        self._loop = asyncio.get_running_loop()
        self._watchdog = Watchdog(self._loop, self._be_late)
        self._is_late = False
        self._total_at = inf
        self._asked = 0
        self._has_head = False
        self._parser: ResponseParser | None = None
        self._tap: Tap | None = None
        self._throttle: Throttle | None = None

    async def ask(
        self, method: str, request: bytes, tap: Tap | None = None, throttle: Throttle | None = None
    ) -> ResponseHead:
        """Send a request and wait for the head of its answer.

        `tap` sees the answer's bytes as they come, and they come no faster than `throttle` has it.
        """
        self._asked += 1
        self._has_head = False
        self._tap = tap
        self._throttle = throttle
        self._parser = ResponseParser(method, self._limits)
        self.asked_at = self._loop.time()
        self._total_at = self.asked_at + self._total_timeout
        # The body of a request lies in memory anyhow: there is nothing to gain from waiting until it has left, and
        # an answer that comes before is read at once.
        self._writer.write(request)
        head = await self.receive()
        assert isinstance(head, ResponseHead)
        self._has_head = True
        return head

    async def receive(self) -> ResponseHead | Data | End:
        """The next event of the answer."""
        assert self._parser is not None
        while (event := self._parser.next_event()) is None:
            self._parser.feed(await self._read())
        return event

    def received(self) -> ResponseHead | Data | End | None:
        """The next event of the answer if its bytes are here already, else None."""
        assert self._parser is not None
        while (event := self._parser.next_event()) is None and (here := arrived(self._reader)):
            if self._tap is not None:
                self._tap(here)
            self._parser.feed(here)
        return event

    def timings(self) -> Timings | None:
        """How long each step to the present answer took; None where the connection was there before."""
        if self._asked > 1:
            return None
        wire = self._wire
        return Timings(wire.dns_took, wire.connect_took, wire.tls_took, self._loop.time() - self.asked_at)

    @property
    def is_reusable(self) -> bool:
        """Whether the last answer came to its end and left everything as it should be for another request."""
        return self._parser is not None and self._parser.reusable and not self._is_late and not self._reader.at_eof()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that was not asked for: neither bytes nor the end."""
        return arrived(self._reader) is None

    @property
    def is_stale(self) -> bool:
        """Whether it served before, and of the present answer nothing has come: the peer may have hung up unseen."""
        return self._asked > 1 and self._parser is not None and not self._parser.began

    def rest(self) -> None:
        """An exchange is over; nothing of it is kept, and nothing expected until the next one."""
        self.idle_since = self._loop.time()
        self._parser = None
        self._tap = None
        if self._throttle is not None:
            self._throttle = None
            self._transport.resume_reading()
        self._watchdog.expect(inf)

    def abort(self) -> None:
        """End it at once, whatever is under way."""
        self._watchdog.close()
        self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until its socket is given back."""
        try:
            await self._writer.wait_closed()
        except OSError:
            return

    async def _read(self) -> bytes:
        """The next bytes of the wire, b"" at its end; never waits longer than the two times allow."""
        now = self._loop.time()
        self._watchdog.expect(min(now + self._read_timeout, self._total_at))
        before = step("body" if self._has_head else "head")
        try:
            received = await (self._reader.read(CHUNK) if self._throttle is None else self._sip(self._throttle))
        except OSError as error:
            raise exchange_error(error, self.peer) from error
        step(before)
        if not received:
            self._end()
        elif self._tap is not None:
            self._tap(received)
        self._watchdog.expect(self._total_at)
        return received

    async def _sip(self, throttle: Throttle) -> bytes:
        """The next bytes, and no sooner than their rate allows; meanwhile the socket is left unread.

        So the peer has to wait, too. The time that we take for it is none that the peer has taken.
        """
        self._transport.resume_reading()
        received = await self._reader.read(throttle.piece)
        if not self._transport.is_closing():
            self._transport.pause_reading()
        began = self._loop.time()
        self._watchdog.expect(inf)
        await throttle.pay(len(received))
        self._total_at += self._loop.time() - began
        return received

    def _end(self) -> None:
        """The stream has ended: by whom, and rightly?"""
        assert self._parser is not None
        if self._is_late:
            if self._loop.time() >= self._total_at:
                raise FetchTimeoutError(f"{self.peer} did not finish within {self._total_timeout:g} s")
            raise FetchTimeoutError(f"nothing from {self.peer} for {self._read_timeout:g} s")
        if self._parser.began and self._is_cut():
            raise TruncatedError(f"TLS with {self.peer} was cut off: no close_notify (RFC 8446 section 6.1)")

    def _is_cut(self) -> bool:
        """Whether TLS ended without saying so, as an attacker can bring about; asyncio's streams do not tell."""
        if self._secured is None:
            return False
        try:
            return bool(self._secured.read(1))
        except ssl.SSLZeroReturnError:
            return False
        except ssl.SSLError:
            return True

    def _be_late(self) -> None:
        self._is_late = True
        self._transport.abort()  # which ends the stream, and so wakes whoever waits for it
