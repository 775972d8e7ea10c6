"""An answer whose body is still on the wire: decoded piece by piece, bounded, and never half taken for the whole."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from crawler.errors import DecodingError, FetchError, TooLargeError, TruncatedError
from crawler.http1.coding import Decoder, codings_of
from crawler.http1.events import Data, ResponseHead
from crawler.model import Contact
from crawler.net.connection import Connection
from crawler.net.pool import Pool
from crawler.web.url import URL


class HttpResponse:
    """What `Response` promises, over one connection of a pool, which has it back as soon as the body has come."""

    __slots__ = (
        "_ahead", "_body", "_connection", "_contact", "_decoder", "_error", "_has_begun", "_head", "_max_body",
        "_pieces", "_pool", "_received", "_size", "url",
    )  # fmt: skip

    def __init__(self, url: URL, head: ResponseHead, connection: Connection, pool: Pool, max_body: int) -> None:
        self.url = url
        self._head = head
        self._contact = Contact(connection.peer, connection.asked_at, url, connection.tls, connection.timings())
        self._connection: Connection | None = connection
        self._pool = pool
        self._max_body = max_body
        self._size = 0
        self._received = 0
        self._has_begun = False
        self._decoder: Decoder | None = None
        self._pieces: Iterator[bytes] = iter(())
        self._ahead: list[bytes] = []
        self._body: bytes | None = None
        self._error: Exception | None = None

    @property
    def head(self) -> ResponseHead:
        """Status line and header fields."""
        return self._head

    @property
    def contact(self) -> Contact:
        """The address connected to, when the request began, how long the steps to a new connection took.

        And how many body bytes have come by now.
        """
        return replace(self._contact, received=self._size)

    async def peek(self, size: int) -> bytes:
        """The first `size` bytes of the body (fewer where it is shorter), without consuming them."""
        have = sum(map(len, self._ahead))
        while have < size and (piece := await self._receive()):
            self._ahead.append(piece)
            have += len(piece)
        if len(self._ahead) > 1:
            self._ahead = [b"".join(self._ahead)]
        return self._ahead[0][:size] if self._ahead else b""

    def chunks(self) -> "Chunks":
        """The body in pieces as they come; after `read` it gives that body again."""
        return Chunks(self)

    async def read(self, limit: int | None = None) -> bytes:
        """The whole body; `TooLargeError` beyond `limit` bytes, of which none is consumed then."""
        if self._body is None:
            body = await self.peek((self._max_body if limit is None else limit) + 1)
            if limit is None or len(body) <= limit:
                self._body = body
        if self._body is None or (limit is not None and len(self._body) > limit):
            raise TooLargeError(f"the body has more than {limit} bytes")
        return self._body

    def close(self) -> None:
        """The exchange is left: its connection is kept if the rest of the answer is here already, else dropped."""
        connection = self._connection
        if connection is None:
            return
        try:
            while isinstance(event := connection.received(), Data):
                pass
        except FetchError:
            event = None
        self._break_off(RuntimeError("the exchange is over"), kept=event is not None)

    async def next_piece(self) -> bytes:
        """The piece of the body that comes next, b"" at its end."""
        return self._ahead.pop(0) if self._ahead else await self._receive()

    async def _receive(self) -> bytes:
        """The next piece off the wire, b"" at the end; a failure, a cancellation too, is for good."""
        if self._error is not None:
            raise self._error
        try:
            piece = await self._decode()
            self._size += len(piece)
            if self._size > self._max_body:
                raise TooLargeError(f"the body has more than {self._max_body} bytes")
        except Exception as error:
            self._break_off(error)
            raise
        except BaseException:
            self._break_off(RuntimeError("the exchange was broken off"))
            raise
        return piece

    async def _decode(self) -> bytes:
        while True:
            for piece in self._pieces:
                if piece:
                    return piece
            if self._connection is None:
                return b""
            event = await self._connection.receive()
            if not isinstance(event, Data):
                self._part(kept=True)
                self._pieces = iter(self._rest_of(self._decoder) if self._decoder is not None else ())
                continue
            if not self._has_begun:
                self._begin()
            if self._decoder is None:
                return event.data
            self._received += len(event.data)
            if self._received > self._max_body:  # a coding can say nothing for ever: empty members, frames to skip
                raise TooLargeError(f"the body has more than {self._max_body} bytes before it is decoded")
            self._pieces = iter(self._decoder.feed(event.data))

    def _rest_of(self, decoder: Decoder) -> Iterable[bytes]:
        """What is left where the body ends; where its coding alone says that this is too soon, it was cut off."""
        try:
            return decoder.finish()
        except DecodingError as error:
            if "content-length" in self._head.headers or "transfer-encoding" in self._head.headers:
                raise
            raise TruncatedError(f"{error}, and nothing else says where it ends") from error

    def _begin(self) -> None:
        """There is a body, so what its head says of it counts (that of a HEAD or 304 says it of none)."""
        self._has_begun = True
        headers = self._head.headers
        length = headers.get("content-length") or ""
        if length.isdigit() and len(length) < 20 and int(length) > self._max_body:
            raise TooLargeError(f"the body has {length} bytes, more than {self._max_body}")
        # Nobody reads the body of a redirect; decoding it would only give its server a lever.
        if not (300 <= self._head.status < 400 and "location" in headers):
            codings = codings_of(headers)
            self._decoder = Decoder(codings, self._max_body) if codings else None

    def _break_off(self, error: Exception, *, kept: bool = False) -> None:
        self._error = error
        self._part(kept=kept)

    def _part(self, *, kept: bool) -> None:
        """Give the connection back, once."""
        connection, self._connection = self._connection, None
        if connection is not None and kept:
            self._pool.release(connection)
        elif connection is not None:
            self._pool.drop(connection)


class Chunks:
    """The pieces of a body that nobody has had, or the whole of one that was read; leaves nothing to clean up."""

    __slots__ = ("_replay", "_response")

    def __init__(self, response: HttpResponse) -> None:
        self._response = response
        self._replay = response._body

    def __aiter__(self) -> "Chunks":
        return self

    async def __anext__(self) -> bytes:
        if self._replay is None:
            piece = await self._response.next_piece()
        else:
            piece, self._replay = self._replay, b""
        if not piece:
            raise StopAsyncIteration
        return piece
