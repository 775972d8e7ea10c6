import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from crawler.model import URL, Counted, Counts, Finished, Held, Link, Noted, Outcome, Verdict, Visit
from crawler.settings import LogSettings
from crawler.watch import log as module
from crawler.watch.log import EventLog, describe, open_log, open_stream_log
from crawler.watch.rotating import RotatingFile

Make = Callable[..., Any]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_saved_document_is_one_line(tmp_path: Path, saved: Make) -> None:
    with open_log(tmp_path / "crawl.log", LogSettings()) as log:
        log(saved(size=1234))
    (line,) = lines((tmp_path / "crawl.log").read_text())
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "info", "event": "saved", "url": "http://a.example/", "kind": "page", "depth": 0, "attempt": 1,
        "status": 200, "path": "pages/a.example/index.html", "media_type": "text/html", "bytes": 1234,
        "elapsed": 0.25, "peer": "127.0.0.1:80",
    }  # fmt: skip


def test_each_kind_of_event_has_its_level_and_line(leased: Make, saved: Make, failed: Make) -> None:
    parent = Link(URL("http://a.example/x"), parent=URL("http://a.example/"))
    moved = Outcome(Verdict.REDIRECTED, moved=Link(URL("http://b.example/")))
    cases: list[tuple[Any, str, str]] = [
        (leased(), "debug", "leased"),
        (failed(retry_in=1.5), "warning", "failed"),
        (Finished(Visit(parent, 2, 1), moved), "info", "redirected"),
        (Finished(Visit(parent, 2, 1), Outcome(Verdict.CRASHED, error="crash")), "error", "crashed"),
        (Held("a.example", 1.23456, "timeout"), "info", "held"),
        (Noted("x"), "info", "noted"),
        (Noted("x", warning=True), "warning", "noted"),
    ]
    for event, level, word in cases:
        described = describe(event)
        assert described is not None
        assert (described[0], described[1]["event"]) == (level, word)
    assert describe(Counted(Counts())) is None
    described = describe(cases[2][0])
    assert described is not None
    assert described[1]["parent"] == "http://a.example/"
    assert described[1]["moved"] == "http://b.example/"
    assert described[1]["attempt"] == 2


def test_the_level_decides_what_is_written(tmp_path: Path, leased: Make, saved: Make, failed: Make) -> None:
    for level, count in (("debug", 3), ("info", 2), ("warning", 1), ("error", 0)):
        stream = io.StringIO()
        with open_stream_log(stream, LogSettings(level=level)) as log:  # type: ignore[arg-type]
            for event in (leased(), saved(), failed(), Counted(Counts())):
                log(event)
        assert len(lines(stream.getvalue())) == count


def test_what_a_terminal_would_act_upon_is_escaped() -> None:
    stream = io.StringIO()
    text = "\x1b[31m \x7f \x9b \u202e \r\n é"
    with open_stream_log(stream, LogSettings()) as log:
        log(Noted(text))
    written = stream.getvalue()
    assert written.isascii()
    assert written.count("\n") == 1
    assert not any(ord(character) < 32 or ord(character) == 127 for character in written.rstrip("\n"))
    assert lines(written)[0]["text"] == text


def test_a_traceback_of_the_crawler_goes_to_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("crawler")
    before = list(logger.handlers)
    with open_log(tmp_path / "crawl.log", LogSettings()):
        try:
            raise KeyError("oh")
        except KeyError:
            logger.exception("a visit crashed: %s", "http://a.example/")
    (line,) = lines((tmp_path / "crawl.log").read_text())
    assert line["level"] == "error"
    assert line["text"].startswith("a visit crashed: http://a.example/\nTraceback")
    assert "KeyError: 'oh'" in line["text"]
    assert logger.handlers == before
    assert capsys.readouterr().err == ""


def test_lines_that_find_no_room_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    begun, release, written = Flag(), Flag(), []

    def write(text: str) -> None:
        begun.set()
        release.wait(10)
        written.append(text)

    log = EventLog(write)
    log(Noted("0"))
    assert begun.wait(5)
    for number in range(1, 6):
        log(Noted(str(number)))
    release.set()
    log.close()
    found = lines("".join(written))
    assert [line.get("text") for line in found if line["event"] == "noted"] == ["0", "1", "2"]
    assert [line["lines"] for line in found if line["event"] == "lost"] == [3]


def test_a_writer_that_never_comes_back_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1)
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    begun, release = Flag(), Flag()

    def write(text: str) -> None:
        begun.set()
        release.wait(10)

    log = EventLog(write)
    log(Noted("0"))
    assert begun.wait(5)
    log(Noted("1"))
    log.close()
    release.set()


def test_a_writer_that_fails_ends_nothing() -> None:
    calls: list[str] = []

    def write(text: str) -> None:
        calls.append(text)
        if len(calls) == 1:
            raise OSError("disk full")

    log = EventLog(write)
    log(Noted("lost"))
    while not calls:
        pass
    log(Noted("kept"))
    log.close()
    found = lines("".join(calls[1:]))
    assert [line["event"] for line in found] == ["lost", "noted"]
    assert found[0]["lines"] == 1


def test_a_full_file_is_renamed_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "crawl.log"
    file = RotatingFile(path, 100, 2)
    for number in range(10):
        file.write(f"{number}" * 39 + "\n")
    file.close()
    file.close()
    names = {one.name: one.read_text()[0] for one in tmp_path.iterdir()}
    assert names == {"crawl.log": "8", "crawl.log.1": "6", "crawl.log.2": "4"}
    assert all(one.stat().st_size <= 100 for one in tmp_path.iterdir())


def test_a_later_run_appends_and_no_older_file_may_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "crawl.log"
    for text in ("one\n", "two\n", "x" * 95 + "\n"):
        file = RotatingFile(path, 100, 0)
        file.write(text)
        file.close()
    assert path.read_text() == "x" * 95 + "\n"
    assert [one.name for one in tmp_path.iterdir()] == ["crawl.log"]


def test_one_text_larger_than_the_file_still_is_whole(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "crawl.log", 10, 1)
    file.write("é" * 30)
    file.write("next")
    file.close()
    assert (tmp_path / "crawl.log.1").read_text() == "é" * 30
    assert (tmp_path / "crawl.log").read_text() == "next"
