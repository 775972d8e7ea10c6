"""Redirects followed to their end, by RFC 9110 section 15.4, over a fetcher that is a mapping."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from crawler import policy
from crawler.errors import PrivateAddressError, RedirectError
from crawler.model import URL, Reach, Request, ResponseHead
from crawler.net.follow import FollowingFetcher
from tests.fakes import FakeFetcher, FakeResponse

A, B, C = (URL(f"http://a.test/{name}") for name in "abc")
OTHER = URL("http://other.test/")


class MapFetcher:
    """Answers each URL with (status, target), and remembers what was asked."""

    def __init__(self, answers: Mapping[URL, tuple[int, URL | None]]) -> None:
        self.answers = answers
        self.asked: list[Request] = []
        self.open = 0

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Any]:
        self.asked.append(request)
        status, target = self.answers[request.url]
        assert self.open == 0, "one exchange at a time"
        self.open += 1
        try:
            yield SimpleNamespace(head=SimpleNamespace(status=status, target=target))
        finally:
            self.open -= 1


def next_hop(url: URL, head: ResponseHead) -> URL | None:
    target: URL | None = head.target  # type: ignore[attr-defined]
    return target


async def follow(fetcher: MapFetcher, request: Request, max_redirects: int = 5) -> int:
    async with FollowingFetcher(fetcher, next_hop, max_redirects).fetch(request) as response:
        assert fetcher.open == 1
        status: int = response.head.status
    assert fetcher.open == 0
    return status


async def test_an_answer_that_is_no_redirect_is_the_answer() -> None:
    fetcher = MapFetcher({A: (200, None)})
    assert await follow(fetcher, Request(A)) == 200
    assert fetcher.asked == [Request(A)]


async def test_a_chain_is_followed_to_its_end() -> None:
    fetcher = MapFetcher({A: (301, B), B: (302, C), C: (404, None)})
    assert await follow(fetcher, Request(A)) == 404
    assert [request.url for request in fetcher.asked] == [A, B, C]


async def test_a_circle_is_noticed_before_it_is_asked_again() -> None:
    fetcher = MapFetcher({A: (301, B), B: (302, A)})
    with pytest.raises(RedirectError, match=r"in a circle, to http://a.test/a"):
        await follow(fetcher, Request(A))
    assert len(fetcher.asked) == 2


@pytest.mark.parametrize(("limit", "ok"), [(0, False), (1, False), (2, True), (3, True)])
async def test_the_limit_counts_redirects(limit: int, ok: bool) -> None:
    fetcher = MapFetcher({A: (301, B), B: (302, C), C: (200, None)})
    if ok:
        assert await follow(fetcher, Request(A), limit) == 200
    else:
        with pytest.raises(RedirectError, match=f"more than {limit} redirects"):
            await follow(fetcher, Request(A), limit)
        assert len(fetcher.asked) == limit + 1


async def test_another_scheme_is_never_asked() -> None:
    fetcher = MapFetcher({A: (301, URL("file:///etc/passwd"))})
    with pytest.raises(RedirectError, match="neither http nor https"):
        await follow(fetcher, Request(A))
    assert len(fetcher.asked) == 1


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "HEAD", "HEAD"),
    ],
)
async def test_the_method_after_a_redirect(status: int, method: str, becomes: str) -> None:
    fetcher = MapFetcher({A: (status, B), B: (200, None)})
    await follow(fetcher, Request(A, method, (("Content-Type", "text/plain"), ("X-Own", "1")), b"body"))
    last = fetcher.asked[-1]
    assert last.method == becomes
    kept = becomes == method
    assert last.body == (b"body" if kept else b"")
    assert [name for name, _ in last.headers] == (["Content-Type", "X-Own"] if kept else ["X-Own"])


SECRET = (("Authorization", "x"), ("cookie", "y"), ("Host", "z"), ("X-Own", "1"))


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        (B, True),
        (OTHER, False),
        (URL("https://a.test/b"), False),
        (URL("http://a.test:81/b"), False),
        (URL("http://sub.a.test/b"), False),
    ],
)
async def test_secrets_stay_with_their_origin(target: URL, kept: bool) -> None:
    fetcher = MapFetcher({A: (302, target), target: (200, None)})
    await follow(fetcher, Request(A, headers=SECRET))
    assert fetcher.asked[-1].headers == (SECRET if kept else (("X-Own", "1"),))


async def test_secrets_do_not_come_back() -> None:
    fetcher = MapFetcher({A: (302, OTHER), OTHER: (302, B), B: (200, None)})
    await follow(fetcher, Request(A, headers=SECRET))
    assert fetcher.asked[-1].headers == (("X-Own", "1"),)


PRIVATE = PrivateAddressError("b.example at 10.0.0.1 is in a network that this crawl may not reach")


async def test_where_a_redirect_may_not_lead_it_is_none_to_follow() -> None:
    pages = {
        "http://a.example/": FakeResponse(status=301, location="http://b.example/"),
        "http://b.example/": PRIVATE,
    }
    with pytest.raises(RedirectError, match=r"redirected to http://b\.example/: b\.example at 10\.0\.0\.1"):
        async with FollowingFetcher(FakeFetcher(pages), policy.next_hop, 5).fetch(Request(URL("http://a.example/"))):
            pass


async def test_where_the_first_may_not_lead_is_the_failure_itself() -> None:
    with pytest.raises(PrivateAddressError):
        async with FollowingFetcher(FakeFetcher({"http://b.example/": PRIVATE}), policy.next_hop, 5).fetch(
            Request(URL("http://b.example/"))
        ):
            pass


@pytest.mark.parametrize(
    ("given", "target", "left"),
    [
        ("host", B, "host"),
        ("host", URL("http://a.test:81/"), "host"),
        ("host", OTHER, "public"),
        ("loopback", OTHER, "loopback"),
        ("public", OTHER, "public"),
        ("any", OTHER, "any"),
    ],
)
async def test_what_may_be_reached_of_one_host_may_not_of_another(given: Reach, target: URL, left: Reach) -> None:
    fetcher = MapFetcher({A: (302, target), target: (200, None)})
    await follow(fetcher, Request(A, reach=given))
    assert [request.reach for request in fetcher.asked] == [given, left]


async def test_and_once_another_was_asked_the_first_has_lost_it() -> None:
    fetcher = MapFetcher({A: (302, OTHER), OTHER: (302, B), B: (200, None)})
    await follow(fetcher, Request(A, reach="host"))
    assert [request.reach for request in fetcher.asked] == ["host", "public", "public"]


async def test_it_pauses_between_the_hops_where_it_is_told_to() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    pages = {
        "http://a.example/1": FakeResponse(status=301, location="/2"),
        "http://a.example/2": FakeResponse(status=301, location="/3"),
        "http://a.example/3": FakeResponse(b"there"),
    }
    fetcher = FollowingFetcher(FakeFetcher(pages), policy.next_hop, 5, pause=2.5, sleep=sleep)
    async with fetcher.fetch(Request(URL("http://a.example/1"))) as response:
        assert await response.read() == b"there"
    assert waits == [2.5, 2.5]
