"""Has exchanges over a pool of connections: what is asked, by whom, and once more where a connection was stale.

It follows no redirect and repeats nothing that was answered, but for a request that was asked who it is from. A
credential goes to its own origin and nowhere else.
"""

from collections.abc import Awaitable, Mapping
from types import MappingProxyType, TracebackType
from typing import Final

from crawler.errors import ConnectionLostError, FetchError
from crawler.http1.request import Version, write_request
from crawler.model import Request
from crawler.net.connection import Connection, Tap
from crawler.net.credentials import Given
from crawler.net.door import Door, Doors
from crawler.net.pool import Pool
from crawler.net.proxy import Proxies, choose_proxies
from crawler.net.rate import Sips
from crawler.net.response import HttpResponse
from crawler.net.tunnel import refused
from crawler.settings import FetchSettings, HostSettings

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""What may be sent again when no answer came (RFC 9110 section 9.2.2)."""


class HttpFetcher:
    """What `Fetcher` promises, over HTTP/1.1; `tap` sees the bytes of every answer as they come off the wire.

    `credentials` are those given for an origin, beside the ones of `hosts`; `proxies` stand in for those of the
    settings. `version` is that of the requests; with `sips` answers are read that slowly.
    """

    def __init__(
        self,
        pool: Pool,
        settings: FetchSettings,
        credentials: Given = MappingProxyType({}),
        tap: Tap | None = None,
        *,
        hosts: Mapping[str, HostSettings] = MappingProxyType({}),
        proxies: Proxies | None = None,
        version: Version = "1.1",
        sips: Sips | None = None,
    ) -> None:
        self._pool = pool
        self._max_body = settings.max_body
        self._doors = Doors(settings, hosts, credentials, proxies or choose_proxies(settings), pool.clock, sips)
        self._tap = tap
        self._version = version

    def fetch(self, request: Request) -> "Exchange":
        """Exactly one exchange: `FetchError` where it fails; leaving the context early drops the connection."""
        return Exchange(self, request)

    def ask(self, request: Request) -> Awaitable[HttpResponse]:
        """Send the request and wait for the head of its answer; the response is to be closed."""
        door = self._doors.door_to(request.url)
        if door.login is not None and not any(name.lower() == "authorization" for name, _ in request.headers):
            return self._ask_known(door, request)
        return self._ask(door, request, None)

    async def _ask_known(self, door: Door, request: Request) -> HttpResponse:
        """Say who is asking, and once more where the origin wants to hear it in another way (RFC 9110 section 11)."""
        assert door.login is not None
        sent = door.login.authorization(request.method, request.url.target, request.body)
        response = await self._ask(door, request, sent)
        headers = response.head.headers
        if response.head.status == 401 and door.login.learn(headers.get_all("www-authenticate"), sent):
            response.close()
            sent = door.login.authorization(request.method, request.url.target, request.body)
            response = await self._ask(door, request, sent)
        door.login.note(response.head.headers.get("authentication-info"))
        return response

    async def _ask(self, door: Door, request: Request, authorization: str | None) -> HttpResponse:
        fields = door.fields_with(request.headers, authorization)
        message = write_request(request.method, door.target_of(request.url), fields, request.body, self._version)
        # What may not be repeated never meets a connection that the peer may have closed a moment ago.
        route = door.route_for(request.reach)
        connection = await self._pool.acquire(route, fresh=request.method not in IDEMPOTENT)
        try:
            return await self._ask_over(connection, door, request, message)
        except ConnectionLostError:
            if not connection.is_stale:
                raise
        connection = await self._pool.acquire(route, fresh=True)
        return await self._ask_over(connection, door, request, message)

    async def _ask_over(self, connection: Connection, door: Door, request: Request, message: bytes) -> HttpResponse:
        try:
            head = await connection.ask(request.method, message, self._tap, door.throttle)
            if head.status == 407 and door.route.is_forwarded and door.route.proxy is not None:
                raise refused(head, door.route.proxy)
        except BaseException as error:
            if isinstance(error, FetchError):
                error.asked_at = connection.asked_at
            self._pool.drop(connection)
            raise
        return HttpResponse(request.url, head, connection, self._pool, self._max_body)


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
