"""How an invoice lives at Stripe: draft, open, and paid, void or uncollectible; and credit notes on it."""

from collections.abc import Generator, Sequence
from typing import Final

from tests.stripe import payments
from tests.stripe.account import Account, Life
from tests.stripe.previous import Object

#: What one attempt in so many comes to nothing.
_FAILS_ONE_IN: Final = 4


def draft(account: Account, customer: str, reason: str, lines: Sequence[Object], bare: Object) -> str:
    """Make a draft of *lines* and return its id. *bare*: what else its maker says of it."""
    invoice = account.blank("invoice", "in", bare)
    for line in lines:
        line["invoice"] = invoice["id"]
    known = account[customer]
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal - sum(each["amount"] for line in lines for each in line["discount_amounts"])
    invoice |= {
        "amount_due": total,
        "amount_remaining": total,
        "billing_reason": reason,
        "currency": lines[0]["currency"],
        "customer": customer,
        "customer_email": known["email"],
        "customer_name": known["name"],
        "period_end": account.now_s,
        "period_start": account.now_s,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": total,
        "total_discount_amounts": [each for line in lines for each in line["discount_amounts"]],
    }
    invoice["lines"] |= {"data": list(lines), "url": f"/v1/invoices/{invoice['id']}/lines"}
    return account.create(invoice, "invoice.created")


def one_off(account: Account, customer: str, method: str | None, currency: str) -> Life:
    """Let an invoice without a subscription be made, changed, and thrown away or sent."""
    lines = [item_line(account, account.random.choice((1_000, 12_345)), currency, "Setup")]
    bare: Object = {"auto_advance": False}
    bare |= {"subscription": None} if account.old else {"parent": None}
    invoice = draft(account, customer, "manual", lines, bare)
    if account.chance(2):
        yield
        account.change(invoice, {"description": "Thank you"}, "invoice.updated")
    yield
    if account.chance(3):
        account.forget(invoice, "invoice.deleted")
        return
    finalize(account, invoice)
    if account.chance(2):
        yield
        yield from _credit_before_payment(account, invoice)
    if (yield from collect(account, invoice, method)) and account.chance(2):
        yield
        yield from _credit_after_payment(account, invoice)


def item_line(account: Account, amount: int, currency: str, description: str) -> Object:
    """Return a line that no subscription made."""
    line = _line(account, amount, currency, description)
    if account.old:
        return line | {
            "subscription": None,
            "subscription_item": None,
            "plan": None,
            "invoice_item": account.new_id("ii"),
            "type": "invoiceitem",
        }
    details = {
        "invoice_item": account.new_id("ii"),
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": None,
    }
    parent = {
        "invoice_item_details": details,
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }
    return line | {"subscription": None, "parent": parent}


