"""Images: whether one is wanted, by its head and first bytes while it comes, by the whole once it is there.

It is a part of the heart, and knows the seams and the policy alone. Pixels are never decoded here.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from crawler import policy
from crawler.errors import CrawldbError, CrawlError, StoreError, UnwantedError
from crawler.interfaces import Response, Store
from crawler.model import Contact, Outcome, ResponseHead, Saved, Verdict, Visit
from crawler.settings import PRODUCT, Settings
from crawler.steps import waiting_for
from crawler.web.probe import PROBE_SIZE, Probe, is_whole, probe_image

Develop = Callable[[Saved], Awaitable[Saved]]
"""Does with an image's pixels what is asked for beside keeping it, and says in `Saved` what came of it."""

PARTIAL: Final = 206

log: Final = logging.getLogger("crawler")


class Imaging:
    """Keeps the images of one crawl."""

    def __init__(self, settings: Settings, store: Store, develop: Develop | None = None) -> None:
        self._settings = settings
        self._wishes = settings.images
        self._store = store
        self._develop = develop

    async def answer(self, visit: Visit, response: Response, media_type: str) -> Outcome:
        """What becomes of an answer of this true type, which is an image's."""
        try:
            return await self._keep(visit, response, media_type)
        except UnwantedError as error:
            return Outcome(Verdict.REJECTED, error=error.word, detail=str(error))

    async def _keep(self, visit: Visit, response: Response, media_type: str) -> Outcome:
        if self._settings.politeness.noai and policy.asks_no_ai(response.head, PRODUCT):
            raise UnwantedError("noai", "its X-Robots-Tag asks not to give it to machines to learn from")
        check = Check(self._settings, Probe(media_type))
        if response.head.status != PARTIAL:
            check.probe = await probe_response(response) or check.probe
            policy.check_image(check.probe, policy.declared_size(response.head), self._wishes)
        if self._wishes.max_size is not None:
            begun = visit.partial.size if visit.partial is not None and response.head.status == PARTIAL else 0
            response = Limited(response, self._wishes.max_size - begun)
        saved = await self._store.save(visit, response, check)
        if saved.is_duplicate:
            return Outcome(Verdict.REJECTED, saved=saved, error="duplicate", detail=f"the same as {saved.path}")
        saved = replace(saved, width=check.probe.width, height=check.probe.height)
        return Outcome(Verdict.SAVED, saved=await self._developed(saved))

    async def _developed(self, saved: Saved) -> Saved:
        """What came of its pixels; the file lies there, so whatever goes wrong with them is said in its record."""
        if self._develop is None:
            return saved
        try:
            with waiting_for("images"):
                return await self._develop(saved)
        except (StoreError, CrawldbError):
            raise
        except CrawlError as error:
            return replace(saved, work_error=str(error))
        except Exception as error:
            log.exception("the work on an image failed: %s", saved.path)
            return replace(saved, work_error=f"{type(error).__name__}: {error}"[:200])


@dataclass(slots=True)
class Check:
    """What an image has to be, asked once the whole is there; `Accept` of a store. `probe` is what is known of it."""

    settings: Settings
    probe: Probe

    def __call__(self, first: bytes, last: bytes, size: int) -> None:
        """Raises `UnwantedError` where it is not to be kept."""
        if self.probe.width is None:
            self.probe = probe_image(first) or self.probe
        policy.check_image(self.probe, size, self.settings.images)
        if self.settings.images.damaged == "keep":
            return
        if not size:
            raise UnwantedError("damaged", "it is empty")
        if not is_whole(self.probe.media_type, first, last, size):
            raise UnwantedError("damaged", f"it ends before an image of {self.probe.media_type} does")


class Limited:
    """A response of which no more than `limit` bytes are wanted; `UnwantedError` where more come."""

    def __init__(self, response: Response, limit: int) -> None:
        self._response = response
        self._limit = limit

    @property
    def head(self) -> ResponseHead:
        """As `Response.head`."""
        return self._response.head

    @property
    def contact(self) -> Contact:
        """As `Response.contact`."""
        return self._response.contact

    async def peek(self, size: int) -> bytes:
        """As `Response.peek`."""
        return self._checked(await self._response.peek(min(size, self._limit + 1)))

    async def chunks(self) -> AsyncIterator[bytes]:
        """As `Response.chunks`."""
        left = self._limit
        async for chunk in self._response.chunks():
            left -= len(chunk)
            if left < 0:
                raise self._refusal()
            yield chunk

    async def read(self, limit: int | None = None) -> bytes:
        """As `Response.read`."""
        self._checked(await self._response.peek(self._limit + 1))
        return await self._response.read(limit)

    def _checked(self, body: bytes) -> bytes:
        if len(body) > self._limit:
            raise self._refusal()
        return body

    def _refusal(self) -> UnwantedError:
        return UnwantedError("too-large", f"it has more bytes than images.max_size, {self._limit}")


async def probe_response(response: Response) -> Probe | None:
    """What the first bytes of an image say of it, with no more of them than that takes."""
    size = PROBE_SIZE
    while True:
        first = await response.peek(size)
        probe = probe_image(first)
        if probe is None or probe.needed is None or len(first) < size:
            return probe
        size = probe.needed
