"""What may still be counted can still be compared: the index reaches back to every possible first copy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.admission import AHEAD_MS, OLDEST_MS
from schemas.horizon import (
    DEFAULT_HORIZON_MS,
    SLACK_MS,
    beyond_horizon,
    oldest_kept_hour_ms,
    too_far_ahead,
)
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS

NOW = 1_795_255_200_000


@pytest.mark.parametrize(
    ("occurred_at_ms", "refused"),
    [
        (NOW - OLDEST_MS, False),  # the oldest that the door takes
        (NOW - OLDEST_MS - SLACK_MS, False),
        (NOW - OLDEST_MS - SLACK_MS - 1, True),
        (NOW + DAY_MS, False),
    ],
)
def test_what_the_index_forgot_is_beyond_the_horizon(occurred_at_ms: int, *, refused: bool) -> None:
    assert beyond_horizon(occurred_at_ms, NOW, DEFAULT_HORIZON_MS) is refused


@pytest.mark.parametrize(
    ("occurred_at_ms", "refused"),
    [
        (NOW + 5 * MINUTE_MS, False),  # the furthest that the door takes
        (NOW + AHEAD_MS + SLACK_MS, False),
        (NOW + AHEAD_MS + SLACK_MS + 1, True),
        (0, False),
    ],
)
def test_no_honest_clock_is_too_far_ahead(occurred_at_ms: int, *, refused: bool) -> None:
    assert too_far_ahead(occurred_at_ms, NOW) is refused


@given(
    st.integers(2**40, 2**41),
    st.integers(0, AHEAD_MS + SLACK_MS) | st.just(AHEAD_MS + SLACK_MS),
    st.integers(0, 100 * DAY_MS),
    st.floats(0, 1) | st.just(1),
)
def test_two_copies_that_pass_are_always_compared(
    occurred_at_ms: int, early_ms: int, horizon_ms: int, share: float
) -> None:
    first_ms = occurred_at_ms - early_ms
    copy_ms = occurred_at_ms + int((horizon_ms + SLACK_MS) * share)
    assert not too_far_ahead(occurred_at_ms, first_ms)
    assert not beyond_horizon(occurred_at_ms, copy_ms, horizon_ms)
    assert oldest_kept_hour_ms(copy_ms, horizon_ms) <= first_ms


def test_the_horizon_is_pinned_since_a_replay_has_to_decide_the_same() -> None:
    assert (DEFAULT_HORIZON_MS, AHEAD_MS, SLACK_MS) == (35 * DAY_MS, 5 * MINUTE_MS, 30 * MINUTE_MS)


@given(st.integers(0, 2**41))
def test_the_oldest_kept_hour_is_a_full_hour(recorded_at_ms: int) -> None:
    assert oldest_kept_hour_ms(recorded_at_ms, DEFAULT_HORIZON_MS) % HOUR_MS == 0
