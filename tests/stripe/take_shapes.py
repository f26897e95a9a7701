"""Takes Stripe's shapes anew: `python -m tests.stripe.take_shapes FOLDER`.

FOLDER holds `fixtures3.json` and `spec3.json` of a release of stripe-mock. A fixture has a value for every
member, made up where its maker had none, and objects that know nothing of each other. So members that the
specification lets be null and that contradict the rest are null here, and ids lead from one object to the
next. What comes out is held against the specification. The old shapes are made from the new ones by rule.
"""

import json
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import jsonschema

from tests.stripe.previous import Object, merged

SHAPES: Final = Path(__file__).with_name("shapes")

_CUSTOMER: Final = "cus_QXg1o8vcGmoR32"
_SUBSCRIPTION: Final = "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw"
_ITEM: Final = "si_QXhVnC2h0Jczwc"
_INVOICE: Final = "in_1Pgc6tB7WZ01zgkWu9fdqL6I"
_INTENT: Final = "pi_1PgafyB7WZ01zgkWSjxsAJo3"
_CHARGE: Final = "ch_1PgafuB7WZ01zgkWXYmPNZs8"
_METHOD: Final = "pm_1Pgc75B7WZ01zgkWlHVgdEGJ"
_DISCOUNT: Final = "di_1Pgc6rB7WZ01zgkW7Al8Fal9"
_COUPON: Final = "Z4OV52SU"
_START: Final = 1_234_567_890
_END: Final = _START + 30 * 86_400

_ADDRESS: Final = {
    "city": "San Francisco",
    "country": "US",
    "line1": "1234 Fake Street",
    "line2": None,
    "postal_code": "94102",
    "state": "CA",
}
_RECURRING: Final = {"transform_quantity": None, "custom_unit_amount": None}

