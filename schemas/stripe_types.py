"""Which of Stripe's events change the mirror, and of what kind of object each one speaks.

Every other event is recorded and passed through: what is of no use here may be of use to others.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What is mirrored, as Stripe calls it in an object's member `object`."""

    CUSTOMER = "customer"
    TAX_ID = "tax_id"
    DISCOUNT = "discount"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"
    PAYMENT_INTENT = "payment_intent"
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    EARLY_FRAUD_WARNING = "radar.early_fraud_warning"
    CREDIT_NOTE = "credit_note"
    PAYMENT_METHOD = "payment_method"


#: The type of an event that we make of an object as it was fetched. Whatever happened to that object up to
#: the end of the second `created`, by Stripe's clock, is in it.
SNAPSHOT: Final = "weir.snapshot"

_ENDINGS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.CUSTOMER: ("customer", "created updated deleted"),
    Kind.TAX_ID: ("customer.tax_id", "created updated deleted"),
    Kind.DISCOUNT: ("customer.discount", "created updated deleted"),
    Kind.SUBSCRIPTION: (
        "customer.subscription",
        "created updated deleted trial_will_end paused resumed",
    ),
    Kind.INVOICE: (
        "invoice",
        "created updated deleted finalized paid payment_succeeded payment_failed voided marked_uncollectible",
    ),
    Kind.PAYMENT_INTENT: ("payment_intent", "created succeeded payment_failed canceled"),
    Kind.CHARGE: ("charge", "succeeded failed updated refunded"),
    Kind.REFUND: ("refund", "created updated failed"),
    Kind.DISPUTE: ("charge.dispute", "created updated closed"),
    Kind.EARLY_FRAUD_WARNING: ("radar.early_fraud_warning", "created"),
    Kind.CREDIT_NOTE: ("credit_note", "created updated voided"),
    Kind.PAYMENT_METHOD: ("payment_method", "attached detached updated automatically_updated"),
}

#: Every event that changes the mirror.
KIND_OF_TYPE: Final[Mapping[str, Kind]] = MappingProxyType(
    {f"{prefix}.{ending}": kind for kind, (prefix, endings) in _ENDINGS.items() for ending in endings.split()}
)

#: Events after which an object is no more. A canceled subscription and a detached payment method still are.
DELETING_TYPES: Final = frozenset(
    ("customer.deleted", "customer.tax_id.deleted", "customer.discount.deleted", "invoice.deleted")
)


def is_handled(event_type: str) -> bool:
    """Say whether events of *event_type* change the mirror."""
    return event_type in KIND_OF_TYPE or event_type == SNAPSHOT
