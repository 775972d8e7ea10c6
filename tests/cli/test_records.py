import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.export import cell, write_csv, write_jsonl
from crawler.cli.status import status_lines
from crawler.crawldb.cookies import CookieRows
from crawler.crawldb.database import Database
from crawler.crawldb.records import HostRecord
from crawler.model import Counts
from crawler.web.cookies import Cookie, Jar

Crawler = Callable[..., Any]

PROMISED = [
    "url",
    "kind",
    "state",
    "status",
    "error",
    "links_error",
    "path",
    "bytes",
    "sha256",
    "media_type",
    "depth",
    "parent",
    "redirect",
    "attempts",
    "fetched_at",
    "elapsed",
]


@pytest.fixture
def crawled(crawler: Crawler, site: str, tmp_path: Path) -> Path:
    assert crawler("crawl", site, "-o", tmp_path / "out", "-q").status == 0
    return tmp_path / "out"


def test_every_known_url_is_an_object(crawler: Crawler, site: str, crawled: Path) -> None:
    said = crawler("export", crawled)
    assert (said.status, said.err) == (0, "")
    rows = {row["url"]: row for row in map(json.loads, said.out.splitlines())}
    assert set(PROMISED) <= set(rows[site])
    assert rows[site]["state"] == "saved"
    assert rows[site + "old-tower.html"]["redirect"] == site + "tower.html"
    assert rows[site + "private/cellar.html"]["error"] == "robots"
    assert (crawled / rows[site]["path"]).stat().st_size == rows[site]["bytes"]


def test_every_link_has_its_page_and_reason(crawler: Crawler, site: str, crawled: Path) -> None:
    rows = [json.loads(line) for line in crawler("export", crawled, "--table", "links").out.splitlines()]
    assert {"from", "to", "tag", "attribute", "text", "reason"} <= set(rows[0])
    reasons = {row["to"]: row["reason"] for row in rows if row["from"] == site}
    assert reasons["https://example.org/"] == "scope"
    assert reasons[site + "visitors.html"] == "nofollow"
    assert reasons["mailto:keeper@example.org"] == "scheme"
    assert reasons[site + "keeper.html"] is None


