"""Everything that is wrong gets a clear answer: never a 5xx, never a traceback, never a lost neighbour."""

import gzip
import json
import select
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from backports import zstd

from ingest.inflate import MAX_BODY_BYTES
from schemas.instant import DAY_MS, format_instant
from tests.integration.ingest.door import ORPHAN_KEY, READ_KEY, Door, now_ms
from tests.waiting import until

pytestmark = pytest.mark.integration

GOOD: dict[str, Any] = {"id": "e-1", "customer": "c-1", "meter": "api"}
RAW = json.dumps(GOOD).encode()


@pytest.fixture(autouse=True)
def unharmed(shared_door: Door) -> Iterator[None]:
    """After each test the ingress still works, has logged no failure."""
    yield
    assert shared_door.post(GOOD).status == 202
    assert "Traceback" not in shared_door.process.log
    assert "failed" not in shared_door.process.log


def raw_member(name: str, token: bytes) -> bytes:
    return RAW[:-1] + b',"%b":%b}' % (name.encode(), token)


BAD_EVENTS = [
    (raw_member("id", b'"e-2"'), "/id", "duplicate_key"),
    (raw_member("data", b'{"a":1,"a":2}'), "/data/a", "duplicate_key"),
    (raw_member("quantity", b"NaN"), "", "not_json"),
    (raw_member("quantity", b"Infinity"), "", "not_json"),
    (raw_member("quantity", b"1e400"), "/quantity", "quantity_invalid"),
    (raw_member("quantity", b"9" * 5_000), "/quantity", "quantity_too_large"),
    (raw_member("quantity", b'"0.1234567"'), "/quantity", "quantity_too_precise"),
    (raw_member("quantity", b"-1"), "/quantity", "quantity_negative"),
    (raw_member("quantity", b'"NaN"'), "/quantity", "quantity_invalid"),
    (raw_member("quantity", b"true"), "/quantity", "quantity_invalid"),
    (raw_member("time", b'"2026-11-21T10:00:00"'), "/time", "time_invalid"),
    (raw_member("time", b'"10000-01-01T00:00:00Z"'), "/time", "time_invalid"),
    (raw_member("time", b"1763719200"), "/time", "time_invalid"),
    (raw_member("source", b'"a\\u0000b"'), "/source", "text_not_storable"),
    (raw_member("data", b'{"a":"\\u0000"}'), "/data/a", "text_not_storable"),
    (raw_member("source", b'"\\ud800"'), "/source", "text_not_storable"),
    (raw_member("source", b'"\xff"'), "", "not_utf8"),
    (raw_member("source", b'"\xed\xa0\x80"'), "", "not_utf8"),
    (raw_member("data", b"[" * 40 + b"]" * 40), "", "too_deep"),
    (raw_member("source", b'"' + b"x" * 129 + b'"'), "/source", "source_too_long"),
    (raw_member("data", b"[]"), "/data", "data_invalid"),
    (RAW.replace(b"c-1", b""), "/customer", "customer_empty"),
    (RAW.replace(b"api", b"storage"), "/quantity", "quantity_missing"),
    (b'{"id":"e-1"}', "/customer", "customer_missing"),
    (
        b'{"specversion":"0.3","id":"1","source":"s","type":"api","subject":"c"}',
        "/specversion",
        "specversion_unknown",
    ),
    (b"7", "", "not_an_object"),
    (b"null", "", "not_an_object"),
]


@pytest.mark.parametrize(("raw", "pointer", "code"), BAD_EVENTS)
def test_a_bad_event_is_told_its_fault_and_spoils_no_neighbour(
    shared_door: Door, raw: bytes, pointer: str, code: str
) -> None:
    alone = shared_door.post(raw)
    assert alone.status == 400
    assert alone.code == "all_rejected"
    error = alone.json["errors"][0]
    assert error["code"] == code
    assert error["pointer"].startswith(pointer)

    for body, content_type in (
        (b"[%b,%b,%b]" % (RAW, raw, RAW), "application/json"),
        (b"%b\n%b\n%b" % (RAW, raw, RAW), "application/x-ndjson"),
    ):
        reply = shared_door.post(body, content_type)
        assert reply.status == 207
        assert [result["status"] for result in reply.json["results"]] == ["accepted", "rejected", "duplicate"]
        rejected = reply.json["results"][1]
        assert rejected["code"] == code
        assert rejected["pointer"].startswith("/1" + pointer)


