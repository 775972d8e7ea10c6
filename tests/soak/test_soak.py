"""The long crawl, a short one: its site, its account, its memory; and that none of them takes wrong for right."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.soak.__main__ import soak
from tests.soak.account import Account, account
from tests.soak.memory import Sample, is_flat, measure, quarters
from tests.soak.site import LEAVES, Site, Trouble, parse

PAGES = 340


async def test_a_short_one(tmp_path: Path) -> None:
    status, came, samples, _ = await soak(PAGES, 60, tmp_path, concurrency=16, every=0.2)
    assert came.wrong == []
    assert (status, came.finished, came.missing) == (0, True, 0)
    assert {"saved", "redirected", "rejected", "failed", "refused", "skipped"} == came.states.keys()
    assert came.states.total() == len(list(Site(PAGES).urls()))
    assert came.again > 0
    assert came.files == came.states["saved"]
    assert max(one.pss for one in samples) > 10e6


def test_the_site_has_trouble_of_every_kind() -> None:
    site = Site(PAGES)
    kinds = {parse("/" + url.split("/", 3)[3])[0] for url in site.urls()}
    assert kinds >= LEAVES.keys() - {"reset", "file", "dead"}
    first = {site.troubles(number)[0] for number in range(20_000)}
    assert first >= {Trouble.RESET, Trouble.CUT, Trouble.ERROR, Trouble.BUSY, Trouble.MANY, Trouble.SLOW, Trouble.GZIP}
    assert Site(PAGES).body("/p/7") == site.body("/p/7") != site.body("/p/8")
    assert site.body("/same/20") == site.body("/same/60"), "under two names"


class Crawled:
    """What a right crawl of a site of one page and one image would have left."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(2, 80)
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self.asked: dict[str, int] = {}
        for number, url in enumerate(self.site.urls()):
            path = f"pages/{number}"
            (folder / "pages").mkdir(exist_ok=True)
            (folder / path).write_bytes(self.site.body("/" + url.split("/", 3)[3]))
            row = {"url": url, "kind": "page", "state": "saved", "error": None, "links_error": None, "path": path}
            self.rows.append(row)
            self.asked[url] = 1

    def account(self, *, finished: bool = True) -> Account:
        return account(self.site, self.folder, self.rows, self.asked, finished=finished)

    def blamed(self, words: str) -> bool:
        """Whether the account finds fault with that."""
        return any(words in line for line in self.account().wrong)


@pytest.fixture
def crawled(tmp_path: Path) -> Crawled:
    one = Crawled(tmp_path)
    assert one.account().faults == 0
    return one


def test_a_lost_page(crawled: Crawled) -> None:
    lost = crawled.rows.pop()
    (crawled.folder / lost["path"]).unlink()
    assert crawled.blamed("URLs are unknown")


def test_a_page_in_a_wrong_state(crawled: Crawled) -> None:
    crawled.rows[0] |= {"state": "failed", "error": "reset"}
    assert crawled.blamed("is failed reset, not saved None")


def test_a_page_whose_links_were_not_read(crawled: Crawled) -> None:
    crawled.rows[0]["links_error"] = "limit"
    assert crawled.blamed("its links were not read: limit")


def test_a_page_that_was_asked_for_twice(crawled: Crawled) -> None:
    crawled.asked[crawled.rows[0]["url"]] = 2
    assert crawled.blamed("was asked for 2 times")


def test_a_file_with_one_byte_more(crawled: Crawled) -> None:
    with (crawled.folder / "pages/0").open("ab") as file:
        file.write(b"x")
    assert crawled.blamed("and not those that were served")


def test_a_file_without_a_row(crawled: Crawled) -> None:
    (crawled.folder / "pages/more").write_bytes(b"")
    assert crawled.blamed("a file without a row")


def test_a_page_with_two_rows(crawled: Crawled) -> None:
    crawled.rows.append(crawled.rows[0])
    assert crawled.blamed("has two rows")


def test_a_url_that_is_not_of_the_site(crawled: Crawled) -> None:
    crawled.rows.append({**crawled.rows[0], "url": "http://127.0.0.2:80/gone/7"})
    assert crawled.blamed("http://127.0.0.2:80/gone/7 is not of the site")


def test_a_crawl_that_is_finished_has_nothing_queued(crawled: Crawled) -> None:
    crawled.rows[0] |= {"state": "queued", "path": None}
    (crawled.folder / "pages/0").unlink()
    assert crawled.account(finished=False).faults == 0


def samples(*bytes_a_quarter: float) -> list[Sample]:
    return [Sample(at, int(bytes_a_quarter[min(at // 10, 3)]), 0) for at in range(40)]


def test_memory_that_grows_is_not_flat() -> None:
    assert is_flat(samples(50e6, 100e6, 101e6, 105e6))
    assert not is_flat(samples(50e6, 100e6, 115e6, 130e6))
    assert quarters(samples(1, 2, 3, 4))[3][0] == 4
    assert is_flat([]), "too short to tell"


async def test_memory_is_that_of_the_children_too() -> None:
    child = "b = b'x' * 10**8; print(1, flush=True); input()"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    pss, rss = measure(process.pid)
    assert 100e6 < pss < rss
    await process.communicate(b"\n")
