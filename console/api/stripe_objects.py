"""`GET /v1/stripe/…`: customers, subscriptions and invoices as the mirror has them."""

from collections.abc import Awaitable, Callable
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec
from aiohttp import web

from console.api.access import caller_of, reading_as
from console.api.answers import answer
from console.api.context import CONTEXT
from console.api.core.parameters import Parameters, cursor, limit, name_of, stripe_name
from console.api.core.problem import refuse
from console.mirror.core.shown import StripeInvoice, StripeSubscription
from console.mirror.core.wanted import Place, Wanted
from console.mirror.reading import (
    Page,
    find_customer,
    find_invoice,
    find_subscription,
    list_invoices,
    list_subscriptions,
)
from console.usage.core.cursor import seal
from runtime.postgres import AsyncConnection

_OBJECTS: Final = 100

T = TypeVar("T", bound=msgspec.Struct)

Find = Callable[[AsyncConnection, str, str], Awaitable[msgspec.Struct | None]]
List = Callable[[AsyncConnection, Wanted, int], Awaitable[Page[T]]]


class SubscriptionList(msgspec.Struct, frozen=True):
    """The answer of `/v1/stripe/subscriptions`."""

    #: The newest first.
    data: list[StripeSubscription]
    #: Cursor of the next page; null on the last one.
    next: str | None


class InvoiceList(msgspec.Struct, frozen=True):
    """The answer of `/v1/stripe/invoices`."""

    #: The newest first.
    data: list[StripeInvoice]
    #: Cursor of the next page; null on the last one.
    next: str | None


class _Listed(NamedTuple, Generic[T]):
    """A page as it is answered."""

    data: list[T]
    next: str | None


async def show_customer(request: web.Request) -> web.Response:
    """Answer with a customer and all that belongs to it."""
    no_such = "there is no customer {!r}, and none of Stripe's is linked to it"
    return await _shown(request, "customer", name_of, find_customer, no_such)


async def show_subscription(request: web.Request) -> web.Response:
    """Answer with a subscription and its history."""
    return await _shown(
        request, "subscription", stripe_name, find_subscription, "there is no subscription {!r}"
    )


async def show_invoice(request: web.Request) -> web.Response:
    """Answer with an invoice, its lines and its history."""
    return await _shown(request, "invoice", stripe_name, find_invoice, "there is no invoice {!r}")


async def list_stripe_subscriptions(request: web.Request) -> web.Response:
    """Answer with subscriptions, the newest first."""
    found = await _listed(request, "subscriptions", ("customer", "status"), list_subscriptions)
    return answer(SubscriptionList(*found))


async def list_stripe_invoices(request: web.Request) -> web.Response:
    """Answer with invoices, the newest first."""
    found = await _listed(request, "invoices", ("customer", "subscription", "status"), list_invoices)
    return answer(InvoiceList(*found))


async def _shown(
    request: web.Request, name: str, read: Callable[[str], str], find: Find, no_such: str
) -> web.Response:
    caller = await caller_of(request)
    given = Parameters([*request.match_info.items(), *request.query.items()])
    word = given.require(name, read, "")
    given.done()
    async with reading_as(request.app[CONTEXT], caller) as connection:
        found = await find(connection, caller.tenant, word)
    if found is None:
        raise refuse("not_found", no_such.format(word))
    return answer(found)


async def _listed(request: web.Request, name: str, filters: tuple[str, ...], read: List[T]) -> _Listed[T]:
    caller = await caller_of(request)
    context = request.app[CONTEXT]
    given = Parameters(request.query.items())
    most = given.take("limit", limit) or _OBJECTS
    asked = {each: given.take(each, stripe_name) for each in filters}
    wanted = Wanted(caller.tenant, asked["customer"], asked.get("subscription"), asked["status"])
    # What a cursor is bound to. Names hold no NUL, so two questions never read the same.
    scope = "\0".join((name, caller.tenant, *(each or "" for each in asked.values())))
    below = given.take("cursor", cursor(scope, context.secret, Place))
    given.done()
    async with reading_as(context, caller) as connection:
        page = await read(connection, wanted if below is None else wanted._replace(below=below), most)
    return _Listed(page.objects, None if page.next is None else seal(page.next, scope, context.secret))
