"""`weir.alerts`: what somebody should hear of, one fact a record, under a key that never repeats for another.

A fact may stand on the log more than once after a crash, always the same: readers go by its key.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.plan import PERCENT
from schemas.quota import Crossing, UsedKey

_CRITICAL_FROM: Final = 90


class QuotaThresholdReached(msgspec.Struct, frozen=True, kw_only=True, tag_field="alert", tag="quota"):
    """A customer used so much of a quota. Each threshold of a limit is told of once in a period."""

    tenant: str
    customer: str
    meter: str
    plan: str
    percent: int
    #: warning, critical (from 90 % on) or exceeded (from 100 % on).
    level: str
    mode: str
    #: Millionths of the meter's unit.
    limit_micro: int
    #: Decimal text in the meter's unit.
    used: str
    period_start_ms: int
    period_end_ms: int
    #: Append time of the record with which it was reached.
    raised_at_ms: int


class WebhooksSilent(msgspec.Struct, frozen=True, kw_only=True, tag_field="alert", tag="webhooks_silent"):
    """Stripe has events of a tenant, and its webhooks bring none: told of once a day (UTC).

    Stripe disables an endpoint that has not taken its webhooks for days.
    """

    tenant: str
    #: As 2026-11-23.
    day: str
    #: None: there never was one.
    last_webhook_at_ms: int | None
    #: Events that came by no webhook since, and were found in Stripe's list.
    missing: int
    #: Creation of the newest of them.
    newest_at_ms: int
    raised_at_ms: int


class DunningGap(msgspec.Struct, frozen=True, kw_only=True, tag_field="alert", tag="dunning_gap"):
    """A payment of an invoice failed, and no dunning step followed in time: told of once for each attempt."""

    tenant: str
    #: Stripe's ids.
    invoice: str
    #: In whole seconds, by Stripe's clock.
    failed_at_ms: int
    #: The event that told of the failure.
    event_id: str
    customer: str | None
    subscription: str | None
    livemode: bool | None
    #: Which of the attempts it was, as Stripe counts them.
    attempt: int | None
    currency: str | None
    #: Still to be paid, in the smallest unit of the currency.
    amount_remaining: int | None
    #: Append time of the record of the event: the time for a step runs from then on.
    recorded_at_ms: int
    within_seconds: int
    raised_at_ms: int


class JobDeadlineMissed(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="alert", tag="job_deadline_missed"
):
    """A durable job with a period began later than it may: told of once for each deadline.

    Runs that did not begin at all are in it: the one that began at last does their work too.
    """

    #: Empty: it is about the installation.
    tenant: str = ""
    job: str
    #: Begin of the first period that it had not begun in.
    owed_since_ms: int
    deadline_ms: int
    began_at_ms: int


Alert = QuotaThresholdReached | WebhooksSilent | DunningGap | JobDeadlineMissed

_encode: Final = msgspec.json.Encoder().encode
_decode: Final[Callable[[bytes], Alert]] = msgspec.json.Decoder(Alert).decode


def quota_threshold(key: UsedKey, crossing: Crossing) -> QuotaThresholdReached:
    """Return the fact that *crossing* is."""
    return QuotaThresholdReached(
        tenant=key.tenant,
        customer=key.customer,
        meter=key.meter,
        plan=crossing.plan,
        percent=crossing.percent,
        level=level_of(crossing.percent),
        mode=crossing.mode,
        limit_micro=crossing.limit_micro,
        used=crossing.used,
        period_start_ms=key.start_ms,
        period_end_ms=key.end_ms,
        raised_at_ms=crossing.at_ms,
    )


def level_of(percent: int) -> str:
    """Return what a threshold is called."""
    if percent >= PERCENT:
        return "exceeded"
    return "critical" if percent >= _CRITICAL_FROM else "warning"


def alert_key(alert: Alert) -> bytes:
    """Return the key that tells one fact from another."""
    match alert:
        case QuotaThresholdReached():
            names: tuple[object, ...] = (
                "quota",
                alert.tenant,
                alert.customer,
                alert.meter,
                alert.period_start_ms,
                alert.period_end_ms,
                alert.limit_micro,
                alert.percent,
            )
        case WebhooksSilent():
            names = ("webhooks_silent", alert.tenant, alert.day)
        case DunningGap():
            names = ("dunning_gap", alert.tenant, alert.invoice, alert.failed_at_ms)
        case JobDeadlineMissed():
            names = ("job_deadline_missed", alert.job, alert.owed_since_ms)
    return _encode(names)


def encode_alert(alert: Alert) -> bytes:
    """Return the value of the record for *alert*."""
    return _encode(alert)


def decode_alert(value: bytes) -> Alert:
    """Return the fact in *value*. Raises Reject."""
    try:
        return _decode(value)
    except MALFORMED as error:
        raise Reject(f"not an alert: {error}") from None
