"""Stripe's objects as Weir keeps them: what bills and payments rest on, in one shape for all API versions.

Amounts are whole numbers in the smallest unit of their currency (schemas/money.py), moments milliseconds,
decimals text. What Stripe did not say is None. Of a card brand, last four and expiry are kept, nothing else.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.stripe_types import Kind


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every object has. Table and columns of PostgreSQL have the same names."""

    id: str
    livemode: bool | None
    #: Connected account that the object belongs to.
    account: str | None
    created_at_ms: int | None


class Customer(Row, frozen=True, kw_only=True):
    """Whom Stripe bills."""

    name: str | None
    email: str | None
    currency: str | None
    #: line1, line2, city, state, postal_code, country; what is empty is left out.
    address: Mapping[str, str]
    balance: int | None
    delinquent: bool | None
    tax_exempt: str | None
    default_payment_method: str | None
    metadata: Mapping[str, str]


class TaxId(Row, frozen=True, kw_only=True):
    """A customer's tax number."""

    customer: str | None
    type: str | None
    value: str | None
    country: str | None
    verification: str | None


class Discount(Row, frozen=True, kw_only=True):
    """A coupon at work for a customer or a subscription."""

    customer: str | None
    subscription: str | None
    coupon: str | None
    promotion_code: str | None
    percent_off: str | None
    amount_off: int | None
    currency: str | None
    starts_at_ms: int | None
    ends_at_ms: int | None


def bought(quantity: int | None, price: str | None, item_id: str) -> str:
    """Return what is paid for, as people read it; a price that is metered has no quantity."""
    return f"{1 if quantity is None else quantity} of {price or item_id}"


class SubscriptionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One price of a subscription."""

    id: str
    price: str | None
    product: str | None
    quantity: int | None
    #: Decimal text, in the smallest unit of the currency.
    unit_amount: str | None
    currency: str | None
    interval: str | None
    interval_count: int | None
    period_start_ms: int | None
    period_end_ms: int | None


class Subscription(Row, frozen=True, kw_only=True):
    """What a customer has agreed to pay again and again."""

    customer: str | None
    status: str
    currency: str | None
    items: tuple[SubscriptionItem, ...]
    #: Of all its items together.
    period_start_ms: int | None
    period_end_ms: int | None
    trial_start_ms: int | None
    trial_end_ms: int | None
    started_at_ms: int | None
    cancel_at_period_end: bool | None
    cancel_at_ms: int | None
    canceled_at_ms: int | None
    ended_at_ms: int | None
    cancellation_reason: str | None
    collection_method: str | None
    #: What becomes of invoices while collection is paused; None: it is not.
    pause_collection: str | None
    latest_invoice: str | None
    default_payment_method: str | None
    #: Discounts, or coupons where an old API version names no discount.
    discounts: tuple[str, ...]
    metadata: Mapping[str, str]


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice."""

    id: str
    description: str | None
    amount: int
    currency: str | None
    quantity: int | None
    price: str | None
    product: str | None
    #: Decimal text, in the smallest unit of the currency.
    unit_amount: str | None
    period_start_ms: int | None
    period_end_ms: int | None
    proration: bool | None
    subscription: str | None
    subscription_item: str | None


class Invoice(Row, frozen=True, kw_only=True):
    """A bill that Stripe has made."""

    number: str | None
    customer: str | None
    subscription: str | None
    status: str | None
    currency: str | None
    billing_reason: str | None
    collection_method: str | None
    subtotal: int | None
    tax: int | None
    total: int | None
    amount_due: int | None
    amount_paid: int | None
    amount_remaining: int | None
    attempt_count: int | None
    next_payment_attempt_at_ms: int | None
    period_start_ms: int | None
    period_end_ms: int | None
    due_at_ms: int | None
    finalized_at_ms: int | None
    paid_at_ms: int | None
    voided_at_ms: int | None
    uncollectible_at_ms: int | None
    payment_intent: str | None
    charge: str | None
    lines: tuple[InvoiceLine, ...]
    #: False where Stripe sent the first page alone.
    lines_complete: bool
    metadata: Mapping[str, str]


class PaymentIntent(Row, frozen=True, kw_only=True):
    """A payment on its way, with as many attempts as it takes."""

    customer: str | None
    invoice: str | None
    status: str
    currency: str | None
    amount: int
    amount_received: int | None
    amount_capturable: int | None
    latest_charge: str | None
    payment_method: str | None
    canceled_at_ms: int | None
    cancellation_reason: str | None
    #: Of the last attempt that failed.
    error_code: str | None
    decline_code: str | None
    metadata: Mapping[str, str]


class Charge(Row, frozen=True, kw_only=True):
    """One attempt to take money."""

    customer: str | None
    invoice: str | None
    payment_intent: str | None
    payment_method: str | None
    status: str | None
    currency: str | None
    amount: int
    amount_captured: int | None
    #: Of all refunds together: it grows, and is never to be added up.
    amount_refunded: int
    paid: bool | None
    captured: bool | None
    refunded: bool | None
    disputed: bool | None
    failure_code: str | None
    decline_code: str | None
    metadata: Mapping[str, str]


class Refund(Row, frozen=True, kw_only=True):
    """Money that goes back."""

    charge: str | None
    payment_intent: str | None
    status: str | None
    currency: str | None
    amount: int
    reason: str | None
    failure_reason: str | None
    metadata: Mapping[str, str]


class Dispute(Row, frozen=True, kw_only=True):
    """A charge that the cardholder's bank asks back."""

    charge: str | None
    payment_intent: str | None
    status: str
    currency: str | None
    amount: int
    reason: str | None
    evidence_due_at_ms: int | None
    is_charge_refundable: bool | None


class EarlyFraudWarning(Row, frozen=True, kw_only=True):
    """A charge that the card's network takes for fraud."""

    charge: str | None
    payment_intent: str | None
    actionable: bool | None
    fraud_type: str | None


class CreditNote(Row, frozen=True, kw_only=True):
    """What an invoice is worth less."""

    number: str | None
    invoice: str | None
    customer: str | None
    refund: str | None
    status: str | None
    type: str | None
    reason: str | None
    currency: str | None
    amount: int
    subtotal: int | None
    total: int | None
    voided_at_ms: int | None


class PaymentMethod(Row, frozen=True, kw_only=True):
    """How a customer pays."""

    #: None once it is detached.
    customer: str | None
    type: str | None
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None


#: The row of each kind.
ROW_OF_KIND: Final[Mapping[Kind, type[Row]]] = {
    Kind.CUSTOMER: Customer,
    Kind.TAX_ID: TaxId,
    Kind.DISCOUNT: Discount,
    Kind.SUBSCRIPTION: Subscription,
    Kind.INVOICE: Invoice,
    Kind.PAYMENT_INTENT: PaymentIntent,
    Kind.CHARGE: Charge,
    Kind.REFUND: Refund,
    Kind.DISPUTE: Dispute,
    Kind.EARLY_FRAUD_WARNING: EarlyFraudWarning,
    Kind.CREDIT_NOTE: CreditNote,
    Kind.PAYMENT_METHOD: PaymentMethod,
}

#: Sorted, so that the same row always has the same bytes.
encode_row: Final = msgspec.json.Encoder(order="sorted").encode
