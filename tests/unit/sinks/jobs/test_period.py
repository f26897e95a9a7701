"""Periods: every moment is in one, and a run is late when it begins behind its deadline."""

from hypothesis import given
from hypothesis import strategies as st

from sinks.jobs.core.period import Run, again_in_s, deadline_of, period_of

NOW, EVERY = st.integers(0, 2**40), st.integers(1, 86_400)


@given(NOW, EVERY)
def test_every_moment_is_in_one_period(now_s: int, every_s: int) -> None:
    period_s = period_of(now_s, every_s)
    assert period_s <= now_s < period_s + every_s
    assert period_of(period_s, every_s) == period_s
    assert period_of(period_s + every_s, every_s) == period_s + every_s


@given(NOW, EVERY)
def test_a_run_has_the_whole_of_its_period_and_five_minutes_at_least(period_s: int, every_s: int) -> None:
    run = Run(period_s, every_s)
    assert deadline_of(run, None) == (period_s, period_s + max(every_s, 300))
    before = Run(period_s - every_s, every_s)
    assert deadline_of(run, before) == deadline_of(run, None)


@given(NOW, EVERY, st.integers(2, 1_000_000))
def test_periods_in_which_no_run_began_are_owed_since_the_first_of_them(
    period_s: int, every_s: int, periods: int
) -> None:
    run = Run(period_s + periods * every_s, every_s)
    owed_s = period_s + every_s
    assert deadline_of(run, Run(period_s, every_s)) == (owed_s, owed_s + max(every_s, 300))


@given(NOW, EVERY, EVERY, st.integers(0, 10_000_000))
def test_another_period_makes_no_deadline_earlier_than_either_of_them_would(
    period_s: int, before_s: int, every_s: int, later_s: int
) -> None:
    """Who asks for a job every minute that was asked for once a day has missed nothing."""
    last = Run(period_s, before_s)
    deadline = deadline_of(Run(period_s + later_s, every_s), last)
    assert deadline.at_s >= min(period_s + later_s, period_s + max(before_s, every_s)) + max(
        before_s, every_s, 300
    )
    assert deadline.period_s <= period_s + later_s


def test_a_job_of_five_seconds_on_a_busy_machine_misses_nothing_for_five_minutes() -> None:
    last = Run(1_000_000, 5)
    for late_s in range(5, 300, 5):
        run = Run(last.period_s + late_s, 5)
        assert run.period_s <= deadline_of(run, last).at_s
    run = Run(last.period_s + 310, 5)
    assert run.period_s > deadline_of(run, last).at_s


@given(st.integers(0, 1_000))
def test_who_cannot_waits_longer_each_time_and_five_minutes_at_most(attempts: int) -> None:
    assert 5 <= again_in_s(attempts, None) <= again_in_s(attempts + 1, None) <= 300
    assert again_in_s(6, None) == 300


@given(st.integers(0, 1_000), EVERY)
def test_who_has_a_period_waits_no_longer_than_for_the_next(attempts: int, every_s: int) -> None:
    assert again_in_s(attempts, every_s) == min(again_in_s(attempts, None), max(every_s, 5))
