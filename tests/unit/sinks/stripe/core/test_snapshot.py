"""An object as an event: its text stays, its time is safe, its name says what it says."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import TryAgain
from schemas.webhook import read_head
from sinks.stripe.core.snapshot import lines_of, read_named, read_page, same, snapshot, taken_s, with_lines

INVOICE = b"""{
  "id": "in_1", "object": "invoice", "livemode": true, "amount_due": 1000, "rate": 8.250,
  "lines": {"object": "list", "data": [{"id": "il_1", "amount": 1e3}], "has_more": true, "url": "/v1/x"}
}"""


def test_numbers_stay_as_stripe_wrote_them() -> None:
    lines = [*lines_of(INVOICE).data, msgspec.Raw(b'{"id": "il_2", "quantity": 0.10}')]
    payload = snapshot(with_lines(INVOICE, lines), 7, "v", livemode=True)
    found = json.loads(payload, parse_float=Decimal)
    invoice = found["data"]["object"]
    assert str(invoice["rate"]) == "8.250"
    assert b"1e3" in payload
    assert str(invoice["lines"]["data"][1]["quantity"]) == "0.10"
    assert (invoice["lines"]["has_more"], invoice["lines"]["url"]) == (False, "/v1/x")
    assert list(invoice) == ["id", "object", "livemode", "amount_due", "rate", "lines"]


def test_it_reads_as_an_event_about_its_object() -> None:
    head = read_head(snapshot(INVOICE, 1_795_255_200, "2026-10-28.endive", livemode=True))
    assert head[1:] == (
        *("weir.snapshot", 1_795_255_200_000, "2026-10-28.endive", None, True, "in_1", "invoice", None),
    )
    assert head.event_id.startswith(same(INVOICE))


def test_two_answers_that_say_the_same_begin_with_the_same_name() -> None:
    members = msgspec.json.decode(INVOICE, type=dict[str, msgspec.Raw])
    other = msgspec.json.encode(dict(reversed(members.items())))
    assert other != INVOICE
    assert same(other) == same(INVOICE)
    assert same(INVOICE.replace(b"1000", b"1001")) != same(INVOICE)


@given(
    st.integers(1_700_000_000, 1_900_000_000),
    st.fractions(0, 30, max_denominator=1000),
    st.fractions(0, 1, max_denominator=1000),
)
def test_what_happened_up_to_its_second_was_over_before_stripe_looked(
    sent_s: int, round_trip_s: float, within: float
) -> None:
    """The answer was begun somewhere between the request and its date; the date is rounded down."""
    sent = sent_s + within
    for dated in (sent, sent + round_trip_s):
        assert taken_s(int(dated), float(round_trip_s)) + 1 <= sent


def test_what_is_no_list_and_no_object_is_asked_for_again() -> None:
    for body in (b"", b"[]", b'{"data": {}}', b"{", b'{"data": [}'):
        with pytest.raises(TryAgain):
            read_page(body)
        with pytest.raises(TryAgain):
            read_named(body)


def test_an_invoice_without_lines_has_none_to_fetch() -> None:
    assert not lines_of(b'{"id": "in_1"}').has_more