#: By the name of the fixture: what is another here.
_FILLED: Final[dict[str, Object]] = {
    "customer": {
        "address": _ADDRESS,
        "discount": None,
        "email": "jenny@example.com",
        "name": "Jenny Rosen",
        "shipping": None,
    },
    "deleted_customer": {},
    "subscription": {
        "billing_cycle_anchor_config": None,
        "billing_mode": {"type": "classic", "flexible": None},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "default_payment_method": _METHOD,
        "ended_at": None,
        "latest_invoice": _INVOICE,
        "managed_payments": None,
        "next_pending_invoice_item_invoice": None,
        "pause_collection": None,
        "payment_settings": {"payment_method_options": None, "save_default_payment_method": "off"},
        "pending_invoice_item_interval": None,
        "pending_update": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_start": None,
    },
    "invoice": {
        "amount_due": 2_000,
        "amount_overpaid": 0,
        "amount_remaining": 2_000,
        "auto_advance": True,
        "billing_reason": "subscription_cycle",
        "customer_email": "jenny@example.com",
        "customer_name": "Jenny Rosen",
        "customer_shipping": None,
        "due_date": None,
        "effective_at": None,
        "from_invoice": None,
        "last_finalization_error": None,
        "next_payment_attempt": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": _SUBSCRIPTION},
            "type": "subscription_details",
        },
        "payment_settings": {"payment_method_options": None},
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "subtotal": 2_000,
        "subtotal_excluding_tax": 2_000,
        "total": 2_000,
        "total_excluding_tax": 2_000,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    },
    "payment_intent": {
        "amount": 2_000,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "customer": _CUSTOMER,
        "last_payment_error": None,
        "managed_payments": None,
        "next_action": None,
        "payment_method_configuration_details": None,
        "processing": None,
        "shipping": None,
        "transfer_data": None,
    },
    "charge": {
        "amount": 2_000,
        "amount_captured": 2_000,
        "captured": True,
        "customer": _CUSTOMER,
        "description": "Subscription creation",
        "outcome": {
            "network_status": "approved_by_network",
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "payment_intent": _INTENT,
        "payment_method": _METHOD,
        "payment_method_details": {
            "card": {
                "installments": None,
                "overcapture": {"maximum_amount_capturable": 2_000},
                "three_d_secure": None,
                "wallet": None,
            }
        },
        "receipt_url": None,
        "shipping": None,
        "source": None,
        "transfer_data": None,
    },
    "refund": {
        "amount": 500,
        "destination_details": {"card": {"type": "refund", "reference_status": "pending"}},
        "payment_intent": _INTENT,
        "payment_method": _METHOD,
        "customer": _CUSTOMER,
        "reason": "requested_by_customer",
    },
    "dispute": {
        "amount": 2_000,
        "charge": _CHARGE,
        "enhanced_eligibility_types": [],
        "is_charge_refundable": False,
        "payment_intent": _INTENT,
        "payment_method_details": {"card": {"case_type": "chargeback"}},
        "reason": "fraudulent",
        "status": "needs_response",
    },
    "radar.early_fraud_warning": {"charge": _CHARGE, "payment_intent": _INTENT},
    "credit_note": {
        "amount": 500,
        "customer": _CUSTOMER,
        "invoice": _INVOICE,
        "pdf": "https://pay.stripe.com/credit_notes/acct_1PgafTB7WZ01zgkW/cnst_123456789/pdf?s=ap",
        "post_payment_amount": 0,
        "pre_payment_amount": 500,
        "pretax_credit_amounts": [],
        "reason": "order_change",
        "refunds": [],
        "shipping_cost": None,
        "subtotal": 500,
        "subtotal_excluding_tax": 500,
        "total": 500,
        "total_excluding_tax": 500,
        "total_taxes": [],
        "voided_at": None,
    },
    "payment_method": {
        "billing_details": {"address": _ADDRESS, "name": "Jenny Rosen"},
        "card": {"generated_from": None, "regulated_status": "unregulated", "wallet": None},
        "customer": _CUSTOMER,
    },
    "discount": {"end": None, "source": {"coupon": _COUPON}},
    "tax_id": {},
    "event": {
        "api_version": "2026-08-26.dahlia",
        "pending_webhooks": 1,
        "request": {"id": "req_1Pgc76B7WZ01zg", "idempotency_key": None},
        "type": "customer.created",
    },
}

_LINE: Final[Object] = {
    "amount": 2_000,
    "description": "T-shirt, one month",
    "parent": {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": _SUBSCRIPTION,
            "subscription_item": _ITEM,
        },
        "type": "subscription_item_details",
    },
    "period": {"end": _END, "start": _START},
    "pretax_credit_amounts": [],
    "pricing": {"unit_amount_decimal": "2000"},
    "subscription": _SUBSCRIPTION,
    "subtotal": 2_000,
    "taxes": [],
}


def take(folder: Path) -> dict[str, Object]:
    """Return every shape by its name. Raises jsonschema.ValidationError where the specification says no."""
    fixtures: dict[str, Object] = json.loads((folder / "fixtures3.json").read_text())["resources"]
    new = {name: merged(fixtures[name], changes) for name, changes in _FILLED.items()}
    _fill_in_parts(new, fixtures)
    _hold(new, json.loads((folder / "spec3.json").read_text()))
    return new | {f"{name}.old": shape for name, shape in _old(new, fixtures).items()}


def _fill_in_parts(shapes: dict[str, Object], fixtures: dict[str, Object]) -> None:
    """Fill in what lies inside of lists, where a merge does not reach."""
    (item,) = shapes["subscription"]["items"]["data"]
    item["price"].update(_RECURRING)
    item["plan"] = fixtures["plan"] | {"transform_usage": None}
    item.update(billing_thresholds=None, current_period_start=_START, current_period_end=_END)
    (line,) = shapes["invoice"]["lines"]["data"]
    price = {"price": item["price"]["id"], "product": item["price"]["product"]}
    line.update(merged(line, merged(_LINE, {"pricing": {"price_details": price}})))
    shapes["event"]["data"] = {"object": deepcopy(shapes["customer"])}
    shapes["invoice"].pop("subscription")  # the fixture has it beside the specification
    shapes["charge"].pop("refunds")  # new versions have it in answers alone, and when asked
    note_line = shapes["credit_note"]["lines"]["data"][1]
    shapes["credit_note"]["lines"]["data"] = [note_line | {"pretax_credit_amounts": [], "taxes": []}]


