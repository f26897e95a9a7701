"""The read API, on rows put into PostgreSQL by hand, as a process of its own."""

import time

import pytest
from confluent_kafka import Producer

from console.control.customers import place_customer
from console.control.keys import revoke_key
from console.usage.core.calendar import Window, window_of
from runtime.kafka import producer_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.instant import DAY_MS, HOUR_MS, day_of, format_instant, parse_instant
from schemas.partition import partition_of
from tests.integration.console.api import (
    MICRO,
    Client,
    client_of,
    count_of,
    put_fates,
    put_progress,
    put_rollup,
)
from tests.integration.console.shipped import apply_meters
from tests.stack import PARTITIONS

pytestmark = pytest.mark.integration


def test_usage_is_rows_merged_late_ones_beside(acme: Client, connection: Connection, hour: int) -> None:
    put_rollup(connection, "acme", "c-1", "api", hour - HOUR_MS, count_of(2, 3 * MICRO, hour - 1))
    late = count_of(1, MICRO // 2, hour - 2)
    put_rollup(connection, "acme", "c-1", "api", hour - HOUR_MS, late, day_of(hour))

    answer = acme.get("/v1/usage", customer="c-1", meter="api", window="hour")

    assert answer.status == 200
    assert answer.body["data"] == [
        {
            "customer": "c-1",
            "meter": "api",
            "group": "",
            "groups": {},
            "start": format_instant(hour - HOUR_MS),
            "end": format_instant(hour),
            "quantity": "3.5",
            "error": "exact",
            "late_quantity": "0.5",
            "events": 3,
            "state": "grace",
            "unit": "requests",
        }
    ]
    assert answer.body["next"] is None


GROUPS = (
    ('{"endpoint":"/x","method":"GET"}', 1),
    ('{"endpoint":"/x","method":"PUT"}', 2),
    ('{"method":"PUT"}', 4),
    ("", 8),
)


@pytest.fixture
def grouped(acme: Client, connection: Connection, midmonth: int) -> Client:
    apply_meters(connection, "meters: {api: {unit: requests, group_by: [endpoint, method]}}")
    for group, count in GROUPS:
        for start_ms in (midmonth - HOUR_MS, midmonth):
            partial = count_of(1, count * MICRO, start_ms + count)
            put_rollup(connection, "acme", "c-1", "api", start_ms, partial, group=group)
    return acme


# One process answers all questions of a test: starting it takes longer than they do.
TOGETHER_OR_APART = (
    (None, {"": "30"}),
    ("endpoint", {"/x": "6", "": "24"}),
    ("method", {"GET": "2", "PUT": "12", "": "16"}),
    ("method,endpoint", {"GET, /x": "2", "PUT, /x": "4", "PUT, ": "8", ", ": "16"}),
)


def test_usage_is_together_or_apart_by_what_is_asked_for(grouped: Client) -> None:
    for asked, quantities in TOGETHER_OR_APART:
        given = {} if asked is None else {"group_by": asked}
        found: dict[str, int] = {}
        cursor: dict[str, str] = {}
        while True:
            page = grouped.get("/v1/usage", customer="c-1", window="hour", limit="1", **given, **cursor).body
            for row in page["data"]:
                assert row["group"] == ", ".join(row["groups"].values())
                assert list(row["groups"]) == (asked.split(",") if asked else [])
                found[row["group"]] = found.get(row["group"], 0) + int(row["quantity"])
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert {group: str(quantity) for group, quantity in found.items()} == quantities, asked


def test_what_no_meter_has_is_refused(grouped: Client) -> None:
    for asked in ("region", "endpoint,endpoint", "", "endpoint,"):
        answer = grouped.get("/v1/usage", customer="c-1", group_by=asked)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/group_by"), asked
    for given in ({"top": "3"}, {"top": "3", "meter": "nobody"}):
        answer = grouped.get("/v1/usage", **given)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/meter"), given
    assert grouped.get("/v1/usage", top="0", meter="api").status == 400


TOP: tuple[tuple[dict[str, str], list[tuple[str, str]]], ...] = (
    ({"group_by": "endpoint", "window": "month", "top": "1"}, [("", "24")]),
    ({"group_by": "method", "window": "month", "top": "2"}, [("", "16"), ("PUT", "12")]),
    ({"window": "hour", "top": "9"}, [("", "15"), ("", "15")]),
    ({"window": "month", "top": "9", "customer": "nobody"}, []),
)


def test_the_top_are_the_windows_in_which_most_was_used(grouped: Client) -> None:
    for asked, expected in TOP:
        answer = grouped.get("/v1/usage", meter="api", **asked).body
        assert [(row["group"], row["quantity"]) for row in answer["data"]] == expected, asked
        assert answer["next"] is None


#: By aggregation: the values of three customers, hour after hour, and the amounts, the largest first.
RANKED = {
    "sum": (((2, 5, 2), (3, 1), (7,)), ["9", "7", "4"]),
    "count": (((2, 5, 2), (3, 1), (7,)), ["3", "2", "1"]),
    "avg": (((2, 5, 2), (3, 1), (7,)), ["7", "3", "2"]),
    "min": (((2, 5, 2), (3, 1), (7,)), ["7", "2", "1"]),
    "max": (((2, 5, 2), (3, 1), (7,)), ["7", "5", "3"]),
    "first": (((2, 5, 2), (3, 1), (7,)), ["7", "3", "2"]),
    "latest": (((2, 5, 2), (3, 4), (7,)), ["7", "4", "2"]),
}


def test_what_is_ranked_is_what_is_answered(acme: Client, connection: Connection, midmonth: int) -> None:
    apply_meters(
        connection, f"meters: {{{', '.join(f'{name}: {{aggregation: {name}}}' for name in RANKED)}}}"
    )
    for name, (customers, _) in RANKED.items():
        for customer, values in enumerate(customers):
            for place, value in enumerate(values):
                start_ms = midmonth + place * HOUR_MS
                one = count_of(1, value * MICRO, start_ms)
                put_rollup(connection, "acme", f"c-{customer}", name, start_ms, one)

    for name, (_, expected) in RANKED.items():
        top = acme.get("/v1/usage", meter=name, window="month", top="3").body["data"]
        assert [row["quantity"] for row in top] == expected, name


def test_the_late_event_ledger_adds_up(acme: Client, connection: Connection, hour: int) -> None:
    put_fates(connection, "acme", "api", hour, day_of(hour), counted=7, in_grace=2, unmatched=4)
    put_fates(connection, "acme", "storage", hour, day_of(hour), late=3)
    put_fates(connection, "globex", "api", hour, day_of(hour), counted=1)

    answer = acme.get("/v1/late-events", window="hour", min_freshness="1m")

    assert answer.status == 200
    span = {"start": format_instant(hour), "end": format_instant(hour + HOUR_MS)}
    assert answer.body["data"] == [
        {"type": "api", "meters": ["api"], **span}
        | {"on_time": 5, "in_grace": 2, "late": 0, "refused": 0, "accepted": 7},
        {"type": "storage", "meters": ["storage"], **span}
        | {"on_time": 0, "in_grace": 0, "late": 3, "refused": 0, "accepted": 3},
    ]
    assert parse_instant(answer.body["complete_through"])
    assert [row["type"] for row in acme.get("/v1/late-events", type="api").body["data"]] == ["api"]
    assert acme.get("/v1/late-events", window="fortnight").status == 400


def test_nothing_in_flight_means_complete_through_now(acme: Client) -> None:
    before = time.time_ns() // 1_000_000
    body = acme.get("/v1/usage", customer="c-1").body
    after = time.time_ns() // 1_000_000

    assert before <= parse_instant(body["complete_through"]) <= after
    assert body["as_of_offset"] is None
    assert 0 <= body["lag_seconds"] < 5


def test_with_records_in_flight_it_is_complete_through_the_newest_stored_one(
    acme: Client, connection: Connection, settings: Settings
) -> None:
    partition = partition_of("acme", "c-1", PARTITIONS)
    producer = Producer(producer_config(settings, "test"))
    for _ in range(2):
        producer.produce(f"{settings.topic_prefix}usage", b"x", partition=partition)
    assert producer.flush(10) == 0
    stored_ms = time.time_ns() // 1_000_000 - 7_000
    put_progress(connection, partition, 0, stored_ms)

    behind = acme.get("/v1/usage", customer="c-1").body
    assert behind["complete_through"] == format_instant(stored_ms)
    assert behind["as_of_offset"] == 0
    assert 7 <= behind["lag_seconds"] < 12

    put_progress(connection, partition, 1, stored_ms)
    caught_up = acme.get("/v1/usage", customer="c-1").body
    assert caught_up["as_of_offset"] == 1
    assert caught_up["lag_seconds"] < 5


def test_min_freshness_waits_and_then_says_503(
    acme: Client, connection: Connection, settings: Settings
) -> None:
    partition = partition_of("acme", "c-1", PARTITIONS)
    producer = Producer(producer_config(settings, "test"))
    producer.produce(f"{settings.topic_prefix}usage", b"x", partition=partition)
    assert producer.flush(10) == 0

    started = time.monotonic()
    answer = acme.get("/v1/usage", customer="c-1", min_freshness="2s")
    assert answer.status == 503
    assert answer.body["code"] == "not_fresh"
    assert answer.headers["Retry-After"] == "1"
    assert time.monotonic() - started > 9

    put_progress(connection, partition, 0, time.time_ns() // 1_000_000)
    assert acme.get("/v1/usage", customer="c-1", min_freshness="2s").status == 200


def test_another_tenants_usage_is_invisible(
    address: str, acme: Client, connection: Connection, hour: int
) -> None:
    put_rollup(connection, "acme", "c-1", "api", hour, count_of(1, MICRO, hour))
    globex = client_of(connection, address, "globex")

    assert len(acme.get("/v1/usage", customer="c-1").body["data"]) == 1
    assert globex.get("/v1/usage", customer="c-1").body["data"] == []
    assert globex.get("/v1/usage").body["data"] == []
    assert globex.get("/v1/usage", customer="c-1", tenant="acme").status == 400


def test_pages_are_complete_and_their_cursors_are_nobody_elses(
    address: str, acme: Client, connection: Connection, hour: int
) -> None:
    hours = [hour - n * HOUR_MS for n in range(5)]
    for start_ms in hours:
        put_rollup(connection, "acme", "c-1", "api", start_ms, count_of(1, MICRO, start_ms))
        put_rollup(connection, "acme", "c-2", "api", start_ms, count_of(1, MICRO, start_ms))
        put_rollup(connection, "globex", "c-1", "api", start_ms, count_of(1, MICRO, start_ms))

    page = acme.get("/v1/usage", limit="3").body
    pages = [page]
    while page["next"]:
        page = acme.get("/v1/usage", limit="3", cursor=page["next"]).body
        pages.append(page)

    seen = [(usage["customer"], usage["start"]) for page in pages for usage in page["data"]]
    wanted = [(customer, format_instant(start)) for customer in ("c-1", "c-2") for start in sorted(hours)]
    assert seen == wanted
    globex = client_of(connection, address, "globex")
    for client, parameters in ((globex, {}), (acme, {"customer": "c-1"})):
        foreign = client.get("/v1/usage", limit="3", cursor=pages[0]["next"], **parameters)
        assert foreign.status == 400
        assert foreign.body["errors"][0]["pointer"] == "/cursor"


def test_without_a_valid_key_of_the_scope_nothing_is_told(
    address: str, acme: Client, connection: Connection
) -> None:
    wrong = Client(address, "wk_" + "A" * 43).get("/v1/usage", customer="c-1")
    none = Client(address, None).get("/v1/usage", customer="c-1")
    ingest_only = client_of(connection, address, "globex", "ingest").get("/v1/usage", customer="c-1")

    assert (wrong.status, wrong.body["code"]) == (401, "unauthenticated")
    assert (none.status, none.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (ingest_only.status, ingest_only.body["code"]) == (403, "forbidden")
    assert wrong.headers["Content-Type"] == "application/problem+json"
    assert acme.get("/v1/usage").status == 200
    (key_id,) = connection.execute("select key_id from api_keys where tenant = 'acme'").fetchone() or ("",)
    revoke_key(connection, key_id)
    assert acme.get("/v1/usage").status == 401


def test_a_bad_parameter_is_a_400_that_points_at_it(acme: Client) -> None:
    table: list[tuple[dict[str, str], str]] = [
        ({"from": "2026-11-21T10:00:00Z", "to": "2026-11-21T10:00:00Z"}, "/to"),
        ({"from": "2026-11-21T10:00:00Z", "to": "2026-11-21T09:00:00Z"}, "/to"),
        ({"from": "yesterday"}, "/from"),
        ({"to": "2026-11-21T10:00:00"}, "/to"),
        ({"window": "week"}, "/window"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "1001"}, "/limit"),
        ({"cursor": "AAAA"}, "/cursor"),
        ({"min_freshness": "2"}, "/min_freshness"),
        ({"custmer": "c-1"}, "/custmer"),
        ({"customer": ""}, "/customer"),
    ]
    for parameters, pointer in table:
        answer = acme.get("/v1/usage", **parameters)
        assert answer.status == 400, parameters
        assert [fault["pointer"] for fault in answer.body["errors"]] == [pointer], parameters


def test_the_far_ends_of_the_calendar_are_no_trouble(acme: Client) -> None:
    for window in ("hour", "day", "month", "period"):
        span = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}
        assert acme.get("/v1/usage", window=window, **span).status == 200


def test_current_usage_is_this_months(acme: Client, connection: Connection, hour: int) -> None:
    put_rollup(connection, "acme", "c-1", "api", hour, count_of(1, 2 * MICRO, hour))
    put_rollup(connection, "acme", "c-1", "api", hour - 40 * DAY_MS, count_of(1, MICRO, hour))

    body = acme.get("/v1/usage/current/c-1").body

    found = {each["meter"]: each for each in body["data"]}
    assert set(found) == {"api", "storage", "bandwidth", "compute", "database", "functions"}
    api = found["api"]
    assert (api["quantity"], api["events"], api["state"]) == ("2", 1, "open")
    shown = ("free", "10000", "9998", "0.02", "hard", "ok")
    names = ("plan", "limit", "remaining", "percent", "mode", "level")
    assert tuple(api[name] for name in names) == shown
    assert api["reset_at"] == api["end"] == format_instant(window_of(Window.MONTH, hour).end_ms)
    assert {found[name]["quantity"] for name in found if name != "api"} == {"0"}

    place_customer(connection, "acme", "c-1", "enterprise", hour)
    [alone] = acme.get("/v1/usage/current/c-1", meter="api").body["data"]
    assert (alone["plan"], alone["limit"], alone["percent"], alone["mode"]) == (
        "enterprise",
        None,
        None,
        "unlimited",
    )
    assert acme.get("/v1/usage/current/c-1", meter="nope").status == 400


def test_what_stands_beside_the_numbers(acme: Client, address: str) -> None:
    described = Client(address, None).get("/openapi.json")
    assert described.status == 200
    assert described.body["openapi"] == "3.1.0"
    assert "/v1/usage" in described.body["paths"]
    assert "Weir" in Client(address, None).get("/").body
    assert "Weir: API" in Client(address, None).get("/docs").body
    assert Client(address, None).get("/nowhere").body["code"] == "not_found"
    assert acme.get_with({"X-Request-Id": "mine-1"}, "/v1/usage").headers["X-Request-Id"] == "mine-1"
    assert acme.get("/v1/usage").headers["X-Request-Id"]
