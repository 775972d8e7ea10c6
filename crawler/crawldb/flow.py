"""How many requests a host bears at once, found out by asking: more as long as it answers well, half when it does not.

Additive increase, multiplicative decrease (Chiu and Jain, 1989), on a number of requests in flight. Time alone slows
nothing: answers that come later are a sign of too many requests only where not more of them come in a second.
"""

from dataclasses import dataclass
from typing import Final

EPOCH: Final = 1.0
"""Seconds of answers that are compared with those before."""

ENOUGH: Final = 8
"""Answers that such a time has at the least."""

GROWTH: Final = 1.05
"""How many times as many answers in a second count as more."""

SLOWER: Final = 2.0
"""How many times as long an answer takes to count as later."""

FORGETTING: Final = 1.002
"""How many times as long the soonest answers may take a second later: a host may have become slower."""

LESS: Final = 0.8
"""What is left of the number when answers come later and not more of them."""


@dataclass(slots=True)
class Flow:
    """The flow of one host's answers; `window` is how many requests may be in flight, a share of the next counted."""

    window: float
    ceiling: int
    slow: float
    slowed_at: float = 0.0
    _began: float = 0.0
    _answers: int = 0
    _waited: float = 0.0
    _best: float = 0.0
    _rate: float = 0.0

    def failed(self, leased_at: float, now: float) -> None:
        """The host failed, or is busy; what was under way when it failed last is part of that failure."""
        if leased_at > self.slowed_at:
            self.window = max(1.0, self.window / 2)
            self.slowed_at = now
            self._restart(now)

    def answered(self, waited: float, now: float) -> None:
        """An answer began to come after so many seconds."""
        self.window = min(self.ceiling, self.window + 1 / max(self.window, 1.0))
        if not self._answers and not self._began:
            self._began = now
        self._answers += 1
        self._waited += waited
        took = now - self._began
        if took < EPOCH or self._answers < ENOUGH:
            return
        mean, rate = self._waited / self._answers, self._answers / took
        is_later = mean > self.slow and self._best > 0 and mean > SLOWER * self._best
        if is_later and self._rate and rate < GROWTH * self._rate:
            self.window = max(1.0, self.window * LESS)
            self.slowed_at = now
        self._best = min(mean, self._best * FORGETTING) if self._best else mean
        self._rate = rate
        self._restart(now)

    def _restart(self, now: float) -> None:
        self._began, self._answers, self._waited = now, 0, 0.0
