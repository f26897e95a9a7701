"""Partials add up to the same in whatever pieces they are merged, as long as the log's order is kept."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from schemas.partial import Partial, merge, single

values = st.integers(-(10**40), 10**40)
#: Few instants, so that ties are common.
sightings = st.lists(st.tuples(st.integers(0, 3), values), min_size=1, max_size=12)


def in_order(events: list[tuple[int, int]]) -> Partial:
    return reduce(merge, [single(at_ms, value) for at_ms, value in events])


@given(sightings, sightings, sightings)
def test_merging_is_associative_in_log_order(
    a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]
) -> None:
    left = merge(merge(in_order(a), in_order(b)), in_order(c))
    right = merge(in_order(a), merge(in_order(b), in_order(c)))
    assert left == right == in_order(a + b + c)


@given(sightings)
def test_a_partial_says_what_its_events_say(events: list[tuple[int, int]]) -> None:
    of_values = [value for _, value in events]
    first = min(events, key=lambda event: event[0])  # min and max keep the first of equals
    latest = max(reversed(events), key=lambda event: event[0])
    assert in_order(events) == Partial(
        len(events), sum(of_values), min(of_values), max(of_values), *first, *latest
    )


def test_within_one_millisecond_the_log_decides_what_is_first_and_latest() -> None:
    merged = merge(single(7, 1), single(7, 2))
    assert (merged.first, merged.latest) == (1, 2)
