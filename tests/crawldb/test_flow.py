"""How many requests a host bears: a server that is modelled by what it can do at once."""

from crawler.crawldb.flow import Flow


def run(flow: Flow, seconds: float, *, room: int, service: float, begin: float = 0.0) -> float:
    """A host with `room` places, each taking `service` seconds an answer: what waits for a place waits longer."""
    now = begin
    while now < begin + seconds:
        out = int(flow.window)
        waited = service * max(1.0, out / room)
        now += waited
        for _ in range(out):
            flow.answered(waited, now)
    return now


def test_it_begins_with_what_it_is_given_and_never_passes_the_ceiling() -> None:
    flow = Flow(4.0, 4, 0.5)
    run(flow, 10, room=100, service=0.05)
    assert flow.window == 4


def test_it_is_halved_once_by_what_fails_together_and_grows_by_one_a_round() -> None:
    flow = Flow(16.0, 16, 0.5)
    for _ in range(10):
        flow.failed(leased_at=1.0, now=2.0)
    assert flow.window == 8
    flow.failed(leased_at=2.5, now=3.0)
    assert flow.window == 4
    for _ in range(4):
        flow.answered(0.1, 3.1)
    assert 4.8 < flow.window <= 5.2


def test_one_is_the_least() -> None:
    flow = Flow(1.0, 8, 0.5)
    flow.failed(1.0, 2.0)
    assert flow.window == 1


def test_more_requests_that_bring_no_more_answers_but_later_ones_are_taken_back() -> None:
    flow = Flow(2.0, 64, 0.1)
    run(flow, 60, room=8, service=0.1)
    assert 4 <= flow.window <= 32


def test_a_host_that_answers_soon_is_never_slowed_down_for_being_busy() -> None:
    flow = Flow(2.0, 64, 0.5)
    run(flow, 60, room=8, service=0.01)
    assert flow.window == 64


def test_answers_that_come_later_with_more_of_them_slow_nothing() -> None:
    flow = Flow(8.0, 64, 0.1)
    now = 0.0
    for second in range(1, 40):
        rate = int(10 * 1.1**second)
        for _ in range(rate):
            now += 1 / rate
            flow.answered(0.2 * second, now)
    assert flow.window == 64