@pytest.mark.parametrize("table", ["urls", "links"])
def test_csv_says_the_same_as_json(crawler: Crawler, crawled: Path, table: str) -> None:
    objects = [json.loads(line) for line in crawler("export", crawled, "--table", table).out.splitlines()]
    text = crawler("export", crawled, "--table", table, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(objects) > 10
    for row, one in zip(rows, objects, strict=True):
        assert list(row) == list(one)
        assert row == {name: "" if value is None else str(value) for name, value in one.items()}


def test_a_file_is_written_whole(crawler: Crawler, crawled: Path, tmp_path: Path) -> None:
    assert crawler("export", crawled, "-o", tmp_path / "x.jsonl").out == ""
    assert (tmp_path / "x.jsonl").read_text() == crawler("export", crawled).out


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert str(cell(text)).startswith("'")
    assert cell("a" + text.strip()) == "a" + text.strip()


def test_cells_that_are_no_text_stay() -> None:
    assert cell(-1) == -1
    assert cell(None) is None
    assert cell("a\x1b[2J\nb") == "a\\x1b[2J\\x0ab"


def names_and(*rows: Sequence[str]) -> Iterator[dict[str, str]]:
    for row in rows:
        yield dict(zip("ab", row, strict=True))


def test_rows_are_written_one_by_one() -> None:
    """An endless table is written as far as its reader wants: nothing is gathered before."""

    def endless() -> Iterator[dict[str, str]]:
        yield {"a": "a"}
        while True:
            yield {"a": "x\x7f\x1b\u202e"}

    class EnoughError(Exception):
        pass

    for writer, limit in ((write_jsonl, 50), (write_csv, 50)):
        written: list[str] = []

        def write(text: str, written: list[str] = written, limit: int = limit) -> None:
            written.append(text)
            if len(written) >= limit:
                raise EnoughError

        with pytest.raises(EnoughError):
            writer(endless(), write)
        assert not any(ord(one) < 32 or ord(one) == 127 for one in "".join(written).replace("\r", "").replace("\n", ""))


def test_csv_quotes_as_rfc_4180_says() -> None:
    written: list[str] = []
    write_csv(names_and(("a", "b"), ('say "x"', "1,2")), written.append)
    assert "".join(written) == 'a,b\r\n"say ""x""","1,2"\r\n'


def test_the_status_of_a_finished_crawl(crawler: Crawler, site: str, crawled: Path) -> None:
    said = crawler("status", crawled)
    assert (said.status, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == f"{crawled} is finished"
    assert lines[1].startswith("saved 19: 9 pages, 10 images, ")
    assert lines[-1].startswith(site.removeprefix("http://").rstrip("/"))


class FakeRecords:
    """A crawl as its read side tells of it."""

    def __init__(self, counts: Counts, hosts: list[HostRecord], *, running: bool = False) -> None:
        self.is_running = running
        self._counts, self._hosts = counts, hosts

    def counts(self) -> Counts:
        return self._counts

    def reasons(self) -> list[Any]:
        return []

    def rows(self) -> tuple[int, int]:
        return 3, 1

    def hosts(self, limit: int) -> list[HostRecord]:
        return self._hosts[:limit]


def standing(records: Any) -> list[str]:
    return list(status_lines(records, Path("docs"), now=1000.0))


def test_how_a_crawl_stands() -> None:
    assert standing(FakeRecords(Counts(), [], running=True))[0] == "docs is being crawled now"
    assert standing(FakeRecords(Counts(), []))[0] == "docs is finished"
    assert standing(FakeRecords(Counts(queued=2), []))[0].startswith("docs is not finished; ")
    limited = standing(FakeRecords(Counts(queued=2, limit="max-pages"), []))
    assert limited[0].startswith("docs has reached its limit (max-pages)")
    assert "still queued 2" in limited
    assert "read 3 rows of a list: 1 without a URL" in limited


def test_hosts_and_what_slows_them() -> None:
    hosts = [
        HostRecord("a.example", 10, 2, 5, 0, 1.5, 1030.0, "timeout"),
        HostRecord("b\x1b.example", 0, 0, 7, 1, 0.0, 900.0, None),
        *[HostRecord(f"c{number}.example", 0, 0, 1, 0, 0.0, None, None) for number in range(20)],
    ]
    lines = standing(FakeRecords(Counts(), hosts))
    rows = lines[lines.index("") + 1 :]
    assert len(rows) == 11
    assert rows[0].split("  ")[-1] == "waits 30 s, timeout, delay 1.5 s"
    assert "queued 12" in rows[0]
    assert "waits" not in rows[1]
    assert rows[-1] == "and more hosts than these 10 hosts"


def test_cookies_are_exported_for_other_tools(crawler: Crawler, tmp_path: Path) -> None:
    database = Database(tmp_path)
    with database.transaction():
        rows = CookieRows(database.sql, Jar(), 0.0)
        rows.keep([Cookie("n", "v", "a.example", True, "/", 2e9, True, False, 5.0, True)], 10.0)
    database.close()
    text = crawler("export", tmp_path, "--table", "cookies", "--format", "txt").out
    assert text.splitlines()[-1] == "a.example\tFALSE\t/\tTRUE\t2000000000\tn\tv"
    assert json.loads(crawler("export", tmp_path, "--table", "cookies").out)["domain"] == "a.example"


def test_cookies_txt_is_for_cookies(crawler: Crawler, crawled: Path) -> None:
    said = crawler("export", crawled, "--format", "txt")
    assert (said.status, said.err) == (2, "crawler: --format: 'txt' is for --table cookies; urls take jsonl or csv\n")
