"""Periods: every moment is in one, and a run is late when the next has begun and ended its own length."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.jobs.core.period import again_in_s, is_missed, period_of

NOW, EVERY = st.integers(0, 2**40), st.integers(1, 86_400)


@given(NOW, EVERY)
def test_every_moment_is_in_one_period(now_s: int, every_s: int) -> None:
    period_s = period_of(now_s, every_s)
    assert period_s <= now_s < period_s + every_s
    assert period_of(period_s, every_s) == period_s
    assert period_of(period_s + every_s, every_s) == period_s + every_s


@given(NOW, EVERY)
def test_a_run_is_missed_once_it_begins_a_whole_period_late(period_s: int, every_s: int) -> None:
    assert not is_missed(period_s + every_s, period_s, every_s)
    assert is_missed(period_s + every_s + 1, period_s, every_s)


@given(st.integers(0, 1_000))
def test_who_cannot_waits_longer_each_time_and_five_minutes_at_most(attempts: int) -> None:
    assert 5 <= again_in_s(attempts) <= again_in_s(attempts + 1) <= 300
