"""A sliding window against a naive one: in no span too much, nothing refused in vain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.sliding import STEPS, SlidingWindow

SPAN = 60_000
STEP = SPAN // STEPS
START = 7 * SPAN
#: Steps of the clock: none, within a hundredth of the window, about as long as the window, and longer.
pauses = st.one_of(
    st.just(0),
    st.integers(0, 2 * STEP),
    st.integers(SPAN - 2 * STEP, SPAN + 2 * STEP),
    st.integers(0, 3 * SPAN),
)
takes = st.lists(st.tuples(pauses, st.integers(1, 30)), max_size=120)
#: A pattern again and again, for longer than the window.
streams = st.lists(
    st.tuples(st.integers(STEP // 2, 3 * STEP), st.integers(1, 3)), min_size=1, max_size=5
).map(lambda pattern: (pattern * 150)[:150])
capacities = st.integers(30, 60)


class Naive:
    """Keeps every take that passed."""

    def __init__(self) -> None:
        self.passed: list[tuple[int, int]] = []

    def within(self, span: int, now: int) -> int:
        return sum(units for at, units in self.passed if now - at < span)


def run(capacity: int, wanted: list[tuple[int, int]]) -> None:
    window, naive, now = SlidingWindow(SPAN, capacity), Naive(), START
    for pause, units in wanted:
        now += pause
        wait = window.wait_ns(now, units)
        if wait:
            # Even the window that is a hundredth longer has no room.
            assert naive.within(SPAN + STEP, now) + units > capacity
            assert wait <= SPAN
        else:
            assert naive.within(SPAN, now) + units <= capacity
            window.take(units, now)
            naive.passed.append((now, units))
        assert naive.within(SPAN, now) <= window.used(now) <= naive.within(SPAN + STEP, now)
    # Whenever a span begins, not only where the model looked.
    for begin, _ in naive.passed:
        assert sum(units for at, units in naive.passed if begin <= at < begin + SPAN) <= capacity


@given(capacities, takes)
def test_no_span_holds_too_much_and_nothing_is_refused_in_vain(
    capacity: int, wanted: list[tuple[int, int]]
) -> None:
    run(capacity, wanted)


@given(capacities, streams)
def test_nor_under_a_steady_stream(capacity: int, wanted: list[tuple[int, int]]) -> None:
    run(capacity, wanted)


@given(capacities, takes, st.integers(1, 30))
def test_the_wait_is_enough_and_not_a_moment_too_long(
    capacity: int, wanted: list[tuple[int, int]], units: int
) -> None:
    window, now = SlidingWindow(SPAN, capacity), START
    for pause, each in wanted:
        now += pause
        if not window.wait_ns(now, each):
            window.take(each, now)
    wait = window.wait_ns(now, units)
    if wait:
        assert window.wait_ns(now + wait - 1, units) == 1
    assert window.wait_ns(now + wait, units) == 0


@pytest.mark.parametrize("pause", [0, 1, STEP // 3, STEP, STEP + 1])
def test_memory_is_bounded_however_often_it_is_taken_from(pause: int) -> None:
    window, now = SlidingWindow(SPAN, 10**6), START
    for _ in range(2 * SPAN // max(pause, STEP // 3)):
        now += pause
        window.take(1, now)
        assert window.entries <= STEPS + 2
        window.used(now)


def test_a_take_comes_back_when_its_span_is_over() -> None:
    window = SlidingWindow(SPAN, 2)
    window.take(1, START)
    window.take(1, START + STEP + 1)
    assert window.wait_ns(START + SPAN - 1, 1) == 1
    assert (window.wait_ns(START + SPAN, 1), window.used(START + SPAN)) == (0, 1)
    assert window.wait_ns(START + SPAN, 2) == STEP + 1


def test_another_capacity_holds_at_once_and_what_was_taken_stays_taken() -> None:
    window = SlidingWindow(SPAN, 10)
    window.take(8, START)
    window.capacity = 5
    assert (window.used(START), window.wait_ns(START, 1)) == (8, SPAN)
    window.capacity = 9
    assert window.wait_ns(START, 1) == 0
