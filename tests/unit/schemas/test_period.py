"""Every instant is in one period of each kind, and they follow each other without a hole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instant import FIRST_MS, LAST_MS, format_instant, parse_instant
from schemas.period import check_period, is_anchored, span_at

KINDS = ("day", "week", "month", "anniversary", "1d", "30d", "366d")
YEAR_MS = 366 * 86_400_000
instants = st.integers(FIRST_MS + 2 * YEAR_MS, LAST_MS - 2 * YEAR_MS)


def shown(period: str, at: str, anchor: str = "1970-01-01T00:00:00Z") -> list[str]:
    return [format_instant(edge) for edge in span_at(period, parse_instant(at), parse_instant(anchor))]


@given(st.sampled_from(KINDS), instants, instants)
def test_periods_follow_each_other_without_a_hole(period: str, at_ms: int, anchor_ms: int) -> None:
    span = span_at(period, at_ms, anchor_ms)
    assert span.start_ms <= at_ms < span.end_ms
    assert span_at(period, span.start_ms, anchor_ms) == span
    assert span_at(period, span.end_ms - 1, anchor_ms) == span
    assert span_at(period, span.end_ms, anchor_ms).start_ms == span.end_ms


@pytest.mark.parametrize(
    ("period", "at", "start", "end"),
    [
        ("day", "2026-11-22T23:59:59.999Z", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("week", "2026-11-22T10:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),  # from a Monday
        ("month", "2028-02-29T00:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ("month", "2026-12-31T23:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ],
)
def test_calendar_periods_are_the_same_for_everybody(period: str, at: str, start: str, end: str) -> None:
    assert shown(period, at) == shown(period, at, "2026-11-05T12:34:56Z") == [start, end]


@pytest.mark.parametrize(
    ("at", "start", "end"),
    [
        ("2027-02-10T00:00:00Z", "2027-01-31T08:30:00Z", "2027-02-28T08:30:00Z"),
        ("2027-02-28T08:30:00Z", "2027-02-28T08:30:00Z", "2027-03-31T08:30:00Z"),
        ("2027-04-30T08:29:59.999Z", "2027-03-31T08:30:00Z", "2027-04-30T08:30:00Z"),
        ("2026-10-31T08:30:00Z", "2026-10-31T08:30:00Z", "2026-11-30T08:30:00Z"),  # before it began, too
    ],
)
def test_a_month_from_the_31st_ends_with_the_last_day_of_a_shorter_one(at: str, start: str, end: str) -> None:
    assert shown("anniversary", at, "2026-12-31T08:30:00Z") == [start, end]


def test_custom_periods_are_counted_from_their_anchor() -> None:
    anchor = "2026-11-05T06:00:00Z"
    assert shown("10d", "2026-11-15T06:00:00Z", anchor) == ["2026-11-15T06:00:00Z", "2026-11-25T06:00:00Z"]
    assert shown("10d", "2026-11-05T05:59:59Z", anchor) == ["2026-10-26T06:00:00Z", anchor]


def test_the_first_and_the_last_instant_are_in_a_period_too() -> None:
    for period in KINDS:
        for at_ms in (FIRST_MS, LAST_MS):
            span = span_at(period, at_ms, 0)
            assert span.start_ms <= at_ms < span.end_ms


@pytest.mark.parametrize("period", ["", "year", "0d", "367d", "1.5d", "-3d", "d", "030d", "3 d", "१d"])
def test_what_is_no_period_says_what_may_be_written(period: str) -> None:
    with pytest.raises(ValueError, match="a number of days such as 30d"):
        check_period(period)


def test_only_calendar_periods_are_not_anchored() -> None:
    for period in KINDS:
        check_period(period)
    assert [period for period in KINDS if is_anchored(period)] == ["anniversary", "1d", "30d", "366d"]
