"""On time, in grace, late and refused add up to what was accepted."""

from hypothesis import given
from hypothesis import strategies as st

from console.ledger.core.merge import Arrivals, Hour, arrivals
from console.usage.core.calendar import Window
from schemas.catalog import Catalog, MetersPublished
from schemas.instant import DAY_MS, HOUR_MS, parse_instant
from schemas.meters import Meter

DAY = parse_instant("2026-11-21T00:00:00Z")
CATALOG = Catalog().with_facts(
    [
        MetersPublished(1, 0, (Meter(name="api", event_type="call"),)),
        MetersPublished(
            2, DAY, (Meter(name="api", event_type="call"), Meter(name="gets", event_type="call"))
        ),
    ]
)


def test_hours_of_a_day_are_one_line_with_the_meters_of_the_type() -> None:
    hours = [
        Hour("call", DAY, 5, 1, 0, 0),
        Hour("call", DAY + 23 * HOUR_MS, 2, 0, 3, 0),
        Hour("call", DAY + DAY_MS, 1, 0, 0, 0),
        Hour("gone", DAY, 0, 0, 0, 4),
    ]
    assert list(arrivals(hours, Window.DAY, CATALOG)) == [
        Arrivals("call", ("api", "gets"), "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", 7, 1, 3, 0, 11),
        Arrivals("call", ("api", "gets"), "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", 1, 0, 0, 0, 1),
        Arrivals("gone", (), "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", 0, 0, 0, 4, 4),
    ]


_counts = st.integers(0, 10**12)


@given(
    st.lists(
        st.builds(
            Hour,
            st.sampled_from(["call", "chat"]),
            st.integers(0, 2_000).map(lambda hour: DAY + hour * HOUR_MS),
            *[_counts] * 4,
        )
    ),
    st.sampled_from(Window),
)
def test_the_four_add_up_whatever_the_window(hours: list[Hour], window: Window) -> None:
    found = list(arrivals(sorted(hours), window, CATALOG))
    assert all(each.on_time + each.in_grace + each.late + each.refused == each.accepted for each in found)
    assert sum(each.accepted for each in found) == sum(sum(hour[2:]) for hour in hours)
