"""What `--trace` shows of each connection, as it happens: the way there, the request, each arrival, the head, times.

It watches from outside, with a parser of its own for the same bytes, so that nothing runs differently for being seen.
"""

import re
from collections.abc import Callable
from typing import Final

from crawler.cli.address import MASK
from crawler.errors import FetchError
from crawler.http1.events import Data, End, ResponseHead
from crawler.http1.parser import ResponseParser
from crawler.net.route import Route
from crawler.net.watched import Watch, Watcher
from crawler.net.wire import Wire

SECRET: Final = re.compile(r"auth|cookie|token|secret|password|api-?key", re.IGNORECASE)
"""In the name of a header field: its value is not shown."""
SCHEME: Final = re.compile(r"(Basic|Digest|Bearer) ", re.IGNORECASE)

Say = Callable[[str], None]


def tracing(say: Say, clock: Callable[[], float], *, numbered: bool = False) -> Watch:
    """What watches each new connection and says what it sees; `numbered`: each line says on which connection."""
    count = 0

    def watch(route: Route, wire: Wire) -> Trace:
        nonlocal count
        count += 1
        mark = f"{count} " if numbered else ""
        return Trace(route, wire, lambda line: say(mark + line), clock)

    return watch


class Trace:
    """One connection, told line by line: `*` what happens, `>` what is sent, `<` the head of the answer."""

    def __init__(self, route: Route, wire: Wire, say: Say, clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._steps = [("name", wire.dns_took), ("connection", wire.connect_took)]
        self._parser: ResponseParser | None = None
        self._has_asked = False
        self._asked_at = 0.0
        self._first_byte: float | None = None
        self._total = self._head = self._body = 0
        if wire.tls is not None:
            self._steps.append(("TLS", wire.tls_took))
        through = f" through the proxy {route.proxy}" if route.proxy is not None else ""
        secured = f", {wire.tls.replace('TLSv', 'TLS ')}" if wire.tls is not None else ""
        peer = f" at {wire.peer}" if wire.peer != str(route) else ""
        say(f"* connected to {route}{peer}{through}{secured}")

    def sent(self, data: bytes) -> None:
        """A request goes out."""
        head, _, body = data.decode("latin-1").partition("\r\n\r\n")
        lines = head.split("\r\n")
        if self._has_asked:
            self._say("* the connection is used again")
            self._steps = []
        self._has_asked = True
        for line in (lines[0], *map(masked_field, lines[1:]), ""):
            self._say(f"> {line}".rstrip())
        if body:
            self._say(f"* and {len(body):,} bytes of content")
        self._parser = ResponseParser(lines[0].partition(" ")[0])
        self._asked_at = self._clock()
        self._first_byte = None
        self._total = self._head = self._body = 0

    def received(self, data: bytes) -> None:
        """A piece of the answer arrives, or the end of the connection."""
        if data:
            self._total += len(data)
            self._say(f"* {len(data):,} bytes arrived, {self._total:,} in all")
        else:
            self._say("* the server closed the connection")
        if self._first_byte is None:
            self._first_byte = self._clock() - self._asked_at
        if self._parser is not None:
            try:
                self._parse(self._parser, data)
            except FetchError:
                self._parser = None  # who asked learns of it too, and says it

    def _parse(self, parser: ResponseParser, data: bytes) -> None:
        parser.feed(data)
        while (event := parser.next_event()) is not None:
            match event:
                case ResponseHead():
                    self._tell_head(event)
                case Data():
                    self._body += len(event.data)
                case End():
                    self._tell_end()
                    return

    def _tell_head(self, head: ResponseHead) -> None:
        self._head = len(head.raw)
        self._say(f"* the head has {self._head:,} bytes:")
        for line in head.raw.decode("latin-1").splitlines():
            self._say(f"< {line}".rstrip())

    def _tell_end(self) -> None:
        self._parser = None
        took = self._clock() - self._asked_at
        framing = self._total - self._head - self._body
        parts = f"{self._head:,} of head, {self._body:,} of body" + (f", {framing:,} of framing" if framing else "")
        self._say(f"* the answer is complete: {self._total:,} bytes, {parts}")
        before = sum(seconds for _, seconds in self._steps)
        steps = [*self._steps, ("first byte", self._first_byte or 0.0), ("total", before + took)]
        self._say("* times: " + ", ".join(f"{name} {seconds * 1000:,.1f} ms" for name, seconds in steps))


class Tap:
    """Hands on what is received, on whichever connection, as it comes; where somebody watches, he still does."""

    def __init__(self, receive: Callable[[bytes], object], watch: Watch | None = None) -> None:
        self._receive = receive
        self._watch = watch

    def watch(self, route: Route, wire: Wire) -> "TappedConnection":
        """What watches a new connection."""
        return TappedConnection(self._receive, self._watch(route, wire) if self._watch is not None else None)


class TappedConnection:
    """The watcher of one connection."""

    def __init__(self, receive: Callable[[bytes], object], other: Watcher | None) -> None:
        self._receive = receive
        self._other = other

    def sent(self, data: bytes) -> None:
        """Nothing is received by this."""
        if self._other is not None:
            self._other.sent(data)

    def received(self, data: bytes) -> None:
        """A piece, or the end."""
        self._receive(data)
        if self._other is not None:
            self._other.received(data)


def masked_field(line: str) -> str:
    """A line of a request's head, without what proves who asks."""
    name, _, value = line.partition(":")
    if not SECRET.search(name):
        return line
    scheme = SCHEME.match(value.lstrip())
    return f"{name}: {scheme[0] if scheme else ''}{MASK}"
