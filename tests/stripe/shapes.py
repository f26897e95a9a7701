"""Stripe's objects and events as they are on the wire.

The objects lie in `shapes/`, one file each; `NAME.old` is the shape of version 2020-08-27 where that is
another. README.md says where they come from.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

Object = dict[str, Any]

#: The version that the shapes are of.
API_VERSION: Final = "2026-08-26.dahlia"
#: The version of the shapes that end in `.old`.
OLD_API_VERSION: Final = "2020-08-27"

_FOLDER: Final = Path(__file__).with_name("shapes")

#: Every event type that Weir mirrors, and the shape of the object that it carries. The event of a deletion
#: carries the whole object as it was, too: `deleted_customer` is only what Stripe answers who asks later.
EVENT_TYPES: Final[Mapping[str, str]] = {
    "customer.created": "customer",
    "customer.updated": "customer",
    "customer.deleted": "customer",
    "customer.discount.created": "discount",
    "customer.discount.updated": "discount",
    "customer.discount.deleted": "discount",
    "customer.tax_id.created": "tax_id",
    "customer.tax_id.updated": "tax_id",
    "customer.tax_id.deleted": "tax_id",
    "customer.subscription.created": "subscription",
    "customer.subscription.updated": "subscription",
    "customer.subscription.deleted": "subscription",
    "customer.subscription.trial_will_end": "subscription",
    "customer.subscription.paused": "subscription",
    "customer.subscription.resumed": "subscription",
    "invoice.created": "invoice",
    "invoice.updated": "invoice",
    "invoice.deleted": "invoice",
    "invoice.finalized": "invoice",
    "invoice.paid": "invoice",
    "invoice.payment_succeeded": "invoice",
    "invoice.payment_failed": "invoice",
    "invoice.voided": "invoice",
    "invoice.marked_uncollectible": "invoice",
    "payment_intent.created": "payment_intent",
    "payment_intent.succeeded": "payment_intent",
    "payment_intent.payment_failed": "payment_intent",
    "payment_intent.canceled": "payment_intent",
    "payment_method.attached": "payment_method",
    "payment_method.updated": "payment_method",
    "payment_method.automatically_updated": "payment_method",
    "payment_method.detached": "payment_method",
    "charge.succeeded": "charge",
    "charge.failed": "charge",
    "charge.updated": "charge",
    "charge.refunded": "charge",
    "charge.dispute.created": "dispute",
    "charge.dispute.updated": "dispute",
    "charge.dispute.closed": "dispute",
    "refund.created": "refund",
    "refund.updated": "refund",
    "refund.failed": "refund",
    "radar.early_fraud_warning.created": "radar.early_fraud_warning",
    "credit_note.created": "credit_note",
    "credit_note.updated": "credit_note",
    "credit_note.voided": "credit_note",
}


def shape(name: str, *, old: bool = False) -> Object:
    """Return a copy of one's own of the object *name*.

    *old*: as version 2020-08-27 has it; `shape("invoice", old=True)` is `shape("invoice.old")`. Most
    objects have no old shape of their own. Raises FileNotFoundError where there is no such object.
    """
    of_old = f"{name}.old"
    found: Object = json.loads(_text(of_old if old and (_FOLDER / f"{of_old}.json").exists() else name))
    return found


def event(
    kind: str,
    about: Mapping[str, Any],
    *,
    event_id: str,
    created_s: int,
    previous_attributes: Mapping[str, Any] | None = None,
    api_version: str = API_VERSION,
) -> Object:
    """Return Stripe's event of type *kind* about an object. None: an event without previous attributes."""
    data: Object = {"object": dict(about)}
    if previous_attributes is not None:
        data["previous_attributes"] = dict(previous_attributes)
    return shape("event") | {
        "id": event_id,
        "type": kind,
        "created": created_s,
        "api_version": api_version,
        "livemode": about.get("livemode", False),
        "data": data,
    }


def as_sent(made: Mapping[str, Any]) -> bytes:
    """Return the body of the webhook that brings an event, laid out as Stripe does it."""
    return json.dumps(made, indent=2, ensure_ascii=False).encode()


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.json").read_text()
