"""Addresses of names, asked of the machine's own resolver and remembered for a while; it opens no connection.

`getaddrinfo` blocks, sometimes for minutes, and tells no time to live. So each lookup runs in a thread of its own, of
which there are a few at a time: one that hangs holds up neither the loop nor, as the threads are daemons, the end of
the process. What it finds is kept for a fixed time.
"""

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import zip_longest
from math import inf
from threading import Thread
from typing import Final

THREADS: Final = 8
"""Lookups at a time."""

MAX_NAMES: Final = 10_000
"""Names that are remembered; the oldest is forgotten for the next one."""

UNKNOWN: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""The answers that say for certain that there is no address; others may be different in a second."""


@dataclass(frozen=True, slots=True)
class Address:
    """An IP address; `scope` is the link that a link-local one is on (RFC 4007)."""

    ip: str
    scope: int = 0

    @property
    def family(self) -> socket.AddressFamily:
        """IPv4 or IPv6."""
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET

    def at(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """What a socket of its family connects to."""
        return (self.ip, port, 0, self.scope) if ":" in self.ip else (self.ip, port)


LookUp = Callable[[str], Iterable[Address]]
Answer = tuple[Address, ...] | OSError | UnicodeError


class Resolver:
    """Finds the addresses of names, each name once at a time, within `THREADS` threads.

    `ttl` and `negative_ttl` say how many seconds addresses, and the certainty that there are none, are believed.
    """

    def __init__(
        self, ttl: float, negative_ttl: float, look_up: LookUp | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self._ttl = ttl
        self._negative_ttl = negative_ttl
        self._look_up = look_up or look_up_addresses
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._known: dict[str, tuple[float, Answer]] = {}
        self._pending: dict[str, asyncio.Future[Answer]] = {}
        self._waiting: deque[str] = deque()
        self._busy = 0

    async def resolve(self, host: str) -> Sequence[Address]:
        """The addresses of a name, in the order in which they are to be tried; of an address, itself.

        `socket.gaierror` where there are none, `OSError` or `UnicodeError` where it could not be found out. Who is
        cancelled leaves the others waiting.
        """
        if (address := _literal(host)) is not None:
            return (address,)
        until, answer = self._known.get(host, (-inf, ()))
        if self._clock() >= until:
            answer = await asyncio.shield(self._pending.get(host) or self._begin(host))
        if isinstance(answer, tuple):
            return answer
        raise type(answer)(*answer.args)

    def _begin(self, host: str) -> "asyncio.Future[Answer]":
        future = self._pending[host] = self._loop.create_future()
        self._waiting.append(host)
        self._start()
        return future

    def _start(self) -> None:
        while self._waiting and self._busy < THREADS:
            host = self._waiting.popleft()
            self._busy += 1
            try:
                Thread(target=self._run, args=(host,), name=f"resolver of {host}", daemon=True).start()
            except RuntimeError as error:  # the machine has no thread left
                self._loop.call_soon(self._settle, host, OSError(errno.EAGAIN, str(error)))

    def _run(self, host: str) -> None:
        """In a thread: one lookup."""
        answer: Answer
        try:
            answer = tuple(interleaved(self._look_up(host)))
        except (OSError, UnicodeError) as error:
            answer = error
        with suppress(RuntimeError):  # the loop may be closed by now: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, host, answer)

    def _settle(self, host: str, answer: Answer) -> None:
        self._busy -= 1
        self._start()
        ttl = self._ttl if isinstance(answer, tuple) else self._negative_ttl if is_unknown(answer) else 0.0
        if ttl:
            self._known.pop(host, None)
            if len(self._known) >= MAX_NAMES:
                del self._known[next(iter(self._known))]
            self._known[host] = (self._clock() + ttl, answer)
        self._pending.pop(host).set_result(answer)


def look_up_addresses(host: str) -> Iterable[Address]:
    """What the machine's own resolver says; it blocks."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if is_unknown(error) and not _has_descriptor():
            # glibc says "name not known" where it cannot open a socket or /etc/hosts.
            raise OSError(errno.EMFILE, "no file descriptor left") from error
        raise
    return [Address(str(at[0]), int(at[3]) if len(at) == 4 else 0) for _, _, _, _, at in found]


def interleaved(addresses: Iterable[Address]) -> Iterable[Address]:
    """The addresses, each once, those of the two families in turn, in their order (RFC 8305 section 4)."""
    unique = list(dict.fromkeys(addresses))
    first = [address for address in unique if address.family == unique[0].family]
    second = [address for address in unique if address.family != unique[0].family]
    return (address for pair in zip_longest(first, second) for address in pair if address is not None)


def is_unknown(error: OSError | UnicodeError) -> bool:
    """Whether the resolver said for certain that the name has no address."""
    return isinstance(error, UnicodeError) or (isinstance(error, socket.gaierror) and error.errno in UNKNOWN)


def _literal(host: str) -> Address | None:
    """The address that a host is written as."""
    if not (":" in host or host[-1:].isdigit()):
        return None
    try:
        return Address(str(ip_address(host)))
    except ValueError:
        return None


def _has_descriptor() -> bool:
    try:
        socket.socket().close()
    except OSError:
        return False
    return True
