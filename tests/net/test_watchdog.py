"""The alarm rings when the last moment named has passed, and at no other; on a loop whose clock is turned by hand."""

from collections.abc import Callable
from math import inf
from typing import Any

from crawler.net.watchdog import Watchdog


class Timer:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class HandLoop:
    """Just enough of a loop: a clock, its timers, and what has the next turn."""

    def __init__(self) -> None:
        self.now = 0.0
        self.soon: list[Callable[[], None]] = []
        self.timers: list[tuple[float, Callable[[], None], Timer]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, call: Callable[[], None]) -> Timer:
        timer = Timer()
        self.timers.append((when, call, timer))
        return timer

    def call_soon(self, call: Callable[[], None]) -> None:
        self.soon.append(call)

    def turn_to(self, moment: float) -> None:
        self.now = moment
        while due := [entry for entry in self.timers if entry[0] <= moment or entry[2].cancelled]:
            for entry in due:
                self.timers.remove(entry)
                if not entry[2].cancelled:
                    entry[1]()
            self.turn()

    def turn(self) -> None:
        turns, self.soon = self.soon, []
        for call in turns:
            call()


def watched() -> tuple[HandLoop, Watchdog, list[float]]:
    loop: Any = HandLoop()
    rung: list[float] = []
    return loop, Watchdog(loop, lambda: rung.append(loop.now)), rung


def test_rings_once_when_the_moment_has_passed() -> None:
    loop, dog, rung = watched()
    dog.expect(5.0)
    loop.turn_to(4.9)
    assert rung == []
    loop.turn_to(5.0)
    loop.turn_to(50.0)
    assert rung == [5.0]


def test_a_later_moment_costs_no_timer_and_counts() -> None:
    loop, dog, rung = watched()
    for moment in range(5, 50):
        dog.expect(float(moment))
    assert len(loop.timers) == 1
    loop.turn_to(48.0)
    assert rung == []
    loop.turn_to(49.0)
    assert rung == [49.0]


def test_an_earlier_moment_counts_too() -> None:
    loop, dog, rung = watched()
    dog.expect(300.0)
    dog.expect(5.0)
    loop.turn_to(5.0)
    assert rung == [5.0]


def test_nothing_expected_nothing_rung() -> None:
    loop, dog, rung = watched()
    dog.expect(5.0)
    dog.expect(inf)
    loop.turn_to(10.0)
    assert rung == []
    assert loop.timers == []
    dog.expect(12.0)
    loop.turn_to(12.0)
    assert rung == [12.0]


def test_close_leaves_no_timer() -> None:
    loop, dog, rung = watched()
    dog.expect(5.0)
    dog.close()
    assert all(timer.cancelled for _, _, timer in loop.timers)
    loop.turn_to(10.0)
    assert rung == []


def test_what_came_while_the_loop_was_busy_is_no_silence() -> None:
    loop, dog, rung = watched()
    dog.expect(5.0)
    loop.call_soon(lambda: dog.expect(12.0))  # the reader, woken by bytes that came before the alarm was looked at
    loop.turn_to(9.0)
    assert rung == []
    loop.turn_to(12.0)
    assert rung == [12.0]


def test_closed_between_the_alarm_and_the_look() -> None:
    loop, dog, rung = watched()
    dog.expect(5.0)
    loop.call_soon(dog.close)
    loop.turn_to(9.0)
    assert rung == []
    assert loop.timers == []
