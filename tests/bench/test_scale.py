"""The growing crawl, so small that its figures say nothing."""

from pathlib import Path
from random import Random

import pytest

from tests.bench.scale import LINKS, NEW, Row, Site, run, table


@pytest.mark.parametrize("drawn", [False, True])
def test_a_row_for_each_size(drawn: bool) -> None:
    small, large = run(Site(3, Random(1), drawn), [100, 300], rounds=1, pages=4)
    assert 100 <= small.known < 300 <= large.known < 500
    for row in (small, large):
        assert row.hosts == 3
        assert row.memory > 1_000_000 or not Path("/proc/self/smaps_rollup").exists()
        assert min(row.page, row.wait, row.start, row.status, row.export) > 0
        assert row.longest_wait >= row.wait
        assert 10 < row.url_size < 10_000


@pytest.mark.parametrize("drawn", [False, True])
def test_a_page_has_so_many_links_each_once_and_so_many_are_new(drawn: bool) -> None:
    site = Site(50, Random(1), drawn)
    start = site.starts()[7]
    assert site.place(start.url) == (7, 0)
    seen = {link.url for link in site.starts()}
    first = site.links(start, 200)
    assert len({link.url for link in first} - seen) == 200
    seen |= {link.url for link in first}
    page = first[-1]
    assert site.place(page.url) == (7, 200)
    links = [link.url for link in site.links(page, NEW)]
    assert len(set(links)) == len(links)
    assert len(links) == LINKS
    assert len(set(links) - seen) == NEW


def test_the_ratio_is_to_the_first_row_of_as_many_hosts() -> None:
    def row(hosts: int, page: float) -> Row:
        return Row(hosts, 1_000, page, 1.0, 2.0, 30_000_000, 250.0, 5.0, 6.0, 7.0)

    lines = list(table([row(1, 400.0), row(1, 500.0), row(10, 800.0)]))
    assert lines[2] == "| 1 | 1,000 | 400 | 1.00 | 1.0 (2.0) | 30 | 250 | 5 | 6 | 7 |"
    assert [line.split(" | ")[3] for line in lines[2:]] == ["1.00", "1.25", "1.00"]
