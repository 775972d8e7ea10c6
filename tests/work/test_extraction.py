"""Users' extractors in processes that can be killed, and our own there, for pages that are large."""

import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crawler.errors import CrawlError, LimitError, SettingsError, WorkError
from crawler.http1.events import ResponseHead
from crawler.http1.headers import Headers
from crawler.model import URL, Kind, Link, Page, Reference
from crawler.settings import Settings
from crawler.work import extraction
from crawler.work.children import Children, NoChildError
from crawler.work.extraction import check_extractors, find, find_links, finders, load, load_all

HERE = str(Path(__file__).parent)
START = URL("http://a.example/")
LARGE = 100_000
MOST = 1000
"""Links of a page that are followed."""


def page(body: bytes, kind: Kind = Kind.PAGE) -> Page:
    head = ResponseHead((1, 1), 200, "OK", Headers([("content-type", "text/html")]), b"")
    return Page(Link(START, kind), START, head, "utf-8", body)


def named(function: str) -> str:
    return f"tests.work.extractors:{function}"


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    async with Children(1, max_memory=1_000_000_000, prepare=partial(load_all, [], HERE)) as children:
        yield children


async def asked(children: Children, function: str, body: bytes = b"x", timeout: float = 20.0) -> list[Reference]:
    table = {"extractors": [named(function)], "extractor_timeout": timeout, "max_links": MOST}
    settings = Settings.of({"crawl": table})
    _, theirs = finders(settings.crawl, settings.images, children, HERE, LARGE)
    found = theirs(page(body))
    assert isinstance(found, Awaitable)
    return list(await found)


async def test_what_it_finds_comes_back_as_it_was(children: Children) -> None:
    found = await asked(children, "good", b"one two one")
    assert [(str(one.url), one.text, one.attributes["n"]) for one in found] == [
        ("http://a.example/one", "one", "0"),
        ("http://a.example/two", "two", "1"),
        ("http://a.example/one", "one", "2"),
    ]
    assert found[0].url is found[2].url, "each URL is one object"
    assert await asked(children, "Nested.good", b"one") == found[:1]


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        ("spin", LimitError, "took more than 0.3 s"),
        ("sleep", LimitError, "took more than 0.3 s"),
        ("die", WorkError, "status 3"),
        ("eat", WorkError, "more memory than"),
        ("fail", WorkError, "ValueError: a bug of two lines"),
        ("leave", WorkError, "SystemExit"),
        ("texts", WorkError, "an extractor gives references"),
    ],
)
async def test_one_that_fails_fails_alone(
    children: Children, function: str, error: type[CrawlError], text: str
) -> None:
    timeout = 0.3 if function in ("spin", "sleep") else 20.0
    with pytest.raises(error, match=text):
        await asked(children, function, timeout=timeout)
    assert len(await asked(children, "good")) == 1


async def test_no_url_enters_as_it_stands(children: Children) -> None:
    """What an extractor calls a URL is parsed again: no blank and no line end can be smuggled into a request."""
    (one,) = await asked(children, "unclean")
    assert str(one.url) == "http://a.example/a%20bX:%20y"


@pytest.mark.parametrize(
    "rows", [None, [None], [("http://a.example/",)], [("no url", "page", "", "", {}, "")], [[]] * 2]
)
def test_rows_that_are_none(rows: Any) -> None:
    with pytest.raises(WorkError):
        extraction._references(rows, 1)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nowhere_at_all:f", "there is no module nowhere_at_all"),
        ("tests.nowhere.at_all:f", "there is no module tests.nowhere"),
        ("tests.work.extractors:nothing", "tests.work.extractors has no function nothing"),
        ("tests.work.extractors:NOT_ONE", "tests.work.extractors has no function NOT_ONE"),
        ("tests.work.extractors", "takes package.module:function"),
        ("tests.work.extractors:", "takes package.module:function"),
        (":f", "takes package.module:function"),
        ("os; import x:f", "takes package.module:function"),
    ],
)
async def test_one_that_cannot_be_had_is_said_in_one_line(name: str, text: str) -> None:
    async with Children(1, prepare=partial(load_all, [name], HERE)) as children:
        with pytest.raises(SettingsError, match=f"^crawl.extractors: .*{text}") as caught:
            await check_extractors(children, [name])
        assert not children._idle
    assert "\n" not in str(caught.value)
    with pytest.raises(SettingsError, match=text):
        load(name, HERE)


