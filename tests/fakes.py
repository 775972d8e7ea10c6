"""Ten-line fakes at the seams."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from crawler.errors import FetchError, TooLargeError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.interfaces import Accept
from crawler.model import Contact, Link, Outcome, Partial, Request, Saved, Visit


class FakeResponse:
    """An answer that lies in memory."""

    def __init__(self, body: bytes = b"", status: int = 200, **fields: str) -> None:
        named = [(name.replace("_", "-"), value) for name, value in fields.items()]
        self.head = ResponseHead((1, 1), status, "", Headers(named), b"HTTP/1.1 ...\r\n\r\n")
        self.contact = Contact("127.0.0.1:80", 0.0, received=len(body))
        self.body = body

    async def peek(self, size: int) -> bytes:
        return self.body[:size]

    async def chunks(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.body), 1000):
            yield self.body[at : at + 1000]

    async def read(self, limit: int | None = None) -> bytes:
        if limit is not None and len(self.body) > limit:
            raise TooLargeError("too large")
        return self.body


class FakeFetcher:
    """A web in a mapping: what is not in it is a 404, an error is raised, a callable is asked."""

    def __init__(self, pages: Mapping[str, FakeResponse | FetchError | Callable[[], FakeResponse]]) -> None:
        self.pages = pages
        self.requests: list[Request] = []

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[FakeResponse]:
        self.requests.append(request)
        page = self.pages.get(str(request.url), FakeResponse(status=404))
        if isinstance(page, FetchError):
            raise page
        yield page if isinstance(page, FakeResponse) else page()


class FakeStore:
    """Keeps nothing but what it was asked to."""

    def __init__(self) -> None:
        self.saved: dict[str, bytes] = {}
        self.lost: set[Partial] = set()

    async def load(self, saved: Saved) -> bytes:
        return next(body for url, body in self.saved.items() if url.endswith(saved.path))

    def partial(self, visit: Visit) -> Partial | None:
        return None if visit.partial in self.lost else visit.partial

    async def save(self, visit: Visit, response: FakeResponse, accept: Accept | None = None) -> Saved:
        body = await response.read()
        if accept is not None:
            accept(body, body[-16384:], len(body))
        self.saved[str(visit.link.url)] = body
        return Saved(visit.link.url.path, "text/html", len(body), "00" * 32)


class FakeFrontier:
    """A queue; what was finished, and what was given back."""

    def __init__(self) -> None:
        self.queue: list[Link] = []
        self.finished: dict[str, Outcome] = {}
        self.waiting = asyncio.Event()
        self.begun: Partial | None = None

    async def add(self, links: Sequence[Link], *, more: bool = False) -> int:
        self.queue += links
        return len(links)

    async def lease(self, count: int) -> Sequence[Visit]:
        if not self.queue and self.waiting.is_set():
            await asyncio.Event().wait()
        return [Visit(self.queue.pop(0), 1, 1, self.begun)] if self.queue else []

    async def finish(self, visit: Visit, outcome: Outcome) -> None:
        self.finished[str(visit.link.url)] = outcome
        if outcome.moved is not None:
            self.queue.append(outcome.moved)

    async def release(self, visits: Sequence[Visit]) -> None:
        self.queue += [visit.link for visit in visits]

    async def close(self) -> None: ...
