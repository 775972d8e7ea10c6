import time
from collections.abc import Callable
from typing import Any

import pytest

from crawler.model import Counted, Counts, Finished, Held, Noted, Outcome, Verdict
from crawler.settings import CrawlSettings
from crawler.watch.stats import MAX_HOSTS, WINDOW, Rate, Stats

Make = Callable[..., Any]


def test_a_rate_is_the_mean_of_the_last_seconds() -> None:
    rate = Rate(0.0)
    for second in range(100):
        rate.add(float(second), 7)
    assert rate.per_second(99.999) == pytest.approx(7, rel=0.05)
    assert rate.per_second(99.0 + WINDOW + 1) == 0
    rate.add(200.5, 10)
    assert 0 < rate.per_second(200.6) <= 1


def test_a_rate_at_the_beginning_is_taken_over_a_second_at_least() -> None:
    rate = Rate(50.0)
    rate.add(50.01, 4)
    assert rate.per_second(50.02) == 4
    assert rate.per_second(54.0) == 1


def test_visits_and_bytes_are_counted(clock: Any, leased: Make, saved: Make, failed: Make) -> None:
    stats = Stats(clock=clock)
    for _ in range(3):
        stats(leased())
    stats(leased("http://b.example:8080/"))
    stats(saved(size=500))
    stats(failed("http://b.example:8080/"))
    stats(Noted("nothing to count"))
    clock.now += 2
    snapshot = stats.snapshot()
    assert snapshot.elapsed == 2
    assert snapshot.in_flight == 2
    assert snapshot.requests_per_second == 1
    assert snapshot.bytes_per_second == 250
    assert [(one.host, one.in_flight, one.done, one.failed) for one in snapshot.hosts] == [
        ("a.example", 2, 1, 0),
        ("b.example:8080", 0, 1, 1),
    ]
    assert snapshot.more_hosts == 0
    assert len(stats.snapshot(1).hosts) == 1
    assert stats.snapshot(1).more_hosts == 1


def test_what_asked_nothing_is_no_request(clock: Any, leased: Make, saved: Make) -> None:
    stats = Stats(clock=clock)
    stats(leased())
    stats(Finished(saved().visit, Outcome(Verdict.FAILED, error="dns")))
    assert stats.snapshot().requests_per_second == 0
    assert stats.snapshot().in_flight == 0


def test_a_held_host_is_shown_for_as_long_as_it_is_held(clock: Any) -> None:
    stats = Stats(delay=0.5, clock=clock)
    stats(Held("a.example", 30.0, "retry-after"))
    stats(Held("b.example", 4.0, "crawl-delay"))
    clock.now += 10
    held, paced = stats.snapshot().hosts
    assert (held.host, held.held_for, held.word, held.delay) == ("a.example", 20.0, "retry-after", 0.5)
    assert (paced.host, paced.held_for, paced.word, paced.delay) == ("b.example", 0.0, None, 4.0)
    clock.now += 20
    assert stats.snapshot().hosts[0].word is None


def counted(**counts: Any) -> Counted:
    return Counted(Counts(**counts))


def test_the_end_is_unknown_while_the_queue_grows(clock: Any, saved: Make) -> None:
    stats = Stats(clock=clock)
    for second in range(20):
        stats(saved())
        stats(counted(saved=second, queued=second * 2))
        clock.now += 1
        assert stats.snapshot().left is None


def test_the_end_is_the_queue_over_the_speed_once_nothing_new_is_found(clock: Any, saved: Make) -> None:
    stats = Stats(clock=clock)
    for second in range(20):
        stats(saved())
        stats(counted(saved=second, queued=60 - second))
        clock.now += 1
    assert stats.snapshot().left == pytest.approx(41, rel=0.15)


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (CrawlSettings(max_pages=50), 30),
        (CrawlSettings(max_bytes=30_000), 10),
        (CrawlSettings(max_time=25.0), 5),
        (CrawlSettings(max_pages=50, max_time=3600.0), 30),
        (CrawlSettings(max_pages=5), 0),
    ],
)
def test_a_limit_is_an_end(clock: Any, saved: Make, limits: CrawlSettings, left: float) -> None:
    stats = Stats(limits, clock=clock)
    for second in range(20):
        stats(saved(size=1000))
        clock.now += 1
        stats(counted(saved=second + 1, pages=second + 1, size=(second + 1) * 1000, queued=10_000 * second))
    assert stats.snapshot().left == pytest.approx(left, rel=0.15)


def test_memory_is_bounded_however_many_hosts_there_are(clock: Any, leased: Make, saved: Make) -> None:
    stats = Stats(clock=clock)
    stats(leased("http://busy.example/"))
    for number in range(5 * MAX_HOSTS):
        stats(leased(f"http://h{number}.example/"))
        stats(saved(f"http://h{number}.example/"))
    snapshot = stats.snapshot()
    assert len(snapshot.hosts) + snapshot.more_hosts <= MAX_HOSTS + 2
    assert snapshot.hosts[0].host == "busy.example"
    assert snapshot.hosts[0].in_flight == 1


def test_an_event_costs_next_to_nothing(leased: Make, saved: Make) -> None:
    """Microseconds, so that a thousand pages a second leave the loop to itself; the bound is far from the measure."""
    stats = Stats()
    events = [leased(), saved()] * 5000
    began = time.process_time()
    for event in events:
        stats(event)
    assert (time.process_time() - began) / len(events) < 100e-6
