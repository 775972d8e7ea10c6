"""Cookies in a whole crawl: kept over runs, sent where they belong, and the bounce by way of a consent page."""

from pathlib import Path

import crawler
from tests.toysite import Asked, Reply, ToySite, page, redirect


def wall(asked: Asked) -> Reply:
    """A site that lets in who has the cookie, and sends the others to get it."""
    return page("/inside") if "ok=1" in asked.headers.get("cookie", "") else redirect("/consent")


def consent(asked: Asked) -> Reply:
    return Reply(302, headers={"Location": "/", "Set-Cookie": "ok=1; Path=/; Max-Age=1000"})


async def test_the_consent_bounce_works_and_the_next_run_is_let_in_at_once(tmp_path: Path) -> None:
    async with ToySite({"/": wall, "/consent": consent, "/inside": wall}) as site:
        summary = await crawler.crawl(site.url, output=str(tmp_path))
        assert summary.counts.pages == 2
        assert site.targets() == ["/robots.txt", "/", "/consent", "/", "/inside"]
        await crawler.crawl(site.at("/inside?more"), output=str(tmp_path), settings={"politeness": {"robots": False}})
        assert "ok=1" in site.requests[-1].headers["cookie"]


async def test_switched_off_none_is_sent_and_the_bounce_is_a_circle(tmp_path: Path) -> None:
    async with ToySite({"/": wall, "/consent": consent}) as site:
        summary = await crawler.crawl(site.url, output=str(tmp_path), settings={"fetch": {"cookies": False}})
        assert (summary.counts.pages, summary.counts.failed) == (0, 1)
        assert all("cookie" not in asked.headers for asked in site.requests)


async def test_a_cookie_file_lets_in_a_crawl_and_a_person(tmp_path: Path) -> None:
    async with ToySite({"/": wall, "/consent": consent, "/inside": page()}) as site:
        file = tmp_path / "cookies.txt"
        file.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tok\t1\n")
        settings = {"fetch": {"cookie_file": str(file)}}
        summary = await crawler.crawl(site.url, output=str(tmp_path / "out"), settings=settings)
        assert summary.counts.pages == 2
        assert (await crawler.fetch(site.url, settings=settings)).status == 200
        assert "/consent" not in site.targets()
