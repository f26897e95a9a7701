"""Every type of event that is handled, with the object that Stripe's own specification shows for it."""

import pytest

from processors.billing.core.members import Members
from processors.billing.core.partition import Applied
from processors.billing.core.reducers import REDUCERS
from schemas.errors import Reject
from schemas.mirror import Customer, Invoice, PaymentMethod, Subscription
from schemas.stripe_types import KIND_OF_TYPE, Kind
from tests.stripe.shapes import EVENT_TYPES, Object, event, shape
from tests.unit.processors.billing.mirror_of import apply, mirror_of, states


def test_the_types_that_are_handled_are_those_that_are_promised() -> None:
    assert set(KIND_OF_TYPE) == set(EVENT_TYPES)


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_event_of_each_type_is_in_the_mirror(kind: str, old: bool) -> None:  # noqa: FBT001 -- a parameter
    found = shape(EVENT_TYPES[kind], old=old)
    of, outcome = apply([event(kind, found, event_id="evt_1", created_s=100)])
    assert outcome.applied == [Applied.APPLIED]
    [(key, state)] = states(of).items()
    assert (key.object_kind, key.object_id) == (KIND_OF_TYPE[kind], found["id"])
    assert (state.as_of_ms, state.settled) == (100_000, True)


def _reduced(name: str, changes: Object | None = None, *, old: bool = False) -> object:
    found = shape(name, old=old) | (changes or {})
    return REDUCERS[Kind(found["object"])](Members.of_event(found), None).row


def test_a_subscription_says_the_same_in_both_versions_of_the_api() -> None:
    new, old = _reduced("subscription"), _reduced("subscription", old=True)
    assert isinstance(new, Subscription)
    assert isinstance(old, Subscription)
    for row in (new, old):
        [item] = row.items
        assert (item.price, item.quantity, item.unit_amount) == ("price_1PgafmB7WZ01zgkW6dKueIc5", 1, "2000")
        assert (row.period_start_ms, row.period_end_ms) == (item.period_start_ms, item.period_end_ms)
        assert row.period_start_ms is not None


def test_an_invoice_names_its_subscription_in_both_versions_of_the_api() -> None:
    for row in (_reduced("invoice"), _reduced("invoice", old=True)):
        assert isinstance(row, Invoice)
        assert row.subscription is not None
        assert row.subscription.startswith("sub_")
        assert row.lines
        assert row.lines_complete


def test_an_invoice_of_which_only_a_page_was_sent_says_so() -> None:
    lines = {**shape("invoice")["lines"], "has_more": True}
    row = _reduced("invoice", {"lines": lines})
    assert isinstance(row, Invoice)
    assert not row.lines_complete


def test_of_a_card_nothing_is_kept_but_brand_last_four_and_expiry() -> None:
    found = shape("payment_method")
    row = _reduced("payment_method")
    assert isinstance(row, PaymentMethod)
    card = found["card"]
    assert (row.brand, row.last4, row.exp_month, row.exp_year) == (
        card["brand"],
        card["last4"],
        card["exp_month"],
        card["exp_year"],
    )
    assert card["fingerprint"] not in repr(row)


def test_text_that_postgresql_cannot_keep_is_replaced() -> None:
    row = _reduced("customer", {"name": "a\0b\ud83d", "metadata": {"k\0": "\udc00"}})
    assert isinstance(row, Customer)
    assert row.name == "a\ufffdb\ufffd"
    assert row.metadata == {"k\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("charge", {"amount": 10.5}, "data.object.amount is not a whole number"),
        ("charge", {"amount": None}, "data.object.amount is not a whole number"),
        ("charge", {"amount": 2**63}, "data.object.amount is not a whole number"),
        ("customer", {"id": None}, "data.object.id is not text"),
        ("customer", {"created": -1}, "data.object.created is not a moment"),
        ("customer", {"metadata": ["a"]}, "data.object.metadata is no object"),
        ("invoice", {"lines": {"data": [{"amount": 1}]}}, r"data.object.lines\[0\].id is not text"),
        ("subscription", {"items": 7}, "data.object.items is not a list"),
        ("subscription", {"cancel_at_period_end": "no"}, "cancel_at_period_end is not true or false"),
    ],
)
def test_what_has_another_shape_is_refused_and_named(name: str, changes: Object, reason: str) -> None:
    with pytest.raises(Reject, match=reason):
        _reduced(name, changes)


def test_a_reference_may_be_the_object_itself() -> None:
    whole = shape("invoice") | {"customer": shape("customer")}
    assert (
        mirror_of([event("invoice.paid", whole, event_id="evt_1", created_s=1)])[whole["id"]].row["customer"]
        == (shape("customer")["id"])
    )
