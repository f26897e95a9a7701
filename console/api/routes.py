"""Every address of the read API, once: the application serves it, /openapi.json describes it."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from console.api import balance_sheet, events, late_events, stripe_objects, trends, usage, webhooks
from console.books.core.entries import Sheet
from console.events.core.answer import EventFate
from console.mirror.reading import CustomerShown, InvoiceShown, SubscriptionShown
from console.usage.core.calendar import Window
from console.usage.core.trend import SIZES_MS
from console.webhooks.metrics import WebhookMetrics

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Parameter(NamedTuple):
    """One parameter of an address."""

    name: str
    about: str
    required: bool = False
    choices: tuple[str, ...] = ()
    in_path: bool = False


class Route(NamedTuple):
    """One address."""

    path: str
    handler: Handler
    summary: str
    parameters: tuple[Parameter, ...]
    answer: type[msgspec.Struct]
    #: What it may answer with a problem, beside what every address may: by status.
    problems: Mapping[str, str] = MappingProxyType({})


_FRESH: Final = Parameter("min_freshness", "wait until the answer is at most this old, such as 2s; else 503")
_CUSTOMER: Final = Parameter("customer", "the customer; without it all")
_METER: Final = Parameter("meter", "only this meter")
_STRIPE_CUSTOMER: Final = Parameter("customer", "only this customer's, by Stripe's id, such as cus_…")
_PAGE: Final = (
    Parameter("limit", "1 to 1000 objects a page; default: 100"),
    Parameter("cursor", "`next` of the page before; all else as it was for that"),
)
_FROM: Final = Parameter(
    "from", "RFC 3339; windows that overlap [from, to) are given whole; default: 35 days ago"
)
_TO: Final = Parameter("to", "RFC 3339, exclusive; default: now")

ROUTES: Final = (
    Route(
        "/v1/usage",
        usage.list_usage,
        "Usage by hour, day, month or billing period, late events merged and shown beside",
        (
            _CUSTOMER,
            _METER,
            Parameter("window", "what hours are summed to; default: hour", choices=tuple(Window)),
            _FROM,
            _TO,
            Parameter("group_by", "properties to keep usage apart by, with commas; default: all together"),
            Parameter(
                "top", "1 to 1000: only the windows in which most of `meter` was used, the largest first"
            ),
            Parameter("limit", "1 to 1000 windows a page; default: 1000"),
            Parameter("cursor", "`next` of the page before"),
            _FRESH,
        ),
        usage.UsageList,
    ),
    Route(
        "/v1/usage/current/{customer}",
        usage.current_usage,
        "A customer's usage of the periods that contain now, beside its quotas",
        (Parameter("customer", "the customer", required=True, in_path=True), _METER, _FRESH),
        usage.CurrentUsage,
    ),
    Route(
        "/v1/usage/trends",
        trends.usage_trends,
        "A customer's usage of one meter, each window against the one before and that of a week before",
        (
            Parameter("customer", "the customer", required=True),
            Parameter("meter", "the meter", required=True),
            Parameter("window", "what is compared; default: day", choices=tuple(SIZES_MS)),
            Parameter("peaks", "1 to 1000: how many of the windows in which most was used; default: 3"),
            _FROM,
            Parameter("to", "RFC 3339, exclusive; default: now; at most 1000 windows"),
            _FRESH,
        ),
        trends.UsageTrends,
    ),
    Route(
        "/v1/late-events",
        late_events.late_events,
        "How many of the accepted events came on time, in grace and late, and how many were refused",
        (
            Parameter("type", "only events of this type"),
            Parameter("window", "what hours are summed to; default: day", choices=tuple(Window)),
            _FROM,
            _TO,
            _FRESH,
        ),
        late_events.LateEvents,
    ),
    Route(
        "/v1/events",
        events.find_event,
        "The fate of one event: of the copy that decides, with every copy on the log beside it",
        (
            Parameter("source", "the event's source; `api` where the producer named none", required=True),
            Parameter("id", "the event's id", required=True),
            Parameter("customer", "the same id of another customer is another event"),
            Parameter("position", "the copy that stands there, as the receipt says"),
        ),
        EventFate,
    ),
    Route(
        "/v1/balance-sheet",
        balance_sheet.balance_sheet,
        "What was logged against what became of it, recounted now; gap is 0 when the books balance",
        (
            Parameter("from", "RFC 3339, its hour included; default: 35 days ago"),
            Parameter("to", "RFC 3339, exclusive"),
        ),
        Sheet,
    ),
    Route(
        "/v1/webhooks",
        webhooks.list_webhooks,
        "Deliveries of Stripe's webhooks, the newest first; all that is given has to hold",
        (
            Parameter("type", "only events of this type, such as invoice.paid"),
            Parameter("object", "only events about this object, by its id, such as in_1…"),
            Parameter(
                "sighting", "only what was new, or came again under a known id", choices=webhooks.SIGHTINGS
            ),
            Parameter(
                "status",
                "only events of which nothing has come in the mirror: not yet, or not at all",
                choices=webhooks.STATUSES,
            ),
            Parameter(
                "text", "words that all stand in what the event says, whatever their case: ids, names, e-mail"
            ),
            Parameter("from", "RFC 3339; recorded from then on; default: the first one"),
            Parameter("to", "RFC 3339, exclusive; default: now"),
            Parameter("limit", "1 to 1000 deliveries a page; default: 100"),
            Parameter("cursor", "`next` of the page before; all else as it was for that"),
        ),
        webhooks.WebhookList,
    ),
    Route(
        "/v1/webhooks/metrics",
        webhooks.webhook_metrics,
        "Stripe's events of a window by type, and its charges by currency, with the share that failed",
        (Parameter("window_hours", "0.1 to 720 decimal hours up to now; default: 24"),),
        WebhookMetrics,
    ),
    Route(
        "/v1/webhooks/{event_id}",
        webhooks.show_webhook,
        "Every delivery of one of Stripe's events, with what was sent",
        (Parameter("event_id", "the event's id", required=True, in_path=True),),
        webhooks.WebhookEvent,
        {"404": "there is no such event"},
    ),
    Route(
        "/v1/stripe/customers/{customer}",
        stripe_objects.show_customer,
        "A customer as Stripe has it, whose usage it is, and all that belongs to it",
        (
            Parameter(
                "customer",
                "Stripe's id, or the customer of usage that it is linked to",
                required=True,
                in_path=True,
            ),
        ),
        CustomerShown,
        {"404": "there is no such customer"},
    ),
    Route(
        "/v1/stripe/subscriptions",
        stripe_objects.list_stripe_subscriptions,
        "Subscriptions as Stripe has them, the newest first; all that is given has to hold",
        (
            _STRIPE_CUSTOMER,
            Parameter("status", "only those with this status, such as past_due"),
            *_PAGE,
        ),
        stripe_objects.SubscriptionList,
    ),
    Route(
        "/v1/stripe/subscriptions/{subscription}",
        stripe_objects.show_subscription,
        "A subscription, every step of its life with its reason and event, and its newest invoices",
        (Parameter("subscription", "the subscription's id", required=True, in_path=True),),
        SubscriptionShown,
        {"404": "there is no such subscription"},
    ),
    Route(
        "/v1/stripe/invoices",
        stripe_objects.list_stripe_invoices,
        "Invoices as Stripe has them, without their lines, the newest first; all that is given has to hold",
        (
            _STRIPE_CUSTOMER,
            Parameter("subscription", "only this subscription's, by its id, such as sub_…"),
            Parameter("status", "only those with this status, such as open"),
            *_PAGE,
        ),
        stripe_objects.InvoiceList,
    ),
    Route(
        "/v1/stripe/invoices/{invoice}",
        stripe_objects.show_invoice,
        "An invoice with all of its lines, its history, charges, refunds and credit notes",
        (Parameter("invoice", "the invoice's id", required=True, in_path=True),),
        InvoiceShown,
        {"404": "there is no such invoice"},
    ),
)
