"""A level counts for as long as it lasts, whatever the order and the hours in which its events came."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.instant import DAY_MS, HOUR_MS, SECOND_MS
from schemas.level import KIND, Timeline, own_level_seconds
from schemas.meters import Aggregation, Meter
from schemas.partial import single
from schemas.sketch import Sketch, merged, of_values

START_MS: Final = 20_000 * DAY_MS
_HOURS: Final = 4
#: When, from the start on, and the level stated.
Stated = tuple[int, int]


def level_at(events: Iterable[Stated], at_ms: int) -> int:
    """The reference: of what was stated by this second, the last; of one millisecond, the highest."""
    by_now = [event for event in events if event[0] // SECOND_MS <= at_ms // SECOND_MS]
    return max(by_now, default=(0, 0))[1]


def level_seconds(events: Sequence[Stated], from_ms: int, to_ms: int) -> int:
    return sum(level_at(events, at_ms) for at_ms in range(from_ms, to_ms, SECOND_MS))


def timeline_of(events: Iterable[Stated]) -> Timeline:
    return Timeline(hours_of(events))


def hours_of(events: Iterable[Stated]) -> dict[int, Sketch]:
    values: dict[int, list[int]] = defaultdict(list)
    for at_ms, level in events:
        values[at_ms - at_ms % HOUR_MS].append(KIND.entry_of(at_ms, level))
    return {hour_ms: of_values(KIND, entries) for hour_ms, entries in values.items()}


def worth(events: Iterable[Stated], from_ms: int, to_ms: int, breaks_ms: Iterable[int] = ()) -> int:
    return sum(each.level_seconds(from_ms, to_ms) for each in timeline_of(events).stretches(to_ms, breaks_ms))


#: Near each other, on the edges of hours, and in one second.
times = (
    st.integers(0, _HOURS * HOUR_MS - 1)
    | st.integers(0, 3_000)
    | st.sampled_from([HOUR_MS - 1, HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS - SECOND_MS])
)
some_events = st.lists(st.tuples(times, st.integers(0, 5) | st.integers(0, 10**26)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(some_events, st.randoms(), st.integers(0, _HOURS), st.integers(0, _HOURS))
def test_a_level_is_worth_what_it_is_second_by_second_in_any_order_and_with_copies(
    events: list[Stated], chance: Random, first: int, last: int
) -> None:
    mixed = events + chance.choices(events, k=3)
    chance.shuffle(mixed)
    from_ms, to_ms = first * HOUR_MS, last * HOUR_MS
    assert worth(mixed, from_ms, to_ms) == level_seconds(events, from_ms, to_ms)


@given(some_events, st.integers(0, 12))
def test_events_that_came_apart_are_one_timeline_and_a_day_is_its_hours(
    events: list[Stated], cut: int
) -> None:
    early, late = hours_of(events[:cut]), hours_of(events[cut:])
    both = {
        hour_ms: merged(KIND, [part[hour_ms] for part in (late, early) if hour_ms in part])
        for hour_ms in early.keys() | late.keys()
    }
    day_ms = _HOURS * HOUR_MS
    stretches = list(Timeline(both).stretches(day_ms))
    whole = sum(each.level_seconds(0, day_ms) for each in stretches)
    assert whole == worth(events, 0, day_ms)
    edges = range(0, day_ms, HOUR_MS)
    assert whole == sum(each.level_seconds(at, at + HOUR_MS) for at in edges for each in stretches)


@pytest.mark.parametrize(
    ("events", "from_hour", "to_hour", "level_hours"),
    [
        ([(HOUR_MS, 12)], 0, 1, 0),  # before the first event there is nothing
        ([(HOUR_MS, 12)], 1, 2, 12),  # an edge belongs to the later hour
        ([(HOUR_MS - 1, 12)], 0, 1, Fraction(12, 3_600)),
        ([(0, 12), (HOUR_MS // 2, 4)], 0, 1, 8),
        ([(0, 12), (HOUR_MS, 0)], 0, 9, 12),  # a level of 0 ends usage
        ([(500, 9), (900, 2), (700, 5)], 0, 1, 2),  # the last one of a second counts, and from its beginning
        ([(500, 9), (500, 2)], 0, 1, 9),  # of one millisecond the highest
        ([(0, 1)], 24 * 200, 24 * 201, 24),  # months without an event
    ],
)
def test_levels_last(events: list[Stated], from_hour: int, to_hour: int, level_hours: Fraction) -> None:
    assert Fraction(worth(events, from_hour * HOUR_MS, to_hour * HOUR_MS), 3_600) == level_hours


def test_a_level_ends_where_it_is_broken_off_until_it_is_stated_again() -> None:
    events = [(0, 2), (3 * HOUR_MS, 5)]
    assert worth(events, 0, 5 * HOUR_MS, [HOUR_MS, 3 * HOUR_MS]) == (2 + 2 * 5) * 3_600


def test_nothing_is_counted_beyond_the_instant_that_is_known() -> None:
    [stretch] = timeline_of([(0, 2)]).stretches(10_999)
    assert stretch.level_seconds(0, HOUR_MS) == 20


def test_a_page_has_five_minutes() -> None:
    pages = [KIND.page_of(KIND.entry_of(START_MS + at_ms, 7)) for at_ms in (0, 299_999, 300_000, HOUR_MS - 1)]
    assert pages == [0, 0, 1, 11]


def test_an_hour_by_itself_is_worth_what_it_is_from_its_first_point_on() -> None:
    [sketch] = hours_of([(START_MS + HOUR_MS // 4, 4), (START_MS + HOUR_MS // 2, 8)]).values()
    assert own_level_seconds(sketch) == 900 * 4 + 1_800 * 8
    meter = Meter(
        name="seats",
        event_type="seats",
        aggregation=Aggregation.TIME_WEIGHTED_SUM,
        properties=("seats",),
        per_unit=24,
        unit="seat-days",
    )
    value = meter.measure(-1, b'{"data":{"seats":12}}')
    assert meter.answer_to(value) == "0.5"
    day = single(0, 24 * 3_600 * value)
    assert meter.of_level_seconds.answer(day) == "12"
