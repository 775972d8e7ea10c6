"""Exit statuses and one-line errors, seen from outside."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.command import crawl, rows, run
from tests.toysite import ToySite, image, page

COLUMNS = {
    "url", "kind", "state", "status", "error", "links_error", "path", "bytes", "sha256", "media_type", "depth",
    "parent", "redirect", "attempts", "fetched_at", "elapsed",
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["crawl", "http://[broken/"], "[broken"),
        (["crawl", "ftp://127.0.0.1/"], "ftp"),
        (["crawl", "file:///etc/passwd"], "file"),
        (["crawl", "http://127.0.0.1:1/", "--concurrency", "0"], "concurrency"),
        (["crawl", "http://127.0.0.1:1/", "--concurrency", "many"], "concurrency"),
        (["crawl", "http://127.0.0.1:1/", "--scope", "planet"], "scope"),
        (["crawl", "http://127.0.0.1:1/", "--delay", "fast"], "delay"),
        (["crawl", "http://127.0.0.1:1/", "--max-body", "5parsecs"], "max"),
        (["crawl", "http://127.0.0.1:1/", "--exclude", "re:("], "re:("),
        (["crawl", "http://127.0.0.1:1/", "--preset", "rude"], "rude"),
        (["crawl", "http://127.0.0.1:1/", "--frobnicate"], "frobnicate"),
        (["crawl", "http://127.0.0.1:1/", "--config", "{tmp}/none.toml"], "none.toml"),
        (["crawl", "http://127.0.0.1:1/", "--config", "{tmp}/broken.toml"], "broken.toml"),
        (["crawl", "http://127.0.0.1:1/", "--config", "{tmp}/typo.toml"], "fetch.timout"),
        (["crawl", "http://127.0.0.1:1/", "--output", "{tmp}/file"], "file"),
        (["crawl"], ""),
        (["status", "{tmp}/nowhere"], "nowhere"),
        (["status", "{tmp}"], "{tmp}"),
        (["export", "{tmp}"], "{tmp}"),
        (["frobnicate"], "frobnicate"),
    ],
)
async def test_bad_input_is_one_line_and_status_2(tmp_path: Path, arguments: list[str], named: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "broken.toml").write_text("[fetch\n")
    (tmp_path / "typo.toml").write_text('[fetch]\ntimout = "5s"\n')
    before = sorted(tmp_path.rglob("*"))
    filled = [argument.replace("{tmp}", str(tmp_path)) for argument in arguments]
    output = ["--output", tmp_path / "out"] if filled[0] == "crawl" and "--output" not in filled else []
    ended = await run(*filled, *output, patience=10)
    assert ended.status == 2, ended.said
    assert named.replace("{tmp}", str(tmp_path)) in ended.err.replace("\n", "")
    assert "Traceback" not in ended.said
    assert ended.out == ""
    assert sorted(tmp_path.rglob("*")) == before, "nothing is made for a command that cannot run"


async def test_nothing_saved_is_status_1(tmp_path: Path) -> None:
    async with ToySite() as site:
        ended = await run("crawl", site.url, "-o", tmp_path / "out")
        assert ended.status == 1, ended.said
        assert "Traceback" not in ended.said
        assert "status" in ended.said


async def test_some_failures_are_status_0(tmp_path: Path) -> None:
    async with ToySite({"/": page("/gone")}) as site:
        ended = await crawl(site.url, tmp_path / "out")
        assert str(tmp_path / "out") in ended.said, "the summary says where it lies"


async def test_quiet_says_nothing(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a"), "/a": page()}) as site:
        ended = await crawl(site.url, tmp_path / "out", "--quiet")
        assert (ended.out, ended.err) == ("", "")


async def test_the_log_is_json_lines(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a", "/gone"), "/a": page()}) as site:
        await crawl(site.url, tmp_path / "out")
        lines = (tmp_path / "out" / "crawl.log").read_text().splitlines()
        assert lines
        text = json.dumps([json.loads(line) for line in lines])
        assert site.at("/gone") in text


async def test_a_key_that_shapes_the_store_may_not_change(tmp_path: Path) -> None:
    async with ToySite({"/": page()}) as site:
        await crawl(site.url, tmp_path / "out")
        (tmp_path / "other.toml").write_text("[store]\nmax_name = 100\n")
        ended = await run("crawl", site.url, "-o", tmp_path / "out", "--config", tmp_path / "other.toml")
        assert ended.status == 2, ended.said
        assert "store.max_name" in ended.err


async def test_export_has_its_columns_in_both_formats(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a", images=["/i.png"]), "/a": page(), "/i.png": image()}) as site:
        await crawl(site.url, tmp_path / "out")
        as_json = await rows(tmp_path / "out")
        assert all(row.keys() >= COLUMNS for row in as_json)
        assert {row["kind"] for row in as_json} >= {"page", "image"}
        as_csv = list(csv.DictReader(io.StringIO((await run("export", tmp_path / "out", "--format", "csv")).out)))
        assert [row["url"] for row in as_csv] == [row["url"] for row in as_json]
        assert [row["sha256"] for row in as_csv] == [row["sha256"] or "" for row in as_json]
        links = await rows(tmp_path / "out", "--table", "links")
        assert {(row["tag"], row["attribute"], row["text"]) for row in links} == {
            ("a", "href", "/a"),
            ("img", "src", ""),
        }
        assert {(row["from"], row["to"]) for row in links} == {(site.url, site.at("/a")), (site.url, site.at("/i.png"))}


async def test_a_settings_file_alone_is_enough(tmp_path: Path) -> None:
    async with ToySite({"/": page("/a"), "/a": page("/b"), "/b": page()}) as site:
        file = tmp_path / "my.toml"
        file.write_text(f'[crawl]\nstart = ["{site.url}"]\nmax_depth = 2\n[store]\noutput = "{tmp_path}/out"\n')
        ended = await run("crawl", "--config", file, "--max-depth", "1")
        assert ended.status == 0, ended.said
        assert site.targets() == ["/robots.txt", "/", "/a"], "flags win over the file"


async def test_the_demo_is_crawled_in_one_command_that_says_what_it_found_and_no_more(tmp_path: Path) -> None:
    ended = await run("demo", "--crawl", "--output", tmp_path / "demo-site")
    assert ended.status == 0
    assert "Traceback" not in ended.said
    assert "Exception" not in ended.said
    assert (tmp_path / "demo-site" / "crawl.sqlite").is_file()
