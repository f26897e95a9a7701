"""Periods over which a quota runs, as spans of integer milliseconds in UTC, half-open: [start, end).

Usage belongs to the period that contains its hour's start.
"""

import re
from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.instant import DAY_MS, FIRST_MS, LAST_MS

DAY: Final = "day"
#: From Monday on.
WEEK: Final = "week"
MONTH: Final = "month"
#: A month from the day on which the customer's own months begin.
ANNIVERSARY: Final = "anniversary"
#: Periods that begin and end for everybody at once.
CALENDAR: Final = frozenset({DAY, WEEK, MONTH})
#: The longest custom period, in days.
MAX_DAYS: Final = 366

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
#: 1970 began on a Thursday.
_FIRST_MONDAY_MS: Final = 4 * DAY_MS
_WEEK_MS: Final = 7 * DAY_MS
_MONTHS: Final = 12
#: Every month has as many.
_LEAST_DAYS: Final = 28
_DAYS: Final = re.compile(r"([1-9]\d{0,2})d", re.ASCII)


class Span(NamedTuple):
    """One period."""

    start_ms: int
    end_ms: int


def check_period(period: str) -> None:
    """Return if *period* names one. Raises ValueError with what may be written."""
    days = _DAYS.fullmatch(period)
    if period in CALENDAR or period == ANNIVERSARY or (days and int(days[1]) <= MAX_DAYS):
        return
    raise ValueError(
        f"must be {DAY}, {WEEK}, {MONTH}, {ANNIVERSARY} or a number of days such as 30d, at most {MAX_DAYS}d"
    )


def is_anchored(period: str) -> bool:
    """Say whether *period* begins for each customer when its own time does."""
    return period not in CALENDAR


@lru_cache(maxsize=4_096)  # most questions are about the same few hours
def span_at(period: str, at_ms: int, anchor_ms: int = 0) -> Span:
    """Return the span of *period* that contains *at_ms*.

    Anchored periods are counted from *anchor_ms*, in both directions. A month from the 31st ends, where
    there is none, with the last day.
    """
    match period:
        case "day":
            return _even(at_ms, 0, DAY_MS)
        case "week":
            return _even(at_ms, _FIRST_MONDAY_MS, _WEEK_MS)
        case "month":
            return _month(at_ms, 0)
        case "anniversary":
            return _month(at_ms, anchor_ms)
    return _even(at_ms, anchor_ms, int(period[:-1]) * DAY_MS)


def _even(at_ms: int, from_ms: int, length_ms: int) -> Span:
    start_ms = at_ms - (at_ms - from_ms) % length_ms
    return Span(start_ms, start_ms + length_ms)


def _month(at_ms: int, anchor_ms: int) -> Span:
    anchor = _moment(anchor_ms)
    moment = _moment(at_ms)
    months = (moment.year - anchor.year) * _MONTHS + moment.month - anchor.month
    if _edge(anchor, months) > at_ms:
        months -= 1
    return Span(_edge(anchor, months), _edge(anchor, months + 1))


def _edge(anchor: datetime, months: int) -> int:
    """Return the instant *months* after *anchor*, as far as the calendar goes."""
    year, month = divmod(anchor.year * _MONTHS + anchor.month - 1 + months, _MONTHS)
    if not MINYEAR <= year <= MAXYEAR:
        return LAST_MS + 1 if months > 0 else FIRST_MS
    day = anchor.day
    if day > _LEAST_DAYS:
        day = min(day, monthrange(year, month + 1)[1])
    return (anchor.replace(year=year, month=month + 1, day=day) - _EPOCH) // _MILLISECOND


def _moment(at_ms: int) -> datetime:
    return _EPOCH + at_ms * _MILLISECOND
