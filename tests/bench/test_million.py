"""The long list, at a size at which its figures say nothing: it is killed and goes on, and what is wrong is found."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bench.million import Run, crawl_list, problems, rows, table


def test_killed_in_the_middle_every_row_is_accounted_for_once(tmp_path: Path) -> None:
    run, wrong = crawl_list(tmp_path, 500, 2, kill=True)
    assert wrong == []
    assert len(run.spent) == 2
    assert run.killed_at is not None
    assert run.killed_at >= 250
    assert len(run.rates()) == 10
    assert sum(run.costs()) > 0 or not Path("/proc/self/stat").exists()
    lines = list(table(run))
    assert sum("killed here" in line for line in lines) == 1
    assert "last part / first part" in lines[-1]


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    run, wrong = crawl_list(tmp_path, 200, 8, kill=False)
    assert wrong == []
    root = (tmp_path / "list.csv").read_text(encoding="ascii").splitlines()[1].split(",")[0].removesuffix("0/0.png")
    folder = tmp_path / "out"
    (folder / ".tmp" / "left").touch()
    (folder / "images" / "more").touch()
    with (folder / "images.jsonl").open("a", encoding="ascii") as file:
        file.write("{}\n")
    run.asked[3] = 0
    run.asked[4] = 2
    with closing(sqlite3.connect(folder / "crawl.sqlite")) as sql, sql:
        sql.execute("DELETE FROM rows WHERE number = 7")
        sql.execute("UPDATE urls SET state = 'leased' WHERE id = (SELECT max(id) FROM urls WHERE kind = 3)")
    found = list(problems(folder, run, 200, root, 8))
    beginnings = ("row 7 is", "URLs end as", "11 files", "temporary", "images.jsonl has 203", "1 URLs", "1 requests")
    assert len(found) == len(beginnings), found
    for problem, beginning in zip(found, beginnings, strict=True):
        assert problem.startswith(beginning)


def test_a_command_that_fails_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    run, [said] = crawl_list(tmp_path, 10, 2, kill=False)
    assert said.startswith("it ended with")
    assert list(table(run)) == []


def test_the_rows_name_each_url_and_some_again() -> None:
    listed = [url for url, _, _ in rows(200, "http://h/")]
    assert len(listed) == 202
    assert len(set(listed)) == 200
    assert listed[-1] == "http://h/0/99.png"


def test_rates_are_those_of_each_part() -> None:
    run = Run(part=10, answered_at=[0.0, 1.0, 3.0], cpu_at=[0.0, 0.01, 0.015])
    assert run.rates() == [10.0, 5.0]
    assert [round(cost) for cost in run.costs()] == [1000, 500]
