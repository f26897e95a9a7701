"""Which table and which columns each kind of object has."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from schemas.mirror import ROW_OF_KIND
from schemas.stripe_types import Kind

_NAMES: Final = {
    Kind.CUSTOMER: "stripe_customers",
    Kind.TAX_ID: "stripe_tax_ids",
    Kind.DISCOUNT: "stripe_discounts",
    Kind.SUBSCRIPTION: "stripe_subscriptions",
    Kind.INVOICE: "stripe_invoices",
    Kind.PAYMENT_INTENT: "stripe_payment_intents",
    Kind.CHARGE: "stripe_charges",
    Kind.REFUND: "stripe_refunds",
    Kind.DISPUTE: "stripe_disputes",
    Kind.EARLY_FRAUD_WARNING: "stripe_early_fraud_warnings",
    Kind.CREDIT_NOTE: "stripe_credit_notes",
    Kind.PAYMENT_METHOD: "stripe_payment_methods",
}
#: What a state says of its row, beside whether it is deleted.
_STATE: Final = ("as_of_ms", "event_id", "settled", "stamp")


class Parts(NamedTuple):
    """Rows that belong to an object: a table of their own."""

    #: As the object calls them.
    member: str
    table: str
    #: Names the object in each of them.
    owner: str


class ObjectTable(NamedTuple):
    """The table of one kind."""

    name: str
    #: All but deleted_at_ms, which has a rule of its own.
    columns: tuple[str, ...]
    parts: Parts | None


_PARTS: Final = {
    Kind.SUBSCRIPTION: Parts("items", "stripe_subscription_items", "subscription_id"),
    Kind.INVOICE: Parts("lines", "stripe_invoice_lines", "invoice_id"),
}


def _table(kind: Kind) -> ObjectTable:
    parts = _PARTS.get(kind)
    members = (field.name for field in msgspec.structs.fields(ROW_OF_KIND[kind]))
    own = tuple(name for name in members if parts is None or name != parts.member)
    return ObjectTable(_NAMES[kind], ("tenant", *own, *_STATE), parts)


TABLES: Final[Mapping[Kind, ObjectTable]] = {kind: _table(kind) for kind in Kind}
