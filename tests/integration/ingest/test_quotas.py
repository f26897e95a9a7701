"""`GET /v1/quotas/{customer}/{meter}` on real Kafka, fed as the processors feed it."""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from confluent_kafka import Producer

from runtime.kafka import producer_config
from schemas import quota, rollup
from schemas.catalog import CustomerPlaced, TenantNamed
from schemas.instant import format_instant
from schemas.partial import Partial
from schemas.partition import partition_of
from schemas.period import Span, span_at
from schemas.plan import Mode
from schemas.quantity import MICRO
from schemas.stamp import stamp_of
from schemas.topics import QUOTAS, topic_name
from tests.integration.ingest.door import READ_KEY, TENANT, Door, Reply, now_ms, publish
from tests.stack import PARTITIONS
from tests.waiting import until

pytestmark = pytest.mark.integration


def month() -> Span:
    """Return this month; near its end the next one is waited for."""
    span = span_at("month", now_ms())
    if span.end_ms - now_ms() < 60_000:
        time.sleep((span.end_ms - now_ms()) / 1_000 + 0.1)
    return span_at("month", now_ms())


def put(door: Door, partition: int, *records: tuple[object, object]) -> None:
    """Append records to a partition of weir.quotas; a row of None deletes its key."""
    producer = Producer(producer_config(door.namespace.settings(), "test"))
    topic = topic_name(door.namespace.prefix, QUOTAS)
    for key, row in records:
        value = None if row is None else quota.encode(row)
        producer.produce(topic, value, quota.encode(key), partition=partition)
    assert producer.flush(20) == 0


def put_used(door: Door, customer: str, used: int, *crossings: quota.Crossing) -> None:
    value = used * MICRO
    partial = Partial(1, value, value, value, 0, value, 0, value)
    key = quota.UsedKey(TENANT, customer, "api", *month())
    put(door, partition_of(TENANT, customer, PARTITIONS), (key, quota.UsedRow(7, partial, crossings)))


def check(door: Door, customer: str, meter: str = "api", query: str = "", **headers: str) -> Reply:
    path = f"/v1/quotas/{quote(customer, safe='')}/{quote(meter, safe='')}{query}"
    return door.post(b"", None, path, "GET", **headers)


def wait_for(door: Door, customer: str, used: str, query: str = "?quantity=0") -> dict[str, object]:
    """Return the answer once so much is known to be used."""
    until(lambda: check(door, customer, query=query).json["used"] == used)
    found: dict[str, object] = check(door, customer, query=query).json
    return found


def test_a_check_answers_from_what_the_processors_said(shared_door: Door) -> None:
    nobody = wait_for(shared_door, "nobody", "0")
    assert (nobody["allowed"], nobody["limit"], nobody["plan"]) == (True, "10", "free")
    assert (nobody["decision"], nobody["reset_at"]) == ("fresh", format_instant(month().end_ms))
    assert nobody["complete_through"]

    reached = quota.Crossing(80, 10 * MICRO, "9", "free", Mode.HARD, now_ms(), 7, told=True)
    put_used(shared_door, "a/b c", 9, reached)
    found = wait_for(shared_door, "a/b c", "9")
    assert (found["remaining"], found["percent"], found["level"]) == ("1", "90", "critical")
    assert [each["percent"] for each in found["thresholds"]] == [80]  # type: ignore[attr-defined]
    assert check(shared_door, "a/b c").status == 200
    refused = check(shared_door, "a/b c", query="?quantity=1.000001")
    assert (refused.status, refused.code) == (429, "quota_exceeded")
    assert int(refused.headers["retry-after"]) in range(1, 3_601)
    body = refused.json
    assert (body["error"], body["used"], body["limit"], body["remaining"]) == (
        "quota_exceeded",
        "9",
        "10",
        "1",
    )
    assert body["upgrade_url"] == "https://example.com/plans"
    assert {"message", "meter", "mode", "reset_at", "complete_through", "decision"} <= body.keys()


def test_a_change_of_plan_holds_at_once(shared_door: Door) -> None:
    put_used(shared_door, "mover", 12)
    assert wait_for(shared_door, "mover", "12")["allowed"] is False
    publish(shared_door.namespace, CustomerPlaced(TENANT, "mover", "soft", 0))
    until(lambda: check(shared_door, "mover").status == 200)
    found = check(shared_door, "mover").json
    assert (found["plan"], found["mode"], found["used"]) == ("soft", "soft", "12")
    assert [each["code"] for each in found["warnings"]] == ["over_limit"]


def test_the_state_with_the_highest_stamp_stays_until_its_period_is_over(shared_door: Door) -> None:
    put_used(shared_door, "zombie", 5)
    wait_for(shared_door, "zombie", "5")
    key = quota.UsedKey(TENANT, "zombie", "api", *month())
    older = quota.UsedRow(6, Partial(1, MICRO, MICRO, MICRO, 0, MICRO, 0, MICRO))
    partition = partition_of(TENANT, "zombie", PARTITIONS)
    other = quota.UsedKey(TENANT, "behind", "api", *month())
    put(shared_door, partition, (key, older), (other, older))
    wait_for(shared_door, "zombie", "5")
    put(shared_door, partition, (key, None))
    wait_for(shared_door, "zombie", "0")