def subscription_line(
    account: Account,
    subscription: str,
    item: Object,
    amount: int,
    period: Object,
    *,
    proration: bool,
    discount: str | None,
) -> Object:
    """Return a line that a subscription made for *item*: its price for a period, or a proration."""
    line = _line(account, amount, item["price"]["currency"], "Unused time" if proration else "1 month")
    line |= {"quantity": item["quantity"], "period": period, "subscription": subscription}
    if discount is not None and amount > 0:
        line |= {"discount_amounts": [{"amount": (amount + 2) // 4, "discount": discount}]}
    if account.old:
        line |= {name: item[name] for name in ("plan", "price")}
        return line | {"proration": proration, "subscription_item": item["id"]}
    line["parent"]["subscription_item_details"] |= {
        "proration": proration,
        "subscription": subscription,
        "subscription_item": item["id"],
    }
    line["pricing"] = {
        "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]},
        "type": "price_details",
        "unit_amount_decimal": item["price"]["unit_amount_decimal"],
    }
    return line


def finalize(account: Account, invoice_id: str) -> None:
    """Open an invoice; one over nothing is paid by that."""
    invoice = account[invoice_id]
    changes: Object = {
        "effective_at": account.now_s,
        "number": f"7FE1103-{account.new_id('n')[-4:].upper()}",
        "status": "open",
        "status_transitions": {"finalized_at": account.now_s},
    }
    free = invoice["amount_due"] == 0
    if free:
        changes |= {"attempted": True, "status": "paid"}
        changes["status_transitions"] |= {"paid_at": account.now_s}
        changes |= {"paid": True} if account.old else {}
    account.change(invoice_id, changes, *_with_updated(account, "invoice.finalized"))
    if free:
        account.tell(invoice_id, *account.in_any_order("invoice.paid", "invoice.payment_succeeded"))


def collect(account: Account, invoice_id: str, method: str | None) -> Generator[None, None, bool]:
    """Try to have an open invoice paid until it is, or is given up; return whether it is paid."""
    if account[invoice_id]["status"] == "paid":
        return True
    invoice = account[invoice_id]
    intent = payments.intend(
        account, invoice["customer"], invoice["amount_remaining"], invoice["currency"], invoice_id
    )
    if account.old:
        account.change(invoice_id, {"payment_intent": intent}, "invoice.updated")
    while True:
        yield
        if not account.chance(_FAILS_ONE_IN):
            charge = payments.succeed(account, intent, method)
            pay(account, invoice_id, charge)
            yield from payments.after_payment(account, charge)
            return True
        _fail(account, invoice_id, payments.fail(account, intent, method))
        if account.chance(2):
            yield
            return (yield from _give_up(account, invoice_id, intent, method))


def pay(account: Account, invoice_id: str, charge: str) -> None:
    """Let an invoice be paid by *charge*: one payment, told of by two events."""
    invoice = account[invoice_id]
    changes: Object = {
        "amount_paid": invoice["amount_remaining"],
        "amount_remaining": 0,
        "attempt_count": invoice["attempt_count"] + 1,
        "attempted": True,
        "next_payment_attempt": None,
        "status": "paid",
        "status_transitions": {"paid_at": account.now_s},
    }
    changes |= {"charge": charge, "paid": True} if account.old else {}
    account.change(invoice_id, changes, *_with_updated(account, "invoice.paid", "invoice.payment_succeeded"))


def _fail(account: Account, invoice_id: str, charge: str) -> None:
    changes: Object = {
        "attempt_count": account[invoice_id]["attempt_count"] + 1,
        "attempted": True,
        "next_payment_attempt": account.now_s + 3 * 86_400,
    }
    changes |= {"charge": charge} if account.old else {}
    account.change(invoice_id, changes, *_with_updated(account, "invoice.payment_failed"))


def _give_up(
    account: Account, invoice_id: str, intent: str, method: str | None
) -> Generator[None, None, bool]:
    """Void an invoice, or write it off; what is written off may be paid all the same."""
    if account.chance(2):
        changes: Object = {"next_payment_attempt": None, "status": "void"}
        changes["status_transitions"] = {"voided_at": account.now_s}
        account.change(invoice_id, changes, *_with_updated(account, "invoice.voided"))
        payments.cancel(account, intent)
        return False
    changes = {"next_payment_attempt": None, "status": "uncollectible"}
    changes["status_transitions"] = {"marked_uncollectible_at": account.now_s}
    account.change(invoice_id, changes, *_with_updated(account, "invoice.marked_uncollectible"))
    if not account.chance(3):
        return False
    yield
    pay(account, invoice_id, payments.succeed(account, intent, method))
    return True


def _with_updated(account: Account, *kinds: str) -> tuple[str, ...]:
    """Return *kinds*, mostly with `invoice.updated` somewhere among them."""
    return kinds if account.chance(4) else account.in_any_order(*kinds, "invoice.updated")


def _line(account: Account, amount: int, currency: str, description: str) -> Object:
    line: Object = account.blank("invoice", "in", {})["lines"]["data"][0]
    line |= {"id": account.new_id("il"), "amount": amount, "currency": currency, "description": description}
    line |= {} if account.old else {"subtotal": amount}
    return line


def _credit_before_payment(account: Account, invoice_id: str) -> Life:
    """Owe the customer a part of an open invoice, and perhaps take that back."""
    amount = account[invoice_id]["amount_remaining"] // 4
    note = _credit_note(account, invoice_id, amount, {"type": "pre_payment"})
    _owe_less(account, invoice_id, amount)
    if account.chance(2):
        yield
        changes = {"status": "void", "voided_at": account.now_s}
        account.change(note, changes, "credit_note.voided")
        _owe_less(account, invoice_id, -amount)


def _owe_less(account: Account, invoice_id: str, amount: int) -> None:
    invoice = account[invoice_id]
    changes = {name: invoice[name] - amount for name in ("amount_due", "amount_remaining")}
    changes["pre_payment_credit_notes_amount"] = invoice["pre_payment_credit_notes_amount"] + amount
    account.change(invoice_id, changes, "invoice.updated")


def _credit_after_payment(account: Account, invoice_id: str) -> Life:
    """Credit a part of a paid invoice, given back outside of Stripe."""
    invoice = account[invoice_id]
    amount = invoice["amount_paid"] // 2
    already = invoice["post_payment_credit_notes_amount"]
    note = _credit_note(account, invoice_id, amount, {"type": "post_payment", "out_of_band_amount": amount})
    account.change(invoice_id, {"post_payment_credit_notes_amount": already + amount}, "invoice.updated")
    if account.chance(2):
        yield
        account.change(note, {"memo": "With our apologies"}, "credit_note.updated")


def _credit_note(account: Account, invoice_id: str, amount: int, changes: Object) -> str:
    invoice = account[invoice_id]
    note = account.blank("credit_note", "cn", {**changes, "invoice": invoice_id})
    note |= {name: invoice[name] for name in ("currency", "customer")}
    note |= dict.fromkeys(("amount", "subtotal", "subtotal_excluding_tax"), amount)
    note |= dict.fromkeys(("total", "total_excluding_tax"), amount)
    note |= {"pre_payment_amount": 0, "post_payment_amount": 0, f"{changes['type']}_amount": amount}
    note |= {"effective_at": account.now_s, "number": f"{invoice['number']}-CN-01"}
    (line,) = note["lines"]["data"]
    line |= {"amount": amount, "unit_amount": amount, "unit_amount_decimal": str(amount)}
    line["id"] = account.new_id("cnli")
    note["lines"]["url"] = f"/v1/credit_notes/{note['id']}/lines"
    return account.create(note, "credit_note.created")
