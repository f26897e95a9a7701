"""Whoever wrote a record of usage, its events come out by their places, and bad ones harm no neighbour."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.admission import read_event
from schemas.errors import Misconfigured, Reject
from schemas.event import UsageEvent
from schemas.identity import identify, identify_pack
from schemas.instant import parse_instant
from schemas.pack import CONTENT_TYPE, encode_pack
from schemas.source_record import CLOUDEVENT, CLOUDEVENTS, MAX_BATCH, header_map, read_record
from tests.unit.schemas.generated import packfuls

NOW = parse_instant("2026-11-21T10:00:00Z")
CLOUD: dict[str, Any] = {"specversion": "1.0", "id": "e-1", "source": "s-1", "type": "api", "subject": "c-1"}


def headers(content_type: str, tenant: str = "acme") -> dict[str, bytes]:
    return {"content-type": content_type.encode(), "tenant": tenant.encode()}


def events_of(value: bytes, content_type: str) -> list[UsageEvent]:
    pack = read_record(value, headers(content_type), NOW).pack
    return [] if pack is None else list(pack.events())


@given(packfuls)
def test_a_pack_needs_no_header(events: list[UsageEvent]) -> None:
    record = read_record(encode_pack(events), {}, NOW)
    assert record.pack is not None
    assert list(record.pack.events()) == events
    assert (list(record.places), record.invalid) == (list(range(len(events))), ())


@pytest.mark.parametrize("content_type", [CLOUDEVENT, CLOUDEVENT.upper(), f"{CLOUDEVENT}; charset=utf-8"])
def test_a_cloudevent_is_read_as_at_the_door(content_type: str) -> None:
    value = json.dumps(CLOUD | {"data": {"quantity": "2"}}).encode()
    assert events_of(value, content_type) == [read_event(value, "acme", NOW)]


def test_a_batch_goes_on_without_its_bad_events() -> None:
    batch = [CLOUD, CLOUD | {"id": ""}, 7, CLOUD | {"id": "e-2"}]
    record = read_record(json.dumps(batch).encode(), headers(CLOUDEVENTS), NOW)
    assert record.pack is not None
    assert [event.id for event in record.pack.events()] == ["e-1", "e-2"]
    assert (list(record.places), record.invalid) == ([0, 3], (1, 2))


def test_a_batch_may_be_longer_than_a_pack() -> None:
    batch = [CLOUD | {"id": f"e-{i}", "source": f"s-{i % 7}"} for i in range(MAX_BATCH)]
    record = read_record(json.dumps(batch).encode(), headers(CLOUDEVENTS), NOW)
    assert record.pack is not None
    assert record.pack.count == MAX_BATCH
    id_hashes, contents = identify_pack(record.pack)
    assert list(zip(id_hashes, contents, strict=True)) == [identify(e) for e in record.pack.events()]


def test_a_record_without_a_good_event_has_no_pack() -> None:
    record = read_record(b"{}", headers(CLOUDEVENT), NOW)
    assert (record.pack, record.invalid) == (None, (0,))


def test_times_are_held_against_the_brokers() -> None:
    old = json.dumps(CLOUD | {"time": "2026-10-01T00:00:00Z"}).encode()
    assert read_record(old, headers(CLOUDEVENT), NOW).invalid == (0,)


@pytest.mark.parametrize(
    ("value", "with_headers"),
    [
        (b"", {}),
        (b"[]", headers(CLOUDEVENTS)),
        (b"{}", headers(CLOUDEVENTS)),
        (b"[{}", headers(CLOUDEVENTS)),
        (b'["\xff"]x', headers(CLOUDEVENTS)),
        (b"[" * 100_000, headers(CLOUDEVENTS)),
        (b"[" + b"0," * MAX_BATCH + b"0]", headers(CLOUDEVENTS)),  # a verdict on each would not fit
        (json.dumps(CLOUD).encode(), {}),
        (json.dumps(CLOUD).encode(), headers("application/json")),
        (json.dumps(CLOUD).encode(), {"content-type": b"\xff\xfe"}),
        (json.dumps(CLOUD).encode(), {"content-type": CLOUDEVENT.encode()}),
        (json.dumps(CLOUD).encode(), headers(CLOUDEVENT, "")),
        (json.dumps(CLOUD).encode(), headers(CLOUDEVENT, "a\0b")),
        (json.dumps(CLOUD).encode(), headers(CLOUDEVENT, "x" * 129)),
    ],
)
def test_what_nobody_can_read_is_rejected_as_a_whole(value: bytes, with_headers: dict[str, bytes]) -> None:
    with pytest.raises(Reject):
        read_record(value, with_headers, NOW)


@given(
    st.binary(max_size=100),
    st.sampled_from([CONTENT_TYPE, CLOUDEVENT, CLOUDEVENTS]) | st.text(max_size=5),
    st.binary(max_size=5),
)
def test_no_record_does_worse_than_to_be_rejected(value: bytes, content_type: str, tenant: bytes) -> None:
    with suppress(Reject, Misconfigured):
        read_record(value, {"content-type": content_type.encode(), "tenant": tenant}, NOW)


def test_headers_are_found_whatever_their_case() -> None:
    assert header_map([("Content-Type", b"a"), ("TENANT", b"b"), ("empty", None)]) == {
        "content-type": b"a",
        "tenant": b"b",
    }
    assert header_map(None) == {}
