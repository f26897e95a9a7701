"""What is shown of Stripe's objects derives from what is stored of them, and nothing of it is lost."""

import msgspec
import pytest

from console.mirror.core import shown as types
from console.mirror.core.shown import Shown, StripeInvoice, StripeSubscription, shown
from schemas import mirror

PAIRS = [
    (types.StripeCustomer, mirror.Customer),
    (types.StripeTaxId, mirror.TaxId),
    (types.StripeDiscount, mirror.Discount),
    (types.StripePaymentMethod, mirror.PaymentMethod),
    (types.StripeSubscriptionItem, mirror.SubscriptionItem),
    (StripeSubscription, mirror.Subscription),
    (types.StripeInvoiceLine, mirror.InvoiceLine),
    (StripeInvoice, mirror.Invoice),
    (types.StripeCharge, mirror.Charge),
    (types.StripeRefund, mirror.Refund),
    (types.StripeCreditNote, mirror.CreditNote),
]


@pytest.mark.parametrize(("of", "row"), PAIRS)
def test_every_member_of_a_row_is_shown_moments_without_their_unit(
    of: type[Shown], row: type[msgspec.Struct]
) -> None:
    members = [name.removesuffix("_ms") for name in row.__struct_fields__]
    if of is StripeInvoice:
        members.remove("lines")
    assert list(of.__struct_fields__)[: len(members)] == members
    assert not any(name.endswith("_ms") for name in of.__struct_fields__)


def test_moments_are_text_and_what_is_not_known_is_null() -> None:
    row = dict.fromkeys(StripeInvoice.__struct_fields__) | {
        "id": "in_1",
        "created_at_ms": 1_000,
        "paid_at_ms": None,
        "as_of_ms": -1,
        "lines_complete": True,
        "metadata": {},
        "event_id": "evt_1",
        "settled": True,
        "tenant": "acme",
        "stamp": 7,
    }
    found = shown(row, StripeInvoice)
    assert (found.created_at, found.paid_at, found.as_of) == ("1970-01-01T00:00:01Z", None, None)


def test_what_is_no_such_row_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        shown({"id": "sub_1"}, StripeSubscription)
