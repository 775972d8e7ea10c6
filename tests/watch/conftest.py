"""Events to observe, made in a line each."""

from collections.abc import Callable

import pytest

from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Finished, Leased, Link, Outcome, Saved, Verdict, Visit


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def visit(url: str = "http://a.example/") -> Visit:
    return Visit(Link(URL(url)), 1, 1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leased() -> Callable[..., Leased]:
    return lambda url="http://a.example/": Leased(visit(url))


@pytest.fixture
def saved() -> Callable[..., Finished]:
    def make(url: str = "http://a.example/", size: int = 1000) -> Finished:
        kept = Saved("pages/a.example/index.html", "text/html", size, "00")
        head = ResponseHead((1, 1), 200, "OK", Headers(), b"HTTP/1.1 200 OK\r\n\r\n")
        outcome = Outcome(
            Verdict.SAVED, head=head, saved=kept, size=size, asked_at=1.0, elapsed=0.25, peer="127.0.0.1:80"
        )
        return Finished(visit(url), outcome)

    return make


@pytest.fixture
def failed() -> Callable[..., Finished]:
    def make(url: str = "http://a.example/", error: str = "timeout", retry_in: float | None = None) -> Finished:
        return Finished(visit(url), Outcome(Verdict.FAILED, error=error, asked_at=1.0, retry_in=retry_in))

    return make
