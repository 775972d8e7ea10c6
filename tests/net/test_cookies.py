"""Cookies go out with requests, and into the jar where the fetcher keeps them."""

from crawler.model import URL, Request
from crawler.net.cookies import CookieFetcher
from crawler.web.cookies import Jar, parse_set_cookie
from tests.fakes import FakeFetcher, FakeResponse

NOW = 1_000_000.0
A = URL("http://a.example/")


def fetcher_over(pages: dict[str, FakeResponse], *, keeps: bool = True) -> tuple[CookieFetcher, FakeFetcher, Jar]:
    inner, jar = FakeFetcher(pages), Jar()
    return CookieFetcher(inner, jar, lambda: NOW, keeps=keeps), inner, jar


async def ask(fetcher: CookieFetcher, url: URL, *headers: tuple[str, str]) -> None:
    async with fetcher.fetch(Request(url, headers=headers)):
        pass


async def test_what_an_answer_sets_goes_out_with_the_next_request_to_that_site_alone() -> None:
    fetcher, inner, _ = fetcher_over({str(A): FakeResponse(set_cookie="n=v; Path=/")})
    for url in (A, URL("http://a.example/x"), URL("http://b.example/")):
        await ask(fetcher, url)
    assert [dict(request.headers).get("Cookie") for request in inner.requests] == [None, "n=v", None]


async def test_in_a_crawl_the_jar_is_filled_by_another() -> None:
    fetcher, inner, jar = fetcher_over({str(A): FakeResponse(set_cookie="n=v")}, keeps=False)
    await ask(fetcher, A)
    assert len(jar) == 0
    cookie = parse_set_cookie("x=y", A, NOW)
    assert cookie is not None
    jar.store(cookie, NOW)
    await ask(fetcher, A)
    assert dict(inner.requests[1].headers) == {"Cookie": "x=y"}


async def test_a_cookie_field_of_the_request_s_own_stays() -> None:
    fetcher, inner, _ = fetcher_over({str(A): FakeResponse(set_cookie="n=v")})
    await ask(fetcher, A)
    await ask(fetcher, A, ("cookie", "mine=1"))
    assert inner.requests[1].headers == (("cookie", "mine=1"),)
