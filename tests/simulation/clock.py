"""Time in the simulation: it passes when the scheduler says so, and never by itself."""

from typing import Final

from schemas.instant import HOUR_MS

#: An hour before midnight, so that arrival days change early.
START_MS: Final = 1_763_766_000_000


class Clock:
    """One clock for everybody, and the broker's, which may be behind it."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        #: How far the broker is behind: it was ahead, and was set right.
        self.behind_ms = 0

    @property
    def broker_ms(self) -> int:
        """The append time of a record that arrives now."""
        return self.now_ms - self.behind_ms

    def seconds(self) -> float:
        """Return seconds since the start, for timeouts."""
        return (self.now_ms - START_MS) / 1_000

    def forward(self, span_ms: int) -> None:
        """Let *span_ms* pass. In hours everybody sets the clock right."""
        self.now_ms += span_ms
        if span_ms >= HOUR_MS:
            self.behind_ms = 0
