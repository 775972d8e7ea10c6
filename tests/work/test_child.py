"""The child's program, as far as it can be run without ending the process it runs in."""

import io
import json
import os
import pickle
from typing import Any

import pytest

from crawler.work.child import GRACE, HEAD, MAX_TEXT, MAX_TRACE, answer, serve
from tests.work import jobs


def order(job: object, *arguments: object) -> bytes:
    return pickle.dumps((60.0, job, arguments))


def message(body: bytes) -> bytes:
    return len(body).to_bytes(HEAD, "big") + body


def answers(orders: bytes) -> list[Any]:
    """What is answered to a stream of orders."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        serve(io.BytesIO(orders), writing)
        os.close(writing)
        found = []
        while head := stream.read(HEAD):
            found.append(json.loads(stream.read(int.from_bytes(head, "big"))))
        return found


def test_orders_are_answered_one_by_one() -> None:
    orders = message(order(jobs.add, 1, 2)) + message(order(jobs.echo, "x"))
    assert answers(orders) == [["returned", 3], ["returned", "x"]]


@pytest.mark.parametrize("cut", [1, HEAD - 1, HEAD, HEAD + 1])
def test_an_order_that_is_cut_short_is_the_end(cut: int) -> None:
    whole = message(order(jobs.add, 1, 2))
    assert answers(whole + whole[:cut]) == [["returned", 3]]


def test_an_order_that_cannot_be_read_is_a_failure() -> None:
    word, (kind, _, trace) = json.loads(answer(b"cos\nnothing_like_that\n."))
    assert (word, kind) == ("failed", "AttributeError")
    assert trace.startswith("Traceback")


def test_errors_travel_by_their_names_and_are_bounded() -> None:
    word, (kind, text, _) = json.loads(answer(order(jobs.fail_as_expected, "full")))
    assert (word, kind, text) == ("raised", "StoreError", "full")
    word, (kind, text, _) = json.loads(answer(order(jobs.fail_as_odd)))
    assert (word, kind, text) == ("failed", "OddError", "a class that nobody else can find")
    word, (_, text, trace) = json.loads(answer(order(jobs.fail, "x" * 100_000)))
    assert (word, len(text), len(trace)) == ("failed", MAX_TEXT, MAX_TRACE)


def test_want_of_memory_is_left_to_end_the_process() -> None:
    with pytest.raises(MemoryError):
        answer(order(jobs.eat_in_one_bite, 1 << 60))


def test_a_job_ends_some_time_after_its_limit_also_where_nobody_is_left_to_end_it() -> None:
    word, seconds = json.loads(answer(order(jobs.alarm_in)))
    assert word == "returned"
    assert 60 < seconds <= 60 + GRACE
    answer(order(jobs.fail, "x"))
    assert jobs.alarm_in() == 0
