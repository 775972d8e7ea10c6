"""A fetcher that follows redirects, for what is no visit of its own: robots.txt, one document for a person, the API.

It knows neither the net nor what a redirect is: `next_hop` says where an answer leads.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from crawler.errors import PrivateAddressError, RedirectError
from crawler.interfaces import Fetcher, Response
from crawler.model import URL, Request, ResponseHead

NextHop = Callable[[URL, ResponseHead], URL | None]

SECRETS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "host"})
"""What was meant for one origin."""

ABOUT_BODY: Final = frozenset(
    {"content-type", "content-encoding", "content-language", "content-location", "content-length"}
)


class FollowingFetcher:
    """What `Fetcher` promises of the last of a chain of redirects, of `max_redirects` at the most.

    Two requests of the chain begin no closer together than `pause` seconds.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        next_hop: NextHop,
        max_redirects: int,
        *,
        pause: float = 0.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pause = pause
        self._sleep = sleep
        self._fetcher = fetcher
        self._next_hop = next_hop
        self._max_redirects = max_redirects

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Response]:
        """The answer that is no redirect; `RedirectError` where there is none."""
        seen: set[tuple[str, URL]] = set()
        while True:
            seen.add((request.method, request.url))
            async with _hop(self._fetcher, request, is_first=len(seen) == 1) as response:
                target = self._next_hop(request.url, response.head)
                if target is None:
                    yield response
                    return
                status = response.head.status
            request = redirected(request, status, target)
            if (request.method, target) in seen:
                raise RedirectError(f"redirected in a circle, to {target}")
            if len(seen) > self._max_redirects:
                raise RedirectError(f"more than {self._max_redirects} redirects")
            if self._pause:
                await self._sleep(self._pause)


@asynccontextmanager
async def _hop(fetcher: Fetcher, request: Request, *, is_first: bool) -> AsyncIterator[Response]:
    """One exchange; where a redirect leads to whom the request may not reach, it is one that cannot be followed."""
    try:
        async with fetcher.fetch(request) as response:
            yield response
    except PrivateAddressError as error:
        if is_first:
            raise
        raise RedirectError(f"redirected to {request.url}: {error}") from error


def redirected(request: Request, status: int, target: URL) -> Request:
    """The request behind a redirect (RFC 9110 section 15.4): its method may become GET, its secrets stay behind."""
    if not target.is_http:
        raise RedirectError(f"redirected to {target}, which is neither http nor https")
    left: frozenset[str] = frozenset()
    becomes_get = (status == 303 and request.method not in ("GET", "HEAD")) or (
        status in (301, 302) and request.method == "POST"
    )
    if becomes_get:
        left |= ABOUT_BODY
    if target.origin != request.url.origin:
        left |= SECRETS
    headers = tuple((name, value) for name, value in request.headers if name.lower() not in left)
    reach = "public" if request.reach == "host" and target.host != request.url.host else request.reach
    if becomes_get:
        return Request(target, "GET", headers, reach=reach)
    return replace(request, url=target, headers=headers, reach=reach)
