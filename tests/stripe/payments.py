"""How money moves at Stripe: payment intents, charges, refunds, disputes, warnings of fraud."""

from typing import Any, Final

from tests.stripe.account import DAY_SECONDS, Account, Life
from tests.stripe.previous import Object

_DECLINED: Final[Object] = {
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": "Your card has insufficient funds.",
    "type": "card_error",
}
#: The shares of what is left of a charge that a refund may give back, in per cent.
_REFUND_SHARES: Final = (10, 25, 50, 100, 100)


def intend(account: Account, customer: str, amount: int, currency: str, invoice: str | None = None) -> str:
    """Make a payment intent, and return its id."""
    changes = {"amount": amount, "currency": currency, "customer": customer}
    intent = account.blank("payment_intent", "pi", changes)
    intent["client_secret"] = f"{intent['id']}_secret_{intent['id'][3:]}"
    if account.old:
        intent["invoice"] = invoice
        intent["charges"]["url"] = f"/v1/charges?payment_intent={intent['id']}"
    return account.create(intent, "payment_intent.created")


def succeed(account: Account, intent_id: str, method: str | None) -> str:
    """Let a payment succeed, and return the id of its charge."""
    charge = _charge(account, intent_id, method, {})
    account.create(charge, "charge.succeeded")
    changes = {
        "amount_received": charge["amount"],
        "last_payment_error": None,
        "payment_method": method,
        "status": "succeeded",
    }
    account.change(intent_id, changes | _latest(account, intent_id, charge), "payment_intent.succeeded")
    return str(charge["id"])


def fail(account: Account, intent_id: str, method: str | None) -> str:
    """Let a payment be declined, and return the id of its charge."""
    declined = {
        "amount_captured": 0,
        "balance_transaction": None,
        "captured": False,
        "failure_code": _DECLINED["code"],
        "failure_message": _DECLINED["message"],
        "outcome": {"network_status": "declined_by_network", "type": "issuer_declined"},
        "paid": False,
        "status": "failed",
    }
    charge = _charge(account, intent_id, method, declined)
    account.create(charge, "charge.failed")
    error = {**_DECLINED, "charge": charge["id"]}
    changes = {"last_payment_error": error, "status": "requires_payment_method"}
    account.change(intent_id, changes | _latest(account, intent_id, charge), "payment_intent.payment_failed")
    return str(charge["id"])


def cancel(account: Account, intent_id: str, reason: str = "void_invoice") -> None:
    """Cancel a payment intent that was not paid."""
    changes = {"canceled_at": account.now_s, "cancellation_reason": reason, "status": "canceled"}
    account.change(intent_id, changes, "payment_intent.canceled")


def pay_once(account: Account, customer: str, method: str | None, currency: str) -> Life:
    """Let a customer pay without an invoice: at once, after being declined, or never."""
    intent = intend(account, customer, account.random.choice((500, 2_500, 60_000)), currency)
    while True:
        yield
        match account.random.randrange(5):
            case 0:
                fail(account, intent, method)
            case 1:
                cancel(account, intent, "abandoned")
                return
            case _:
                charge = succeed(account, intent, method)
                yield from after_payment(account, charge)
                return


def after_payment(account: Account, charge: str) -> Life:
    """Let a charge be refunded in parts, disputed, warned of, or left alone."""
    match account.random.randrange(5):
        case 0 | 1:
            for _ in range(account.random.randint(1, 3)):
                yield
                yield from _refund(account, charge)
        case 2:
            if account.chance(2):
                yield
                _warn(account, charge)
            yield
            yield from _dispute(account, charge)
        case _:
            return


def _charge(account: Account, intent_id: str, method: str | None, changes: Object) -> Object:
    intent = account[intent_id]
    charge = account.blank("charge", "ch", changes)
    charge |= {name: intent[name] for name in ("amount", "currency", "customer")}
    charge |= {"payment_intent": intent_id, "payment_method": method}
    if charge["captured"]:
        charge["amount_captured"] = charge["amount"]
        charge["balance_transaction"] = account.new_id("txn")
    if account.old:
        charge["invoice"] = intent["invoice"]
        charge["refunds"]["url"] = f"/v1/charges/{charge['id']}/refunds"
    return charge


def _latest(account: Account, intent_id: str, charge: Object) -> Object:
    """Return how an intent names its latest charge; old versions list all of them, newest first."""
    if not account.old:
        return {"latest_charge": charge["id"]}
    return {"charges": _longer(account[intent_id]["charges"], charge)}


def _longer(listed: Object, added: Object) -> Object:
    return {"data": [added, *listed["data"]], "total_count": listed["total_count"] + 1}


def _refund(account: Account, charge_id: str) -> Life:
    """Give back a part of what is left; `amount_refunded` of the charge is the sum of all refunds."""
    charge = account[charge_id]
    left = charge["amount"] - charge["amount_refunded"]
    amount = left * account.random.choice(_REFUND_SHARES) // 100
    if amount == 0:
        return
    pending = account.chance(3)
    changes: Object = {
        **{name: charge[name] for name in ("currency", "customer", "payment_intent", "payment_method")},
        "amount": amount,
        "charge": charge_id,
        "balance_transaction": account.new_id("txn"),
        "status": "pending" if pending else "succeeded",
    }
    if account.old:
        changes["customer"] = None
    refund = account.blank("refund", "re", changes)
    account.objects[refund["id"]] = refund
    _set_refunded(account, charge_id, amount, "charge.refunded", added=refund)
    account.tell(refund["id"], "refund.created")
    if not pending:
        return
    yield
    if account.chance(3):
        account.change(
            refund["id"],
            {"failure_reason": "lost_or_stolen_card", "status": "failed"},
            *account.in_any_order("refund.failed", "refund.updated"),
        )
        _set_refunded(account, charge_id, -amount, "charge.updated")
    else:
        account.change(refund["id"], {"status": "succeeded"}, "refund.updated")


def _set_refunded(
    account: Account, charge_id: str, by: int, kind: str, *, added: Object | None = None
) -> None:
    charge = account[charge_id]
    refunded = charge["amount_refunded"] + by
    changes: dict[str, Any] = {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    if account.old and added is not None:
        changes["refunds"] = _longer(charge["refunds"], added)
    account.change(charge_id, changes, kind)


def _warn(account: Account, charge_id: str) -> None:
    intent = account[charge_id]["payment_intent"]
    changes = {"charge": charge_id, "payment_intent": intent, "fraud_type": "made_with_stolen_card"}
    warning = account.blank("radar.early_fraud_warning", "issfr", changes)
    account.create(warning, "radar.early_fraud_warning.created")


def _dispute(account: Account, charge_id: str) -> Life:
    """Let the cardholder's bank ask for the money back, and decide."""
    charge = account[charge_id]
    changes: Object = {
        "amount": charge["amount"] - charge["amount_refunded"],
        "charge": charge_id,
        "currency": charge["currency"],
        "payment_intent": charge["payment_intent"],
        "evidence_details": {"due_by": account.now_s + 7 * DAY_SECONDS},
    }
    dispute = account.create(account.blank("dispute", "dp", changes), "charge.dispute.created")
    account.change(charge_id, {"disputed": True}, "charge.updated")
    if account.chance(2):
        yield
        evidence = {"has_evidence": True, "submission_count": 1}
        changes = {"evidence_details": evidence, "status": "under_review"}
        account.change(dispute, changes, "charge.dispute.updated")
    yield
    changes = {"status": account.random.choice(("won", "lost"))}
    account.change(dispute, changes, "charge.dispute.closed")
