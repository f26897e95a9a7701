"""Invoices and their lines."""

from collections.abc import Iterable
from typing import Final

from processors.billing.core.kinds.price import price_of, unit_amount
from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Invoice, InvoiceLine

_RANKS: Final = {"draft": 0, "open": 1, "uncollectible": 2, "paid": 3, "void": 3}


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of an invoice. Raises Reject."""
    moments = found.inner("status_transitions")
    intent, charge = _payment(found)
    row = Invoice(
        **standing(found, account),
        number=found.text("number"),
        customer=found.reference("customer"),
        subscription=_subscription(found),
        status=found.text("status"),
        currency=found.text("currency"),
        billing_reason=found.text("billing_reason"),
        collection_method=found.text("collection_method"),
        subtotal=found.whole("subtotal"),
        tax=found.whole("tax") if "tax" in found else _sum(found.each("total_taxes")),
        total=found.whole("total"),
        amount_due=found.whole("amount_due"),
        amount_paid=found.whole("amount_paid"),
        amount_remaining=found.whole("amount_remaining"),
        attempt_count=found.whole("attempt_count"),
        next_payment_attempt_at_ms=found.moment_ms("next_payment_attempt"),
        period_start_ms=found.moment_ms("period_start"),
        period_end_ms=found.moment_ms("period_end"),
        due_at_ms=found.moment_ms("due_date"),
        finalized_at_ms=moments.moment_ms("finalized_at"),
        paid_at_ms=moments.moment_ms("paid_at"),
        voided_at_ms=moments.moment_ms("voided_at"),
        uncollectible_at_ms=moments.moment_ms("marked_uncollectible_at"),
        payment_intent=intent,
        charge=charge,
        lines=tuple(_line(each) for each in found.each("lines")),
        lines_complete=found.is_whole_page("lines"),
        metadata=found.texts("metadata"),
    )
    return Reduced(row, _RANKS.get(row.status or "", 0), row.status, row.amount_paid)


def _subscription(found: Members) -> str | None:
    # Since 2025-03 below `parent`.
    return found.reference("subscription") or found.inner("parent", "subscription_details").reference(
        "subscription"
    )


def _payment(found: Members) -> tuple[str | None, str | None]:
    """Return the payment intent and the charge that are to pay, or have paid."""
    intent, charge = found.reference("payment_intent"), found.reference("charge")
    # Since 2025-03 in a list of payments, of which one is the default.
    for payment in found.each("payments"):
        if payment.flag("is_default") is not False:
            paying = payment.inner("payment")
            intent = intent or paying.reference("payment_intent")
            charge = charge or paying.reference("charge")
    return intent, charge


def _line(found: Members) -> InvoiceLine:
    item = found.inner("parent", "subscription_item_details")
    single = found.inner("parent", "invoice_item_details")
    price = price_of(found)
    pricing = found.inner("pricing")
    details = pricing.inner("price_details")
    proration = (holder.flag("proration") for holder in (found, item, single) if "proration" in holder)
    return InvoiceLine(
        id=found.needed_text("id"),
        description=found.text("description"),
        amount=found.needed_whole("amount"),
        currency=found.text("currency"),
        quantity=found.whole("quantity"),
        price=price.text("id") or details.reference("price"),
        product=price.reference("product") or details.reference("product"),
        unit_amount=unit_amount(price) or pricing.decimal("unit_amount_decimal"),
        period_start_ms=found.inner("period").moment_ms("start"),
        period_end_ms=found.inner("period").moment_ms("end"),
        proration=next(proration, None),
        subscription=found.reference("subscription")
        or item.reference("subscription")
        or single.reference("subscription"),
        subscription_item=found.reference("subscription_item") or item.reference("subscription_item"),
    )


def _sum(taxes: Iterable[Members]) -> int | None:
    amounts = [tax.needed_whole("amount") for tax in taxes]
    return sum(amounts) if amounts else None
