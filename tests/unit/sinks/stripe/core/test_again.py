"""Pauses between the tries of one request."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.stripe.core.again import MOST_TRIES, told_ms, wait_ms

SHARE = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 60), SHARE)
def test_a_pause_is_any_part_of_one_that_doubles_up_to_half_a_minute(tries: int, share: float) -> None:
    assert 0 <= wait_ms(tries, share, None) < min(500 * 2**tries // 2 + 1, 30_001)


@given(st.integers(1, MOST_TRIES), SHARE, st.integers(0, 3_600))
def test_no_pause_is_shorter_than_stripe_says(tries: int, share: float, seconds: int) -> None:
    assert wait_ms(tries, share, str(seconds)) >= 1_000 * seconds


def test_what_is_no_number_of_seconds_says_nothing() -> None:
    for told in (None, "", "soon", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "٣"):
        assert told_ms(told) == 0
