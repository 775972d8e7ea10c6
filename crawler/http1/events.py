"""What an HTTP/1.1 answer consists of, as values: its head, pieces of its body, its end."""

from dataclasses import dataclass
from typing import NamedTuple

from crawler.http1.headers import Headers


class ResponseHead(NamedTuple):
    """Status line and header fields of a final answer (RFC 9112 sections 4 and 5).

    `version` is `(1, 0)` or `(1, 1)`; `raw` is the head as it came on the wire, to the empty line inclusive. A named
    tuple, because one is made for every answer in a third of the time of a frozen dataclass.
    """

    version: tuple[int, int]
    status: int
    reason: str
    headers: Headers
    raw: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """A piece of the body, transfer coding removed, content coding not; never empty."""

    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The body is whole; `trailers` are the fields behind the last chunk (RFC 9112 section 7.1.2)."""

    trailers: Headers
