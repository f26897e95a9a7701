"""Events are refused while the processors are too far behind, until they should be near again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.backlog import MOST_RETRY_SECONDS, Backlog
from ingest.core.problem import Problem, Refused


def refused(backlog: Backlog) -> Problem:
    with pytest.raises(Refused) as found:
        backlog.check()
    return found.value.problem


def test_only_what_is_beyond_the_limit_is_refused() -> None:
    backlog = Backlog(60)
    backlog.check()
    backlog.saw(0.0, 60.0, 1_000, 0)
    backlog.check()
    backlog.saw(1.0, 60.1, 1_000, 10)
    problem = refused(backlog)
    assert (problem.status, problem.code) == (503, "behind")
    backlog.saw(2.0, 59.0, 1_000, 20)
    backlog.check()


def test_without_a_limit_nothing_is_refused() -> None:
    backlog = Backlog(0)
    backlog.saw(0.0, 10.0**6, 10**9, 0)
    backlog.check()


def test_the_time_to_come_back_follows_from_the_pace() -> None:
    backlog = Backlog(60)
    backlog.saw(0.0, 120.0, 10_000, 0)
    assert refused(backlog).retry_after == 60  # nothing has moved yet
    backlog.saw(10.0, 120.0, 10_000, 1_000)
    # Half of it has to go, at 100 records a second.
    assert refused(backlog).retry_after == 51
    backlog.saw(20.0, 120.0, 10_000, 11_000)
    assert refused(backlog).retry_after == 10
    # What was half a minute ago says nothing of the pace of now.
    backlog.saw(45.0, 120.0, 10_000, 11_000)
    assert refused(backlog).retry_after == 60


def test_another_log_begins_anew() -> None:
    backlog = Backlog(60)
    backlog.saw(0.0, 120.0, 10_000, 5_000)
    backlog.saw(10.0, 120.0, 10_000, 0)
    assert refused(backlog).retry_after == 60


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.floats(0, 10**6), st.integers(0, 10**9), st.integers(0, 10**6)),
        min_size=1,
        max_size=50,
    ),
    st.integers(1, 10**5),
)
def test_nobody_is_asked_to_come_back_at_once_or_never(
    seen: list[tuple[float, float, int, int]], most_seconds: int
) -> None:
    backlog, now, applied = Backlog(most_seconds), 0.0, 0
    for step, behind_seconds, records, more in seen:
        now, applied = now + step, applied + more
        backlog.saw(now, behind_seconds, records, applied)
        assert 1 <= backlog.retry_after <= MOST_RETRY_SECONDS
        if behind_seconds > most_seconds:
            refused(backlog)
        else:
            backlog.check()
