"""What six customers do at a made-up Stripe in three months, the events that tell of it, and how it ends."""

from collections.abc import Callable, Mapping
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from console.demo.core.made_up_stripe import BEGIN_S, Below, Object, Stripe
from console.demo.core.stripe_customer import DAY_S, HOUR_S, PRICES, Customer, Life, price_of

_TRIAL_S: Final = 14 * DAY_S
#: The one whose subscription has seen most.
WITNESS: Final = "Cedar"


class Story(NamedTuple):
    """What happened in order, and what Stripe would answer at the end, by id."""

    events: list[Object]
    objects: Mapping[str, Object]


def tell_story(below: Below) -> Story:
    """Return the story that *below* makes; the same chances make the same story."""
    stripe = Stripe(below)
    agenda = [(BEGIN_S + below(HOUR_S), name, life(stripe, name)) for name, life in _LIVES.items()]
    heapify(agenda)
    while agenda:
        stripe.now_s, name, life = heappop(agenda)
        pause_s = next(life, None)
        if pause_s is not None:
            heappush(agenda, (stripe.now_s + pause_s, name, life))
    return Story(stripe.events, stripe.objects)


def subscription_of(story: Story, name: str) -> str:
    """Return the id of the subscription of the customer called *name*."""
    customers = [each["id"] for each in story.objects.values() if each.get("name") == name]
    return next(
        object_id
        for object_id, each in story.objects.items()
        if each["object"] == "subscription" and each["customer"] in customers
    )


def _tries_first(stripe: Stripe, name: str) -> Life:
    customer = Customer(stripe, name)
    customer.subscribe("trialing", _TRIAL_S)
    yield _TRIAL_S - 3 * DAY_S
    stripe.tell(customer.subscription, "customer.subscription.trial_will_end")
    yield from customer.renew()


def _changes_its_mind(stripe: Stripe, name: str) -> Life:
    customer = Customer(stripe, name)
    yield from customer.begin()
    yield stripe.below(DAY_S)
    customer.set_item(**price_of(PRICES[-1]))
    customer.set_item(quantity=customer.item["quantity"] + 5)
    yield 10 * DAY_S
    customer.set_item(quantity=1)
    yield from customer.renew()


def _pays_late_and_leaves(stripe: Stripe, name: str) -> Life:
    customer = Customer(stripe, name)
    yield from customer.begin()
    yield stripe.below(DAY_S)
    customer.set_item(quantity=customer.item["quantity"] + 1)
    yield from customer.renew(fails=1)
    yield DAY_S
    yield from customer.cancel()


def _wants_money_back(stripe: Stripe, name: str) -> Life:
    customer = Customer(stripe, name)
    yield from customer.begin()
    yield DAY_S
    yield from customer.refund(2)
    yield from customer.refund(4)


def _goes_to_its_bank(stripe: Stripe, name: str) -> Life:
    customer = Customer(stripe, name)
    yield from customer.begin()
    yield 5 * DAY_S
    yield from customer.dispute()


def _stops_paying(stripe: Stripe, name: str) -> Life:
    customer = Customer(stripe, name)
    yield from customer.begin()
    yield from customer.renew(fails=1, pays=False)


_LIVES: Final[Mapping[str, Callable[[Stripe, str], Life]]] = {
    "Alder": _tries_first,
    "Birch": _changes_its_mind,
    WITNESS: _pays_late_and_leaves,
    "Dogwood": _wants_money_back,
    "Elder": _goes_to_its_bank,
    "Fir": _stops_paying,
}