def _old(shapes: dict[str, Object], fixtures: dict[str, Object]) -> dict[str, Object]:
    """Return what version 2020-08-27 has otherwise, as Stripe's changelog of its versions tells it."""
    item, line = shapes["subscription"]["items"]["data"][0], shapes["invoice"]["lines"]["data"][0]
    coupon = fixtures["coupon"] | {"name": "A quarter off", "percent_off": 25}
    coupon |= {"redeem_by": None, "duration_in_months": None}
    old_item = _without(item, "current_period_start", "current_period_end", "discounts")
    old_line = _without(line, "parent", "pricing", "pretax_credit_amounts", "taxes", "subtotal") | {
        "plan": item["plan"],
        "price": item["price"],
        "proration": False,
        "subscription_item": _ITEM,
        "tax_amounts": [],
        "tax_rates": [],
        "type": "subscription",
        "unit_amount_excluding_tax": "2000",
    }
    empty = {"object": "list", "data": [], "has_more": False, "total_count": 0}
    return {
        "subscription": _without(
            shapes["subscription"], "discounts", "billing_mode", "billing_schedules", "managed_payments"
        )
        | {
            "current_period_end": _END,
            "current_period_start": _START,
            "discount": None,
            "items": merged(shapes["subscription"]["items"], {"data": [old_item]}),
            "plan": item["plan"],
            "quantity": item["quantity"],
        },
        "invoice": _without(
            shapes["invoice"], "amount_overpaid", "parent", "total_pretax_credit_amounts", "total_taxes"
        )
        | {
            "application_fee_amount": None,
            "charge": None,
            "discount": None,
            "lines": merged(shapes["invoice"]["lines"], {"data": [old_line]}),
            "paid": False,
            "payment_intent": None,
            "quote": None,
            "subscription": _SUBSCRIPTION,
            "tax": None,
            "total_tax_amounts": [],
            "transfer_data": None,
        },
        "payment_intent": _without(shapes["payment_intent"], "latest_charge", "managed_payments")
        | {"charges": empty | {"url": f"/v1/charges?payment_intent={_INTENT}"}, "invoice": _INVOICE},
        "charge": shapes["charge"]
        | {"invoice": _INVOICE, "refunds": empty | {"url": f"/v1/charges/{_CHARGE}/refunds"}},
        "discount": _without(shapes["discount"], "source") | {"coupon": coupon},
    }


def _without(shape: Object, *names: str) -> Object:
    return {name: deepcopy(value) for name, value in shape.items() if name not in names}


def _hold(shapes: dict[str, Object], spec: Object) -> None:
    """Raise jsonschema.ValidationError if a shape is not what the specification says."""
    components = {"schemas": {name: _json_schema(of) for name, of in spec["components"]["schemas"].items()}}
    for name, shape in shapes.items():
        jsonschema.validate(shape, {"$ref": f"#/components/schemas/{name}", "components": components})


def _json_schema(node: Any) -> Any:  # noqa: ANN401 -- a part of a document is anything
    """Return a part of an OpenAPI 3.0 document as JSON Schema: what is `nullable` may be null too."""
    if isinstance(node, list):
        return [_json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _json_schema(each) for name, each in node.items()}
    return {"anyOf": [found, {"type": "null"}]} if found.pop("nullable", False) is True else found


if __name__ == "__main__":
    SHAPES.mkdir(exist_ok=True)
    for name, shape in take(Path(sys.argv[1])).items():
        text = json.dumps(shape, indent=2, sort_keys=True, ensure_ascii=False)
        (SHAPES / f"{name}.json").write_text(text + "\n")
