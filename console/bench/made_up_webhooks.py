"""A month's record of webhooks: events of Stripe's shapes, written as the sink writes them."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from itertools import islice
from typing import Any, Final, NamedTuple

from console.queries import queries
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.instant import DAY_MS
from schemas.topics import STRIPE
from schemas.webhook import Envelope, Origin, headers_of
from sinks import sql
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.rows import Row
from sinks.stripe.reading import read
from sinks.stripe.recording import Recording

_DAYS: Final = 30
_AT_ONCE: Final = 3_000
#: One in as many is a repetition of the one before, and one in as many says something else than that.
_REPEATED: Final = 20
_CONFLICTING: Final = 1_000
_PERIOD_START_S: Final = 1_792_663_200
_PERIOD_END_S: Final = 1_795_255_200
#: So many events stand for a charge in the mirror, which is filled by the statement alone.
_EVENTS_A_CHARGE: Final = 8
#: Of whom there are as many.
CUSTOMERS: Final = 20_000
#: Each as often as it stands here.
TYPES: Final = (
    *("invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded") * 10,
    *("customer.subscription.updated", "payment_intent.succeeded", "charge.succeeded") * 10,
    *("customer.created", "customer.updated", "payment_method.attached", "payment_intent.created") * 6,
    *("customer.subscription.created", "invoice.payment_failed") * 2,
    *("charge.failed", "charge.refunded"),
)
FIRST_NAMES: Final = ("ada", "alan", "barbara", "donald", "edsger", "grace", "jane", "john", "ken", "linus")
GOODS: Final = ("seats", "storage", "support", "training", "hardware")
#: Said in a third of all, and in none of the newest: what the index alone can find soon.
OLD: Final = "legacy"


class Customer(NamedTuple):
    """Whom an event is about."""

    id: str
    name: str
    email: str


def customer_of(number: int) -> Customer:
    """Return the customer of event *number*."""
    customer = number * 7_919 % CUSTOMERS
    first = FIRST_NAMES[customer % len(FIRST_NAMES)]
    return Customer(
        _id("cus", customer),
        f"{first.title()} Number{customer}",
        f"{first}.{customer}@example{customer % 50}.com",
    )


def object_of(number: int) -> str:
    """Return the id of what event *number* is about; three events are about each."""
    return _id("in", number // 3)


def event_of(number: int, of: int) -> dict[str, Any]:
    """Return event *number* of as many as *of*: about 2.7 KB, of sixty different words."""
    event_type = TYPES[number % len(TYPES)]
    return {
        "id": event_id(number),
        "object": "event",
        "api_version": "2026-10-28.clover",
        "created": _PERIOD_END_S,
        "data": {"object": {"object": event_type.rpartition(".")[0], **_invoice(number, of)}},
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": _id("req", number), "idempotency_key": _id("key", number)},
        "type": event_type,
    }


def _invoice(number: int, of: int) -> dict[str, Any]:
    customer, about = customer_of(number), object_of(number)
    said = f"Order {number * 31 % 1_000_003} for {GOODS[number % len(GOODS)]}"
    return {
        "id": about,
        "account_country": "US",
        "account_name": "Acme Inc",
        "amount_due": 2_000,
        "amount_paid": 0,
        "billing_reason": ("subscription_cycle", "subscription_create", "manual")[number % 3],
        "collection_method": "charge_automatically",
        "currency": ("usd", "eur", "gbp")[number % 3],
        "customer": customer.id,
        "customer_email": customer.email,
        "customer_name": customer.name,
        "customer_tax_exempt": "none",
        "description": f"{said} {OLD}" if number < of // 3 else said,
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{_id('live', number)}?s=ap",
        "lines": {
            "object": "list",
            "data": [_line(number)],
            "has_more": False,
            "url": f"/v1/invoices/{about}/lines",
        },
        "metadata": {"order_id": str(number), "team": ("north", "south", "west")[number % 3]},
        "number": f"INV-{number:08d}",
        "payment_settings": {"default_mandate": None, "payment_method_types": ["card", "link"]},
        "period_end": _PERIOD_END_S,
        "period_start": _PERIOD_START_S,
        "status": ("open", "paid", "draft")[number % 3],
        "status_transitions": {"finalized_at": 1, "marked_uncollectible_at": None, "paid_at": None},
        "subtotal": 2_000,
        "total": 2_000,
        "total_discount_amounts": [],
        "webhooks_delivered_at": _PERIOD_END_S,
    }


def _line(number: int) -> dict[str, Any]:
    price = {"price": _id("price", number % 7), "product": _id("prod", number % 7)}
    return {
        "id": _id("il", number),
        "object": "line_item",
        "amount": 2_000,
        "currency": "usd",
        "description": "1 × Pro (at $20.00 / month)",  # noqa: RUF001 - as Stripe writes it
        "discountable": True,
        "livemode": False,
        "metadata": {},
        "period": {"end": _PERIOD_END_S, "start": _PERIOD_START_S},
        "pricing": {"price_details": price, "type": "price_details", "unit_amount_decimal": "2000"},
        "quantity": 1,
        "taxes": [],
    }


def event_id(number: int) -> str:
    """Return the id of event *number*."""
    return _id("evt", number)


def record_webhooks(settings: Settings, tenant: str, deliveries: int, now_ms: int) -> float:
    """Record as many *deliveries* of *tenant* (id) within a month up to *now_ms*; return rows a second.

    Each second is one of the sink's: reading what was sent, and writing it.
    """
    seconds = 0.0
    recording = Recording(sql.queries())
    with closing(connect(settings, "bench-webhooks", autocommit=True)) as connection:
        recording.make_stage(connection)
        records = _records(tenant, deliveries, now_ms)
        while some := list(islice(records, _AT_ONCE)):
            begun = time.perf_counter()
            rows = [_row(record) for record in some]
            with connection.transaction():
                recording.record(connection, rows)
            seconds += time.perf_counter() - begun
        charges = {"tenant": tenant, "charges": deliveries // _EVENTS_A_CHARGE, "now_ms": now_ms}
        connection.execute(queries(__package__)["make_charges"], charges)
        # What autovacuum does sooner or later.
        connection.execute("vacuum (analyze) webhook_deliveries, webhook_hours, stripe_charges")
    return deliveries / seconds


def _records(tenant: str, deliveries: int, now_ms: int) -> Iterator[Record]:
    headers = headers_of(Envelope(tenant, now_ms, Origin.WEBHOOK), None)
    first_ms, span_ms = now_ms - _DAYS * DAY_MS, _DAYS * DAY_MS
    for number in range(deliveries):
        if number % _REPEATED == 1:
            event = event_of(number - 1, deliveries) | {"pending_webhooks": 0}
        elif number % _CONFLICTING == 3:  # noqa: PLR2004 -- the one before it is a first one
            event = event_of(number - 1, deliveries) | {"says": "something else"}
        else:
            event = event_of(number, deliveries)
        at_ms = first_ms + span_ms * number // deliveries
        yield Record(number, at_ms, b"", json.dumps(event, indent=2).encode(), headers)


def _row(record: Record) -> Row:
    stands = {"generation": 1, "source_partition": 0, "source_offset": record.offset}
    return Row({**read(record), **stands}, Log(STRIPE.name, 0), record)


def _id(kind: str, number: int) -> str:
    return f"{kind}_{sha256(f'{kind}{number}'.encode()).hexdigest()[:24]}"
