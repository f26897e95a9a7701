"""Reads the mirror, for the commands and for the API."""

from collections.abc import Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from console.mirror.core.shown import (
    Doubt,
    DunningGap,
    FailedPayment,
    StripeCharge,
    StripeCreditNote,
    StripeCustomer,
    StripeDiscount,
    StripeInvoice,
    StripeInvoiceLine,
    StripePaymentMethod,
    StripeRefund,
    StripeSubscription,
    StripeSubscriptionItem,
    StripeTaxId,
    shown,
)
from console.mirror.core.timeline import Seen, Step, timeline
from console.mirror.core.wanted import Place, Wanted
from console.queries import queries
from runtime.postgres import AsyncConnection
from schemas.stripe_types import Kind

#: Of what there may be any number, the newest are shown beside what they belong to.
_NEWEST: Final = 20
_SUBSCRIPTIONS: Final = 1_000

T = TypeVar("T", bound=msgspec.Struct)


class Link(msgspec.Struct, frozen=True):
    """To which customer of usage a customer of Stripe's belongs."""

    customer: str
    #: By hand, metadata (`weir_customer`) or id.
    by: str


class Money(msgspec.Struct, frozen=True):
    """What was taken of a customer and what went back, in the smallest unit of a currency."""

    currency: str
    charged: int
    refunded: int


class CustomerShown(msgspec.Struct, frozen=True):
    """A customer with all that belongs to it; of invoices and charges the 20 newest."""

    customer: StripeCustomer
    link: Link
    money: list[Money]
    tax_ids: list[StripeTaxId]
    discounts: list[StripeDiscount]
    payment_methods: list[StripePaymentMethod]
    subscriptions: list[StripeSubscription]
    invoices: list[StripeInvoice]
    charges: list[StripeCharge]


class SubscriptionShown(msgspec.Struct, frozen=True):
    """A subscription with its history, the oldest step first, and the 20 newest invoices and failed payments.

    A failed payment is there once its time for a dunning step is over.
    """

    subscription: StripeSubscription
    timeline: list[Step]
    invoices: list[StripeInvoice]
    failed_payments: list[FailedPayment]


class InvoiceShown(msgspec.Struct, frozen=True):
    """An invoice with its lines, its history, and what of payments and credit says that it belongs to it."""

    invoice: StripeInvoice
    lines: list[StripeInvoiceLine]
    timeline: list[Step]
    charges: list[StripeCharge]
    refunds: list[StripeRefund]
    credit_notes: list[StripeCreditNote]
    failed_payments: list[FailedPayment]


class Page(NamedTuple, Generic[T]):
    """Some objects, the newest first, and below which place others are."""

    objects: list[T]
    next: Place | None


async def find_customer(connection: AsyncConnection, tenant: str, word: str) -> CustomerShown | None:
    """Return the customer with the id *word*, or whom the usage of *word* belongs to."""
    found = await _all(connection, "find_customer", {"tenant": tenant, "word": word})
    if not found:
        return None
    [(row, customer, by)] = found
    about = {"tenant": tenant, "customer": row["id"], "most": _NEWEST}
    of_customer = Wanted(tenant, customer=row["id"])
    return CustomerShown(
        shown(row, StripeCustomer),
        Link(customer, by),
        [Money(*each) for each in await _all(connection, "money_of", about)],
        await _objects(connection, "tax_ids_of", about, StripeTaxId),
        await _objects(connection, "discounts_of", about, StripeDiscount),
        await _objects(connection, "payment_methods_of", about, StripePaymentMethod),
        (await list_subscriptions(connection, of_customer, _SUBSCRIPTIONS)).objects,
        (await list_invoices(connection, of_customer, _NEWEST)).objects,
        await _objects(connection, "charges_of", about, StripeCharge),
    )


async def find_subscription(
    connection: AsyncConnection, tenant: str, subscription: str
) -> SubscriptionShown | None:
    """Return the subscription with that id."""
    wanted = Wanted(tenant, subscription=subscription)
    found = (await list_subscriptions(connection, wanted, 1)).objects
    if not found:
        return None
    return SubscriptionShown(
        found[0],
        await find_timeline(connection, tenant, Kind.SUBSCRIPTION, subscription),
        (await list_invoices(connection, wanted, _NEWEST)).objects,
        await list_failed_payments(connection, tenant, subscription=subscription),
    )


