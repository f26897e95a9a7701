"""Every hour belongs to one window of each kind, in UTC."""

import pytest

from console.usage.core.calendar import Window, widened, window_of
from schemas.instant import format_instant, parse_instant


def span(window: Window, at: str) -> tuple[str, str]:
    bounds = window_of(window, parse_instant(at))
    return format_instant(bounds.start_ms), format_instant(bounds.end_ms)


@pytest.mark.parametrize(
    ("window", "at", "start", "end"),
    [
        (Window.HOUR, "2026-11-21T10:59:59.999Z", "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"),
        (Window.HOUR, "2026-11-21T11:00:00Z", "2026-11-21T11:00:00Z", "2026-11-21T12:00:00Z"),
        (Window.DAY, "2026-11-21T23:00:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
        (Window.DAY, "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        (Window.MONTH, "2026-11-30T23:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        (Window.MONTH, "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (Window.MONTH, "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        (Window.PERIOD, "2027-02-28T12:00:00Z", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z"),
        # An edge in another zone is no edge here.
        (Window.DAY, "2026-11-22T00:30:00+02:00", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
    ],
)
def test_an_hour_belongs_to_the_window_that_contains_it(
    window: Window, at: str, start: str, end: str
) -> None:
    assert span(window, at) == (start, end)


@pytest.mark.parametrize(
    ("start", "end", "wide_start", "wide_end"),
    [
        ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
        ("2026-11-20T10:30:00Z", "2026-11-21T00:00:00.001Z", "2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z"),
    ],
)
def test_a_span_is_widened_to_whole_windows(start: str, end: str, wide_start: str, wide_end: str) -> None:
    wide = widened(Window.DAY, parse_instant(start), parse_instant(end))
    assert (format_instant(wide.start_ms), format_instant(wide.end_ms)) == (wide_start, wide_end)


def test_the_last_month_of_the_calendar_has_an_end() -> None:
    last = window_of(Window.MONTH, parse_instant("9999-12-31T23:59:59Z"))
    assert last.end_ms == parse_instant("9999-12-31T23:59:59.999Z") + 1
