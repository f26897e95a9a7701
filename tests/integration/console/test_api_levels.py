"""The read API's answers about levels (time-weighted sums), on rows put into PostgreSQL by hand."""

import time

import pytest

from console.usage.core.calendar import Window, window_of
from runtime.postgres import Connection
from schemas.instant import DAY_MS, HOUR_MS, day_of, format_instant, parse_instant
from tests.integration.console.api import MICRO, Client, count_of, put_levels, put_rollup
from tests.integration.console.shipped import apply_meters

pytestmark = pytest.mark.integration

SEATS = """
meters:
  api: {unit: requests}
  seats: {aggregation: time_weighted_sum, unit: seat-hours, group_by: [team]}
  users: {aggregation: latest}
"""


def test_levels_last_through_hours_without_events_on_every_page_and_before_the_span(
    acme: Client, connection: Connection, midmonth: int
) -> None:
    apply_meters(connection, SEATS)
    connection.execute("update catalog_versions set effective_from_ms = 0")
    for group, levels in (("a", {midmonth + HOUR_MS // 2: 4}), ("b", {midmonth: 7})):
        put_levels(connection, "acme", "c-1", "seats", levels, group=f'{{"team":"{group}"}}')
    put_levels(connection, "acme", "c-1", "seats", {midmonth + 3 * HOUR_MS: 0}, group='{"team":"a"}')
    late = day_of(midmonth) + 1
    put_levels(connection, "acme", "c-1", "seats", {midmonth + 2 * HOUR_MS: 5}, late, group='{"team":"b"}')
    # Their last words came long before the span that is asked for: on time, and late.
    put_levels(connection, "acme", "c-2", "seats", {midmonth - 90 * DAY_MS: 2})
    put_levels(connection, "acme", "c-2", "seats", {midmonth - 80 * DAY_MS: 1}, late)
    put_levels(connection, "globex", "c-1", "seats", {midmonth: 1_000})
    for meter in ("api", "users"):
        put_rollup(connection, "acme", "c-1", meter, midmonth, count_of(1, MICRO, midmonth))

    span = {"from": format_instant(midmonth - HOUR_MS), "to": format_instant(midmonth + 5 * HOUR_MS)}
    found: list[tuple[str, str, int, str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = acme.get("/v1/usage", limit="1", **span, **cursor).body
        for each in page["data"]:
            hour = (parse_instant(each["start"]) - midmonth) // HOUR_MS
            found.append((each["customer"], each["meter"], hour, each["quantity"], each["late_quantity"]))
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == [
        ("c-1", "api", 0, "1", "0"),
        ("c-1", "seats", 0, "9", "0"),
        ("c-1", "seats", 1, "11", "0"),
        ("c-1", "seats", 2, "9", "-2"),
        ("c-1", "seats", 3, "5", "-2"),
        ("c-1", "seats", 4, "5", "-2"),
        ("c-1", "users", 0, "1", "0"),
        *(("c-2", "seats", hour, "1", "-1") for hour in range(-1, 5)),
    ]

    asked = {"customer": "c-1", "meter": "seats", **span}
    apart = acme.get("/v1/usage", window="day", group_by="team", **asked).body["data"]
    assert [(each["group"], each["quantity"]) for each in apart] == [("a", "10"), ("b", "64")]
    top = acme.get("/v1/usage", top="1", window="hour", **asked).body["data"]
    assert [(each["start"], each["quantity"]) for each in top] == [(format_instant(midmonth + HOUR_MS), "11")]
    trend = acme.get("/v1/usage/trends", window="hour", **asked).body["data"]
    assert [each["quantity"] for each in trend] == ["0", "9", "11", "9", "5", "5"]
    before = time.time_ns() // 1_000_000
    [now] = acme.get("/v1/usage/current/c-2", meter="seats").body["data"]
    after = time.time_ns() // 1_000_000
    month = window_of(Window.MONTH, before).start_ms
    assert (before - month) / HOUR_MS - 0.001 <= float(now["quantity"]) <= (after - month) / HOUR_MS
