"""The library's own door: crawls and fetches as coroutines, with observers and extractors that are callables."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import crawler
from crawler.model import Event, Finished, Kind, Page, Reference, Verdict
from tests.command import by_path, known
from tests.toysite import Reply, ToySite, gzipped, image, page, redirect, text

LINES = "\ufeffone\r\ntwo two\r\rthr\u2028ee\x0b\n\u4e2d"
"""Lines that end in CR LF, CR and LF; line separators of other kinds end none."""


async def test_a_crawl_with_an_observer(tmp_path: Path) -> None:
    seen: list[Event] = []
    async with ToySite({"/": page("/a", images=["/i.png"]), "/a": page("/gone"), "/i.png": image()}) as site:
        summary = await crawler.crawl(site.url, output=str(tmp_path / "out"), observers=[seen.append])
        assert (summary.counts.pages, summary.counts.images) == (2, 1)
        assert summary.stopped is None
        ends = Counter(event.outcome.verdict for event in seen if isinstance(event, Finished))
        assert ends == {Verdict.SAVED: 3, Verdict.REJECTED: 2}, "robots.txt is a visit, too"
        again = await crawler.crawl(site.url, output=str(tmp_path / "out"))
        assert again.already_finished
        assert len(site.targets()) == 5


async def test_settings_as_a_table_and_as_a_value(tmp_path: Path) -> None:
    table = {"crawl": {"max_depth": 0}, "politeness": {"robots": False}}
    async with ToySite({"/": page("/a"), "/a": page()}) as site:
        await crawler.crawl(site.url, output=str(tmp_path / "one"), settings=table)
        await crawler.crawl(site.url, output=str(tmp_path / "two"), settings=crawler.Settings.of(table))
        assert site.targets() == ["/", "/"]
    with pytest.raises(crawler.SettingsError, match=r"crawl\.max_dept"):
        await crawler.crawl(site.url, output=str(tmp_path / "three"), settings={"crawl": {"max_dept": 0}})
    assert not (tmp_path / "three").exists()


async def test_an_extractor_of_ones_own_and_one_that_fails(tmp_path: Path) -> None:
    def find_hidden(found_on: Page) -> Iterator[Reference]:
        for line in found_on.body.decode(found_on.encoding).splitlines():
            if line.startswith("hidden: "):
                yield Reference(found_on.url.join(line[8:]), Kind.PAGE, "x", "hidden", {"hidden": line[8:]}, "")
        if found_on.url.path == "/bad":
            raise RuntimeError("a bug of the extractor")

    pages = {"/": page("/bad", text="\nhidden: /secret\n"), "/secret": page(), "/bad": page("/more"), "/more": page()}
    async with ToySite(pages) as site:
        await crawler.crawl(site.url, output=str(tmp_path / "out"), extractors=[find_hidden])
        assert set(site.targets()) == {"/robots.txt", "/", "/secret", "/bad", "/more"}, "what others found counts"
        found = by_path(await known(tmp_path / "out"))
        assert found["/bad"]["state"] == "saved"
        assert "RuntimeError" in found["/bad"]["links_error"]


async def test_fetching_one_document() -> None:
    pages = {"/": redirect("/end"), "/end": gzipped(text("one\ntwo two\n")), "/reset": Reply(reset=True)}
    async with ToySite({**pages, "/gone": text("no", 404)}) as site:
        document = await crawler.fetch(site.url)
        assert (document.status, document.body) == (200, b"one\ntwo two\n")
        assert sum(len(line.split()) for line in document.lines()) == 3
        assert str(document.url) == site.at("/end")
        assert (await crawler.fetch(site.at("/gone"))).status == 404
        with pytest.raises(crawler.FetchError):
            await crawler.fetch(site.at("/reset"))
        assert "/robots.txt" not in site.targets()
    with pytest.raises(crawler.ConnectError):
        await crawler.fetch(site.url)
    with pytest.raises(crawler.InvalidURLError):
        await crawler.fetch("http://[broken/")


async def test_the_words_of_a_text_that_is_read_as_it_comes() -> None:
    async with ToySite({"/": redirect("/story"), "/story": gzipped(text("one two\ntwo three\n" * 5000))}) as site:
        async with crawler.open(site.url) as response:
            words = Counter([word async for line in response.lines() for word in line.split()])
        assert (response.status, str(response.url)) == (200, site.at("/story"))
        assert words == {"one": 5000, "two": 10_000, "three": 5000}
        async with crawler.open(site.url) as response:
            assert len(await response.read()) == 90_000
        async with crawler.open(site.url, method="HEAD") as response:
            assert [chunk async for chunk in response.chunks()] == []
        assert site.requests[-1].method == "HEAD"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["", "\n", "\r", "\n\r", "\r\n"])
async def test_lines_end_where_they_end(codec: str, end: str) -> None:
    body = (LINES + end).encode(codec)
    chunks = [body[at : at + 1] for at in range(len(body))]
    async with ToySite({"/": Reply(chunks=chunks, headers={"Content-Type": "text/plain"})}) as site:
        async with crawler.open(site.url) as response:
            lines = [line async for line in response.lines()]
        assert lines == ["one", "two two", "", "thr\u2028ee\x0b", "\u4e2d", *([""] if end == "\n\r" else [])]
        assert (await crawler.fetch(site.url)).lines() == lines


async def test_a_line_is_there_as_soon_as_it_has_come() -> None:
    reply = Reply(body=b"K\xe4se\nmore", cut=6, hang=True, headers={"Content-Type": "text/plain; charset=latin1"})
    async with ToySite({"/": reply}) as site, crawler.open(site.url) as response:
        async for line in response.lines():
            assert line == "K\xe4se"
            break


async def test_a_text_without_any_line() -> None:
    async with ToySite({"/": text("")}) as site, crawler.open(site.url) as response:
        assert [line async for line in response.lines()] == []
        assert (await crawler.fetch(site.url)).lines() == []
