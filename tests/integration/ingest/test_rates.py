"""Rates at a running door: who is too fast is told when to come back, and nobody else feels it."""

import json
import socket
import time
from collections.abc import Callable
from functools import partial

import pytest

from schemas.catalog import Fact, TenantNamed
from schemas.rate import Rate
from tests.integration.ingest.door import KEY, TENANT, Door, Reply, issued, publish
from tests.waiting import until

pytestmark = pytest.mark.integration

OTHER_KEY = "wk_" + "b" * 43
#: So slow that nothing comes back while a test runs.
SLOW = Rate(1, 3)
EVENT = {"customer": "c-1", "meter": "api"}


def send(door: Door, number: int = 1, key: str = KEY, path: str = "/v1/events") -> Reply:
    name = time.monotonic_ns()
    events = [{"id": f"{name}-{place}", **EVENT} for place in range(number)]
    return door.post(events, path=path, Authorization=f"Bearer {key}")


def tell(door: Door, *facts: Fact) -> None:
    """Publish *facts*, and wait until the door knows them."""
    for fact in facts:
        said = door.process.log.count("catalog.changed")
        publish(door.namespace, fact)
        until(partial(_said_more, door, said))


def _said_more(door: Door, times: int) -> bool:
    return door.process.log.count("catalog.changed") > times


def test_a_key_with_a_rate_is_told_when_to_come_back(open_door: Callable[..., Door]) -> None:
    door = open_door()
    tell(door, issued(KEY, "ingest", rate=Rate(100, 150)), issued(OTHER_KEY, "ingest"))

    assert send(door, 1_000).status == 202  # however large, it passes and is paid back
    refused = send(door)
    assert (refused.status, refused.code) == (429, "rate_limited")
    wait_seconds = int(refused.headers["retry-after"])
    assert 1 <= wait_seconds <= 9
    assert "100 events a second, 150 at once" in refused.json["detail"]
    assert send(door, path="/v1/validate").code == "rate_limited"

    for _ in range(3):  # without a rate, no matter what the neighbour does
        assert send(door, 1_000, OTHER_KEY).status == 202
    metrics = door.get("/metrics")[1]
    assert 'weir_ingress_requests_total{code="429",method="POST",route="/v1/events"} 1.0' in metrics
    assert 'weir_ingress_rejected_events_total{reason="rate_limited"} 2.0' in metrics
    assert TENANT not in metrics

    came_back = time.monotonic() + wait_seconds
    until(lambda: time.monotonic() >= came_back)
    assert send(door).status == 202
    assert len(door.logged()) == 4_001
    door.process.terminate()
    (said,) = [json.loads(line) for line in door.process.log.splitlines() if "rate.limited" in line]
    assert (said["tenant"], said["requests"]) == (TENANT, 2)


def test_the_keys_of_a_tenant_share_its_rate_and_a_change_needs_no_restart(
    open_door: Callable[..., Door],
) -> None:
    door = open_door()
    tell(door, issued(OTHER_KEY, "ingest"), TenantNamed(TENANT, "Acme", rate=SLOW))
    statuses = [send(door, key=key).status for key in (KEY, OTHER_KEY, KEY, OTHER_KEY)]
    assert statuses[:3] == [202, 202, 202]
    assert {send(door, 5, key).status for key in (KEY, OTHER_KEY)} >= {429}

    tell(door, TenantNamed(TENANT, "Acme"))
    assert {send(door, 100).status for _ in range(5)} == {202}


def test_the_body_of_a_refused_request_is_not_waited_for(open_door: Callable[..., Door]) -> None:
    door = open_door()
    tell(door, issued(KEY, "ingest", rate=Rate(1, 1)))
    assert send(door, 1_000).status == 202

    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    )
    with door.connection() as connection:
        connection.sendall(head.encode())  # and never a byte of the body
        answer = _until_closed(connection)
    assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"\r\nRetry-After: " in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "rate_limited"


def test_a_body_that_cannot_be_read_costs_what_it_holds(open_door: Callable[..., Door]) -> None:
    door = open_door()
    tell(door, issued(KEY, "ingest", rate=Rate(1, 2)))
    assert door.post(b"[" + b" " * 600_000).status == 400
    refused = send(door)
    assert refused.code == "rate_limited"
    assert 400 < int(refused.headers["retry-after"]) <= 600


def _until_closed(connection: socket.socket) -> bytes:
    answer = bytearray()
    while chunk := connection.recv(65_536):
        answer += chunk
    return bytes(answer)
