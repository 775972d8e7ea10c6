"""The seams of the house: what the heart asks of each room, five methods at the most or a plain callable."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from crawler.model import (
    Contact,
    Event,
    Link,
    Outcome,
    Page,
    Partial,
    Place,
    Reference,
    Request,
    ResponseHead,
    Saved,
    Visit,
)

T = TypeVar("T")


class Frontier(Protocol):
    """Who is due? The one place that knows what is next, and how politely."""

    async def add(self, links: Sequence[Link], *, more: bool = False) -> int:
        """Make links known; how many were new. `more` keeps the crawl open though nothing is queued."""
        ...

    async def lease(self, count: int) -> Sequence[Visit]:
        """Up to `count` visits that are due now, never ahead; waits for at least one; empty: the crawl is over."""
        ...

    async def finish(self, visit: Visit, outcome: Outcome) -> None:
        """Record what a visit came to, and all that follows from it; returns when committed, ignores a stale token."""
        ...

    async def release(self, visits: Sequence[Visit]) -> None:
        """Give visits back unspent: no attempt, no record."""
        ...

    async def close(self) -> None:
        """End: what was called before is committed, leases still out are given back at the next start."""
        ...


class Response(Protocol):
    """An answer whose head has come and whose body may be read, content coding removed, once."""

    @property
    def head(self) -> ResponseHead:
        """Status line and header fields."""
        ...

    @property
    def contact(self) -> Contact:
        """The address connected to, and when the request began."""
        ...

    async def peek(self, size: int) -> bytes:
        """The first `size` bytes of the body (fewer where it is shorter), without consuming them."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces as they come; after `read` it gives that body again."""
        ...

    async def read(self, limit: int | None = None) -> bytes:
        """The whole body; `TooLargeError` beyond `limit` bytes."""
        ...


class Fetcher(Protocol):
    """Has exchanges over the net."""

    def fetch(self, request: Request) -> AbstractAsyncContextManager[Response]:
        """Exactly one exchange: `FetchError` where it fails; leaving the context early drops the connection."""
        ...


class Store(Protocol):
    """Keeps documents."""

    async def save(self, visit: Visit, response: Response, accept: "Accept | None" = None) -> Saved:
        """Keep the body under the name that URL and true type give it; whole or not at all.

        Where the answer is a 206, it is the rest of the visit's `partial`; otherwise that is of no more use. What
        `accept` raises, asked once the whole is there, is raised here, and nothing is kept.
        """
        ...

    async def load(self, saved: Saved) -> bytes:
        """A document that is kept."""
        ...

    def partial(self, visit: Visit) -> Partial | None:
        """What a later attempt can go on from, now that this one failed; None where nothing is kept."""
        ...


class Claims(Protocol):
    """Knows where content lies, so that none lies twice."""

    async def claim(self, visit: Visit, digest: str, path: str) -> Place:
        """Where this content is to lie: at `path`, or where an earlier visit's lies.

        A name that another URL has is given back with a mark. One claim holds until its visit is finished; who claims
        the same content meanwhile waits for that.
        """
        ...


class Workers(Protocol):
    """Does work that may hang or die, in processes of its own."""

    async def run(self, job: Callable[..., T], *args: object, timeout: float) -> T:
        """What `job`, a function of a module, gives; `LimitError` after `timeout` seconds, `WorkError` if it dies."""
        ...


class Line(Protocol):
    """One worker process of the crawl, as its parent hears it."""

    async def begun(self) -> None:
        """Return once it is at work."""
        ...

    async def ended(self) -> bool:
        """Return once it has hung up: whether it had finished."""
        ...

    def heard(self) -> bool:
        """Whether it has said anything since this was last asked."""
        ...

    def stop(self) -> bool:
        """Have it end in good order; False: it has not even begun, and may as well be killed."""
        ...

    async def lost(self) -> bool:
        """It is gone for good, whatever it was at: its visits are suspects; whether there were any."""
        ...


class Crew(Protocol):
    """Worker processes that visit in place of this one."""

    def is_needed(self) -> bool:
        """Whether they are worth their start, as the crawl stands now."""
        ...

    async def run(self, stop: "Stop", begun: Callable[[], None]) -> None:
        """Visit until the crawl is over; `stop` is told what has to end it, `begun` is called once one is at work."""
        ...

    def stop(self) -> None:
        """End in good order: what is in flight may finish, nothing new begins."""
        ...


Stop = Callable[[str, str | None], None]
"""Ends the crawl: the word for why, and a line for a person."""

Accept = Callable[[bytes, bytes, int], None]
"""Asked with a body's first bytes, its last and its size; raises `UnwantedError` where it is not to be kept."""

Extractor = Callable[[Page], Iterable[Reference]]
"""Finds the references of a page; pure."""

Finder = Callable[[Page], Iterable[Reference] | Awaitable[Iterable[Reference]]]
"""An extractor, or what asks one elsewhere and has to be waited for."""

Observer = Callable[[Event], None]
"""Sees what happens; must not block, may not steer."""
