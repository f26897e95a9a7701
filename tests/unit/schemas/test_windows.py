"""Every instant has one window, and only the record itself says whether it came late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instant import HOUR_MS, day_of
from schemas.windows import NOT_LATE, WINDOW_MS, Arrival, arrival, window_start


@pytest.mark.parametrize(
    ("at_ms", "start_ms"),
    [
        (0, 0),
        (HOUR_MS - 1, 0),
        (HOUR_MS, HOUR_MS),  # an edge belongs to the later window
        (-1, -HOUR_MS),
    ],
)
def test_windows_are_half_open(at_ms: int, start_ms: int) -> None:
    assert window_start(at_ms) == start_ms


@given(st.integers(-(2**62), 2**62))
def test_every_instant_falls_in_exactly_one_window(at_ms: int) -> None:
    start_ms = window_start(at_ms)
    assert start_ms <= at_ms < start_ms + WINDOW_MS
    assert window_start(start_ms) == start_ms


@pytest.mark.parametrize(
    ("recorded_at_ms", "expected"),
    [
        (-5, Arrival.ON_TIME),  # a producer's clock runs ahead
        (HOUR_MS - 1, Arrival.ON_TIME),
        (HOUR_MS, Arrival.IN_GRACE),
        (HOUR_MS + 59_999, Arrival.IN_GRACE),
        (HOUR_MS + 60_000, Arrival.LATE),
    ],
)
@pytest.mark.parametrize("start_ms", [0, 500_000 * HOUR_MS])
def test_late_is_a_grace_after_the_end(start_ms: int, recorded_at_ms: int, expected: Arrival) -> None:
    assert arrival(start_ms, start_ms + recorded_at_ms, grace_ms=60_000) is expected


def test_the_mark_of_rows_in_time_is_no_day_of_ours() -> None:
    assert NOT_LATE == 0 < day_of(1_700_000_000_000)


def test_without_grace_an_event_is_late_at_its_windows_end() -> None:
    assert arrival(0, HOUR_MS, grace_ms=0) is Arrival.LATE
