"""Connections that somebody watches: every byte is seen as it goes and as it comes, and nothing else is different.

It knows no HTTP and shows nothing; who watches makes of the bytes what he likes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from crawler.net.dial import Dials
from crawler.net.route import Route
from crawler.net.wire import Reader, Wire, Writer


class Watcher(Protocol):
    """Sees what passes one connection."""

    def sent(self, data: bytes) -> None:
        """These bytes are on their way to the peer."""
        ...

    def received(self, data: bytes) -> None:
        """These bytes have come from the peer; b"": its end."""
        ...


Watch = Callable[[Route, Wire], Watcher]
"""Called for each new connection."""


class WatchedDialer:
    """Opens connections as `dialer` does, each with a watcher of its own."""

    def __init__(self, dialer: Dials, watch: Watch) -> None:
        self._dialer = dialer
        self._watch = watch

    async def dial(self, route: Route) -> Wire:
        """A new connection; `FetchError` where none comes about."""
        wire = await self._dialer.dial(route)
        watcher = self._watch(route, wire)
        return replace(wire, reader=WatchedReader(wire.reader, watcher), writer=WatchedWriter(wire.writer, watcher))


class WatchedReader:
    """A reader, and the watcher of what it reads."""

    __slots__ = ("_reader", "_watcher")

    def __init__(self, reader: Reader, watcher: Watcher) -> None:
        self._reader = reader
        self._watcher = watcher

    async def read(self, n: int = -1, /) -> bytes:
        """As the reader does."""
        data = await self._reader.read(n)
        self._watcher.received(data)
        return data

    def at_eof(self) -> bool:
        """As the reader has it."""
        return self._reader.at_eof()


class WatchedWriter:
    """A writer, and the watcher of what it writes."""

    __slots__ = ("_watcher", "_writer")

    def __init__(self, writer: Writer, watcher: Watcher) -> None:
        self._writer = writer
        self._watcher = watcher

    @property
    def transport(self) -> asyncio.WriteTransport:
        """That of the writer."""
        return self._writer.transport

    def write(self, data: bytes, /) -> None:
        """As the writer does."""
        self._watcher.sent(data)
        self._writer.write(data)

    def get_extra_info(self, name: str, /) -> Any:
        """As the writer has it."""
        return self._writer.get_extra_info(name)

    async def wait_closed(self) -> None:
        """As the writer does."""
        await self._writer.wait_closed()
