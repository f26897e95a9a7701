"""What is said of an event before it is sent is what becomes of it."""

import json
from typing import Any

import pytest

from ingest.core.forms import Form
from ingest.core.outlook import outlooks
from ingest.core.quota_outlook import QuotaView
from ingest.core.quota_states import QuotaStates
from ingest.core.reading import Reader
from schemas import quota
from schemas.catalog import Catalog, MetersPublished
from schemas.groups import Filter
from schemas.instant import DAY_MS, HOUR_MS, format_instant, parse_instant
from schemas.meters import Aggregation, Meter
from schemas.partial import single
from schemas.period import span_at
from schemas.plan import Plan, Quota
from schemas.quantity import MICRO

NOW_MS = parse_instant("2026-11-21T10:20:00Z")
STORAGE = Meter(
    name="storage", event_type="storage", unit="GB-hours", properties=("bytes", "hours"), per_unit=2**30
)
TOKENS = Meter(
    name="tokens",
    event_type="chat",
    unit="tokens",
    properties=("/data/usage/total",),
    filters=(Filter("vendor", ("acme",)),),
    group_by=("model",),
)
CHATS = Meter(name="chats", event_type="chat", aggregation=Aggregation.COUNT)
CATALOG = Catalog().with_facts(
    [
        MetersPublished(1, 0, (STORAGE, CHATS)),
        MetersPublished(2, NOW_MS - NOW_MS % HOUR_MS - 5 * HOUR_MS, (STORAGE, CHATS, TOKENS)),
    ]
)


STALE_MS = 5_000


def answer(
    *events: dict[str, Any], catalog: Catalog = CATALOG, states: QuotaStates | None = None
) -> dict[str, Any]:
    common = {"id": "e-1", "customer": "c-1", "time": format_instant(NOW_MS)}
    body = json.dumps([common | event for event in events]).encode()
    batch = Reader(4).read(body, Form.JSON, "acme", catalog, NOW_MS)
    view = QuotaView(catalog, known() if states is None else states, 4, STALE_MS, NOW_MS)
    found: dict[str, Any] = json.loads(outlooks(batch, view))
    return found


def known() -> QuotaStates:
    """Return states that are complete: the log is empty."""
    states = QuotaStates()
    states.saw_ends(NOW_MS, dict.fromkeys(range(4), 0), 1)
    return states


#: No plan has a quota of it.
NOT_COUNTED = {
    "plan": None,
    "limit": None,
    "used": None,
    "used_after": None,
    "remaining_after": None,
    "percent_after": None,
    "level_after": "ok",
    "mode": "unlimited",
    "reset_at": "2026-12-01T00:00:00Z",
    "decision": "fresh",
}


def result(**event: Any) -> dict[str, Any]:  # noqa: ANN401
    [found] = answer(event)["results"]
    return dict(found)


def test_an_event_is_told_its_meters_groups_and_worth() -> None:
    found = result(meter="chat", data={"vendor": "acme", "model": "large", "usage": {"total": "7.5"}})
    assert found == {
        "id": "e-1",
        "status": "accepted",
        "fate": "counted",
        "window": {"start": "2026-11-21T10:00:00Z", "end": "2026-11-21T11:00:00Z", "arrival": "on_time"},
        "meters": [
            {
                "meter": "chats",
                "aggregation": "count",
                "unit": "",
                "groups": {},
                "delta": "1",
                "quota": NOT_COUNTED,
            },
            {
                "meter": "tokens",
                "aggregation": "sum",
                "unit": "tokens",
                "groups": {"model": "large"},
                "delta": "7.5",
                "quota": NOT_COUNTED,
            },
        ],
        "warnings": [],
    }


