import io
from collections.abc import Callable, Sequence
from threading import Event as Flag
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from crawler.model import URL, Counted, Counts, Finished, Held, Link, Noted, Outcome, Verdict
from crawler.watch import progress
from crawler.watch.lines import EVERY, LinesView, status_line
from crawler.watch.progress import MAX_LINES, Progress, visit_line
from crawler.watch.screen import ScreenView, drawing
from crawler.watch.stats import HostView, Snapshot, Stats

Make = Callable[..., Any]


class FakeView:
    def __init__(self) -> None:
        self.shown = Flag()
        self.closed = Flag()
        self.lines: list[str] = []

    def show(self, snapshot: Snapshot) -> None:
        self.shown.set()

    def say(self, lines: Sequence[str]) -> None:
        self.lines += lines

    def close(self) -> None:
        self.closed.set()


def test_the_view_is_drawn_and_taken_away() -> None:
    view = FakeView()
    with Progress(view, Stats()) as shown:
        shown(Noted("moved"))
        assert view.shown.wait(5)
        shown(Noted("late", warning=True))
    assert view.closed.is_set()
    assert view.lines == ["moved", "warning: late"]


def test_visits_are_lines_where_that_is_asked_for(saved: Make, failed: Make) -> None:
    for verbose, count in ((False, 0), (True, 2)):
        view = FakeView()
        with Progress(view, Stats(), verbose=verbose) as shown:
            shown(saved())
            shown(failed())
        assert len(view.lines) == count


def test_of_many_lines_the_last_are_kept() -> None:
    view = FakeView()
    shown = Progress(view, Stats())
    for number in range(MAX_LINES + 5):
        shown(Noted(str(number)))
    with shown:
        pass
    assert view.lines == [str(number) for number in range(5, MAX_LINES + 5)]


@pytest.mark.parametrize("failure", [BrokenPipeError(), ValueError("closed file")])
def test_a_terminal_that_is_gone_ends_the_drawing_alone(failure: Exception) -> None:
    class Gone(FakeView):
        def show(self, snapshot: Snapshot) -> None:
            self.shown.set()
            raise failure

    view = Gone()
    with Progress(view, Stats()) as shown:
        assert view.shown.wait(5)
        shown(Noted("unseen"))
    assert view.lines == []


def test_a_terminal_that_takes_nothing_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    begun, release, ended = Flag(), Flag(), Flag()

    class Stuck(FakeView):
        def close(self) -> None:
            begun.set()
            release.wait(10)
            ended.set()

    with Progress(Stuck(), Stats()):
        pass
    assert begun.wait(5)
    assert not ended.is_set()
    release.set()


def test_the_line_of_a_visit(saved: Make, failed: Make) -> None:
    assert visit_line(saved(size=12_345)).split() == ["saved", "200", "12.3", "kB", "http://a.example/"]
    assert visit_line(failed(retry_in=2.0)).endswith("http://a.example/: timeout, again in 2 s")
    moved = Outcome(Verdict.REDIRECTED, moved=Link(URL("http://b.example/")))
    assert visit_line(Finished(saved().visit, moved)).endswith("http://a.example/ to http://b.example/")
    assert visit_line(Finished(saved().visit, Outcome(Verdict.CRASHED, error="crash"))).startswith("failed ")


SNAPSHOT = Snapshot(
    elapsed=83.0,
    counts=Counts(312, 4, 1204, redirected=12, rejected=3, failed=2, pages=1100, images=104, size=96_300_000),
    in_flight=4,
    requests_per_second=42.25,
    bytes_per_second=3_100_000,
    left=20.0,
    hosts=(
        HostView("a.example", 4, 1204, 2, 0.0, 0.0, None),
        HostView("b.example", 0, 120, 0, 2.0, 27.0, "retry-after"),
        HostView("c.example", 0, 12, 0, 1.5, 0.0, None),
    ),
    more_hosts=12,
)  # fmt: skip


def test_the_plain_line_says_all_that_counts() -> None:
    assert status_line(SNAPSHOT) == (
        "1m 23s: saved 1,204 (96.3 MB), queued 312, failed 2, 4 in flight, 42.2 requests/s, 3.1 MB/s, "
        "about 20 s left, b.example waits 27 s: retry-after"
    )


def test_plain_lines_come_seldom() -> None:
    stream = io.StringIO()
    view = LinesView(stream)
    for tenth in range(int(EVERY * 10) * 2 + 5):
        view.show(Snapshot(tenth / 10, Counts(), 0, 0.0, 0.0, None, (), 0))
    assert stream.getvalue().count("\n") == 2
    view.say(["one", "two"])
    view.close()
    assert stream.getvalue().endswith("one\ntwo\n")


def drawn(snapshot: Snapshot, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(drawing(Text("http://a.example/"), snapshot))
    return captured.get()


def test_the_drawing_says_all_that_counts() -> None:
    text = drawn(SNAPSHOT)
    for words in (
        "http://a.example/", "1m 23s", "saved     1,204", "1,100 pages, 104 images, 96.3 MB", "queued      312",
        "12 redirected, 3 rejected", "failed        2", "1,221 of 1,537 known URLs",
        "42.2 requests/s   3.1 MB/s   4 in flight",
        "about 20 s left", "4 in flight", "1,204 done", "2 failed", "retry-after: waits 27 s", "delay 1.5 s",
        "and 12 more hosts",
    ):  # fmt: skip
        assert words in text, words


@pytest.mark.parametrize("width", [20, 40, 80, 300])
def test_the_drawing_fits_any_terminal(width: int) -> None:
    assert max(map(len, drawn(SNAPSHOT, width).splitlines())) <= width


def test_an_empty_crawl_can_be_drawn() -> None:
    text = drawn(Snapshot(0.0, Counts(), 0, 0.0, 0.0, None, (), 0))
    assert "0 pages, 0 images, 0 B" in text
    assert "left" not in text


def test_the_screen_view_draws_in_place_and_cleans_what_it_is_given() -> None:
    stream = io.StringIO()
    view = ScreenView(Console(file=stream, force_terminal=True, width=80, height=30), "http://a.example/\x1b[2J", "out")
    view.close()
    view.show(SNAPSHOT)
    view.say(["saved  x", "warning: careful [bold]", "failed  y"])
    view.show(SNAPSHOT)
    view.close()
    text = stream.getvalue()
    assert "\\x1b[2J" in text
    assert "\x1b[2J" not in text
    assert "careful [bold]" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1


def test_events_reach_the_screen() -> None:
    stats = Stats()
    stats(Counted(Counts(saved=3, pages=3)))
    stats(Held("h\x1b.example", 60.0, "time\x1bout"))
    text = drawn(stats.snapshot())
    assert "saved         3" in text
    assert "\x1b" not in text
    assert "time\\x1bout: waits" in text
