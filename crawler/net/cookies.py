"""A fetcher that sends the cookies it should; it knows neither where they come from nor how a request travels."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from crawler.interfaces import Fetcher, Response
from crawler.model import Request
from crawler.web.cookies import Jar, find_cookies


class CookieFetcher:
    """What `Fetcher` promises, with the cookies of `jar` (RFC 6265bis section 5.8).

    Where it `keeps` them, what an answer sets is in the jar at once; in a crawl that is the frontier's part. `clock`
    gives seconds since 1970.
    """

    def __init__(self, fetcher: Fetcher, jar: Jar, clock: Callable[[], float], *, keeps: bool = False) -> None:
        self._fetcher = fetcher
        self._jar = jar
        self._clock = clock
        self._keeps = keeps

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Response]:
        """Exactly one exchange, as that of the fetcher within; a Cookie field of the request's own stays."""
        value = self._jar.header(request.url, self._clock())
        if value is not None and not any(name.lower() == "cookie" for name, _ in request.headers):
            request = replace(request, headers=(*request.headers, ("Cookie", value)))
        async with self._fetcher.fetch(request) as response:
            if self._keeps:
                now = self._clock()
                for cookie in find_cookies(response.head.headers.get_all("set-cookie"), request.url, now):
                    self._jar.store(cookie, now)
            yield response
