"""How a subscription lives at Stripe: from its trial or first payment to its end, month by month."""

from collections.abc import Callable, Generator
from typing import Final

from tests.stripe import invoices
from tests.stripe.account import DAY_SECONDS, Account, Life
from tests.stripe.previous import Object

#: In minor units a month.
PRICES: Final = (2_000, 2_900, 9_900)
_MONTH_SECONDS: Final = 30 * DAY_SECONDS
_TRIAL_SECONDS: Final = 14 * DAY_SECONDS
_UPDATED: Final = "customer.subscription.updated"


class Subscription:
    """One subscription of a customer, and what has to be billed beside its price."""

    def __init__(self, account: Account, customer: str, method: str | None, currency: str) -> None:
        self._account = account
        self._customer = customer
        self._method = method
        self._currency = currency
        #: Amounts of prorations that no invoice has yet.
        self._pending: list[int] = []
        self.id = ""

    @property
    def _now(self) -> Object:
        return self._account[self.id]

    @property
    def _item(self) -> Object:
        item: Object = self._now["items"]["data"][0]
        return item

    @property
    def _period(self) -> tuple[int, int]:
        """Return its present period; new versions say it of the item."""
        holder = self._now if self._account.old else self._item
        return holder["current_period_start"], holder["current_period_end"]

    def live(self) -> Life:
        """Begin, go on for a while, and perhaps end."""
        account = self._account
        began = yield from (self._begin_with_trial if account.chance(3) else self._begin_with_payment)()
        if not began:
            return
        acts: tuple[Callable[[], Life], ...] = (
            self._change_quantity,
            self._change_price,
            self._renew,
            self._renew,
            self._pause,
            self._set_cancellation,
            self._label,
        )
        for _ in range(account.random.randint(0, 5)):
            yield
            yield from account.random.choice(acts)()
            if self._now["status"] == "canceled":
                return
        if account.chance(2):
            yield
            self.end("cancellation_requested")

    def end(self, reason: str) -> None:
        """Cancel it now, if it is not yet."""
        if not self.id or self._now["status"] in {"canceled", "incomplete_expired"}:
            return
        at = self._account.now_s
        changes = {
            "canceled_at": at,
            "cancellation_details": {"reason": reason},
            "ended_at": at,
            "status": "canceled",
        }
        self._account.change(self.id, changes, "customer.subscription.deleted")

    def _begin_with_payment(self) -> Generator[None, None, bool]:
        """Begin as Stripe does it: incomplete, until the first invoice is paid."""
        self._make("incomplete", _MONTH_SECONDS)
        invoice = self._bill("subscription_create")
        invoices.finalize(self._account, invoice)
        if (yield from invoices.collect(self._account, invoice, self._method)):
            self._set({"status": "active"})
            return True
        self._set({"ended_at": self._account.now_s, "status": "incomplete_expired"})
        return False

    def _begin_with_trial(self) -> Generator[None, None, bool]:
        """Begin with a trial; without a payment method its end pauses the subscription."""
        account = self._account
        self._make("trialing", _TRIAL_SECONDS)
        start, end = self._period
        self._set({"trial_end": end, "trial_start": start})
        invoices.finalize(account, self._bill("subscription_create", free=True))
        yield
        account.wait_until(end - 3 * DAY_SECONDS)
        account.tell(self.id, "customer.subscription.trial_will_end")
        yield
        account.wait_until(end)
        if account.chance(3):
            self._set({"status": "paused"}, "customer.subscription.paused")
            yield
            self._set({"status": "active"}, "customer.subscription.resumed")
        else:
            self._set({"status": "active"})
        yield from self._renew()
        return bool(self._now["status"] != "canceled")

    def _make(self, status: str, period_seconds: int) -> None:
        account = self._account
        bare: Object = {
            "billing_cycle_anchor": account.now_s,
            "currency": self._currency,
            "customer": self._customer,
            "default_payment_method": None,
            "latest_invoice": None,
            "start_date": account.now_s,
            "status": status,
        }
        made = account.blank("subscription", "sub", bare)
        self.id = made["id"]
        item = made["items"]["data"][0]
        item |= {"id": account.new_id("si"), "created": account.now_s, "subscription": self.id}
        item |= self._priced(item, account.random.choice(PRICES))
        made["items"]["url"] = f"/v1/subscription_items?subscription={self.id}"
        holder = made if account.old else item
        holder |= {
            "current_period_start": account.now_s,
            "current_period_end": account.now_s + period_seconds,
        }
        made |= {"plan": item["plan"], "quantity": item["quantity"]} if account.old else {}
        account.create(made, "customer.subscription.created")

    def _priced(self, item: Object, amount: int) -> Object:
        """Return an item's price, and the plan that says the same."""
        price_id = f"price_1PgafmB7WZ01zgkW{self._currency}{amount}"
        text = str(amount)
        price = {"id": price_id, "unit_amount": amount, "unit_amount_decimal": text}
        plan = {"id": price_id, "amount": amount, "amount_decimal": text}
        own = {"currency": self._currency}
        return {"price": item["price"] | price | own, "plan": item["plan"] | plan | own}

    def _set(self, changes: Object, *kinds: str) -> None:
        """Change it, and tell of that by `customer.subscription.updated` and *kinds*, in any order."""
        self._account.change(self.id, changes, *self._account.in_any_order(_UPDATED, *kinds))

    def _set_item(self, changes: Object) -> None:
        """Change its one item; old versions say so beside the list, too."""
        item = self._item | changes
        beside = {"plan": item["plan"], "quantity": item["quantity"]} if self._account.old else {}
        self._set({"items": {"data": [item]}, **beside})

    def _change_quantity(self) -> Life:
        before = self._item
        quantity = before["quantity"] + self._account.random.choice((1, 4))
        self._prorate(before["price"]["unit_amount"], before["quantity"], quantity)
        self._set_item({"quantity": quantity})
        yield from ()

    def _change_price(self) -> Life:
        before = self._item
        old = before["price"]["unit_amount"]
        new = self._account.random.choice([each for each in PRICES if each != old])
        quantity = before["quantity"]
        self._prorate(1, old * quantity, new * quantity)
        self._set_item(self._priced(before, new))
        yield from ()

    def _prorate(self, unit: int, before: int, after: int) -> None:
        """Leave for the next invoice what a change is worth with a quarter of the period to come."""
        self._pending += [-(unit * before // 4), unit * after // 4]

    def _label(self) -> Life:
        """Write a word into the metadata, or take it away again."""
        known = self._now["metadata"].get("team")
        self._set({"metadata": {"team": "growth" if known is None else None}})
        yield from ()

    def _set_cancellation(self) -> Life:
        """Have it end with its period, and mostly change that back."""
        account = self._account
        _, end = self._period
        reason = {"reason": "cancellation_requested"}
        changes = {"cancel_at": end, "canceled_at": account.now_s, "cancellation_details": reason}
        self._set({"cancel_at_period_end": True, **changes})
        yield
        if account.chance(3):
            account.wait_until(end)
            self.end("cancellation_requested")
            return
        changes = {"cancel_at": None, "canceled_at": None, "cancellation_details": {"reason": None}}
        self._set({"cancel_at_period_end": False, **changes})

    def _pause(self) -> Life:
        """Collect nothing for a while, or pause it whole."""
        if self._account.chance(2):
            self._set({"pause_collection": {"behavior": "void", "resumes_at": None}})
            yield
            self._set({"pause_collection": None})
            return
        self._set({"status": "paused"}, "customer.subscription.paused")
        yield
        self._set({"status": "active"}, "customer.subscription.resumed")

    def _renew(self) -> Life:
        """Begin the next period and bill it; what is not paid makes it past due, and may end it."""
        account = self._account
        _, end = self._period
        account.wait_until(end)
        period = {"current_period_start": end, "current_period_end": end + _MONTH_SECONDS}
        if account.old:
            self._set(period)
        else:
            self._set_item(period)
        invoice = self._bill("subscription_cycle")
        yield
        invoices.finalize(account, invoice)
        collecting = invoices.collect(account, invoice, self._method)
        while True:
            try:
                next(collecting)
            except StopIteration as done:
                paid = bool(done.value)
                break
            if account[invoice]["status"] == "open" and account[invoice]["attempt_count"]:
                self._become("past_due")
            elif account[invoice]["status"] == "paid":
                self._become("active")
            yield
        if paid:
            self._become("active")
        elif account.chance(2):
            self._become("unpaid")
        else:
            self.end("payment_failed")

    def _become(self, status: str) -> None:
        if self._now["status"] != status:
            self._set({"status": status})

    def _bill(self, reason: str, *, free: bool = False) -> str:
        """Make the invoice of the present period, with the prorations that make no debt of it.

        *free*: that of a trial, over nothing.
        """
        account, item = self._account, self._item
        start, end = self._period
        period = {"start": start, "end": end}
        discount = account[self._customer]["discount"]
        discount_id = None if discount is None else discount["id"]

        def line(amount: int, *, proration: bool) -> Object:
            return invoices.subscription_line(
                account, self.id, item, amount, period, proration=proration, discount=discount_id
            )

        amount = 0 if free else item["price"]["unit_amount"] * item["quantity"]
        lines = [line(amount, proration=False)]
        if amount + sum(self._pending) > amount // 2:
            lines += [line(each, proration=True) for each in self._pending]
            self._pending.clear()
        bare: Object = (
            {"subscription": self.id}
            if account.old
            else {"parent": {"subscription_details": {"metadata": {}, "subscription": self.id}}}
        )
        invoice = invoices.draft(account, self._customer, reason, lines, bare)
        self._set({"latest_invoice": invoice})
        return invoice
