"""The process as its operator sees it: start, readiness, keys, metrics, tallies, neighbours on one port."""

import json
from collections.abc import Callable

import pytest

from deploy.local.ports import free_port
from schemas.catalog import TopicAdopted
from schemas.door_tally import decode_tally
from schemas.topics import DOOR, USAGE
from tests.described import hold
from tests.integration.ingest.door import (
    KEY,
    Door,
    facts,
    issued,
    publish,
    records,
    topics_of_the_door,
)
from tests.integration.ingest.load import Load, assert_all_are_logged
from tests.running import Running
from tests.stack import Namespace
from tests.waiting import until

pytestmark = pytest.mark.integration

GOOD = {"id": "e-1", "customer": "c-1", "meter": "api"}
BAD = {"id": "e-2", "customer": "c-1", "meter": "api", "quantity": "-1"}


@pytest.fixture
def checks(door: Door, start: Callable[..., Running]) -> Door:
    """Return a process for checks beside the ingress, on the same topics."""
    port = free_port()
    process = start("ingest", "checks", WEIR_CHECKS_PORT=str(port), WEIR_INSTANCE="checks-1")
    process.wait_ready()
    return Door(door.namespace, process, port)


def tallies(door: Door) -> dict[tuple[str, str], int]:
    """Return the newest tallies by tenant and code."""
    found = {}
    for _, _, key, value in records(door.namespace, DOOR):
        tally, events = decode_tally(key, value)
        found[tally.tenant, tally.code] = events
    return found


def exit_of(process: Running, seconds: float = 60) -> tuple[int | None, str]:
    """Return the exit code of a process that ends by itself, and the last line that it said."""
    until(lambda: process.exit_code is not None, seconds)
    return process.exit_code, process.log.strip().splitlines()[-1]


def test_it_starts_before_anything_else_is_there_and_is_ready_when_all_is(
    namespace: Namespace, start: Callable[..., Running]
) -> None:
    port = free_port()
    process = start("ingest", WEIR_INGEST_PORT=str(port))
    door = Door(namespace, process, port)

    def missing() -> str:
        try:
            status, said = door.get("/readyz")
        except OSError:
            return ""
        return said if status == 503 else ""

    until(lambda: "catalog" in missing())
    assert door.get("/livez")[0] == 200
    with pytest.raises(ConnectionRefusedError):
        door.post(GOOD)
    namespace.create_topics(*topics_of_the_door())
    until(lambda: "holds no meters" in missing())
    *others, adopted = facts(namespace)
    publish(namespace, *others)
    until(lambda: "is not recorded yet" in missing())
    publish(namespace, adopted)
    process.wait_ready()
    until(lambda: door.get("/metrics")[0] == 200)
    assert door.post(GOOD).status == 202


def test_another_number_of_partitions_is_a_refusal_to_start(
    namespace: Namespace, start: Callable[..., Running]
) -> None:
    namespace.create_topics(*topics_of_the_door())
    publish(namespace, *facts(namespace))
    code, said = exit_of(start("ingest", WEIR_PARTITIONS="12"))
    assert code == 2
    assert "WEIR_PARTITIONS" in said


def test_a_topic_made_anew_stops_the_process_with_a_word(door: Door) -> None:
    door.namespace.make_anew(USAGE)
    code, said = exit_of(door.process)
    assert code == 2
    assert "was made anew" in said
    assert "Traceback" not in door.process.log


def test_a_topic_other_than_the_adopted_one_is_a_refusal_to_start(
    namespace: Namespace, start: Callable[..., Running]
) -> None:
    namespace.create_topics(*topics_of_the_door())
    publish(namespace, *facts(namespace), TopicAdopted("usage", "AAAAAAAAAAAAAAAAAAAAAA", 1, 4))
    code, said = exit_of(start("ingest"))
    assert code == 2
    assert "weir topics adopt" in said


def test_a_revoked_key_is_refused_within_two_seconds_and_a_new_one_taken(door: Door) -> None:
    assert door.post(GOOD).status == 202
    other = "wk_" + "n" * 43
    publish(door.namespace, issued(KEY, "ingest", revoked=True), issued(other, "ingest"))
    until(lambda: door.post(GOOD).status == 401, 2)
    assert door.post(GOOD).code == "unauthenticated"
    door.key = other
    assert door.post(GOOD).status == 202


def test_two_processes_share_one_port(door: Door, start: Callable[..., Running]) -> None:
    second = start("ingest", WEIR_INGEST_PORT=str(door.port), WEIR_INSTANCE="ingest-2")
    second.wait_ready()
    with Load(door, sizes=(1,) * 8) as load:
        load.wait(events=200)
    for process in (door.process, second):
        assert process.terminate() == 0
    assert load.statuses.keys() == {202}
    assert_all_are_logged(load)


def test_one_of_two_processes_may_be_killed_under_load(door: Door, start: Callable[..., Running]) -> None:
    second = start("ingest", WEIR_INGEST_PORT=str(door.port), WEIR_INSTANCE="ingest-2")
    second.wait_ready()
    with Load(door, sizes=(1, 1, 1, 10, 10, 100)) as load:
        load.wait(events=300)
        second.kill()
        load.wait(events=300)
    assert load.statuses.keys() <= {202, 0}
    assert_all_are_logged(load)


