"""What lasts is counted in every window until something else is known; late events change it from then on."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.usage.core.calendar import Bounds, Window, widened, window_of
from console.usage.core.carry import Carry, breaks_of
from console.usage.core.merge import Group, StoredRow, answers
from schemas.catalog import Catalog, MetersPublished
from schemas.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, parse_instant
from schemas.level import KIND
from schemas.meters import Aggregation, Meter
from schemas.partial import merge, single
from schemas.quantity import MICRO
from schemas.sketch import of_values
from schemas.windows import NOT_LATE

DAY: Final = parse_instant("2026-11-21T00:00:00Z")
LATE: Final = DAY // DAY_MS + 2
SEATS: Final = Meter(
    name="seats", event_type="seats", aggregation=Aggregation.TIME_WEIGHTED_SUM, group_by=("team",)
)
CATALOG: Final = Catalog().with_facts([MetersPublished(1, 0, (SEATS,))])
#: Group, when, level, and whether it came late.
Stated = tuple[str, int, int, bool]


def stored(events: Iterable[Stated], shown: Group = ()) -> list[StoredRow]:
    """Return the rows of *events*, in the order of the store."""
    rows: dict[tuple[int, int, str], list[tuple[int, int]]] = {}
    for group, at_ms, level, is_late in events:
        key = at_ms - at_ms % HOUR_MS, LATE if is_late else NOT_LATE, group
        rows.setdefault(key, []).append((at_ms, level))
    found = []
    for (hour_ms, day, group), of_row in sorted(rows.items()):
        sketch = of_values(KIND, [KIND.entry_of(at_ms, level * MICRO) for at_ms, level in of_row])
        pages = [(number, page.encode()) for number, page in sketch.pages.items()]
        partial = reduce(merge, [single(at_ms, level) for at_ms, level in of_row])
        found.append(StoredRow("c-1", "seats", shown, hour_ms, day, partial, pages, group))
    return found


def usage(
    events: Iterable[Stated],
    span: Bounds,
    window: Window = Window.HOUR,
    through_ms: int = DAY + 100 * DAY_MS,
    catalog: Catalog = CATALOG,
) -> list[tuple[int, str, str, int]]:
    """Return (hour from DAY on, quantity, late quantity, events) of each answer."""
    settled = Carry(catalog, window, span, through_ms).settled(stored(events))
    return [
        ((parse_instant(each.start) - DAY) // HOUR_MS, each.quantity, each.late_quantity, each.events)
        for each in answers(settled, window, (), catalog, through_ms)
    ]


def hours(first: int, last: int) -> Bounds:
    return Bounds(DAY + first * HOUR_MS, DAY + last * HOUR_MS)


def at(hour: float) -> int:
    return DAY + round(hour * HOUR_MS)


def test_hours_without_events_have_what_lasted_into_them_and_0_ends_it() -> None:
    events = [("", at(1.5), 12, False), ("", at(4.25), 0, False)]
    assert usage(events, hours(0, 9)) == [
        (1, "6", "0", 1),
        (2, "12", "0", 0),
        (3, "12", "0", 0),
        (4, "3", "0", 1),
    ]
    assert usage(events, hours(0, 24), Window.DAY) == [(0, "33", "0", 2)]


def test_what_was_stated_months_before_the_span_lasts_into_it() -> None:
    before = ("", DAY - 200 * DAY_MS, 2, False)
    assert usage([before], hours(0, 48), Window.DAY) == [(0, "48", "0", 0), (24, "48", "0", 0)]
    assert usage([before, ("", at(6), 5, False)], hours(0, 24), Window.DAY) == [(0, "102", "0", 1)]


@pytest.mark.parametrize(("through", "quantities"), [(2.5, ["1", "0.5"]), (1, []), (9, ["1"] * 3)])
def test_nothing_is_counted_beyond_what_is_known(through: float, quantities: list[str]) -> None:
    events = [("", at(1) - DAY_MS, 1, False), ("", at(1), 1, False)]
    found = usage(events, hours(1, 4), through_ms=at(through))
    assert [quantity for _, quantity, _, _ in found if quantity != "0"] == quantities


def test_between_two_events_everything_is_known() -> None:
    events = [("", at(0), 3, False), ("", at(2), 1, False)]
    assert usage(events, hours(0, 9), through_ms=0) == [(0, "3", "0", 1), (1, "3", "0", 0), (2, "0", "0", 1)]


def test_late_events_change_hours_up_to_the_next_one_and_say_how_much() -> None:
    events = [("", at(0), 10, False), ("", at(3), 2, False), ("", at(1.5), 4, True)]
    assert usage(events, hours(0, 4)) == [
        (0, "10", "0", 1),
        (1, "7", "-3", 1),
        (2, "4", "-6", 0),
        (3, "2", "0", 1),
    ]


def test_a_late_event_before_the_span_is_told_from_what_was_on_time() -> None:
    events = [("", at(-48), 10, False), ("", at(-24), 4, True)]
    assert usage(events, hours(0, 1)) == [(0, "4", "-6", 0)]


def test_groups_last_apart_and_are_added_where_they_are_shown_together() -> None:
    events = [('{"team":"a"}', at(0), 3, False), ('{"team":"b"}', at(0.5), 4, False)]
    assert usage(events, hours(0, 2)) == [(0, "5", "0", 2), (1, "7", "0", 0)]


def test_a_level_ends_with_its_meter_or_its_groups_and_lasts_through_other_versions() -> None:
    other = Meter(name="other", event_type="other")
    by_site = Meter(name="seats", event_type="seats", aggregation=SEATS.aggregation, group_by=("site",))
    versions = [
        MetersPublished(1, 0, (SEATS,)),
        MetersPublished(2, at(2), (SEATS, other)),
        MetersPublished(3, at(4), (other,)),
        # Of two that take effect at once the later one holds.
        MetersPublished(4, at(6), (other,)),
        MetersPublished(5, at(6), (SEATS,)),
        MetersPublished(6, at(8), (by_site,)),
    ]
    catalog = Catalog().with_facts(versions)
    assert breaks_of(catalog, "seats") == [at(4), at(6), at(8)]
    events = [("", at(1), 1, False), ("", at(7), 5, False)]
    found = usage(events, hours(0, 24), catalog=catalog)
    assert [(hour, quantity) for hour, quantity, _, _ in found] == [(1, "1"), (2, "1"), (3, "1"), (7, "5")]


#: Close together, on edges, in one second, and far apart.
_times = (
    st.integers(-30 * 60, 50 * 60).map(lambda minute: minute * MINUTE_MS)
    | st.integers(-3, 30).map(lambda hour: hour * HOUR_MS)
    | st.integers(0, 2_500)
)
_stated = st.tuples(
    st.sampled_from(["", '{"team":"a"}']), _times.map(DAY.__add__), st.integers(0, 9), st.booleans()
)


def level_hours(events: Sequence[Stated], bounds: Bounds, through_ms: int) -> Fraction:
    """The reference: the level of each group, from one instant at which it may change to the next."""
    total = Fraction(0)
    for group in {event[0] for event in events}:
        of_group = sorted(
            (at_ms // SECOND_MS, at_ms, level) for name, at_ms, level, _ in events if name == group
        )
        until = min(bounds.end_ms, max(through_ms, of_group[-1][1])) // SECOND_MS
        edges = {*bounds, *(second * SECOND_MS for second, _, _ in of_group)}
        seconds = sorted(edge // SECOND_MS for edge in edges if bounds.start_ms <= edge <= bounds.end_ms)
        for first, last in pairwise(seconds):
            known = [level for second, _, level in of_group if second <= first]
            total += Fraction((known or [0])[-1] * max(min(last, until) - first, 0), 3_600)
    return total


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_stated, min_size=1, max_size=10),
    st.randoms(use_true_random=False),
    st.sampled_from([Window.HOUR, Window.DAY, Window.MONTH]),
    st.integers(-10, 60),
)
def test_any_events_in_any_order_are_worth_what_the_model_says(
    events: list[Stated], chance: Random, window: Window, through: int
) -> None:
    through_ms, span = at(through), widened(window, DAY, DAY + 25 * HOUR_MS)
    events = [event for event in events if event[1] < span.end_ms]
    found = usage(chance.sample(events, len(events)), span, window, through_ms)
    on_time = [event for event in events if not event[3]]
    for hour, quantity, late, _ in found:
        bounds = window_of(window, at(hour))
        whole = level_hours(events, bounds, through_ms)
        assert abs(Fraction(quantity) - whole) < Fraction(1, 10**9)
        assert abs(Fraction(late) - (whole - level_hours(on_time, bounds, through_ms))) < Fraction(2, 10**9)
    total = sum((Fraction(quantity) for _, quantity, _, _ in found), Fraction(0))
    assert abs(total - level_hours(events, span, through_ms)) < Fraction(len(found) + 1, 10**9)
