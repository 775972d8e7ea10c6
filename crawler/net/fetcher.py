"""Has exchanges over a pool of connections: what is asked, by whom, and once more where a connection was stale.

It follows no redirect and repeats nothing that was answered; a credential goes to its own origin and nowhere else.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Final

from crawler.errors import ConnectionLostError, DNSError, FetchError
from crawler.http1.coding import ACCEPT_ENCODING
from crawler.http1.request import write_request
from crawler.model import URL, Request
from crawler.net.connection import Connection, Tap
from crawler.net.dial import Route
from crawler.net.pool import Pool
from crawler.net.response import HttpResponse
from crawler.settings import FetchSettings

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""What may be sent again when no answer came (RFC 9110 section 9.2.2)."""

HOST: Final = re.compile(r"[a-z0-9\-._~%!$&'()*+;=]+|[0-9a-f:.]+")
"""The names that a Host field can say (RFC 3986 section 3.2.2); URLs know more, the name system none of those."""

Credentials = Mapping[str, tuple[str, str]]
"""(user, password) by origin."""


MAX_DOORS: Final = 1024


@dataclass(frozen=True, slots=True)
class Door:
    """An origin as a request sees it: the route to it, and the header fields for it."""

    route: Route
    fields: tuple[tuple[str, str], ...]

    def fields_with(self, own: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """These fields and a request's own, which replace those of their name."""
        if not own:
            return self.fields
        names = {name.lower() for name, _ in own}
        return (*[field for field in self.fields if field[0].lower() not in names], *own)


class HttpFetcher:
    """What `Fetcher` promises, over HTTP/1.1; `tap` sees the bytes of every answer as they come off the wire."""

    def __init__(
        self,
        pool: Pool,
        settings: FetchSettings,
        credentials: Credentials = MappingProxyType({}),
        tap: Tap | None = None,
    ) -> None:
        self._pool = pool
        self._max_body = settings.max_body
        self._user_agent = settings.user_agent
        self._authorizations = {origin: basic(*credential) for origin, credential in credentials.items()}
        self._tap = tap
        self._doors: dict[str, Door] = {}

    def fetch(self, request: Request) -> "Exchange":
        """Exactly one exchange: `FetchError` where it fails; leaving the context early drops the connection."""
        return Exchange(self, request)

    async def ask(self, request: Request) -> HttpResponse:
        """Send the request and wait for the head of its answer; the response is to be closed."""
        door = self._door(request.url)
        route = door.route
        message = write_request(request.method, request.url.target, door.fields_with(request.headers), request.body)
        # What may not be repeated never meets a connection that the peer may have closed a moment ago.
        connection = await self._pool.acquire(route, fresh=request.method not in IDEMPOTENT)
        try:
            return await self._ask_over(connection, request, message)
        except ConnectionLostError:
            if not connection.is_stale:
                raise
        connection = await self._pool.acquire(route, fresh=True)
        return await self._ask_over(connection, request, message)

    async def _ask_over(self, connection: Connection, request: Request, message: bytes) -> HttpResponse:
        try:
            head = await connection.ask(request.method, message, self._tap)
        except BaseException as error:
            if isinstance(error, FetchError):
                error.asked_at = connection.asked_at
            self._pool.drop(connection)
            raise
        return HttpResponse(request.url, head, connection, self._pool, self._max_body)

    def _door(self, url: URL) -> Door:
        """What is the same for every request to the origin of `url`; remembered, within bounds."""
        origin = url.origin
        door = self._doors.get(origin)
        if door is None:
            if len(self._doors) >= MAX_DOORS:
                self._doors.clear()
            fields = [("Host", url.authority), ("User-Agent", self._user_agent), ("Accept", "*/*")]
            fields.append(("Accept-Encoding", ACCEPT_ENCODING))
            if (authorization := self._authorizations.get(origin)) is not None:
                fields.append(("Authorization", authorization))
            route = Route.of(url)
            if not HOST.fullmatch(route.host):
                raise DNSError(f"no such host: {route.host}")
            door = self._doors[origin] = Door(route, tuple(fields))
        return door


class Exchange:
    """The context of one exchange: entered when the head of the answer has come, left with nothing open."""

    __slots__ = ("_fetcher", "_request", "_response")

    def __init__(self, fetcher: HttpFetcher, request: Request) -> None:
        self._fetcher = fetcher
        self._request = request
        self._response: HttpResponse | None = None

    async def __aenter__(self) -> HttpResponse:
        self._response = await self._fetcher.ask(self._request)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._response is not None:
            self._response.close()


def basic(user: str, password: str) -> str:
    """The value of an Authorization field by RFC 7617, in UTF-8."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")
