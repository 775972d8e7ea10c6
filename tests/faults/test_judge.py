"""The judge says which rule is broken: each of these folders breaks one, and the undisturbed one none."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.faults.folder import Folder, Row
from tests.faults.judge import Judgement, judge_end, judge_exit, judge_requests, judge_stop
from tests.faults.lane import Clean, Ended

HOST = "http://127.0.0.1:80"
WHOLE = Folder(
    rows={
        f"{HOST}/a": Row("saved", None, 1, "pages/a", 1, "AA", None),
        f"{HOST}/b": Row("saved", None, 1, "pages/b", 2, "BB", None),
        f"{HOST}/c": Row("rejected", "status", 1, None, None, None, None),
    },
    files={"pages/a": "AA", "pages/b": "BB"},
    temporary=frozenset(),
    others=frozenset({"crawl.sqlite", "crawl.log"}),
    damage=(),
    bugs=0,
)
CLEAN = Clean(WHOLE, Counter({f"{HOST}/a": 1, f"{HOST}/b": 1, f"{HOST}/c": 1}), 1.0, {})
GOOD = Ended(0, "", "", 1.0)


def with_row(at: str, **changes: object) -> Folder:
    return replace(WHOLE, rows={**WHOLE.rows, HOST + at: replace(WHOLE.rows[HOST + at], **changes)})  # type: ignore[arg-type]


def without(path: str) -> Folder:
    rows = {url: row for url, row in WHOLE.rows.items() if url != HOST + path}
    return replace(WHOLE, rows=rows, files={"pages/a": "AA"})


def end(folder: Folder, ended: Ended = GOOD) -> Judgement:
    judgement = Judgement("case", is_kill=True)
    judge_end(judgement, ended, folder, CLEAN)
    return judgement


def rules(judgement: Judgement) -> set[str]:
    return {wrong.partition(":")[0] for wrong in judgement.wrong}


def test_the_undisturbed_folder_breaks_no_rule() -> None:
    assert not end(WHOLE).wrong
    judgement = Judgement("case", is_kill=True)
    judge_stop(judgement, WHOLE, CLEAN)
    judge_exit(judgement, GOOD, WHOLE, CLEAN)
    judge_requests(judgement, CLEAN.asked, Counter(), WHOLE, CLEAN)
    assert not judgement.wrong


@pytest.mark.parametrize(
    ("folder", "rule", "lost"),
    [
        (without("/b"), "I1", 1),
        (with_row("/a", state="queued", path=None, digest=None, size=None), "I1", 1),
        (with_row("/a", state="leased"), "I1", 0),
        (with_row("/c", error="type"), "I1", 0),
        (with_row("/a", path="pages/other"), "I1", 1),
        (with_row("/a", attempts=2), "I5", 0),
        (replace(WHOLE, temporary=frozenset({"7"})), "I3", 0),
        (replace(WHOLE, others=WHOLE.others | {"crawl.sqlite-wal"}), "I3", 0),
        (replace(WHOLE, files={**WHOLE.files, "pages/more": "CC"}), "I4", 0),
        (replace(WHOLE, files={**WHOLE.files, "pages/b": "B"}), "I4", 1),
        (replace(WHOLE, damage=("row 1 missing from index",)), "I4", 0),
        (replace(WHOLE, bugs=1), "I6", 0),
    ],
)
def test_a_folder_that_is_not_as_it_should_be(folder: Folder, rule: str, lost: int) -> None:
    judgement = end(folder)
    assert rule in rules(judgement)
    assert judgement.lost == lost


def test_the_same_command_again_must_come_to_its_end() -> None:
    assert rules(end(WHOLE, Ended(1, "", "crawler: no\n", 1.0))) == {"I1"}
    assert rules(end(WHOLE, Ended(None, "", "", 60.0))) == {"I1"}


def test_a_half_file_under_a_final_name() -> None:
    judgement = Judgement("case", is_kill=True)
    judge_stop(judgement, replace(WHOLE, files={"pages/a": "A"}, rows={}), CLEAN)
    assert rules(judgement) == {"I3"}
    assert judgement.half == 1


def test_a_saved_row_whose_file_has_not_come_yet() -> None:
    judgement = Judgement("case", is_kill=True)
    judge_stop(judgement, replace(WHOLE, files={"pages/a": "AA"}), CLEAN)
    assert rules(judgement) == {"I4"}


@pytest.mark.parametrize(
    ("ended", "folder", "broken"),
    [
        (Ended(1, "", "crawler: stopped after 1 s: no room\n", 1.0), without("/b"), set()),
        (Ended(0, "", "", 1.0), without("/b"), {"I6"}),
        (Ended(0, "", "crawler: no room\n", 1.0), WHOLE, {"I6"}),
        (Ended(1, "", "", 1.0), WHOLE, {"I6"}),
        (Ended(1, "", "one\ntwo\n", 1.0), WHOLE, {"I6"}),
        (Ended(1, "", "Traceback (most recent call last)\n", 1.0), WHOLE, {"I6"}),
        (Ended(-7, "", "", 1.0), WHOLE, {"I6"}),
        (Ended(None, "", "", 60.0), WHOLE, {"I5"}),
        (Ended(0, "", "", 1.0, orphans=True), WHOLE, {"I5"}),
    ],
)
def test_how_a_crawl_with_a_fault_may_end(ended: Ended, folder: Folder, broken: set[str]) -> None:
    judgement = Judgement("case", is_kill=False)
    judge_exit(judgement, ended, folder, CLEAN)
    assert rules(judgement) == broken


@pytest.mark.parametrize(
    ("again", "more", "twice"),
    [
        (Counter({f"{HOST}/a": 1}), 0, 1),
        (Counter({f"{HOST}/b": 1}), 4, 0),
        (Counter({f"{HOST}/b": 1}), 6, 2),
        (Counter(), 0, 0),
    ],
)
def test_what_may_be_asked_again(again: Counter[str], more: int, twice: int) -> None:
    judgement = Judgement("case", is_kill=True)
    asked = CLEAN.asked + Counter({f"{HOST}/b": more})
    judge_requests(judgement, asked, again, with_row("/b", state="leased"), CLEAN)
    assert judgement.twice == twice
    assert bool(judgement.wrong) == bool(twice)
