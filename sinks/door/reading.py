"""A tally as a row of door_tallies."""

from collections.abc import Mapping
from typing import Any

from schemas.door_tally import decode_tally
from sinks.core.record import Record


def read(record: Record) -> Mapping[str, Any]:
    """Return the values for `keep_tally`. Raises Reject."""
    tally, events = decode_tally(record.key, record.value)
    return {
        "run": tally.run,
        "tenant": tally.tenant,
        "code": tally.code,
        "hour_ms": tally.hour_ms,
        "events": events,
    }
