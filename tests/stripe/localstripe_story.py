"""A story that localstripe lives through, told by Stripe's own client: chapters, in their order."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Literal

from stripe import CardError, StripeClient
from stripe.params import PaymentMethodCreateParamsCard

from tests.waiting import until

#: Takes money; is declined when it is to pay; wants to be asked for every payment.
GOOD: Final = "4242424242424242"
DECLINED: Final = "4000000000000341"
ASKING: Final = "4000002500003155"
#: Lines of the long invoice, but its first: more than stand on an invoice's first page.
MANY: Final = 24
_HOURS_S: Final = 3_600


class Shop:
    """What one seller does. Every chapter may be lived once."""

    def __init__(self, client: StripeClient) -> None:
        self._client = client.v1
        self._plans = [self._plan(9_900, "month"), self._plan(99_000, "year"), self._plan(500, "week")]
        #: Customers and their subscriptions, in the order in which they came.
        self._subscribed: list[tuple[str, str]] = []
        #: The customer whom two events of one second speak of.
        self.twice_changed = ""

    def chapters(self) -> Sequence[Callable[[], None]]:
        """Return what happens, one after the other."""
        return (
            self.some_subscribe,
            self.some_cannot_pay,
            self.some_change,
            self.some_get_money_back,
            self.some_are_billed_by_hand,
            self.some_leave,
        )

    def some_subscribe(self) -> None:
        """Let customers with cards, a bank account and a trial subscribe."""
        for number in range(4):
            self._subscribe(self._customer(f"Subscriber {number}", GOOD), number % 3, 1 + number)
        patient = self._customer("Patient", GOOD)
        trial = self._client.subscriptions.create(
            {
                "customer": patient,
                "items": [{"plan": self._plans[0]}],
                "trial_end": self._now_s() + 14 * 24 * _HOURS_S,
            }
        )
        self._subscribed.append((patient, trial.id))
        debtor = self._customer("Debtor", None)
        account = self._client.payment_methods.create(
            {
                "type": "sepa_debit",
                "sepa_debit": {"iban": "DE89370400440532013000"},
                "billing_details": {"name": "Debtor"},
            }
        )
        self._use(debtor, account.id)
        self._subscribe(debtor, 0, 1)
        until(lambda: all(charge.status != "pending" for charge in self._client.charges.list().data))

    def some_cannot_pay(self) -> None:
        """Let cards be declined: one customer pays with another card, one invoice is voided, one waits."""
        late = self._customer("Late", DECLINED)
        self._subscribe(late, 0, 2)
        self._use(late, self._card(GOOD))
        self._client.invoices.pay(self._newest_invoice(late))

        lost = self._customer("Lost", DECLINED)
        self._subscribe(lost, 0, 1)
        self._client.invoices.void_invoice(self._newest_invoice(lost))

        self._subscribe(self._customer("Asked", ASKING), 2, 3)

    def some_change(self) -> None:
        """Change quantities, plans, names and tax numbers; most of it without an event of localstripe's."""
        (_, more), (_, yearly), (leaving, ending) = self._subscribed[:3]
        self._change(more, 7, 0)
        self._change(yearly, 2, 0)
        self._client.subscriptions.update(
            ending, {"cancel_at_period_end": True, "metadata": {"why": "price"}}
        )
        gone = self._client.customers.tax_ids.create(leaving, {"type": "eu_vat", "value": "DE111111111"})
        self._client.customers.tax_ids.delete(leaving, gone.id)
        self._client.customers.tax_ids.create(leaving, {"type": "eu_vat", "value": "DE222222222"})
        self.twice_changed = self._customer("Twice", GOOD)
        until(self._is_changed_twice_in_a_second)

    def some_get_money_back(self) -> None:
        """Refund a part, the whole, and what was not captured; cancel an intent; decline a charge."""
        for (customer, _), amount in zip(self._subscribed[:2], (400, None), strict=True):
            (newest, *_) = self._client.charges.list({"customer": customer}).data
            self._client.refunds.create(
                {"charge": newest.id} if amount is None else {"charge": newest.id, "amount": amount}
            )
        (newest, *_) = self._client.charges.list({"customer": self._subscribed[0][0]}).data
        self._client.refunds.create({"charge": newest.id, "amount": 100, "metadata": {"again": "yes"}})

        buyer, card = self._subscribed[3][0], self._card(GOOD)
        kept = self._intent(buyer, card, "manual")
        self._client.payment_intents.confirm(kept)
        self._client.payment_intents.capture(kept, {"amount_to_capture": 1_500})
        self._client.payment_intents.cancel(self._intent(buyer, card, "automatic"))
        self._client.charges.create({"amount": 700, "currency": "eur", "customer": buyer, "source": card})
        with suppress(CardError):
            self._client.charges.create(
                {"amount": 800, "currency": "eur", "customer": buyer, "source": self._card(DECLINED)}
            )

    def some_are_billed_by_hand(self) -> None:
        """Bill more lines than a page has; pay one such invoice, leave one as a draft, delete one."""
        (customer, subscription), *_ = self._subscribed[1:]
        for paid in (True, False):
            for number in range(MANY):
                self._client.invoice_items.create(
                    {
                        "customer": customer,
                        "amount": 10 + number,
                        "currency": "usd",
                        "description": f"{number}",
                    }
                )
            bill = self._client.invoices.create({"customer": customer, "subscription": subscription})
            if paid:
                self._client.invoices.pay(bill.id or "")
        mistaken = self._client.invoices.create({"customer": customer, "subscription": subscription})
        self._client.invoices.delete(mistaken.id or "")

    def some_leave(self) -> None:
        """End subscriptions, take a card away, delete a customer."""
        for customer, subscription in self._subscribed[2:4]:
            self._client.subscriptions.cancel(subscription)
            (card,) = self._client.payment_methods.list({"customer": customer, "type": "card"}).data
            self._client.payment_methods.detach(card.id)
        self._client.customers.delete(self._subscribed[3][0])

    def _plan(self, amount: int, interval: Literal["month", "week", "year"]) -> str:
        product = self._client.products.create({"name": f"by the {interval}", "type": "service"})
        return self._client.plans.create(
            {"product": product.id, "amount": amount, "currency": "usd", "interval": interval}
        ).id

    def _customer(self, name: str, number: str | None) -> str:
        customer = self._client.customers.create(
            {
                "name": name,
                "email": f"{name.replace(' ', '.').lower()}@example.com",
                "address": {"line1": "1 Main Street", "city": "Springfield", "country": "US"},
                "metadata": {"weir_customer": name},
                "balance": -250,
            }
        )
        if number is not None:
            self._use(customer.id, self._card(number))
        return customer.id

    def _card(self, number: str) -> str:
        card: PaymentMethodCreateParamsCard = {
            "number": number,
            "exp_month": 12,
            "exp_year": 2030,
            "cvc": "123",
        }
        return self._client.payment_methods.create({"type": "card", "card": card}).id

    def _use(self, customer: str, method: str) -> None:
        self._client.payment_methods.attach(method, {"customer": customer})
        self._client.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})

    def _subscribe(self, customer: str, plan: int, quantity: int) -> None:
        made = self._client.subscriptions.create(
            {"customer": customer, "items": [{"plan": self._plans[plan], "quantity": quantity}]}
        )
        self._subscribed.append((customer, made.id))

    def _newest_invoice(self, customer: str) -> str:
        (newest, *_) = self._client.invoices.list({"customer": customer}).data
        return newest.id or ""

    def _change(self, subscription: str, quantity: int, plan: int) -> None:
        (item,) = self._client.subscriptions.retrieve(subscription).to_dict()["items"]["data"]
        self._client.subscriptions.update(
            subscription, {"items": [{"id": item["id"], "plan": self._plans[plan], "quantity": quantity}]}
        )

    def _intent(self, customer: str, card: str, capture: Literal["automatic", "manual"]) -> str:
        return self._client.payment_intents.create(
            {
                "amount": 2_000,
                "currency": "eur",
                "customer": customer,
                "payment_method": card,
                "capture_method": capture,
            }
        ).id

    def _is_changed_twice_in_a_second(self) -> bool:
        for name in ("Once", "Twice"):
            self._client.customers.update(self.twice_changed, {"name": name})
        two = self._client.events.list({"limit": 2}).data
        return len({event.created for event in two}) == 1

    def _now_s(self) -> int:
        return self._client.events.list({"limit": 1}).data[0].created
