"""What the Stripe story came to, as tables."""

from collections.abc import Iterable
from typing import Final

from console.cli.show import show
from console.demo.core.ends import summed
from console.demo.core.stripe_lives import WITNESS
from console.demo.stripe_story import TENANTS, StripeStory, Subscribed, Told
from schemas.money import format_money

_CURRENCY: Final = "usd"
_BILLED: Final = ("invoice", "refund", "dispute")
#: Faults of a tenant that are listed.
_MOST: Final = 5
_PREFIX: Final = "customer.subscription."


def print_stripe_story(story: StripeStory) -> None:
    """Print how it was told, the mirror of it, and a hash of each mirror."""
    _heading(
        f"A Stripe story is told to two tenants, each in an order of its own, "
        f"while {' and '.join(kill.name for kill in story.kills)} are killed"
    )
    told = ("tenant", "events", "held up an hour", "attempts", "answered 2xx", "recorded first", "repeat")
    show("table", told, map(_line_of, story.told), None)
    _heading(f"What the mirror of {TENANTS[0]} says: subscriptions")
    columns = ("customer", "status", "pays a month", "for", "subscription")
    show("table", columns, map(_subscribed, story.subscriptions), None)
    _heading("Invoices, refunds and disputes")
    show("table", ("what", "status", "how many", "amount", "paid"), _sums(story), None)
    _heading(f"The life of {WITNESS}'s subscription, put in order by what the events say")
    show("table", ("at", "event", "from", "to", "why", "of what"), _steps(story), None)
    _heading("One mirror, whatever the order" if story.are_equal else "TWO MIRRORS OF ONE STORY")
    show("table", ("tenant", "rows", "sha256 of all that its mirror says"), _hashes(story.told), None)
    for one in story.told:
        for event_id in one.missing[:_MOST]:
            _line(f"{one.tenant}: {event_id} was answered 2xx, and is not on record as often")
        for said in one.wrong[:_MOST]:
            _line(f"{one.tenant}: {said}")


def conclusion_of(story: StripeStory) -> str:
    """Return the story's end in a line."""
    answered = sum(one.answered for one in story.told)
    missing = sum(len(one.missing) for one in story.told)
    wrong = sum(len(one.wrong) for one in story.told)
    result = "The mirrors are equal and true" if story.holds else "THE MIRRORS DO NOT HOLD"
    equal = "the same" if story.are_equal else "NOT THE SAME"
    return (
        f"{result}: {answered} webhooks answered, {len(story.kills)} kills, {missing} not on record, "
        f"{wrong} wrong ends, two orders, {equal} SHA-256"
    )


def _line_of(one: Told) -> tuple[object, ...]:
    return one.tenant, one.events, one.late, one.sent, one.answered, one.first, one.repeat


def _subscribed(one: Subscribed) -> tuple[object, ...]:
    whole = format_money(one.quantity * one.unit_amount, one.currency)
    each = f"{one.quantity} of {format_money(one.unit_amount, one.currency)}"
    pays = "nothing" if one.status == "canceled" else whole
    return one.customer, one.status, pays, each, one.subscription


def _sums(story: StripeStory) -> Iterable[tuple[object, ...]]:
    billed = (end for end in story.ends if end.what in _BILLED)
    for one in sorted(summed(billed), key=lambda one: _BILLED.index(one.what)):
        paid = format_money(one.paid, _CURRENCY) if one.what == "invoice" else None
        yield one.what, one.status, one.objects, format_money(one.amount, _CURRENCY), paid


def _steps(story: StripeStory) -> Iterable[tuple[object, ...]]:
    for step in story.timeline:
        status = step.status if step.is_allowed else f"{step.status} (not allowed)"
        yield step.at, step.type.removeprefix(_PREFIX), step.status_before, status, step.reason, step.note


def _hashes(told: Iterable[Told]) -> Iterable[tuple[object, ...]]:
    return ((one.tenant, one.rows, one.sha256) for one in told)


def _heading(text: str) -> None:
    _line(f"\n{text}")


def _line(text: str) -> None:
    print(text)  # noqa: T201 -- the report is what the command is for
