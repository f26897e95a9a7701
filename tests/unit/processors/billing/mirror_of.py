"""What the agent's core makes of events: its states, as they would stand on `weir.mirror`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from processors.billing.core.members import Members
from processors.billing.core.partition import BillingPartition, Outcome
from processors.billing.core.reducers import REDUCERS
from processors.billing.core.table import MirrorTable
from processors.stream.core.records import SourceRecord
from schemas.mirror import encode_row
from schemas.mirror_log import MirrorState, ObjectKey, decode_key, decode_state
from schemas.stripe_types import SNAPSHOT, Kind
from schemas.webhook import Envelope, Origin, headers_of

Object = Mapping[str, Any]

TENANT = "acme"


class Said(NamedTuple):
    """What a state says, whichever records it was made of."""

    as_of_ms: int
    settled: bool
    is_deleted: bool
    row: Object
    rivals: frozenset[bytes]


def record_of(
    event: Object, offset: int = 0, origin: Origin = Origin.WEBHOOK, tenant: str = TENANT
) -> SourceRecord:
    """Return the record of an event."""
    headers = {
        name: value
        for name, value in headers_of(Envelope(tenant, 1_000, origin), None)
        if isinstance(value, bytes)
    }
    return SourceRecord(offset, 2_000_000_000_000 + offset, json.dumps(event).encode(), headers)


def partition() -> BillingPartition:
    """Return one that nothing was read of."""
    return BillingPartition(1, MirrorTable(), None)


def apply(events: Iterable[Object], into: BillingPartition | None = None) -> tuple[BillingPartition, Outcome]:
    """Apply *events* in one batch."""
    into = into or partition()
    start = 0 if into.progress is None else (into.progress.stamp & 0xFFFFFFFFFFFF) + 1
    return into, into.apply([record_of(event, start + place) for place, event in enumerate(events)])


def states(of: BillingPartition) -> dict[ObjectKey, MirrorState]:
    """Return all states."""
    found: dict[ObjectKey, MirrorState] = {}

    def take(key: bytes, value: bytes) -> None:
        parsed = decode_key(key)
        assert isinstance(parsed, ObjectKey)
        found[parsed] = decode_state(value)

    of.table.each(take)
    return found


def mirror_of(events: Iterable[Object]) -> dict[str, Said]:
    """Return what the mirror says after *events*, by the objects' ids."""
    return {key.object_id: _said(state) for key, state in states(apply(events)[0]).items()}


def row_of(found: Object) -> Object:
    """Return the row that *found*, an object as Stripe answers it, has in the mirror."""
    reduced = REDUCERS[Kind(found["object"])](Members.of_event(found), None)
    row: Object = msgspec.json.decode(encode_row(reduced.row))
    return row


def snapshot(found: Object, created_s: int, event_id: str = "evt_weirsnapshot_1") -> Object:
    """Return the snapshot of *found* that covers the second *created_s*."""
    return {
        "id": event_id,
        "object": "event",
        "type": SNAPSHOT,
        "created": created_s,
        "livemode": False,
        "data": {"object": found},
    }


def _said(state: MirrorState) -> Said:
    return Said(
        state.as_of_ms,
        state.settled,
        state.deleted_at_ms is not None,
        msgspec.json.decode(state.versions[0].row),
        frozenset(bytes(version.row) for version in state.versions),
    )
