"""What a webhook says of itself is read as far as it goes; only what is no event is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Reject
from schemas.webhook import Envelope, EventHead, Origin, headers_of, read_envelope, read_head

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
)


def test_an_event_says_who_and_what_it_is() -> None:
    assert read_head(PAID) == HEAD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": None}, {"object_id": None, "object_type": None}),
        ({"data": {"object": None}}, {"object_id": None, "object_type": None}),
        ({"data": [1]}, {"object_id": None, "object_type": None}),
        ({"data": {"object": {"id": 7, "object": "invoice"}}}, {"object_id": None}),
        ({"created": "yesterday"}, {"created_at_ms": None}),
        ({"created": -1}, {"created_at_ms": None}),
        ({"created": 10**30}, {"created_at_ms": None}),
        ({"created": True}, {"created_at_ms": None}),
        ({"api_version": None}, {"api_version": None}),
        ({"api_version": 3}, {"api_version": None}),
        ({"livemode": "yes"}, {"livemode": None}),
        ({"account": "acct_1"}, {"account": "acct_1"}),
        ({"account": "a\0b"}, {"account": None}),
        ({"type": "never.seen.before"}, {"type": "never.seen.before"}),
        ({"object": "v2.core.event"}, {}),
    ],
)
def test_what_is_odd_is_left_out_and_the_rest_is_read(
    change: dict[str, object], said: dict[str, object]
) -> None:
    payload = msgspec.json.encode({**msgspec.json.decode(PAID), **change})
    assert read_head(payload) == HEAD._replace(**said)


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
        b'{"id":"\\ud800","type":"a"}',
        b'{"id":"' + b"x" * 256 + b'","type":"a"}',
        b'{"id":"evt_1","type":"a","created":NaN}',
        b'{"id":"evt_\xff","type":"a"}',
        b'{"id":"evt_1","type":"a","data":' + b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(payload: bytes) -> None:
    with pytest.raises(Reject):
        read_head(payload)


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