def test_what_the_door_rejected_is_tallied_once_a_second_and_at_the_end(door: Door) -> None:
    assert door.post([GOOD, BAD, {**BAD, "id": "e-3"}]).status == 207
    until(lambda: tallies(door) == {("acme", "quantity_negative"): 2})
    assert door.post(BAD).status == 400
    assert door.post({"id": "e-4"}).status == 400
    assert door.process.terminate() == 0
    assert tallies(door) == {("acme", "quantity_negative"): 3, ("acme", "customer_missing"): 1}


def test_what_it_did_can_be_seen(door: Door) -> None:
    door.post([GOOD, GOOD, {**GOOD, "quantity": "2"}, BAD])
    door.post(GOOD, Authorization="Bearer wk_unknown")
    expected = (
        'weir_ingress_requests_total{code="207",method="POST",route="/v1/events"} 1.0',
        'weir_ingress_requests_total{code="401",method="POST",route="/v1/events"} 1.0',
        'weir_ingress_requests_total{code="503",method="POST",route="/v1/events"} 0.0',
        'weir_ingress_events_total{outcome="accepted"} 1.0',
        'weir_ingress_events_total{outcome="duplicate"} 1.0',
        'weir_ingress_events_total{outcome="conflict"} 1.0',
        'weir_ingress_events_total{outcome="rejected"} 1.0',
        'weir_ingress_rejected_events_total{reason="schema"} 1.0',
        'weir_ingress_rejected_events_total{reason="unauthenticated"} 1.0',
        'weir_dedupe_lookups_total{stage="ingress"} 3.0',
        'weir_dedupe_hits_total{stage="ingress"} 2.0',
        "weir_ingress_inflight_requests 0.0",
        'weir_ingress_payload_bytes_count{route="/v1/events"} 1.0',
        f'weir_kafka_produce_duration_seconds_count{{topic="{door.namespace.prefix}usage"}} 1.0',
        'weir_kafka_producer_queue_messages{client="ingest"} 0.0',
    )
    # Some are taken once a second.
    until(lambda: all(line in door.get("/metrics")[1] for line in expected))
    _, exposition = door.get("/metrics")
    assert "acme" not in exposition
    assert "c-1" not in exposition


def test_a_taken_port_is_a_refusal_to_start(door: Door, start: Callable[..., Running]) -> None:
    health_port = str(door.process.health_port)
    code, said = exit_of(start("ingest", WEIR_INGEST_PORT=health_port, WEIR_INSTANCE="ingest-2"))
    assert code == 2
    assert "WEIR_INGEST_PORT" in said


def test_logs_are_events_with_fields(door: Door) -> None:
    door.post(GOOD)
    lines = [json.loads(line) for line in door.process.log.splitlines()]
    assert {"process.started", "ingest.listening", "catalog.changed"} <= {line["event"] for line in lines}
    assert all(line["process"] == "ingest" for line in lines)


def test_a_process_for_checks_answers_them_as_the_ingress_does_and_takes_nothing_else(
    door: Door, checks: Door
) -> None:
    assert door.post(GOOD).status == 202

    def answers(of: Door, path: str) -> tuple[int, object]:
        reply = of.post(b"", None, path, "GET")
        dated = {"complete_through", "title", "detail"}
        return reply.status, {name: value for name, value in reply.json.items() if name not in dated}

    for path in ("/v1/quotas/c-1/api?quantity=3", "/v1/quotas/c-1/none", "/v1/quotas/c-1/api?quantity=x"):
        until(lambda path=path: answers(checks, path) == answers(door, path))  # type: ignore[misc]
    assert checks.post(GOOD).code == "not_found"
    answered = 'weir_ingress_requests_total{code="200",method="GET",route="/v1/quotas/"} '
    assert f"{answered}0.0" not in checks.get("/metrics")[1]
    assert answered in checks.get("/metrics")[1]
    assert checks.process.terminate() == 0


def test_answers_are_what_the_description_says(door: Door, checks: Door) -> None:
    customer, limits = "/v1/quotas/{customer}/{meter}", "/v1/limits/{customer}/{meter}"

    events = door.post([GOOD, GOOD, {**GOOD, "quantity": "2"}, {**GOOD, "id": "e-9", "meter": "none"}, BAD])
    hold("post", "/v1/events", events.status, events.json)
    outlook = door.post([GOOD, {**GOOD, "id": "e-9", "meter": "none"}], path="/v1/validate")
    hold("post", "/v1/validate", outlook.status, outlook.json)
    checked = checks.post(b"", None, "/v1/quotas/c-1/api", "GET")
    hold("get", customer, checked.status, checked.json)
    taken = checks.post({"quantity": "2"}, path="/v1/limits/c-1/api")
    hold("post", limits, taken.status, taken.json)
    for _ in range(2):  # without a limit of them a lease is not remembered
        begun = checks.post({"id": "job"}, path="/v1/limits/c-1/api/leases")
        assert begun.status == 201
        hold("post", f"{limits}/leases", begun.status, begun.json)


def test_a_process_that_there_is_not_is_refused(start: Callable[..., Running]) -> None:
    code, said = exit_of(start("ingest", "chekcs"))
    assert code == 2
    assert "choose checks" in said
