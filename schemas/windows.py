"""Window maths on integer milliseconds. Windows are half-open: [start, end)."""

from enum import Enum
from typing import Final

from schemas.instant import HOUR_MS

WINDOW_MS: Final = HOUR_MS
DEFAULT_GRACE_MS: Final = HOUR_MS

#: Marks the row of events that were not late; late rows carry the day on which they arrived.
NOT_LATE: Final = 0


class Arrival(Enum):
    """When an event reached the log, seen from the window that it belongs to."""

    ON_TIME = "on_time"
    IN_GRACE = "in_grace"
    LATE = "late"


def window_start(occurred_at_ms: int) -> int:
    """Return the start of the one hour window that contains *occurred_at_ms*."""
    return occurred_at_ms - occurred_at_ms % WINDOW_MS


def arrival(start_ms: int, recorded_at_ms: int, grace_ms: int) -> Arrival:
    """Say whether a record of *recorded_at_ms* is late for the window that starts at *start_ms*.

    It depends on the record alone: no other event and no clock can change it, so a replay
    decides the same.
    """
    past_end_ms = recorded_at_ms - start_ms - WINDOW_MS
    if past_end_ms < 0:
        return Arrival.ON_TIME
    return Arrival.IN_GRACE if past_end_ms < grace_ms else Arrival.LATE
