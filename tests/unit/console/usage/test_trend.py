"""A change is an exact ratio, rounded once; from nothing there is none; the highest windows are the peaks."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.usage.core.calendar import Bounds, Window
from console.usage.core.trend import MOST_WINDOWS, WEEK_MS, Total, Trends, comparable, trends
from schemas import unique
from schemas.errors import Reject
from schemas.instant import DAY_MS, HOUR_MS, parse_instant
from schemas.meters import Aggregation, Meter
from schemas.partial import Partial, single
from schemas.sketch import of_values

MICRO = 1_000_000
DAY = parse_instant("2026-11-21T00:00:00Z")
API = Meter(name="api", event_type="api", unit="requests")


def of_days(totals: dict[int, Partial], days: int, meter: Meter = API, peaks: int = 3) -> Trends:
    """Return the trends of *days* from DAY on; *totals* are by the number of the day."""
    by_start = {DAY + number * DAY_MS: Total(partial) for number, partial in totals.items()}
    span = Bounds(DAY, DAY + days * DAY_MS)
    return trends(by_start, Window.DAY, span, meter, lambda _bounds: "closed", peaks)


def used(quantity: int) -> Partial:
    return single(DAY, quantity * MICRO)


def test_each_window_is_held_against_the_one_before_and_the_week_before() -> None:
    found = of_days({-7: used(8), -1: used(4), 0: used(6), 1: used(3), 7: used(7)}, 8).data
    assert [trend.quantity for trend in found] == ["6", "3", "0", "0", "0", "0", "0", "7"]
    changes = [trend.change_percent for trend in found]
    assert changes == ["50", "-50", "-100", None, None, None, None, None]
    weeks = [trend.week_change_percent for trend in found]
    assert weeks == ["-25", None, None, None, None, None, "-100", "16.666666667"]
    assert [trend.events for trend in found] == [1, 1, 0, 0, 0, 0, 0, 1]
    assert (found[0].start, found[0].end) == ("2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")


def test_hours_are_held_against_the_same_hour_of_the_same_weekday() -> None:
    totals = {
        at_ms: Total(used(quantity))
        for at_ms, quantity in ((DAY - WEEK_MS, 2), (DAY - WEEK_MS + HOUR_MS, 100), (DAY, 3))
    }
    (found,) = trends(totals, Window.HOUR, Bounds(DAY, DAY + HOUR_MS), API, lambda _bounds: "open", 1).data
    assert (found.week_change_percent, found.change_percent, found.state) == ("50", None, "open")


@pytest.mark.parametrize("aggregation", [Aggregation.AVG, Aggregation.MAX, Aggregation.LATEST])
def test_where_nothing_was_measured_an_average_has_no_value_and_a_sum_is_0(aggregation: Aggregation) -> None:
    meter = Meter(name="load", event_type="load", aggregation=aggregation)
    found = of_days({0: used(5)}, 2, meter).data
    assert [(trend.quantity, trend.change_percent) for trend in found] == [("5", None), (None, None)]
    assert of_days({0: used(5)}, 2).data[1].quantity == "0"


def test_peaks_are_the_highest_windows_the_earlier_one_first_and_never_empty_ones() -> None:
    found = of_days({-3: used(99), 0: used(5), 1: used(7), 2: used(0), 3: used(7)}, 5, peaks=4)
    assert [(peak.start[:10], peak.quantity) for peak in found.peaks] == [
        ("2026-11-22", "7"),
        ("2026-11-24", "7"),
        ("2026-11-21", "5"),
    ]
    assert [trend.start for trend in of_days({0: used(5), 1: used(7)}, 2, peaks=1).peaks] == [
        "2026-11-22T00:00:00Z"
    ]


@given(st.integers(1, 10**24), st.integers(0, 10**24), st.integers(1, 2**40))
def test_a_change_is_rounded_once_half_to_even(base: int, now: int, per_unit: int) -> None:
    meter = Meter(name="m", event_type="m", per_unit=per_unit)
    (found,) = of_days({-1: single(DAY, base), 0: single(DAY, now)}, 1, meter).data
    with localcontext(prec=200):
        exact = Decimal(now - base) * 100 / Decimal(base)
        wanted = exact.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
    assert found.change_percent is not None
    assert Decimal(found.change_percent) == wanted


def test_windows_that_have_not_begun_are_left_out() -> None:
    asked = Bounds(DAY, DAY + 400 * DAY_MS)
    assert comparable(Window.DAY, asked, DAY + DAY_MS) == Bounds(DAY, DAY + 2 * DAY_MS)
    assert comparable(Window.DAY, asked, DAY + DAY_MS - 1) == Bounds(DAY, DAY + DAY_MS)
    assert comparable(Window.DAY, asked, DAY - 1) == Bounds(DAY, DAY)


def test_a_part_of_a_window_is_the_whole_of_it() -> None:
    asked = Bounds(DAY + 1, DAY + HOUR_MS + 1)
    assert comparable(Window.HOUR, asked, DAY + DAY_MS) == Bounds(DAY, DAY + 2 * HOUR_MS)


@pytest.mark.parametrize(("window", "size_ms"), [(Window.HOUR, HOUR_MS), (Window.DAY, DAY_MS)])
def test_too_long_a_span_is_refused_with_what_to_do(window: Window, size_ms: int) -> None:
    most = Bounds(DAY - MOST_WINDOWS * size_ms, DAY)
    assert comparable(window, most, DAY) == most
    with pytest.raises(Reject, match=r"1001 windows.*ask for a shorter span"):
        comparable(window, Bounds(most.start_ms - 1, DAY), DAY)


def test_who_comes_on_two_days_is_one_of_each_and_of_both_together_one() -> None:
    users = Meter(name="users", event_type="visit", aggregation=Aggregation.UNIQUE, unique_by=("user",))
    hours = [Total(single(DAY, 0), of_values(unique.KIND, things)) for things in ([1, 2], [2, 3], [4])]
    day = hours[0].with_more(hours[1])
    span = Bounds(DAY, DAY + 2 * DAY_MS)
    totals = {DAY: day, DAY + DAY_MS: hours[2]}
    found = trends(totals, Window.DAY, span, users, lambda _bounds: "closed", 1)
    assert [(each.quantity, each.events) for each in found.data] == [("3", 2), ("1", 1)]
    assert found.peaks == found.data[:1]
