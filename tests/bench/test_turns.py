"""What a turn takes is measured, and shown; the figures themselves say nothing here."""

import sys
from pathlib import Path

from tests.bench.turns import Measured, find_tools, spend, table, take_turns


def test_what_a_process_and_its_children_took_and_how_it_ended() -> None:
    child = "sum(range(3_000_000)); print('from below')"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); sys.exit(3)"
    ticks: list[int] = []
    spent = spend([sys.executable, "-c", code], ticks.append)
    assert spent.status == 3
    assert spent.said == "from below"
    assert spent.cpu > 0.02
    assert spent.wall > 0.02
    assert spent.memory > 1_000_000
    assert len(set(ticks)) == 1


def test_what_does_not_end_is_ended() -> None:
    spent = spend([sys.executable, "-c", "import time; time.sleep(60)"], patience=0.3)
    assert spent.status == -9
    assert spent.wall < 30


def test_tools_take_turns_each_in_a_new_folder(tmp_path: Path) -> None:
    places = []

    def turn(command: object, folder: Path) -> Measured:
        assert folder.is_dir()
        places.append((command, folder.name))
        return Measured(1, 1, 1.0, 1.0, 1)

    results = take_turns({"one": "1", "two": "2"}, 2, tmp_path / "work", turn)  # type: ignore[dict-item]
    assert places == [("1", "one-0"), ("2", "two-0"), ("1", "one-1"), ("2", "two-1")]
    assert {name: len(runs) for name, runs in results.items()} == {"one": 2, "two": 2}


def test_tools_that_are_not_there_are_left_out_and_said(capsys) -> None:
    def command(what: str, folder: Path, in_flight: int) -> list[str]:
        return []

    finders = {"here": lambda: command, "gone": lambda: None, "unasked": lambda: command}
    assert find_tools(finders, ["here", "gone"]) == {"here": command}
    assert capsys.readouterr().out == "gone is not installed and left out\n"
    assert list(find_tools({"here": lambda: command}, [])) == ["here"]


def test_the_table_shows_medians_and_the_ratio_to_the_first() -> None:
    def runs(*walls: float) -> list[Measured]:
        return [Measured(done=100, requests=110, wall=wall, cpu=0.5, memory=20_000_000) for wall in walls]

    lines = list(table({"one": runs(1.0, 2.0, 4.0), "two": runs(4.0)}, "pages"))
    assert lines[0] == "| tool | pages | requests | wall s | pages/s | (spread) | CPU s/1000 | peak MB | ratio |"
    assert lines[2] == "| one | 100 | 110 | 2.00 | 50 | 25-100 | 5.00 | 20 | 1.00 |"
    assert lines[3] == "| two | 100 | 110 | 4.00 | 25 | 25-25 | 5.00 | 20 | 0.50 |"
