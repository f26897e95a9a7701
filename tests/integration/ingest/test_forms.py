"""Every form in which events may come in, down to the log."""

import gzip
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from backports import zstd

from schemas.event import NOT_GIVEN
from schemas.instant import format_instant
from tests.integration.ingest.door import Door, now_ms

pytestmark = pytest.mark.integration


def short(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"id": f"e-{uuid4()}", "customer": "c-1", "meter": "api", "time": format_instant(now_ms()), **more}


def cloud(**more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/gateway",
        "type": "api",
        "subject": "c-2",
        "time": format_instant(now_ms()),
        **more,
    }


def lines(events: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\r\n" for event in events)


def array(events: list[dict[str, Any]]) -> bytes:
    return json.dumps(events, indent=1).encode()


def single(events: list[dict[str, Any]]) -> bytes:
    (event,) = events
    return json.dumps(event).encode()


ONE_SHORT = [short(quantity="2.5", data={"endpoint": "/x"})]
ONE_CLOUD = [cloud(data={"quantity": "2.5", "endpoint": "/x"})]
MANY = [short(customer=f"c-{number}", quantity=2.5, data={"endpoint": "/x"}) for number in range(100)] + [
    cloud(data={"quantity": "2.5", "endpoint": "/x"}, traceparent="00-1")
]


@pytest.mark.parametrize(
    ("write", "events", "content_type"),
    [
        (single, ONE_SHORT, "application/json"),
        (single, ONE_SHORT, "application/json; charset=utf-8"),
        (single, ONE_SHORT, None),
        (single, ONE_CLOUD, "application/cloudevents+json"),
        (single, ONE_CLOUD, "application/json"),
        (array, MANY, "application/json"),
        (array, MANY, "application/cloudevents-batch+json"),
        (lines, MANY, "application/x-ndjson"),
        (lines, ONE_SHORT, "Application/X-NDJSON"),
    ],
)
@pytest.mark.parametrize(
    ("encoding", "pack"), [("", bytes), ("gzip", gzip.compress), ("zstd", zstd.compress)]
)
def test_every_event_is_on_the_log_where_its_receipt_says(
    shared_door: Door,
    write: Callable[[list[dict[str, Any]]], bytes],
    events: list[dict[str, Any]],
    content_type: str | None,
    encoding: str,
    pack: Callable[[bytes], bytes],
) -> None:
    reply = shared_door.post(pack(write(events)), content_type, Content_Encoding=encoding)

    assert reply.status == 202
    answer = reply.json
    assert (answer["accepted"], answer["rejected"]) == (len(events), 0)
    assert reply.headers["content-type"] == "application/json"
    logged = shared_door.logged()
    for sent, result in zip(events, answer["results"], strict=True):
        found = logged[result["position"]]
        assert result == {"id": sent["id"], "status": "accepted", "position": result["position"]}
        assert found.id == sent["id"]
        assert found.series == ("acme", sent.get("customer", sent.get("subject")), "api")
        assert found.quantity_micro == 2_500_000
        assert b'"endpoint":"/x"' in found.rest


def test_copies_in_one_request_are_named_and_published_all_the_same(shared_door: Door) -> None:
    event = short(quantity="1")

    reply = shared_door.post([event, event, {**event, "quantity": "2"}])

    assert reply.status == 202
    answer = reply.json
    assert [result["status"] for result in answer["results"]] == ["accepted", "duplicate", "conflict"]
    logged = shared_door.logged()
    quantities = [logged[result["position"]].quantity_micro for result in answer["results"]]
    assert quantities == [1_000_000, 1_000_000, 2_000_000]


def test_what_no_meter_knows_and_what_has_no_time_is_accepted_with_a_warning(shared_door: Door) -> None:
    reply = shared_door.post([short(meter="unheard-of"), {"id": "e-1", "customer": "c-1", "meter": "api"}])

    assert reply.status == 202
    unmatched, untimed = reply.json["results"]
    assert [warning["code"] for warning in unmatched["warnings"]] == ["no_meter"]
    assert [warning["code"] for warning in untimed["warnings"]] == ["no_time"]
    assert shared_door.logged()[untimed["position"]].given_ms == NOT_GIVEN


def test_good_neighbours_of_a_bad_event_are_published(shared_door: Door) -> None:
    good, bad, better = short(), short(quantity="-1"), short()

    reply = shared_door.post([good, bad, better])

    assert reply.status == 207
    first, second, third = reply.json["results"]
    assert second["code"] == "quantity_negative"
    assert second["pointer"] == "/1/quantity"
    logged = shared_door.logged()
    assert [logged[result["position"]].id for result in (first, third)] == [good["id"], better["id"]]
    assert bad["id"] not in {event.id for event in logged.values()}


def test_a_request_keeps_the_id_that_its_sender_gave_it(shared_door: Door) -> None:
    assert shared_door.post(short(), X_Request_Id="abc-1").headers["x-request-id"] == "abc-1"
    made_up = {
        shared_door.post(short(), X_Request_Id=each).headers["x-request-id"] for each in ("", "a b", "x" * 65)
    }
    assert len(made_up) == 3


def test_a_connection_serves_many_requests_even_when_they_are_sent_at_once(shared_door: Door) -> None:
    body = json.dumps(short()).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared_door.key}\r\n"
        f"Content-Length: {len(body)}\r\n"
    ).encode()
    request = head + b"\r\n" + body
    answers = shared_door.send(request * 20 + head + b"Connection: close\r\n\r\n" + body)
    assert answers.count(b"HTTP/1.1 202 Accepted\r\n") == 21


def test_a_client_that_asks_first_is_told_to_go_on(shared_door: Door) -> None:
    body = json.dumps(short()).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared_door.key}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    ).encode()
    with shared_door.connection() as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202 ")
