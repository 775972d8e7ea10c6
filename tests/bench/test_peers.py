"""The benchmark runs, on a site so small that its figures say nothing."""

from pathlib import Path

from tests.bench.peers import Measured, compare, ours, table, write_tiny_site
from tests.servers import public_folder


def test_we_crawl_the_tiny_site() -> None:
    with public_folder() as site:
        write_tiny_site(site, pages=5)
        results = compare(site, {"crawler": ours}, runs=1, in_flight=4)
    [run] = results["crawler"]
    assert run.pages == 6, "five files, and index.html once more as /"
    assert run.wall > 0
    assert run.cpu > 0
    assert run.memory > 1_000_000


def test_the_table_shows_medians_and_the_ratio_to_the_first() -> None:
    def runs(*walls: float) -> list[Measured]:
        return [Measured(pages=100, requests=110, wall=wall, cpu=0.5, memory=20_000_000) for wall in walls]

    lines = list(table({"one": runs(1.0, 2.0, 4.0), "two": runs(4.0)}))
    assert lines[2] == "| one | 100 | 110 | 2.00 | 50 | 25-100 | 5.00 | 20 | 1.00 |"
    assert lines[3] == "| two | 100 | 110 | 4.00 | 25 | 25-25 | 5.00 | 20 | 0.50 |"


def test_the_spider_is_where_the_benchmark_looks_for_it() -> None:
    assert Path(__file__).with_name("scrapy_spider.py").exists()
