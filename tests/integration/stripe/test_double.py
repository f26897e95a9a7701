"""The double of Stripe does what its README says, for Stripe's own client and library."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from stripe import AuthenticationError, InvalidRequestError, StripeClient
from stripe.params import PaymentMethodCreateParamsCard

from tests.stripe.double import StripeDouble, stripe_double
from tests.stripe.previous import Object
from tests.stripe.receiver import Receiver, receiver

pytestmark = pytest.mark.integration

SECRET: Final = "whsec_of_the_double"
CARD: Final[PaymentMethodCreateParamsCard] = {
    "number": "4242424242424242",
    "exp_month": 12,
    "exp_year": 2030,
    "cvc": "123",
}


@pytest.fixture
def double(tmp_path: Path) -> Iterator[StripeDouble]:
    """Return a double that knows nothing yet."""
    with stripe_double(tmp_path) as running:
        yield running


@dataclass(frozen=True)
class Bought:
    """What one customer has."""

    customer: str
    subscription: str
    payment_intent: str


def buy(client: StripeClient) -> Bought:
    """Let a customer with a card subscribe to two seats of a plan."""
    product = client.v1.products.create({"name": "Pro", "type": "service"})
    plan = client.v1.plans.create(
        {"product": product.id, "amount": 9_900, "currency": "usd", "interval": "month"}
    )
    method = client.v1.payment_methods.create({"type": "card", "card": CARD})
    customer = client.v1.customers.create({"name": "Jenny Rosen", "email": "jenny@example.com"})
    client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"plan": plan.id, "quantity": 2}]}
    )
    (invoice,) = client.v1.invoices.list({"subscription": subscription.id}).data
    return Bought(customer.id, subscription.id, invoice.to_dict()["payment_intent"])


def live(client: StripeClient) -> Bought:
    """Let a customer buy, change the quantity, get a part of the money back, cancel, and go."""
    bought = buy(client)
    (item,) = client.v1.subscriptions.retrieve(bought.subscription).to_dict()["items"]["data"]
    client.v1.subscriptions.update(bought.subscription, {"items": [{"id": item["id"], "quantity": 5}]})
    client.v1.refunds.create({"payment_intent": bought.payment_intent, "amount": 4_000})
    client.v1.subscriptions.cancel(bought.subscription)
    client.v1.customers.delete(bought.customer)
    return bought


async def all_webhooks(double: StripeDouble, came: Receiver) -> list[Object]:
    """Return what came, once all that the double has in its list of events did."""
    listed = await asyncio.to_thread(double.client().v1.events.list, {"limit": 100})
    ids = {each.id for each in listed.data}
    return await came.until(lambda events: {each["id"] for each in events} == ids)


async def test_webhooks_are_signed_and_tell_of_what_happened(double: StripeDouble) -> None:
    async with receiver(SECRET) as came:
        double.send_webhooks(came.url, SECRET)
        bought = await asyncio.to_thread(live, double.client())
        events = await all_webhooks(double, came)
    assert came.refused == []
    assert Counter(each["type"] for each in events) == {
        "product.created": 1,
        "plan.created": 1,
        "payment_method.attached": 1,
        "customer.created": 1,
        "customer.updated": 1,
        "customer.subscription.created": 1,
        "customer.subscription.deleted": 1,
        "customer.deleted": 1,
        "invoice.created": 1,
        "invoice.payment_succeeded": 1,
    }
    by_type = {each["type"]: each["data"]["object"] for each in events}
    ended = by_type["customer.subscription.deleted"]
    assert (ended["id"], ended["customer"]) == (bought.subscription, bought.customer)
    assert (ended["status"], ended["quantity"]) == ("canceled", 5)
    assert by_type["invoice.payment_succeeded"]["amount_paid"] == 19_800


async def test_its_events_lack_what_stripes_have(double: StripeDouble) -> None:
    async with receiver(SECRET) as came:
        double.send_webhooks(came.url, SECRET)
        await asyncio.to_thread(live, double.client())
        events = await all_webhooks(double, came)
    for each in events:
        assert set(each) == {"id", "object", "type", "created", "livemode", "api_version", "data"}
        assert set(each["data"]) == {"object"}
        assert each["api_version"] == "2017-08-15"


async def test_only_the_types_that_were_asked_for_are_sent(double: StripeDouble) -> None:
    async with receiver(SECRET) as came:
        double.send_webhooks(came.url, SECRET, kinds=["customer.deleted"])
        await asyncio.to_thread(live, double.client())
        events = await came.until(bool)
    assert [each["type"] for each in events] == ["customer.deleted"]


async def test_a_webhook_that_was_refused_is_not_sent_again(double: StripeDouble) -> None:
    async with receiver(SECRET) as came, receiver("whsec_another") as refusing:
        double.send_webhooks(refusing.url, SECRET, name="refusing")
        double.send_webhooks(came.url, SECRET, name="taking")
        await asyncio.to_thread(live, double.client())
        events = await all_webhooks(double, came)
        assert refusing.events == []
        assert len(refusing.refused) == len(events)


def test_its_objects_are_those_that_were_made(double: StripeDouble) -> None:
    client = double.client()
    bought = buy(client)
    assert client.v1.subscriptions.retrieve(bought.subscription).status == "active"
    client.v1.refunds.create({"payment_intent": bought.payment_intent, "amount": 4_000})
    (charge,) = client.v1.charges.list({"customer": bought.customer}).data
    assert (charge.amount, charge.amount_refunded, charge.refunded) == (19_800, 4_000, False)
    client.v1.subscriptions.cancel(bought.subscription)
    assert client.v1.subscriptions.retrieve(bought.subscription).status == "canceled"


def test_what_it_forgot_is_not_there_any_more(double: StripeDouble) -> None:
    client = double.client()
    customer = client.v1.customers.create({"name": "Jenny Rosen"})
    double.forget()
    with pytest.raises(InvalidRequestError):
        client.v1.customers.retrieve(customer.id)


def test_lists_go_as_stripes_do(double: StripeDouble) -> None:
    client = double.client()
    bought = buy(client)
    events = [each.id for each in client.v1.events.list({"limit": 100}).data]
    assert [each.type for each in client.v1.events.list({"limit": 100}).data][-1] == "product.created"
    pages = [client.v1.events.list({"limit": 3})]
    while pages[-1].has_more:
        pages.append(client.v1.events.list({"limit": 3, "starting_after": pages[-1].data[-1].id}))
    assert [each.id for page in pages for each in page.data] == events
    created = client.v1.customers.retrieve(bought.customer).created
    assert not client.v1.customers.list({"created": {"lt": created}}).data
    assert client.v1.customers.list({"created": {"gte": created}}).data
    client.v1.subscriptions.cancel(bought.subscription)
    assert not client.v1.subscriptions.list().data
    assert len(client.v1.subscriptions.list({"status": "all"}).data) == 1
    assert client.v1.disputes.list().data == []
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.events.list({"starting_after": "evt_nobody"})
    assert refused.value.code == "resource_missing"


def test_what_is_gone_is_said_to_be_so_and_restricted_keys_read(double: StripeDouble) -> None:
    client = double.client()
    bought = buy(client)
    client.v1.customers.delete(bought.customer)
    reader = StripeClient("rk_test_1", base_addresses={"api": double.address}, max_network_retries=0)
    assert reader.v1.customers.retrieve(bought.customer).to_dict()["deleted"] is True
    with pytest.raises(InvalidRequestError) as refused:
        reader.v1.customers.retrieve("cus_nobody")
    assert refused.value.code == "resource_missing"
    with pytest.raises(AuthenticationError):
        reader.v1.customers.create({"name": "Jenny Rosen"})


def test_two_doubles_know_nothing_of_each_other(double: StripeDouble, tmp_path: Path) -> None:
    with stripe_double(tmp_path / "other") as other:
        customer = double.client().v1.customers.create({"name": "Jenny Rosen"})
        with pytest.raises(InvalidRequestError):
            other.client().v1.customers.retrieve(customer.id)
        assert double.client().v1.customers.retrieve(customer.id).to_dict()["name"] == "Jenny Rosen"