def test_events_too_old_or_too_far_ahead_are_rejected(shared_door: Door) -> None:
    now = now_ms()
    times = [now - 35 * DAY_MS - 60_000, now - 35 * DAY_MS + 60_000, now + 240_000, now + 360_000]
    events = [{**GOOD, "id": f"e-{at}", "time": format_instant(at)} for at in times]
    results = shared_door.post(events).json["results"]
    assert [result.get("code", "accepted") for result in results] == [
        "time_too_old",
        "accepted",
        "accepted",
        "time_in_future",
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty_batch"),
        (b"[]", 400, "empty_batch"),
        (b"[" + RAW, 400, "not_json"),
        (b"[" + RAW + b"]]", 400, "not_json"),
        (b"[" * 100_000, 400, "too_deep"),
        (b'{"a":' * 100_000, 400, "all_rejected"),
        (b"[" + b",".join([RAW] * 1_001) + b"]", 413, "too_many_events"),
        (b"[" + b",".join([b"{}"] * 200_000) + b"]", 413, "too_many_events"),
        (raw_member("data", b'"%b"' % (b"x" * MAX_BODY_BYTES)), 413, "too_large"),
    ],
)
def test_a_body_that_is_wrong_as_a_whole_is_refused(
    shared_door: Door, body: bytes, status: int, code: str
) -> None:
    began = time.monotonic()
    reply = shared_door.post(body)
    assert (reply.status, reply.code) == (status, code)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Type": "text/plain"}, 415, "content_type_unknown"),
        ({"Content_Type": "application/xml"}, 415, "content_type_unknown"),
        ({"Content_Type": "multipart/form-data"}, 415, "content_type_unknown"),
        ({"Content_Encoding": "br"}, 415, "encoding_unknown"),
        ({"Content_Encoding": "gzip, gzip"}, 415, "encoding_unknown"),
        ({"Content_Encoding": "gzip"}, 400, "encoding_broken"),
        ({"Content_Encoding": "zstd"}, 400, "encoding_broken"),
        ({"Authorization": ""}, 401, "unauthenticated"),
        ({"Authorization": "Bearer wk_unknown"}, 401, "unauthenticated"),
        ({"Authorization": f"Bearer {READ_KEY}"}, 403, "forbidden"),
        ({"Authorization": f"Bearer {ORPHAN_KEY}"}, 403, "forbidden"),
    ],
)
def test_a_request_with_wrong_headers_is_refused(
    shared_door: Door, headers: dict[str, str], status: int, code: str
) -> None:
    reply = shared_door.post(RAW, **headers)
    assert (reply.status, reply.code) == (status, code)


def test_a_cut_stream_is_refused(shared_door: Door) -> None:
    for encoding, packed in (("gzip", gzip.compress(RAW)), ("zstd", zstd.compress(RAW))):
        reply = shared_door.post(packed[:-5], Content_Encoding=encoding)
        assert (reply.status, reply.code) == (400, "encoding_broken")


def test_bombs_are_refused_quickly_and_without_memory(shared_door: Door) -> None:
    process = psutil.Process(shared_door.process.pid)
    before = process.memory_info().rss
    for encoding, packed in (("gzip", gzip.compress(bytes(2**28))), ("zstd", zstd.compress(bytes(2**28)))):
        began = time.monotonic()
        reply = shared_door.post(packed, Content_Encoding=encoding)
        assert (reply.status, reply.code) == (413, "too_large")
        assert time.monotonic() - began < 2
    assert process.memory_info().rss - before < 32 * 2**20


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/", "GET", 404, "not_found"),
        ("/v1/quota/c-1/api", "GET", 404, "not_found"),
        ("/v1/events/", "POST", 404, "not_found"),
        ("/v1/events", "GET", 405, "method_not_allowed"),
        ("/v1/events?x=1", "PUT", 405, "method_not_allowed"),
    ],
)
def test_other_paths_and_methods_are_refused(
    shared_door: Door, path: str, method: str, status: int, code: str
) -> None:
    reply = shared_door.post(RAW, path=path, method=method)
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers.get("allow") == ("POST" if status == 405 else None)


def test_an_endless_chunked_body_is_cut_off(shared_door: Door) -> None:
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared_door.key}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with shared_door.connection() as connection:
        connection.sendall(head + chunk * 17)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_in_the_same_shape(shared_door: Door, raw: bytes) -> None:
    answer = shared_door.send(raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json" in head
    assert json.loads(body)["code"] == "bad_request"


def test_a_chunked_body_that_is_broken_is_refused(shared_door: Door) -> None:
    answer = shared_door.send(
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared_door.key}\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_client_that_goes_away_harms_nobody(shared_door: Door) -> None:
    for length in (1, 50):
        with shared_door.connection() as connection:
            connection.sendall(
                f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared_door.key}\r\n"
                f"Content-Length: {len(RAW)}\r\n\r\n".encode()
                + RAW[:length]
            )
    with shared_door.connection() as connection:
        connection.sendall(
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shared_door.key}\r\n"
            f"Content-Length: {len(RAW)}\r\n\r\n".encode()
            + RAW
        )


def test_no_key_and_no_customer_is_ever_logged(shared_door: Door) -> None:
    shared_door.post({**GOOD, "customer": "someone@example.com", "quantity": "-1"})
    shared_door.post(RAW, Authorization="Bearer wk_" + "z" * 43)
    assert "someone@example.com" not in shared_door.process.log
    assert "wk_" not in shared_door.process.log


def test_bodies_that_come_slowly_fill_no_memory(open_door: Callable[..., Door]) -> None:
    door = open_door(WEIR_INGEST_INFLIGHT_BYTES="500000")
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.key}\r\n"
        "Content-Length: 400000\r\n\r\n"
    ).encode()
    with door.connection() as first, door.connection() as second:
        for connection in (first, second):
            connection.sendall(head + b" " * 300_000)
        # Whichever comes second.
        (refused, *_), _, _ = select.select([first, second], [], [], 60)
        answer = refused.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in answer
        assert door.post(GOOD).status == 202
    until(lambda: door.post(b" " * 300_000 + RAW).status == 202)  # what the two held is free again
