"""What the mirror has to keep of localstripe's objects: written down by hand, and by no code that ships.

Every column of a table is here, or among those that localstripe has nothing for.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.stripe.previous import Object

#: Columns that say how the row came to be, and whose it is.
STANDING: Final = frozenset({"tenant", "as_of_ms", "event_id", "settled", "deleted_at_ms", "stamp"})


def mirrored(found: Object) -> Object:
    """Return the row of *found*, an object of localstripe's, without the columns of STANDING."""
    kind = str(found["object"])
    has = {"id": found["id"], "livemode": found["livemode"], "created_at_ms": _ms(found["created"])}
    return {**_NOTHING[kind], **has, **_KEPT[kind](found)}


def items_of(subscription: Object) -> list[Object]:
    """Return the rows of a subscription's items."""
    period = {
        "period_start_ms": _ms(subscription["current_period_start"]),
        "period_end_ms": _ms(subscription["current_period_end"]),
    }
    return [
        {
            "id": item["id"],
            "quantity": item["quantity"],
            "price": item["plan"]["id"],
            "product": item["plan"]["product"],
            "unit_amount": str(item["plan"]["amount"]),
            "currency": item["plan"]["currency"],
            "interval": item["plan"]["interval"],
            "interval_count": item["plan"]["interval_count"],
            **period,
        }
        for item in subscription["items"]["data"]
    ]


def lines_of(lines: list[Object]) -> list[Object]:
    """Return the rows of an invoice's *lines*."""
    return [
        {
            **{name: line[name] for name in ("id", "description", "amount", "currency", "quantity")},
            "price": line["plan"] and line["plan"]["id"],
            "product": line["plan"] and line["plan"]["product"],
            "unit_amount": line["plan"] and str(line["plan"]["amount"]),
            "period_start_ms": _ms(line["period"]["start"]),
            "period_end_ms": _ms(line["period"]["end"]),
            "proration": line["proration"],
            "subscription": line["subscription"],
            "subscription_item": line.get("subscription_item"),
        }
        for line in lines
    ]


def _customer(found: Object) -> Object:
    settings = found["invoice_settings"]
    return {
        **{name: found[name] for name in ("name", "email", "currency", "delinquent", "metadata")},
        "address": {name: text for name, text in (found["address"] or {}).items() if text},
        "balance": found["account_balance"],
        "default_payment_method": settings["default_payment_method"] or found["default_source"],
    }


def _tax_id(found: Object) -> Object:
    kept = {name: found[name] for name in ("customer", "type", "value", "country")}
    return {**kept, "verification": found["verification"]["status"]}


def _subscription(found: Object) -> Object:
    same = ("customer", "status", "cancel_at_period_end", "latest_invoice", "metadata")
    moments = {
        "period_start_ms": "current_period_start",
        "period_end_ms": "current_period_end",
        "trial_start_ms": "trial_start",
        "trial_end_ms": "trial_end",
        "started_at_ms": "start_date",
        "cancel_at_ms": "cancel_at",
        "canceled_at_ms": "canceled_at",
        "ended_at_ms": "ended_at",
    }
    return {
        **{name: found[name] for name in same},
        **{name: _ms(found[of]) for name, of in moments.items()},
        "currency": found["plan"]["currency"],
        "discounts": [],
    }


def _invoice(found: Object) -> Object:
    same = (
        *(
            "customer",
            "subscription",
            "status",
            "currency",
            "billing_reason",
            "collection_method",
            "subtotal",
        ),
        *("tax", "total", "amount_due", "amount_paid", "attempt_count", "payment_intent", "metadata"),
    )
    passed = found["status_transitions"]
    return {
        **{name: found[name] for name in same},
        **{f"{name}_ms": _ms(passed[name]) for name in ("finalized_at", "paid_at", "voided_at")},
        "next_payment_attempt_at_ms": _ms(found["next_payment_attempt"]),
        "period_start_ms": _ms(found["period_start"]),
        "period_end_ms": _ms(found["period_end"]),
        "charge": found["charge"] and found["charge"]["id"],
        "lines_complete": not found["lines"]["has_more"],
    }


def _payment_intent(found: Object) -> Object:
    same = ("customer", "invoice", "status", "currency", "amount", "payment_method", "metadata")
    return {
        **{name: found[name] for name in same},
        "latest_charge": found["latest_charge"] and found["latest_charge"]["id"],
        "error_code": (found["last_payment_error"] or {}).get("code"),
    }


def _charge(found: Object) -> Object:
    same = (
        *("customer", "invoice", "payment_method", "status", "currency", "amount", "amount_refunded", "paid"),
        *("captured", "refunded", "failure_code", "metadata"),
    )
    return {name: found[name] for name in same}


def _refund(found: Object) -> Object:
    same = ("charge", "payment_intent", "status", "currency", "amount", "metadata")
    return {name: found[name] for name in same}


def _payment_method(found: Object) -> Object:
    card = found.get("card", {})
    kept = {name: card.get(name) for name in ("brand", "last4", "exp_month", "exp_year")}
    return {"customer": found["customer"], "type": found["type"], **kept}


def _ms(seconds: Any) -> int | None:  # noqa: ANN401 -- a member of an object is anything
    return None if seconds is None else int(seconds) * 1_000


_KEPT: Final[Mapping[str, Callable[[Object], Object]]] = {
    "customer": _customer,
    "tax_id": _tax_id,
    "subscription": _subscription,
    "invoice": _invoice,
    "payment_intent": _payment_intent,
    "charge": _charge,
    "refund": _refund,
    "payment_method": _payment_method,
}

#: What localstripe does not say, and what the mirror then has.
_NOTHING: Final[Mapping[str, Object]] = {
    kind: dict.fromkeys(("account", *names.split()))
    for kind, names in {
        "customer": "tax_exempt",
        "tax_id": "",
        "subscription": "cancellation_reason collection_method pause_collection default_payment_method",
        "invoice": "number amount_remaining due_at_ms uncollectible_at_ms",
        "payment_intent": "amount_received amount_capturable canceled_at_ms cancellation_reason decline_code",
        "charge": "payment_intent amount_captured decline_code",
        "refund": "reason failure_reason",
        "payment_method": "",
    }.items()
}
_NOTHING["charge"]["disputed"] = False