@pytest.mark.parametrize(
    ("customer", "meter", "query", "status", "code"),
    [
        ("c", "nope", "", 404, "not_found"),
        ("", "api", "", 404, "not_found"),
        ("c", "api/x", "", 404, "not_found"),
        ("c" * 129, "api", "", 400, "bad_request"),
        ("c\n1", "api", "", 400, "bad_request"),
        ("c", "api", "?quantity=-1", 400, "bad_request"),
        ("c", "api", "?quantity=1e3", 400, "bad_request"),
        ("c", "api", "?quantity=", 400, "bad_request"),
        ("c", "api", "?quantity=1&quantity=2", 400, "bad_request"),
        ("c", "api", "?amount=1", 400, "bad_request"),
        ("c", "api", "?quantity=" + "9" * 21, 400, "bad_request"),
    ],
)
def test_a_bad_question_is_told_what_to_do(
    shared_door: Door, customer: str, meter: str, query: str, status: int, code: str
) -> None:
    path = f"/v1/quotas/{quote(customer, safe='')}/{meter if '/' in meter else quote(meter)}{query}"
    reply = shared_door.post(b"", None, path, "GET")
    assert (reply.status, reply.code) == (status, code)


def test_who_may_ask(shared_door: Door) -> None:
    assert check(shared_door, "c", Authorization=f"Bearer {READ_KEY}").status == 200
    assert check(shared_door, "c", Authorization="").code == "unauthenticated"
    assert shared_door.post(b"", None, "/v1/quotas/c/api", "POST").code == "method_not_allowed"
    assert shared_door.post(b"", None, "/v1/quotas/%ff/api", "GET").code == "bad_request"


def test_a_tenant_that_has_sent_its_events_is_refused_more(door: Door) -> None:
    span = month()
    event = {"id": "e-1", "customer": "c-1", "meter": "api"}
    publish(door.namespace, TenantNamed(TENANT, "Acme", 10))
    for partition in range(2):
        put(door, partition, (quota.EventsKey(TENANT, *span, partition), quota.EventsRow(7, 5)))
    until(lambda: door.post(event).status == 429)
    refused = door.post(event)
    assert (refused.code, refused.json["limit"], refused.json["used"]) == ("quota_exceeded", "10", "10")
    assert refused.json["reset_at"] == format_instant(span.end_ms)
    assert door.post(event, path="/v1/validate").status == 200
    publish(door.namespace, TenantNamed(TENANT, "Acme", None))
    until(lambda: door.post(event).status == 202)


def test_what_is_old_says_so_and_the_plan_decides(open_door: Callable[..., Door]) -> None:
    door = open_door(WEIR_QUOTA_STALE_SECONDS="1")
    publish(door.namespace, CustomerPlaced(TENANT, "careful", "careful", 0))
    put_used(door, "careful", 5)
    wait_for(door, "careful", "5")
    assert check(door, "careful").json["plan"] == "careful"
    # Something lies on the log that nobody has counted yet: from now on the state only gets older.
    assert door.post({"id": "e-1", "customer": "careful", "meter": "api"}).status == 202
    progress = rollup.Progress(stamp_of(1, 0), now_ms() - 2_000, 1)
    partition = partition_of(TENANT, "careful", PARTITIONS)
    until(lambda: check(door, "careful").status == 429)
    refused = check(door, "careful").json
    assert (refused["error"], refused["allowed"], refused["used"]) == ("quota_unknown", False, "5")
    assert refused["decision"] in {"stale", "default"}
    put(door, partition, (rollup.ProgressKey(partition), progress))
    until(lambda: check(door, "careful").status == 200)
    assert check(door, "careful").json["decision"] == "fresh"


def test_events_are_refused_while_the_processors_are_too_far_behind(open_door: Callable[..., Door]) -> None:
    door = open_door(WEIR_INGEST_BEHIND_SECONDS="1")
    event = {"id": "e-1", "customer": "c-1", "meter": "api"}
    assert door.post(event).status == 202
    until(lambda: door.post(event).status == 503)
    refused = door.post(event)
    assert refused.code == "behind"
    assert int(refused.headers["retry-after"]) in range(1, 601)
    assert door.post(event, path="/v1/validate").status == 200
    assert "weir_ingress_backlog_seconds" in door.get("/metrics")[1]
    partition = partition_of(TENANT, "c-1", PARTITIONS)
    progress = rollup.Progress(stamp_of(1, 10**6), now_ms(), 1)
    put(door, partition, (rollup.ProgressKey(partition), progress))
    until(lambda: door.post(event).status == 202)
