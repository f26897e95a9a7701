"""A day is the sum of its hours, on time and late; rounded once."""

from collections.abc import Iterable

import pytest

from console.usage.core.calendar import Window
from console.usage.core.merge import Group, StoredRow, Usage, answers, most_used
from schemas.catalog import Catalog, MetersPublished
from schemas.instant import DAY_MS, HOUR_MS, parse_instant
from schemas.meters import Aggregation, Meter
from schemas.partial import Partial
from schemas.sketch import of_values
from schemas.windows import NOT_LATE

MICRO = 1_000_000
MONTH_END = parse_instant("2026-12-01T00:00:00Z")
DAY = parse_instant("2026-11-21T00:00:00Z")
LATE = DAY // DAY_MS + 2


def catalog_of(*meters: Meter, grace_ms: int = HOUR_MS) -> Catalog:
    return Catalog().with_facts([MetersPublished(1, 0, meters, grace_ms)])


API = catalog_of(Meter(name="api", event_type="api", unit="requests"))


def row(
    start_ms: int,
    value: int,
    *,
    late: bool = False,
    customer: str = "c-1",
    meter: str = "api",
    group: Group = (),
) -> StoredRow:
    partial = Partial(1, value, value, value, start_ms + 5, value, start_ms + 5, value)
    return StoredRow(customer, meter, group, start_ms, LATE if late else NOT_LATE, partial)


def quantities(
    rows: list[StoredRow], window: Window, catalog: Catalog = API
) -> list[tuple[str, str, str, int]]:
    found = answers(rows, window, (), catalog, None)
    return [(usage.start, usage.quantity, usage.late_quantity, usage.events) for usage in found]


def test_hours_of_one_day_are_one_answer_and_the_edge_is_the_next_days() -> None:
    rows = [
        row(DAY, 1 * MICRO),
        row(DAY + 23 * HOUR_MS, 2 * MICRO),
        row(DAY + 23 * HOUR_MS, 3 * MICRO, late=True),
        row(DAY + 24 * HOUR_MS, 4 * MICRO),
    ]
    assert quantities(rows, Window.DAY) == [
        ("2026-11-21T00:00:00Z", "6", "3", 3),
        ("2026-11-22T00:00:00Z", "4", "0", 1),
    ]


def test_the_last_hour_of_a_month_is_that_months() -> None:
    rows = [row(MONTH_END - HOUR_MS, 1 * MICRO), row(MONTH_END, 2 * MICRO)]
    for window in (Window.MONTH, Window.PERIOD):
        assert quantities(rows, window) == [
            ("2026-11-01T00:00:00Z", "1", "0", 1),
            ("2026-12-01T00:00:00Z", "2", "0", 1),
        ]


def test_customers_and_meters_stay_apart() -> None:
    catalog = catalog_of(Meter(name="api", event_type="api"), Meter(name="db", event_type="db"))
    rows = [row(DAY, MICRO), row(DAY, MICRO, meter="db"), row(DAY, MICRO, customer="c-2")]
    found = [(usage.customer, usage.meter) for usage in answers(rows, Window.DAY, (), catalog, None)]
    assert found == [("c-1", "api"), ("c-1", "db"), ("c-2", "api")]


def test_groups_stay_apart_and_say_what_they_are() -> None:
    rows = [
        row(DAY, MICRO, group=("", "GET")),
        row(DAY, MICRO, group=("/x", "GET")),
        row(DAY + HOUR_MS, 2 * MICRO, group=("/x", "GET")),
    ]
    found = list(answers(rows, Window.DAY, ("endpoint", "method"), API, None))
    assert [(usage.group, usage.groups, usage.quantity) for usage in found] == [
        (", GET", {"endpoint": "", "method": "GET"}, "1"),
        ("/x, GET", {"endpoint": "/x", "method": "GET"}, "3"),
    ]


def test_an_answer_is_rounded_once_and_not_by_the_hour() -> None:
    third = Meter(name="compute", event_type="compute", properties=("cpu_seconds",), per_unit=3)
    catalog = catalog_of(third)
    rows = [row(DAY + n * HOUR_MS, MICRO, meter="compute") for n in range(3)]
    assert [usage for _, usage, _, _ in quantities(rows, Window.HOUR, catalog)] == ["0.333333333"] * 3
    assert quantities(rows, Window.DAY, catalog) == [("2026-11-21T00:00:00Z", "1", "0", 3)]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("count", "3"), ("sum", "6"), ("avg", "2"), ("min", "1"), ("max", "3"), ("first", "2")],
)
def test_each_aggregation_merges_in_its_way(aggregation: str, expected: str) -> None:
    meter = Meter(name="api", event_type="api", aggregation=Aggregation(aggregation))
    rows = [row(DAY, 2 * MICRO), row(DAY + HOUR_MS, 3 * MICRO), row(DAY + 2 * HOUR_MS, MICRO)]
    ((_, quantity, _, _),) = quantities(rows, Window.DAY, catalog_of(meter))
    assert quantity == expected


USERS = Meter(name="users", event_type="visit", aggregation=Aggregation.UNIQUE, unique_by=("user",))
P95 = Meter(name="p95", event_type="visit", aggregation=Aggregation.P95, unit="ms")


