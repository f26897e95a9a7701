"""The windows that usage is read by. Each is a whole number of hours, in UTC, half-open: [start, end)."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.instant import DAY_MS, HOUR_MS, SECOND_MS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Window(StrEnum):
    """What hours are summed to."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    #: The billing period. Without a subscription it is the calendar month.
    PERIOD = "period"


class Bounds(NamedTuple):
    """One window."""

    start_ms: int
    end_ms: int


def window_of(window: Window, hour_ms: int) -> Bounds:
    """Return the window to which the hour that contains *hour_ms* belongs."""
    match window:
        case Window.HOUR:
            start_ms = hour_ms - hour_ms % HOUR_MS
            return Bounds(start_ms, start_ms + HOUR_MS)
        case Window.DAY:
            start_ms = hour_ms - hour_ms % DAY_MS
            return Bounds(start_ms, start_ms + DAY_MS)
        case Window.MONTH | Window.PERIOD:
            return _month_of(hour_ms)


def widened(window: Window, from_ms: int, to_ms: int) -> Bounds:
    """Return the span of all windows that overlap [from, to): a part of a window is never summed."""
    return Bounds(window_of(window, from_ms).start_ms, window_of(window, to_ms - 1).end_ms)


def _month_of(at_ms: int) -> Bounds:
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    start_ms = (first - _EPOCH) // timedelta(seconds=1) * SECOND_MS
    _, days = monthrange(moment.year, moment.month)
    return Bounds(start_ms, start_ms + days * DAY_MS)
