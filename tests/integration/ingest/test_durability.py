"""A 2xx is a promise: whatever is killed, every event that got one is on the log, where its receipt says."""

import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.integration.ingest.door import Door
from tests.integration.ingest.load import Load, assert_all_are_logged
from tests.stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.integration

EVENT = {"id": "e-1", "customer": "c-1", "meter": "api"}


def test_every_answered_event_survives_a_kill_under_load(door: Door) -> None:
    with Load(door) as load:
        for _ in range(3):
            load.wait(events=300)
            door.process.kill()
            door.process.restart()
            door.process.wait_ready()
        load.wait(events=100)

    assert load.statuses[0] > 0  # it was under load when it was killed
    assert_all_are_logged(load)


def test_a_stop_under_load_answers_what_is_under_way_and_loses_nothing(door: Door) -> None:
    with Load(door) as load:
        load.wait(events=300)
        before = load.elapsed
        assert door.process.terminate() == 0
        stopped = load.elapsed

    assert stopped - before < 8
    assert load.statuses.keys() <= {202, 503, 0}
    assert '"ingest.drained"' in door.process.log
    assert '"left": 0' in door.process.log
    assert "Traceback" not in door.process.log
    assert_all_are_logged(load)


def test_a_request_under_way_at_the_stop_is_answered(open_door: Callable[..., Door]) -> None:
    door = open_door(WEIR_INGEST_LINGER_MS="1000")  # so that it waits for its pack
    body = b'{"id":"e-1","customer":"c-1","meter":"api"}'
    request = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with door.connection() as connection:
        connection.sendall(request + body[:10])
        until(lambda: "weir_ingress_inflight_requests 1.0" in door.get("/metrics")[1])
        psutil.Process(door.process.pid).send_signal(signal.SIGTERM)
        until(lambda: door.get("/readyz")[0] == 503)
        connection.sendall(body[10:])
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"Connection: close" in answer
    assert door.process.terminate() == 0
    assert [event.id for event in door.logged().values()] == ["e-1"]


def test_while_kafka_stands_still_nobody_gets_a_2xx_and_all_is_well_again_by_itself(
    local_stack: LocalStack, door: Door
) -> None:
    process = psutil.Process(door.process.pid)
    with Load(door) as load:
        load.wait(events=300)
        memory = process.memory_info().rss
        local_stack.kafka.send(signal.SIGSTOP)
        frozen = load.elapsed
        time.sleep(7)
        reply = door.post(EVENT)
        assert reply.status == 503
        assert reply.code in {"overloaded", "not_confirmed"}
        assert reply.headers["retry-after"] == "1"
        assert door.get("/livez")[0] == 200
        local_stack.kafka.send(signal.SIGCONT)
        load.wait(events=300, seconds=30)

    # A request that begins later than this may live to see Kafka move again.
    stuck = [(status, waited) for at, status, waited in load.history if 0.5 < at - frozen < 3.5]
    assert {status for status, _ in stuck} == {503}
    assert max(waited for _, waited in stuck) < 5
    refused = sorted(
        waited for at, status, waited in load.history if 3.5 < at - frozen < 6.5 and status == 503
    )
    assert refused[len(refused) // 2] < 0.5
    assert process.memory_info().rss - memory < 64 * 2**20
    assert_all_are_logged(load)


def test_a_broker_that_is_killed_and_comes_back_costs_503s_and_nothing_else(
    local_stack: LocalStack, door: Door
) -> None:
    with Load(door) as load:
        load.wait(events=300)
        local_stack.kafka.send(signal.SIGKILL)
        time.sleep(4)
        local_stack.heal()
        load.wait(events=300, seconds=60)

    assert load.statuses[503] > 0
    assert load.statuses.keys() <= {202, 503}
    assert door.process.exit_code is None
    assert "Traceback" not in door.process.log
    assert_all_are_logged(load)