def paged(meter: Meter, start_ms: int, values: Iterable[int], *, late: bool = False) -> StoredRow:
    """Return the row of *values*, or of different things with these numbers."""
    kind = meter.aggregation.rule.kind
    assert kind is not None
    texts = (b'{"data":{"user":%d}}' % value for value in values)
    stored = [*values] if kind.has_amounts else [meter.measure(0, text) for text in texts]
    pages = [(number, page.encode()) for number, page in of_values(kind, stored).pages.items()]
    return row(start_ms, 0, meter=meter.name, late=late)._replace(pages=pages)


def test_who_comes_in_two_hours_is_one_of_the_day_and_the_late_are_among_them() -> None:
    rows = [
        paged(USERS, DAY, range(10)),
        paged(USERS, DAY + HOUR_MS, range(5, 15)),
        paged(USERS, DAY + HOUR_MS, range(14, 16), late=True),
    ]
    assert [found[1:3] for found in quantities(rows, Window.HOUR, catalog_of(USERS))] == [
        ("10", "0"),
        ("11", "2"),
    ]
    (day,) = answers(rows, Window.DAY, (), catalog_of(USERS), None)
    assert (day.quantity, day.late_quantity, day.events, day.error) == ("16", "2", 3, "exact")


def test_an_answer_from_a_sketch_states_its_error() -> None:
    rows = [
        paged(USERS, DAY, range(3_000)),
        paged(USERS, DAY + HOUR_MS, range(10)),
        paged(P95, DAY, [number * MICRO for number in range(1, 1_001)]),
    ]
    thousands, ten, percentile = answers(rows, Window.HOUR, (), catalog_of(USERS, P95), None)
    assert thousands.error == "0.049"
    assert 3_000 * 0.951 <= int(thousands.quantity) <= 3_000 * 1.049
    assert (ten.quantity, ten.error) == ("10", "exact")
    assert percentile.error == "0.008"
    assert 950 * 0.992 <= float(percentile.quantity) <= 950 * 1.008


@pytest.mark.parametrize("aggregation", [Aggregation.P50, Aggregation.P95, Aggregation.P99])
def test_a_percentile_of_a_day_is_of_all_its_values_not_of_its_hours(aggregation: Aggregation) -> None:
    meter = Meter(name="p", event_type="visit", aggregation=aggregation)
    values = [number * MICRO for number in range(1, 101)]
    rows = [paged(meter, DAY, values[:90]), paged(meter, DAY + HOUR_MS, values[90:])]
    ((_, quantity, _, _),) = quantities(rows, Window.DAY, catalog_of(meter))
    assert quantity == aggregation.value.removeprefix("p")


def test_the_windows_of_most_different_things_come_first() -> None:
    rows = [paged(USERS, DAY + hour * HOUR_MS, range(many)) for hour, many in enumerate((3, 9, 5, 9))]
    found = most_used(rows, Window.HOUR, USERS, 3)
    assert [(each.window_start_ms - DAY) // HOUR_MS for each in found] == [1, 3, 2]


def test_in_the_same_millisecond_the_late_event_is_the_latest() -> None:
    meter = Meter(name="api", event_type="api", aggregation=Aggregation.LATEST)
    rows = [row(DAY, 1 * MICRO), row(DAY, 9 * MICRO, late=True)]
    ((_, quantity, late, _),) = quantities(rows, Window.HOUR, catalog_of(meter))
    assert (quantity, late) == ("9", "9")


@pytest.mark.parametrize(
    ("complete_through_ms", "state"),
    [
        (None, "open"),
        (DAY + HOUR_MS - 1, "open"),
        (DAY + HOUR_MS, "grace"),
        (DAY + 2 * HOUR_MS - 1, "grace"),
        (DAY + 2 * HOUR_MS, "closed"),
    ],
)
def test_a_window_is_open_until_its_end_and_in_grace_until_that_is_over(
    complete_through_ms: int | None, state: str
) -> None:
    (usage,) = answers([row(DAY, MICRO)], Window.HOUR, (), API, complete_through_ms)
    assert usage.state == state


def test_a_day_is_in_grace_for_as_long_as_its_last_hour() -> None:
    catalog = Catalog().with_facts(
        [
            MetersPublished(1, 0, (Meter(name="api", event_type="api"),), HOUR_MS),
            MetersPublished(2, DAY + 23 * HOUR_MS, (Meter(name="api", event_type="api"),), 3 * HOUR_MS),
        ]
    )
    states = [
        next(answers([row(DAY, MICRO)], Window.DAY, (), catalog, DAY + DAY_MS + hours * HOUR_MS)).state
        for hours in (2, 3)
    ]
    assert states == ["grace", "closed"]


def test_a_meter_that_is_gone_from_the_catalogue_still_answers() -> None:
    catalog = Catalog().with_facts(
        [
            MetersPublished(1, 0, (Meter(name="api", event_type="api", unit="requests"),)),
            MetersPublished(2, DAY + HOUR_MS, (Meter(name="db", event_type="db"),)),
        ]
    )
    (usage,) = answers([row(DAY, MICRO)], Window.HOUR, (), catalog, None)
    assert isinstance(usage, Usage)
    assert (usage.quantity, usage.unit) == ("1", "requests")
