"""Who gets no answer of Stripe asks no more for a while: a circuit breaker, as a value that is replaced.

Closed, requests go. After so many failures in a row it opens, and none goes. When its time is over, one goes
as a trial (half open): what becomes of it closes it, or opens it anew. What became of a request that began
before it opened says nothing about now.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

#: Failures in a row that open it.
FAILURES: Final = 5
OPEN_MS: Final = 60_000

#: How a request was let through.
Pass = Literal["plain", "trial"]


class State(StrEnum):
    """What a breaker does with the next request."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker(NamedTuple):
    """One breaker. Times are milliseconds of a clock that never goes back."""

    #: In a row, while it is closed.
    failures: int = 0
    #: From then on a trial may go; None: it is closed.
    open_until_ms: int | None = None
    #: Whether a trial is under way.
    trial: bool = False

    def state(self, now_ms: int) -> State:
        """Return what it is at *now_ms*."""
        if self.open_until_ms is None:
            return State.CLOSED
        return State.HALF_OPEN if now_ms >= self.open_until_ms else State.OPEN

    def wait_ms(self, now_ms: int) -> int:
        """Return for how long surely no request is let through; 0: it may be now."""
        return 0 if self.open_until_ms is None else max(0, self.open_until_ms - now_ms)

    def ask(self, now_ms: int) -> "tuple[Breaker, Pass | None]":
        """Return how a request goes, None where it must not, and the breaker after that."""
        if self.open_until_ms is None:
            return self, "plain"
        if self.trial or now_ms < self.open_until_ms:
            return self, None
        return self._replace(trial=True), "trial"

    def succeeded(self, how: Pass) -> "Breaker":
        """Return the breaker after a request that went as *how* was answered."""
        return Breaker() if how == "trial" or self.open_until_ms is None else self

    def failed(self, how: Pass, now_ms: int) -> "Breaker":
        """Return the breaker after a request that went as *how* got no answer, or Stripe's own failure."""
        if how == "trial":
            return Breaker(0, now_ms + OPEN_MS)
        if self.open_until_ms is not None:
            return self
        failures = self.failures + 1
        return Breaker(0, now_ms + OPEN_MS) if failures >= FAILURES else Breaker(failures)

    def gave_up(self, how: Pass) -> "Breaker":
        """Return the breaker after whoever sent the request waits no longer: another may be the trial."""
        return self._replace(trial=False) if how == "trial" else self