def test_a_quota_is_told_as_it_would_be_after_the_event() -> None:
    plan = Plan(name="free", quotas=(Quota(meter="storage", limit_micro=10 * MICRO),))
    catalog = Catalog().with_facts([MetersPublished(1, 0, (STORAGE,), HOUR_MS, (plan,), "free")])
    key = quota.UsedKey("acme", "c-1", "storage", *span_at("month", NOW_MS))
    states = known()
    states.take(quota.encode(key), quota.encode(quota.UsedRow(7, single(0, 7 * STORAGE.scale))))
    storage = {"meter": "storage", "quantity": "1.5"}
    last_month = {"time": format_instant(key.start_ms - 1), "id": "e-2"}
    late = {"time": format_instant(NOW_MS - DAY_MS), "id": "e-3"}
    found = answer(storage, storage, storage | last_month, storage | late, catalog=catalog, states=states)
    quotas = [result["meters"][0]["quota"] for result in found["results"]]
    assert quotas[0] == {
        "plan": "free",
        "limit": "10",
        "used": "7",
        "used_after": "8.5",
        "remaining_after": "1.5",
        "percent_after": "85",
        "level_after": "warning",
        "mode": "hard",
        "reset_at": "2026-12-01T00:00:00Z",
        "decision": "fresh",
    }
    # A copy changes nothing, nor does what belongs to a period that is over; what is late still counts.
    assert quotas[1:] == [None, None, quotas[0]]


def test_what_is_not_known_of_a_quota_is_said_to_be_unknown() -> None:
    plan = Plan(name="free", quotas=(Quota(meter="chats", limit_micro=10 * MICRO),))
    catalog = Catalog().with_facts([MetersPublished(1, 0, (CHATS,), HOUR_MS, (plan,), "free")])
    [found] = answer({"meter": "chat"}, catalog=catalog, states=QuotaStates())["results"]
    [measured] = found["meters"]
    assert {"limit": "10", "used": None, "used_after": None, "decision": "default"}.items() <= measured[
        "quota"
    ].items()


def test_what_a_filter_leaves_out_is_not_among_its_meters() -> None:
    assert [each["meter"] for each in result(meter="chat", data={"vendor": "globex"})["meters"]] == ["chats"]


def test_a_unit_is_converted_as_in_an_answer() -> None:
    [measured] = result(meter="storage", data={"bytes": 2**29, "hours": 3})["meters"]
    assert (measured["delta"], measured["unit"]) == ("1.5", "GB-hours")


def test_the_meters_of_the_time_of_the_event_count_it() -> None:
    early = format_instant(NOW_MS - DAY_MS)
    data = {"vendor": "acme", "usage": {"total": 1}}
    assert [each["meter"] for each in result(meter="chat", data=data, time=early)["meters"]] == ["chats"]


@pytest.mark.parametrize(
    ("back_ms", "fate", "arrival"),
    [
        (0, "counted", "on_time"),
        (HOUR_MS, "counted", "in_grace"),
        (2 * HOUR_MS, "late", "late"),
    ],
)
def test_its_arrival_decides_whether_it_is_late(back_ms: int, fate: str, arrival: str) -> None:
    found = result(meter="storage", quantity="1", time=format_instant(NOW_MS - back_ms))
    assert (found["fate"], found["window"]["arrival"]) == (fate, arrival)


def test_an_event_for_no_meter_is_unmatched_and_warned_of() -> None:
    found = result(meter="unheard-of")
    assert found["fate"] == "unmatched"
    assert found["meters"] == []
    assert [each["code"] for each in found["warnings"]] == ["no_meter"]


def test_a_copy_within_the_request_does_not_count() -> None:
    one, other = {"meter": "chat"}, {"meter": "chat", "quantity": "2"}
    found = answer(one, one, other, {"meter": "unheard-of", "id": "e-2"}, one | {"id": "e-2"})
    assert [(each["status"], each["fate"]) for each in found["results"]] == [
        ("accepted", "counted"),
        ("duplicate", "duplicate"),
        ("conflict", "conflict"),
        ("accepted", "unmatched"),
        # What nobody counted is no first sighting.
        ("conflict", "counted"),
    ]
    assert {name: found[name] for name in ("accepted", "duplicate", "conflict", "rejected")} == {
        "accepted": 2,
        "duplicate": 1,
        "conflict": 2,
        "rejected": 0,
    }


def test_a_rejected_event_stands_in_its_place_with_its_reason() -> None:
    good, bad = {"meter": "chat"}, {"meter": "chat", "quantity": "-1"}
    found = answer(good, bad)
    assert found["would_answer"] == 207
    assert found["results"][1] | {"detail": ""} == {
        "id": "e-1",
        "status": "rejected",
        "pointer": "/1/quantity",
        "code": "quantity_negative",
        "detail": "",
    }
    assert answer(good)["would_answer"] == 202
    assert answer(bad)["would_answer"] == 400
