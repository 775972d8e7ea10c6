"""How fast bytes may be received; it counts them, and knows neither sockets nor hosts."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

BURST: Final = 0.05
"""Seconds' worth of bytes that may be taken at once, and that a bucket holds at the most."""

SMALLEST: Final = 512
"""No fewer bytes are taken at once: a slow rate is kept by longer pauses instead."""


class Bucket:
    """A token bucket (RFC 2697's committed part) that may be overdrawn: what was taken too much is waited for.

    It is one number: the moment at which it will be neither full nor empty, but even.
    """

    __slots__ = ("_clock", "_even_at", "rate")

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self.rate = rate
        self._clock = clock
        self._even_at = clock()

    def take(self, size: int) -> float:
        """Take `size` bytes' tokens; the seconds after which they are paid for."""
        now = self._clock()
        self._even_at = max(self._even_at, now - BURST) + size / self.rate
        return max(self._even_at - now, 0.0)


@dataclass(frozen=True, slots=True)
class Sips:
    """A reader that is slow on purpose: `size` bytes at once, at the most, and `pause` seconds behind each."""

    size: int
    pause: float = 0.0


class Throttle:
    """The buckets that one connection draws from, such as that of its host and that of all hosts; or mere sips.

    As each piece is small and waits for all that were taken before it, connections get on evenly.
    """

    __slots__ = ("_buckets", "_pause", "_sleep", "piece")

    def __init__(
        self,
        buckets: Sequence[Bucket],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        sips: Sips | None = None,
    ) -> None:
        self._buckets = buckets
        self._sleep = sleep
        self._pause = sips.pause if sips is not None else 0.0
        pieces = [max(SMALLEST, int(bucket.rate * BURST)) for bucket in buckets]
        self.piece = min(pieces if sips is None else [*pieces, sips.size])

    async def pay(self, size: int) -> None:
        """Return when `size` bytes that were received are paid for."""
        wait = max([bucket.take(size) for bucket in self._buckets], default=0.0)
        if size:
            wait = max(wait, self._pause)
        if wait > 0:
            await self._sleep(wait)
