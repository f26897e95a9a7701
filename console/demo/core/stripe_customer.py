"""What one customer of a made-up Stripe does: subscribes, is billed, pays or does not, asks money back, goes.

Objects have the members that the mirror reads, where and as version 2026-08-26 of Stripe's API has them.
"""

from collections.abc import Iterator
from typing import Final

from console.demo.core.made_up_stripe import Object, Stripe

#: Each step is how many seconds pass until the next one.
Life = Iterator[int]

HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S
MONTH_S: Final = 30 * DAY_S
#: Of one unit in a month, in cents; nobody begins with the last one.
PRICES: Final = (1_900, 4_900, 9_900)
_NAMES: Final = dict(zip(PRICES, ("starter", "team", "business"), strict=True))
_UPDATED: Final = "customer.subscription.updated"


class Customer:
    """One customer with a card and a subscription."""

    def __init__(self, stripe: Stripe, name: str) -> None:
        """Come, and leave a card."""
        self.stripe = stripe
        about: Object = {"name": name, "email": f"billing@{name.lower()}.example", "currency": "usd"}
        about |= {"address": {"country": "US"}, "balance": 0, "delinquent": False, "tax_exempt": "none"}
        about |= {"invoice_settings": {"default_payment_method": None}}
        self.id = stripe.add("cus", "customer", "customer.created", **about)
        card = {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2030}
        about = {"type": "card", "card": card, "customer": self.id}
        self.method = stripe.add("pm", "payment_method", "payment_method.attached", **about)
        default = {"default_payment_method": self.method}
        stripe.change(self.id, {"invoice_settings": default}, "customer.updated")
        self.subscription = self.charge = ""

    @property
    def item(self) -> Object:
        """What the subscription is of."""
        item: Object = self.stripe.objects[self.subscription]["items"]["data"][0]
        return item

    def subscribe(self, status: str, span_s: int) -> None:
        """Begin a subscription, unpaid or with a trial, with a first period of *span_s*."""
        stripe, now_s = self.stripe, self.stripe.now_s
        period = {"current_period_start": now_s, "current_period_end": now_s + span_s}
        price = price_of(PRICES[stripe.below(len(PRICES) - 1)])
        item: Object = {
            "id": f"si_{self.id[4:]}",
            "object": "subscription_item",
            "quantity": 2 + stripe.below(4),
        }
        about: Object = {"customer": self.id, "status": status, "currency": "usd", "start_date": now_s}
        about |= {"trial_start": None, "trial_end": None, "pause_collection": None, "discounts": []}
        if status == "trialing":
            about |= {"trial_start": now_s, "trial_end": now_s + span_s}
        about |= {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None, "ended_at": None}
        about |= {"cancellation_details": {"reason": None}, "collection_method": "charge_automatically"}
        about |= {"default_payment_method": self.method, "latest_invoice": None}
        about |= {"items": {"object": "list", "data": [item | price | period], "has_more": False}}
        self.subscription = stripe.add("sub", "subscription", "customer.subscription.created", **about)

    def set(self, **changes: object) -> None:
        """Change the subscription."""
        self.stripe.change(self.subscription, changes, _UPDATED)

    def set_item(self, **changes: object) -> None:
        """Change what the subscription is of."""
        self.set(items={"data": [self.item | changes]})

    def begin(self) -> Life:
        """Subscribe, and pay for the first month."""
        self.subscribe("incomplete", MONTH_S)
        yield from self.bill("subscription_create")

    def renew(self, fails: int = 0, *, pays: bool = True) -> Life:
        """Wait for the end of the period, begin the next one and bill it."""
        end_s = self.item["current_period_end"]
        yield end_s - self.stripe.now_s
        self.set_item(current_period_start=end_s, current_period_end=end_s + MONTH_S)
        yield from self.bill("subscription_cycle", fails, pays=pays)

    def bill(self, reason: str, fails: int = 0, *, pays: bool = True) -> Life:
        """Make an invoice and have it paid; after so many attempts that come to nothing, or never."""
        stripe, item = self.stripe, self.item
        amount = item["quantity"] * item["price"]["unit_amount"]
        period = {"start": item["current_period_start"], "end": item["current_period_end"]}
        line: Object = {"id": f"il_{len(stripe.events)}", "object": "line_item", "description": "1 month"}
        line |= {"amount": amount, "currency": "usd", "quantity": item["quantity"], "period": period}
        about: Object = {"customer": self.id, "status": "draft", "currency": "usd", "billing_reason": reason}
        about |= {"subtotal": amount, "total": amount, "amount_due": amount, "amount_paid": 0}
        about |= {"amount_remaining": amount, "attempt_count": 0, "next_payment_attempt": None}
        about |= {"collection_method": "charge_automatically", "number": None, "due_date": None}
        about |= {"period_start": stripe.now_s, "period_end": stripe.now_s, "status_transitions": {}}
        about |= {"parent": {"subscription_details": {"subscription": self.subscription}}}
        about |= {"lines": {"object": "list", "data": [line], "has_more": False}}
        invoice = stripe.add("in", "invoice", "invoice.created", **about)
        self.set(latest_invoice=invoice)
        yield stripe.below(2)
        opened: Object = {"status": "open", "number": f"DEMO-{len(stripe.events):04}"}
        opened |= {"status_transitions": {"finalized_at": stripe.now_s}}
        stripe.change(invoice, opened, "invoice.finalized", "invoice.updated")
        wanted = {"customer": self.id, "currency": "usd", "amount": amount, "amount_received": 0}
        about = wanted | {"status": "requires_payment_method", "latest_charge": None}
        intent = stripe.add("pi", "payment_intent", "payment_intent.created", **about)
        for attempt in range(1, fails + 1):
            yield 1 + stripe.below(3)
            self._fail(invoice, intent, attempt)
            yield 3 * DAY_S + stripe.below(HOUR_S)
        if pays:
            yield stripe.below(2)
            self._pay(invoice, intent)

    def refund(self, share: int) -> Life:
        """Have one part of so many given back; the money arrives days later."""
        stripe, charge = self.stripe, self.stripe.objects[self.charge]
        amount = charge["amount"] // share
        about = {name: charge[name] for name in ("currency", "payment_intent")}
        about |= {"amount": amount, "charge": self.charge, "reason": "requested_by_customer"}
        refund = stripe.add("re", "refund", "refund.created", status="pending", **about)
        changes = {"amount_refunded": charge["amount_refunded"] + amount}
        stripe.change(self.charge, changes, "charge.refunded")
        yield 2 * DAY_S
        stripe.change(refund, {"status": "succeeded"}, "refund.updated")

    def dispute(self) -> Life:
        """Have the cardholder's bank ask for the money back, and decide."""
        stripe, charge = self.stripe, self.stripe.objects[self.charge]
        about = {name: charge[name] for name in ("amount", "currency", "payment_intent")}
        about |= {"charge": self.charge, "reason": "fraudulent", "status": "needs_response"}
        dispute = stripe.add("dp", "dispute", "charge.dispute.created", **about)
        stripe.change(self.charge, {"disputed": True}, "charge.updated")
        yield 2 * DAY_S
        stripe.change(dispute, {"status": "under_review"}, "charge.dispute.updated")
        yield 9 * DAY_S
        stripe.change(dispute, {"status": ("won", "lost")[stripe.below(2)]}, "charge.dispute.closed")

    def cancel(self) -> Life:
        """Give notice, and end with the period."""
        end_s, now_s = self.item["current_period_end"], self.stripe.now_s
        reason = {"reason": "cancellation_requested"}
        self.set(cancel_at_period_end=True, cancel_at=end_s, canceled_at=now_s, cancellation_details=reason)
        yield end_s - now_s
        ended = {"status": "canceled", "ended_at": end_s}
        self.stripe.change(self.subscription, ended, "customer.subscription.deleted")

    def _fail(self, invoice: str, intent: str, attempt: int) -> None:
        stripe = self.stripe
        code = {"code": "card_declined", "decline_code": "insufficient_funds"}
        charge = self._charge(intent, "charge.failed", status="failed", paid=False, failure_code=code["code"])
        changes: Object = {"latest_charge": charge, "last_payment_error": code}
        stripe.change(intent, changes, "payment_intent.payment_failed")
        changes = {"attempt_count": attempt, "next_payment_attempt": stripe.now_s + 3 * DAY_S}
        stripe.change(invoice, changes, "invoice.payment_failed", "invoice.updated")
        if stripe.objects[self.subscription]["status"] == "active":
            self.set(status="past_due")

    def _pay(self, invoice: str, intent: str) -> None:
        stripe = self.stripe
        amount = stripe.objects[intent]["amount"]
        self.charge = self._charge(intent, "charge.succeeded", amount_captured=amount)
        changes = {"status": "succeeded", "amount_received": amount, "latest_charge": self.charge}
        stripe.change(intent, changes | {"last_payment_error": None}, "payment_intent.succeeded")
        paid: Object = {
            "status": "paid",
            "amount_paid": amount,
            "amount_remaining": 0,
            "next_payment_attempt": None,
        }
        paid |= {"attempt_count": stripe.objects[invoice]["attempt_count"] + 1}
        paid |= {"status_transitions": {"paid_at": stripe.now_s}}
        stripe.change(invoice, paid, "invoice.paid", "invoice.payment_succeeded", "invoice.updated")
        if stripe.objects[self.subscription]["status"] != "active":
            self.set(status="active")

    def _charge(self, intent: str, event_type: str, **members: object) -> str:
        about = {"customer": self.id, "amount": self.stripe.objects[intent]["amount"], "currency": "usd"}
        about |= {"payment_intent": intent, "payment_method": self.method, "status": "succeeded"}
        about |= {"amount_captured": 0, "amount_refunded": 0, "refunded": False, "disputed": False}
        about |= {"paid": True, "captured": True, "failure_code": None}
        return self.stripe.add("ch", "charge", event_type, **{**about, **members})


def price_of(amount: int) -> Object:
    """Return what an item says of its price, in cents a month."""
    recurring = {"interval": "month", "interval_count": 1}
    about = {"id": f"price_{_NAMES[amount]}", "object": "price", "currency": "usd", "product": "prod_demo"}
    return {
        "price": about | {"unit_amount": amount, "unit_amount_decimal": str(amount), "recurring": recurring}
    }
