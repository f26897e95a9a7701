"""How a customer lives at Stripe, and all that a customer has."""

from typing import Final

from tests.stripe import invoices, payments
from tests.stripe.account import DAY_SECONDS, Account, Life, side_by_side
from tests.stripe.previous import Object
from tests.stripe.shapes import shape
from tests.stripe.subscriptions import Subscription

_UPDATED: Final = "customer.updated"


class Customer:
    """One customer of the account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._currency = account.random.choice(("usd", "usd", "eur"))
        self._subscriptions: list[Subscription] = []
        self._method: str | None = None
        self._tax_id: str | None = None
        self._discount: str | None = None
        self.id = ""

    def live(self) -> Life:
        """Come, buy this and that, and perhaps go."""
        account = self._account
        made = account.blank("customer", "cus", {"currency": self._currency})
        self.id = account.create(made, "customer.created")
        yield
        if not account.chance(5):
            self._attach()
            yield
        lives = [self._look_after(), self._change_words()]
        for _ in range(account.random.randint(0, 2)):
            own = Subscription(account, self.id, self._method, self._currency)
            self._subscriptions.append(own)
            lives.append(own.live())
        if account.chance(2):
            lives.append(invoices.one_off(account, self.id, self._method, self._currency))
        if account.chance(2):
            lives.append(payments.pay_once(account, self.id, self._method, self._currency))
        yield from side_by_side(account.random, lives)
        if account.chance(3):
            yield
            self._go()

    def _attach(self) -> None:
        account = self._account
        method = account.blank("payment_method", "pm", {"customer": self.id})
        self._method = account.create(method, "payment_method.attached")
        account.change(self.id, {"invoice_settings": {"default_payment_method": self._method}}, _UPDATED)

    def _change_words(self) -> Life:
        """Change what the customer is called, and what is noted of them."""
        account = self._account
        for _ in range(account.random.randint(0, 3)):
            yield
            match account.random.randrange(4):
                case 0:
                    known = account[self.id]["metadata"].get("crm")
                    account.change(self.id, {"metadata": {"crm": "42" if known is None else None}}, _UPDATED)
                case 1:
                    name = f"Jenny Rosen {account.new_id('n')[-3:]}"
                    account.change(self.id, {"name": name, "preferred_locales": ["en", name]}, _UPDATED)
                case 2:
                    street = f"{account.random.randint(1, 10_000)} Fake Street"
                    account.change(self.id, {"address": {"line1": street, "line2": street}}, _UPDATED)
                case _:
                    balance = account[self.id]["balance"] - 100
                    account.change(self.id, {"balance": balance}, _UPDATED)

    def _look_after(self) -> Life:
        """Give, change and take away a tax id, a discount, and what is said of the payment method."""
        account = self._account
        acts = [self._tax_life(), self._discount_life(), self._method_life()]
        yield from side_by_side(account.random, [each for each in acts if not account.chance(3)])

    def _tax_life(self) -> Life:
        account = self._account
        changes: Object = {"customer": self.id, "owner": {"customer": self.id}}
        self._tax_id = account.create(account.blank("tax_id", "txi", changes), "customer.tax_id.created")
        yield
        verification = {"status": "verified", "verified_name": "Jenny Rosen"}
        account.change(self._tax_id, {"verification": verification}, "customer.tax_id.updated")
        if account.chance(2):
            yield
            self._drop_tax_id()

    def _discount_life(self) -> Life:
        account = self._account
        changes = {"customer": self.id, "start": account.now_s}
        discount = account.blank("discount", "di", changes)
        self._discount = account.create(discount, "customer.discount.created")
        self._copy_discount()
        if account.chance(2):
            yield
            end = account.now_s + 90 * DAY_SECONDS
            account.change(self._discount, {"end": end}, "customer.discount.updated")
            self._copy_discount()
        if account.chance(2):
            yield
            self._drop_discount()
            account.change(self.id, {"discount": None}, _UPDATED)

    def _copy_discount(self) -> None:
        """Let the customer say what the discount says."""
        if self._discount is not None:
            self._account.change(self.id, {"discount": self._account[self._discount]}, _UPDATED)

    def _method_life(self) -> Life:
        account = self._account
        if self._method is None:
            return
        yield
        match account.random.randrange(3):
            case 0:
                billing = {"name": "Jenny R. Rosen", "address": {"line2": "2nd floor"}}
                account.change(self._method, {"billing_details": billing}, "payment_method.updated")
            case 1:
                card = {"exp_year": 2035, "last4": "1881", "fingerprint": "BPC045SWOxal7yuo"}
                kind = "payment_method.automatically_updated"
                account.change(self._method, {"card": card}, kind)
            case _:
                self._detach()
                settings = {"default_payment_method": None}
                account.change(self.id, {"invoice_settings": settings}, _UPDATED)

    def _drop_tax_id(self) -> None:
        if self._tax_id is not None:
            self._account.forget(self._tax_id, "customer.tax_id.deleted")
            self._tax_id = None

    def _drop_discount(self) -> None:
        if self._discount is not None:
            self._account.forget(self._discount, "customer.discount.deleted")
            self._discount = None

    def _detach(self) -> None:
        if self._method is not None:
            self._account.change(self._method, {"customer": None}, "payment_method.detached")
            self._method = None

    def _go(self) -> None:
        """Delete the customer, and all that ends with it."""
        for subscription in self._subscriptions:
            subscription.end("cancellation_requested")
        self._detach()
        self._drop_tax_id()
        self._drop_discount()
        answer = shape("deleted_customer") | {"id": self.id}
        self._account.forget(self.id, "customer.deleted", answer=answer)
