"""What a server saw of its clients: one `Hit` a request, and the questions that politeness asks of a list of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Hit:
    """One request as its server saw it; `began_at` and `ended_at` are seconds of one clock of that server.

    `host` is the Host header, `connection` tells connections apart, `size` counts the body bytes sent.
    """

    method: str
    host: str
    target: str
    status: int
    size: int
    connection: str
    began_at: float
    ended_at: float


def most_at_once(hits: Iterable[Hit]) -> int:
    """How many requests were in flight together at the most; one that ends as another begins is not counted with it."""
    most = now = 0
    for _, change in sorted([(hit.ended_at, -1) for hit in hits] + [(hit.began_at, 1) for hit in hits]):
        now += change
        most = max(most, now)
    return most


def shortest_gap(hits: Iterable[Hit]) -> float:
    """The shortest time between the beginnings of two requests; infinite where there are less than two."""
    beginnings = sorted(hit.began_at for hit in hits)
    return min((later - earlier for earlier, later in pairwise(beginnings)), default=float("inf"))