async def find_invoice(connection: AsyncConnection, tenant: str, invoice: str) -> InvoiceShown | None:
    """Return the invoice with that id."""
    about = {"tenant": tenant, "id": invoice}
    found = await _all(connection, "find_invoice", about)
    if not found:
        return None
    [(row,)] = found
    charges = await _objects(connection, "charges_of_invoice", about, StripeCharge)
    credit_notes = await _objects(connection, "credit_notes_of_invoice", about, StripeCreditNote)
    of_payments = {
        "tenant": tenant,
        "charges": [charge.id for charge in charges],
        "refunds": [note.refund for note in credit_notes if note.refund is not None],
    }
    return InvoiceShown(
        shown(row, StripeInvoice),
        await _objects(connection, "lines_of_invoice", about, StripeInvoiceLine),
        await find_timeline(connection, tenant, Kind.INVOICE, invoice),
        charges,
        await _objects(connection, "refunds_of", of_payments, StripeRefund),
        credit_notes,
        await list_failed_payments(connection, tenant, invoice=invoice),
    )


async def list_subscriptions(
    connection: AsyncConnection, wanted: Wanted, limit: int
) -> Page[StripeSubscription]:
    """Return the *limit* newest of the subscriptions *wanted*, within the snapshot of *connection*."""
    rows, following = await _page(connection, "subscriptions", wanted, limit)
    return Page(
        [
            shown(row, StripeSubscription, items=[shown(item, StripeSubscriptionItem) for item in items])
            for row, items in rows
        ],
        following,
    )


async def list_invoices(connection: AsyncConnection, wanted: Wanted, limit: int) -> Page[StripeInvoice]:
    """Return the *limit* newest of the invoices *wanted*, within the snapshot of *connection*."""
    rows, following = await _page(connection, "invoices", wanted, limit)
    return Page([shown(row, StripeInvoice) for (row,) in rows], following)


async def find_timeline(connection: AsyncConnection, tenant: str, kind: Kind, object_id: str) -> list[Step]:
    """Return the history of an object, the oldest step first."""
    about = {"tenant": tenant, "kind": kind.value, "id": object_id}
    return timeline(kind, [Seen(*row) for row in await _all(connection, "history_of", about)])


async def list_failed_payments(
    connection: AsyncConnection, tenant: str, *, subscription: str | None = None, invoice: str | None = None
) -> list[FailedPayment]:
    """Return the newest failed payments of a subscription's invoices, or of one invoice, that were judged."""
    about = {"tenant": tenant, "subscription": subscription, "invoice": invoice, "most": _NEWEST}
    return await _objects(connection, "failed_payments_of", about, FailedPayment)


async def list_dunning_gaps(connection: AsyncConnection, tenant: str, most: int) -> list[DunningGap]:
    """Return the newest payments that failed and that no dunning step followed in time."""
    return await _objects(connection, "dunning_gaps", {"tenant": tenant, "most": most}, DunningGap)


async def list_doubts(connection: AsyncConnection, tenant: str, most: int) -> list[Doubt]:
    """Return the objects of which Stripe has to be asked, those that wait longest first."""
    return await _objects(connection, "doubts", {"tenant": tenant, "most": most}, Doubt)


async def _page(
    connection: AsyncConnection, name: str, wanted: Wanted, limit: int
) -> tuple[list[tuple[Any, ...]], Place | None]:
    """Return the rows of a page, each with the object as its first value, and where the next page begins."""
    about = {
        **wanted._asdict(),
        "below_ms": wanted.below.created_at_ms,
        "below_id": wanted.below.id,
        "most": limit + 1,
    }
    del about["below"]
    found = await _all(connection, name, about)
    rows = found[:limit]
    return rows, _place(rows[-1][0]) if len(found) > limit else None


def _place(row: Mapping[str, Any]) -> Place:
    created_at_ms = row["created_at_ms"]
    return Place(-1 if created_at_ms is None else created_at_ms, row["id"])


async def _objects(connection: AsyncConnection, name: str, values: Mapping[str, Any], of: type[T]) -> list[T]:
    return [shown(row, of) for (row,) in await _all(connection, name, values)]


async def _all(connection: AsyncConnection, name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    # Never by a plan that was made for other values: what is read differs with them.
    found = await connection.execute(queries(__package__)[name], values, prepare=False)
    return await found.fetchall()
