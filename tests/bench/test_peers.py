"""The benchmark runs, on a site so small that its figures say nothing."""

import ast
from pathlib import Path

from tests.bench.peers import SPIDER, compare, ours, write_tiny_site
from tests.servers import public_folder


def test_we_crawl_the_tiny_site(tmp_path: Path) -> None:
    with public_folder() as site:
        write_tiny_site(site, pages=5)
        results = compare(site, {"crawler": ours}, runs=1, in_flight=4, work=tmp_path)
    [run] = results["crawler"]
    assert run.done == 6, "five files, and index.html once more as /"
    assert run.wall > 0
    assert run.cpu > 0
    assert run.memory > 1_000_000


def test_the_spider_is_where_the_benchmark_looks_for_it() -> None:
    names = {node.name for node in ast.parse(SPIDER.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)}
    assert names
