"""What a webhook says of itself is read as far as it goes; only what is no event is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Reject
from schemas.webhook import (
    Envelope,
    EventHead,
    Odd,
    Origin,
    content_hash,
    headers_of,
    read_envelope,
    read_head,
)

PAID = (
    b'{"id":"evt_1","object":"event","api_version":"2026-10-28.clover","created":1795255200,'
    b'"data":{"object":{"id":"in_1","object":"invoice","total":2900}},"livemode":false,'
    b'"pending_webhooks":1,"type":"invoice.paid"}'
)
HEAD = EventHead(
    event_id="evt_1",
    type="invoice.paid",
    created_at_ms=1_795_255_200_000,
    api_version="2026-10-28.clover",
    account=None,
    livemode=False,
    object_id="in_1",
    object_type="invoice",
    odd=None,
)


#: What is read of an event that is about nothing.
NOTHING = {"object_id": None, "object_type": None, "odd": Odd.NO_OBJECT}


def changed(**members: object) -> bytes:
    """Return the event with other *members*."""
    return msgspec.json.encode({**msgspec.json.decode(PAID), **members})


def test_an_event_says_who_and_what_it_is() -> None:
    assert read_head(PAID) == HEAD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": None}, NOTHING),
        ({"data": {"object": None}}, NOTHING),
        ({"data": [1]}, NOTHING),
        ({"data": {"object": {"id": 7, "object": "invoice"}}}, {"object_id": None}),
        ({"created": "yesterday"}, {"created_at_ms": None, "odd": Odd.NO_TIME}),
        ({"created": -1}, {"created_at_ms": None, "odd": Odd.NO_TIME}),
        ({"created": 10**30}, {"created_at_ms": None, "odd": Odd.NO_TIME}),
        ({"created": True}, {"created_at_ms": None, "odd": Odd.NO_TIME}),
        ({"api_version": None}, {"api_version": None}),
        ({"api_version": 3}, {"api_version": None}),
        ({"livemode": "yes"}, {"livemode": None}),
        ({"account": "acct_1"}, {"account": "acct_1"}),
        ({"account": "a\0b"}, {"account": None}),
        ({"type": "never.seen.before"}, {"type": "never.seen.before"}),
        ({"object": "v2.core.event"}, {"odd": Odd.THIN}),
        ({"object": "v2.core.event", "data": None}, {**NOTHING, "odd": Odd.THIN}),
    ],
)
def test_what_is_odd_is_left_out_and_the_rest_is_read(
    change: dict[str, object], said: dict[str, Any]
) -> None:
    assert read_head(changed(**change)) == HEAD._replace(**said)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        PAID[:-1],
        b"[]",
        b"null",
        b"7",
        b"{}",
        b'{"id":"evt_1"}',
        b'{"id":7,"type":"a"}',
        b'{"id":"","type":"a"}',
        b'{"id":"evt_1","type":"a\\u0000b"}',
        b'{"id":"' + b"x" * 256 + b'","type":"a"}',
        b'{"id":"\\ud800","type":"a"}',
        b'[{"id":"evt_1","type":"a","created":NaN}]',
        b'{"id":"evt_\xff","type":"a"}',
        b'{"id":"evt_1","type":"a","data":' + b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(Reject):
        read_head(payload)


@pytest.mark.parametrize(
    "odd", [b'"note":"\\ud800"', b'"total":NaN', b'"total":-Infinity', b'"data":NaN,"note":"\\udfff"']
)
def test_what_only_a_lenient_reader_takes_is_read_and_marked(odd: bytes) -> None:
    assert read_head(PAID[:-1] + b"," + odd + b"}")._replace(object_id="in_1", object_type="invoice") == (
        HEAD._replace(odd=Odd.UNFIT)
    )


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(payload: bytes) -> None:
    try:
        head = read_head(payload)
    except Reject:
        return
    assert head.event_id


@given(st.text(min_size=1), st.integers(min_value=0, max_value=2**62), st.sampled_from(Origin))
def test_an_envelope_comes_back_from_its_headers(tenant: str, received_at_ms: int, origin: Origin) -> None:
    tenant = tenant.encode("utf-8", "replace").decode()
    envelope = Envelope(tenant, received_at_ms, origin)
    assert read_envelope(headers_of(envelope, "2026-10-28")) == envelope


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("tenant", b"acme")],
        [("tenant", b"acme"), ("received-at-ms", b"soon"), ("origin", b"webhook")],
        [("tenant", b"acme"), ("received-at-ms", b"1"), ("origin", b"heaven")],
        [("tenant", b"\xff"), ("received-at-ms", b"1"), ("origin", b"webhook")],
        [("tenant", None), ("received-at-ms", b"1"), ("origin", b"webhook")],
    ],
)
def test_headers_that_do_not_say_whose_it_is_are_refused(headers: list[tuple[str, bytes | None]]) -> None:
    with pytest.raises(Reject, match="headers of a webhook"):
        read_envelope(headers)


@pytest.mark.parametrize(
    "copy",
    [
        changed(pending_webhooks=0),
        msgspec.json.format(PAID, indent=2),
        msgspec.json.encode(msgspec.json.decode(PAID), order="sorted"),
        PAID.replace(b',"pending_webhooks":1', b""),
    ],
)
def test_another_delivery_of_the_same_event_says_the_same(copy: bytes) -> None:
    assert content_hash(copy) == content_hash(PAID)


@pytest.mark.parametrize(
    "other",
    [
        changed(created=1_795_255_201),
        changed(data={"object": {"id": "in_1", "object": "invoice", "total": 2901}}),
        PAID.replace(b"2900", b"2900.0"),  # numbers stand as they were written
        PAID[:-1] + b',"more":null}',
    ],
)
def test_an_event_that_says_something_else_is_told_apart(other: bytes) -> None:
    assert content_hash(other) != content_hash(PAID)


def test_what_is_too_odd_to_be_read_is_taken_byte_for_byte() -> None:
    twice = b'{"id":"evt_1","type":"a","type":"a"}'
    assert content_hash(twice) == content_hash(twice) != content_hash(twice + b" ")