async def test_modules_are_found_in_the_folder_too_and_never_imported_here(tmp_path: Path) -> None:
    (tmp_path / "of_mine.py").write_text("def found(page): return []\n")
    (tmp_path / "broken_one.py").write_text("import nowhere_at_all\n")
    (tmp_path / "json.py").write_text("raise SystemExit\n")
    (tmp_path / "ending.py").write_text("import os\nos._exit(1)\n")
    for name, text in [
        ("broken_one:f", "broken_one cannot be imported: ModuleNotFoundError"),
        ("ending:f", "crawl.extractors: a child process that started"),
        ("json:loads", None),
        ("of_mine:found", None),
    ]:
        async with Children(1, prepare=partial(load_all, [name], str(tmp_path))) as children:
            if text is None:
                await check_extractors(children, [name])
            else:
                with pytest.raises(SettingsError, match=text):
                    await check_extractors(children, [name])
    assert not {"of_mine", "broken_one", "ending"} & sys.modules.keys()
    assert str(tmp_path) not in sys.path


def ours(children: Any, seconds: float = 20.0, **images: str) -> Any:
    settings = Settings.of({"crawl": {"extractor_timeout": seconds, "max_links": MOST}, "images": images})
    return finders(settings.crawl, settings.images, children, HERE, LARGE)[0]


async def test_a_large_page_is_read_elsewhere_and_a_small_one_here(children: Children) -> None:
    small = b"<a href=1>x</a><img src=2 srcset='3 1w, 4 2w'>"
    large = small + b" " * LARGE
    here = ours(children)(page(small))
    assert here == find_links(page(small))
    assert not children._alive
    assert await ours(children)(page(large)) == here
    assert len(children._alive) == 1
    assert len(await ours(children, sources="all", candidates="largest")(page(large))) == 2
    assert await ours(children)(page(b"a{b:url(x)}" + b" " * LARGE, Kind.STYLE)) == find_links(
        page(b"a{b:url(x)}", Kind.STYLE)
    )


async def test_a_page_that_takes_too_much_work_is_a_limit(children: Children) -> None:
    body = b"".join(b"<a href=%d>" % number for number in range(99_000))
    with pytest.raises(LimitError, match="worked for longer than it may"):
        await ours(children, 0.05)(page(body))


async def test_of_more_than_are_followed_there_is_one_more(children: Children) -> None:
    body = b"".join(b"<a href=%d>" % number for number in range(MOST + 50)) + b" " * LARGE
    found = await ours(children)(page(body))
    assert [one.url.path for one in found] == [f"/{number}" for number in range(MOST + 1)]
    assert len(await asked(children, "endless")) == MOST + 1


async def test_our_own_goes_on_where_no_process_can_be_started() -> None:
    class Exhausted:
        async def run(self, *_: object, timeout: float) -> Any:
            raise NoChildError("no child process could be started: Too many open files")

    assert len(await ours(Exhausted())(page(b"<a href=1>" + b" " * LARGE))) == 1


def test_the_timer_is_taken_back() -> None:
    assert [one[0] for one in find(page(b"<a href=1>"), 1, 5.0, False, False)] == ["http://a.example/1"]
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_what_a_child_does_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In children nobody sees which lines are run."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "broken_one.py").write_text("raise ValueError('of\\ntwo lines')\n")
    with pytest.raises(SettingsError, match=r"broken_one cannot be imported: ValueError: of two lines$"):
        load("broken_one:f", str(tmp_path))
    assert sys.path[-1] == str(tmp_path)
    load_all([named("good")], str(tmp_path))
    assert sys.path.count(str(tmp_path)) == 1
    assert [row[0] for row in extraction.extract(named("good"), HERE, page(b"x y z"), 2)] == [
        "http://a.example/x",
        "http://a.example/y",
    ]
    with pytest.raises(TypeError, match="gives references, and not 'http"):
        extraction.extract(named("texts"), HERE, page(b""), 2)
