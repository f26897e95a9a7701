"""Reads the mirror."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from console.mirror.core.for_people import for_people
from console.mirror.core.timeline import Seen, Step, timeline
from console.queries import queries
from runtime.postgres import Connection
from schemas.errors import Reject
from schemas.stripe_types import Kind

_MOST: Final = 20

Object = dict[str, Any]


class Link(NamedTuple):
    """To which customer of usage a customer of Stripe's belongs."""

    customer: str
    #: by hand, metadata (`weir_customer`) or id.
    by: str


class Money(NamedTuple):
    """In the smallest unit of a currency."""

    currency: str
    charged: int
    refunded: int


class CustomerShown(NamedTuple):
    """A customer with all that belongs to it; of invoices and charges the newest."""

    customer: Object
    link: Link
    money: list[Money]
    tax_ids: list[Object]
    discounts: list[Object]
    payment_methods: list[Object]
    subscriptions: list[Object]
    invoices: list[Object]
    charges: list[Object]


class SubscriptionShown(NamedTuple):
    """A subscription with its history, and its newest invoices."""

    subscription: Object
    timeline: list[Step]
    invoices: list[Object]


def find_customer(connection: Connection, tenant: str, word: str) -> CustomerShown:
    """Return the customer with the id *word*, or whom the usage of *word* belongs to. Raises Reject."""
    found = _all(connection, "find_customer", {"tenant": tenant, "word": word})
    if not found:
        raise Reject(f"tenant {tenant} has no Stripe customer {word!r}, and none is linked to it")
    [(row, customer, by)] = found
    stripe_id = row["id"]
    about = {"tenant": tenant, "customer": stripe_id, "subscription": None, "most": _MOST}
    return CustomerShown(
        for_people(row),
        Link(customer, by),
        [Money(*each) for each in _all(connection, "money_of", about)],
        _objects(connection, "tax_ids_of", about),
        _objects(connection, "discounts_of", about),
        _objects(connection, "payment_methods_of", about),
        list_subscriptions(connection, tenant, customer=stripe_id),
        _objects(connection, "invoices", about),
        _objects(connection, "charges_of", about),
    )


def find_subscription(connection: Connection, tenant: str, subscription: str) -> SubscriptionShown:
    """Return the subscription with that id. Raises Reject."""
    found = _subscriptions(connection, tenant, id=subscription)
    if not found:
        raise Reject(f"tenant {tenant} has no subscription {subscription!r}: see `weir subscription list`")
    about = {"tenant": tenant, "customer": None, "subscription": subscription, "most": _MOST}
    return SubscriptionShown(
        found[0],
        find_timeline(connection, tenant, Kind.SUBSCRIPTION, subscription),
        _objects(connection, "invoices", about),
    )


def list_subscriptions(
    connection: Connection,
    tenant: str,
    *,
    customer: str | None = None,
    status: str | None = None,
    most: int = 1_000,
) -> list[Object]:
    """Return at most *most* subscriptions, the newest first; *customer* is Stripe's id."""
    return _subscriptions(connection, tenant, customer=customer, status=status, most=most)


def find_timeline(connection: Connection, tenant: str, kind: Kind, object_id: str) -> list[Step]:
    """Return the history of an object, the oldest step first."""
    about = {"tenant": tenant, "kind": kind.value, "id": object_id}
    return timeline(kind, [Seen(*row) for row in _all(connection, "history_of", about)])


def list_doubts(connection: Connection, tenant: str, most: int) -> list[Object]:
    """Return the objects of which Stripe has to be asked, those that wait longest first."""
    names = ("object_kind", "object_id", "as_of_ms", "why")
    rows = _all(connection, "doubts", {"tenant": tenant, "most": most})
    return [for_people(dict(zip(names, row, strict=True))) for row in rows]


def _subscriptions(
    connection: Connection,
    tenant: str,
    *,
    customer: str | None = None,
    status: str | None = None,
    id: str | None = None,  # noqa: A002 -- as the column is called
    most: int = 1,
) -> list[Object]:
    about = {"tenant": tenant, "customer": customer, "status": status, "id": id, "most": most}
    return [
        {**for_people(row), "items": [for_people(item) for item in items]}
        for row, items in _all(connection, "subscriptions", about)
    ]


def _objects(connection: Connection, name: str, values: Mapping[str, Any]) -> list[Object]:
    return [for_people(row) for (row,) in _all(connection, name, values)]


def _all(connection: Connection, name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return connection.execute(queries(__package__)[name], values).fetchall()
