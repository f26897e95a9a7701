"""Counts what Stripe has told of lately: events by type, and charges by how they ended."""

import msgspec

from console.queries import queries
from console.webhooks.core.metrics import Window, failure_rate, hours_of
from runtime.postgres import AsyncConnection
from schemas.instant import format_instant


class EventCount(msgspec.Struct, frozen=True):
    """Events of one type."""

    type: str
    #: Each once, however often it came.
    events: int
    #: Deliveries of known events that said the same, and those that said something else.
    repeats: int
    conflicts: int


class ChargeCount(msgspec.Struct, frozen=True):
    """Charges in one currency, as they are now; amounts in its smallest unit."""

    currency: str | None
    charges: int
    succeeded: int
    failed: int
    #: Those that have not ended.
    pending: int
    #: Captured.
    succeeded_amount: int
    failed_amount: int
    pending_amount: int
    #: Of those that ended, from 0.0000 to 1.0000, as decimal text; null: none has.
    failure_rate: str | None


class WebhookMetrics(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Events that were recorded, and charges that Stripe created, in one window."""

    start: str
    end: str
    #: Decimal text.
    window_hours: str
    events: int
    #: The most frequent first.
    events_by_type: list[EventCount]
    charges: int
    #: Of the charges of all currencies together.
    failure_rate: str | None
    charges_by_currency: list[ChargeCount]


async def count_webhooks(connection: AsyncConnection, tenant: str, window: Window) -> WebhookMetrics:
    """Return the counts of *window*, within the snapshot of *connection*."""
    sql, values = queries(__package__), {"tenant": tenant, **window._asdict()}
    # Never by a plan that was made for other values: what is read differs with them.
    found = await (await connection.execute(sql["events_by_type"], values, prepare=False)).fetchall()
    by_type = [EventCount(*row) for row in found]
    found = await (await connection.execute(sql["charges_by_currency"], values, prepare=False)).fetchall()
    by_currency = [_charges(*row) for row in found]
    failed, succeeded = sum(each.failed for each in by_currency), sum(each.succeeded for each in by_currency)
    return WebhookMetrics(
        start=format_instant(window.from_ms),
        end=format_instant(window.to_ms),
        window_hours=hours_of(window.to_ms - window.from_ms),
        events=sum(each.events for each in by_type),
        events_by_type=by_type,
        charges=sum(each.charges for each in by_currency),
        failure_rate=failure_rate(failed, succeeded),
        charges_by_currency=by_currency,
    )


def _charges(currency: str | None, charges: int, succeeded: int, failed: int, *more: int) -> ChargeCount:
    pending, succeeded_amount, failed_amount, pending_amount = more
    return ChargeCount(
        currency=currency,
        charges=charges,
        succeeded=succeeded,
        failed=failed,
        pending=pending,
        succeeded_amount=succeeded_amount,
        failed_amount=failed_amount,
        pending_amount=pending_amount,
        failure_rate=failure_rate(failed, succeeded),
    )
