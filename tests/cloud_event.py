"""A usage event as a CloudEvent says it."""

import json
from typing import Any

from schemas.event import NO_QUANTITY, NOT_GIVEN, UsageEvent
from schemas.instant import format_instant
from schemas.quantity import format_micro


def cloudevent(event: UsageEvent) -> dict[str, Any]:
    """Return *event* as JSON in the structured mode."""
    rest = json.loads(event.rest or b"{}")
    data = rest.pop("data", {})
    if event.quantity_micro != NO_QUANTITY:
        data["quantity"] = format_micro(event.quantity_micro)
    members = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.series.type,
        "subject": event.series.customer,
        "data": data,
        **rest,
    }
    return members | time_of(event)


def time_of(event: UsageEvent) -> dict[str, str]:
    """Return the member that gives its time, if it gives one."""
    return {} if event.given_ms == NOT_GIVEN else {"time": format_instant(event.given_ms)}
