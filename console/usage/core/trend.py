"""Trends: how usage changed from window to window and from week to week, and where it was highest."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

import msgspec

from console.usage.core.calendar import Bounds, Window, widened, window_of
from console.usage.core.merge import State
from schemas.errors import Reject
from schemas.instant import DAY_MS, HOUR_MS, format_instant
from schemas.meters import Aggregation, Meter
from schemas.partial import Partial, merge
from schemas.quantity import format_ratio
from schemas.sketch import Sketch, merged

#: The windows of which each is as long as any other, so that they can be compared.
SIZES_MS: Final[Mapping[Window, int]] = {Window.HOUR: HOUR_MS, Window.DAY: DAY_MS}
WEEK_MS: Final = 7 * DAY_MS
MOST_WINDOWS: Final = 1_000
PEAKS: Final = 3
#: Where nothing was measured these amount to 0; the others have no value then.
_ADDED_UP: Final = frozenset({Aggregation.SUM, Aggregation.COUNT, Aggregation.UNIQUE})


class Total(NamedTuple):
    """What a window holds."""

    partial: Partial
    #: What its meter keeps beside, where it does.
    sketch: Sketch | None = None

    def with_more(self, more: "Total") -> "Total":
        """Return both together; *more* stands behind on the log."""
        parts = [each for each in (self.sketch, more.sketch) if each is not None]
        return Total(merge(self.partial, more.partial), merged(parts[0].kind, parts) if parts else None)


class Trend(msgspec.Struct, frozen=True):
    """One window, and what it is compared with. Numbers are decimal text, rounded once."""

    start: str
    end: str
    #: In the meter's unit; null where nothing was measured that an average, least or last could be of.
    quantity: str | None
    #: Against the window before; null where nothing was used then.
    change_percent: str | None
    #: Against the same window a week before; null where nothing was used then.
    week_change_percent: str | None
    events: int
    #: open: more is expected, and the changes are those of what has come so far.
    state: State


class Trends(NamedTuple):
    """Every window in order, and those in which most was used, the largest first."""

    data: list[Trend]
    peaks: list[Trend]


def comparable(window: Window, asked: Bounds, now_ms: int) -> Bounds:
    """Return the windows of *asked* that have begun. Raises Reject where there are too many."""
    start_ms, end_ms = widened(window, *asked)
    end_ms = max(min(end_ms, window_of(window, now_ms).end_ms), start_ms)
    number = (end_ms - start_ms) // SIZES_MS[window]
    if number > MOST_WINDOWS:
        raise Reject(
            f"that is {number} windows, and {MOST_WINDOWS} can be compared at once: "
            "ask for a shorter span" + (", or for days" if window is Window.HOUR else "")
        )
    return Bounds(start_ms, end_ms)


def trends(
    totals: Mapping[int, Total],
    window: Window,
    span: Bounds,
    meter: Meter,
    state: Callable[[Bounds], State],
    peaks: int,
) -> Trends:
    """Return the trend of each window of *span*, and the *peaks* highest.

    *totals* are by the start of their window, and reach back a week behind the span.
    """
    size_ms = SIZES_MS[window]

    def amount(start_ms: int) -> Fraction | None:
        total = totals.get(start_ms)
        if total is not None:
            return Fraction(*meter.amount(*total))
        return Fraction(0) if meter.aggregation in _ADDED_UP else None

    def trend(start_ms: int) -> Trend:
        bounds, now = Bounds(start_ms, start_ms + size_ms), amount(start_ms)
        return Trend(
            format_instant(bounds.start_ms),
            format_instant(bounds.end_ms),
            None if now is None else format_ratio(*now.as_integer_ratio()),
            _change_percent(amount(start_ms - size_ms), now),
            _change_percent(amount(start_ms - WEEK_MS), now),
            totals[start_ms].partial.events if start_ms in totals else 0,
            state(bounds),
        )

    starts = range(span.start_ms, span.end_ms, size_ms)
    used = [(amount(start_ms) or 0, start_ms) for start_ms in starts]
    highest = sorted((-each, start_ms) for each, start_ms in used if each)[:peaks]
    return Trends([trend(start_ms) for start_ms in starts], [trend(start_ms) for _, start_ms in highest])


def _change_percent(base: Fraction | None, now: Fraction | None) -> str | None:
    """Return by how many per cent *now* is above *base*; from nothing there are no per cent."""
    if not base or now is None:
        return None
    return format_ratio(*(100 * (now - base) / base).as_integer_ratio())
