"""What is seen of a run while it goes on: counts, latencies, the moment of the last good answer."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import quantiles
from typing import NamedTuple

from console.generator.attempt import Answer

_HUNDRED = 100


class Latency(NamedTuple):
    """Milliseconds from a request to its 2xx."""

    p50_ms: float
    p99_ms: float


class Traffic:
    """Counters of one run; written by the sender, read by whoever looks on."""

    def __init__(self) -> None:
        self.answers: Counter[Answer] = Counter()
        #: Events in attempts that got no answer.
        self.without_answer = 0
        #: Events in requests that got a 2xx.
        self.events = 0
        self.requests = 0
        #: When the request began that got the newest 2xx (monotonic); 0.0 before the first.
        self.last_answered_begun_at = 0.0
        self._latencies: list[float] = []
        self._begun_at = 0.0
        self._ended_at = 0.0

    def begin(self) -> None:
        """Start the clock."""
        self._begun_at = time.monotonic()

    def end(self) -> None:
        """Stop the clock."""
        self._ended_at = time.monotonic()

    def acknowledged(self, events: int, begun_at: float) -> None:
        """Take note of a 2xx for a request of *events* that was begun at *begun_at* (monotonic)."""
        self.events += events
        self.requests += 1
        self.last_answered_begun_at = max(self.last_answered_begun_at, begun_at)
        self._latencies.append(time.monotonic() - begun_at)

    def unanswered(self, events: int) -> None:
        """Take note of a request of *events* that has to be repeated."""
        self.without_answer += events

    def settled(self, answers: Iterable[Answer]) -> None:
        """Take note of the final answers of a request."""
        self.answers.update(answers)

    def seconds(self) -> float:
        """Return how long the run has gone on, or went on."""
        return (self._ended_at or time.monotonic()) - self._begun_at

    @property
    def begun_at(self) -> float:
        """Monotonic time of the start."""
        return self._begun_at

    def latency(self) -> Latency:
        """Return percentiles over all 2xx so far."""
        return percentiles(self._latencies)


def percentiles(seconds: Sequence[float]) -> Latency:
    """Return the median and the 99th percentile of *seconds*, in milliseconds."""
    if len(seconds) < 2:  # noqa: PLR2004 -- quantiles need two
        only = 1000 * next(iter(seconds), 0.0)
        return Latency(only, only)
    cuts = quantiles(seconds, n=_HUNDRED)
    return Latency(1000 * cuts[49], 1000 * cuts[98])
