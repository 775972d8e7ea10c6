"""The growing crawl, so small that its figures say nothing."""

from pathlib import Path
from random import Random

import pytest

from tests.bench.scale import LINKS, NEW, End, Round, Row, Site, compare, table


def test_a_row_for_each_size() -> None:
    small, large = compare(Site(3, Random(1)), [100, 300], rounds=2, pages=4)
    assert 100 <= small.known < 300 <= large.known < 500
    for row in (small, large):
        assert row.hosts == 3
        assert len(row.rounds) == 2
        for one in row.rounds:
            assert 0 < one.page < 1e6
            assert 0 < one.wait <= one.longest_wait
        assert row.end.memory > 1_000_000 or not Path("/proc/self/smaps_rollup").exists()
        assert 10 < row.end.url_size < 10_000
        assert min(row.end.start, row.end.status, row.end.export) > 0


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


def test_ratios_are_to_the_first_row_of_as_many_hosts_round_by_round() -> None:
    def row(hosts: int, *pages: float) -> Row:
        rounds = [Round(page, page / 100, page / 10) for page in pages]
        return Row(hosts, 1_000, rounds, End(30_000_000, 250.0, 5.0, 6.0, 7.0))

    lines = list(table([row(1, 400.0, 800.0, 500.0), row(1, 500.0, 800.0, 750.0), row(10, 100.0)]))
    assert lines[2] == "| 1 | 1,000 | 400 | 1.00 (1.00-1.00) | 4.0 (40.0) | 30 | 250 | 5 | 6 | 7 |"
    assert lines[3] == "| 1 | 1,000 | 500 | 1.25 (1.00-1.50) | 5.0 (50.0) | 30 | 250 | 5 | 6 | 7 |"
    assert lines[4].startswith("| 10 | 1,000 | 100 | 1.00 ")
