"""Packs leave in rounds: nobody waits for nothing, and under load events wait for each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.rounds import LONGEST_PAUSE_SECONDS, LONGEST_WAIT_SECONDS, Rounds

LINGER = 0.005


def rounds(crowd: int = 1, flight_seconds: float = 0.0, free_at: float = 0.0) -> Rounds:
    """Return rounds that have seen *crowd* requests at once, and Kafka confirm in *flight_seconds*."""
    made = Rounds(LINGER)
    for _ in range(1_000):
        made.confirmed(flight_seconds, free_at)
    made.sent(crowd)
    return made


def joined(made: Rounds, requests: int, now: float = 0.0) -> Rounds:
    for _ in range(requests):
        made.joined(now)
    return made


def test_a_lone_client_waits_for_nobody() -> None:
    assert joined(Rounds(LINGER), 1).due(0.0, free=True)


def test_no_round_goes_out_empty() -> None:
    made = joined(Rounds(LINGER), 1)
    made.sent(1)
    assert not made.due(1.0, free=True)


@pytest.mark.parametrize(
    ("waited", "free", "due"),
    [
        (0.004, True, False),  # the others may still come
        (0.006, True, True),
        (0.006, False, False),  # Kafka is the bottleneck: a larger pack costs no time
        (LONGEST_WAIT_SECONDS, False, True),
    ],
)
def test_part_of_a_crowd_waits_for_the_rest(waited: float, free: bool, due: bool) -> None:  # noqa: FBT001
    made = joined(rounds(crowd=64), 10, now=1.0)
    assert made.due(1.0 + waited, free=free) is due


def test_a_crowd_that_is_complete_goes_at_once() -> None:
    made = rounds(crowd=64)
    assert not joined(made, 63).due(0.0, free=True)
    assert joined(made, 1).due(0.0, free=True)


def test_the_wait_begins_when_the_round_before_has_come_back() -> None:
    made = joined(rounds(crowd=64, free_at=1.010), 32, now=1.0)
    assert not made.due(1.014, free=True)
    assert made.due(1.016, free=True)


@pytest.mark.parametrize(
    ("flight_seconds", "pause_seconds"),
    [
        (0.001, LINGER),
        (0.012, 0.012),
        (0.5, LONGEST_PAUSE_SECONDS),
    ],
)
def test_events_wait_for_company_as_long_as_for_kafka(flight_seconds: float, pause_seconds: float) -> None:
    assert rounds(flight_seconds=flight_seconds).pause_seconds == pytest.approx(pause_seconds)


def test_an_outage_is_soon_forgotten() -> None:
    made = rounds(flight_seconds=0.006)
    made.confirmed(10.0, 0.0)
    assert made.pause_seconds < 0.008


def test_a_linger_beyond_our_own_bounds_is_kept() -> None:
    made = Rounds(0.5)
    made.sent(2)
    assert not joined(made, 1).due(0.49, free=False)
    assert made.due(0.5, free=False)


@pytest.mark.parametrize("free", [True, False])
def test_nobody_waits_without_a_linger(free: bool) -> None:  # noqa: FBT001
    made = Rounds(0.0)
    made.sent(64)
    assert joined(made, 1).due(0.0, free=free)


@pytest.mark.parametrize("free", [True, False])
def test_at_the_end_nothing_waits(free: bool) -> None:  # noqa: FBT001
    made = joined(rounds(crowd=64), 1)
    made.hurry()
    assert made.due(0.0, free=free)


def test_who_does_not_come_back_is_forgotten() -> None:
    made, sent = rounds(crowd=64), 0
    while not joined(made, 1).due(0.0, free=True):
        made.sent(1)
        sent += 1
    assert 1 < sent < 20


@given(
    st.floats(0, 0.1),
    st.integers(0, 500),
    st.floats(0, 10),
    st.lists(st.floats(0, 0.1), min_size=1, max_size=20),
)
def test_no_event_waits_beyond_the_longest_wait(
    linger: float, crowd: int, flight_seconds: float, gaps: list[float]
) -> None:
    made, now = Rounds(linger), 0.0
    made.sent(crowd)
    made.joined(now)
    for gap in gaps:
        now += gap
        made.confirmed(flight_seconds, now)
        made.joined(now)
    assert made.due(max(LONGEST_WAIT_SECONDS, linger), free=False)
