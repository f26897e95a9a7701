"""How objects of Stripe's end, as far as money goes: what a mirror of them is held against."""

from collections.abc import Iterable
from typing import NamedTuple

from console.demo.core.made_up_stripe import Object


class End(NamedTuple):
    """How one object ends. Amounts are in the smallest unit of the currency."""

    what: str
    id: str
    status: str
    #: Of a subscription in a month, of an invoice what is due.
    amount: int
    #: Of an invoice.
    paid: int


class Sum(NamedTuple):
    """All objects of a sort that ended the same way."""

    what: str
    status: str
    objects: int
    amount: int
    paid: int


def ends_of(objects: Iterable[Object]) -> set[End]:
    """Return how subscriptions, invoices, refunds and disputes end."""
    return {
        End(each["object"], each["id"], each["status"], _amount(each), each.get("amount_paid", 0))
        for each in objects
        if each["object"] in {"subscription", "invoice", "refund", "dispute"}
    }


def differences(mirrored: Iterable[End], true: Iterable[End]) -> list[str]:
    """Return a line for every object that does not end in the mirror as it ends in truth."""
    found, expected = ({end.id: end for end in ends} for ends in (mirrored, true))
    return [
        f"{each}: the mirror says {_words(found.get(each))}, true is {_words(expected.get(each))}"
        for each in sorted(found | expected)
        if found.get(each) != expected.get(each)
    ]


def summed(ends: Iterable[End]) -> list[Sum]:
    """Return a line for every sort and status."""
    found: dict[tuple[str, str], Sum] = {}
    for end in sorted(ends):
        one = found.get((end.what, end.status), Sum(end.what, end.status, 0, 0, 0))
        found[end.what, end.status] = one._replace(
            objects=one.objects + 1, amount=one.amount + end.amount, paid=one.paid + end.paid
        )
    return list(found.values())


def _words(end: End | None) -> str:
    return f"{end.status}, amount {end.amount}, paid {end.paid}" if end else "nothing"


def _amount(found: Object) -> int:
    if found["object"] == "subscription":
        return sum(item["quantity"] * item["price"]["unit_amount"] for item in found["items"]["data"])
    amount: int = found["amount_due"] if found["object"] == "invoice" else found["amount"]
    return amount
