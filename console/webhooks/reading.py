"""Reads the record of webhooks."""

from typing import Literal, NamedTuple

import msgspec
from psycopg.rows import TupleRow

from console.queries import queries
from runtime.postgres import Connection
from schemas.errors import Reject
from schemas.instant import format_instant

#: What a delivery is: the first of its event, one that says the same, or one that says something else.
Sighting = Literal["first", "repeat", "conflict"]


class Wanted(NamedTuple):
    """Which deliveries; None: any."""

    #: Id.
    tenant: str
    type: str | None
    object_id: str | None
    sighting: Sighting | None
    #: Recorded in [from, to).
    from_ms: int
    to_ms: int


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of an event."""

    event_id: str
    type: str
    object_type: str | None
    object_id: str | None
    sighting: Sighting
    #: What is odd about it, if anything is: unfit, thin, no_object or no_time.
    odd: str | None
    api_version: str | None
    account: str | None
    livemode: bool | None
    #: webhook, or how else it came.
    origin: str
    #: By Stripe's clock, by the door's and by the broker's.
    created_at: str | None
    received_at: str
    recorded_at: str
    #: Topic, partition and offset.
    position: str


class Found(NamedTuple):
    """One delivery, and what was sent; None where the first one said the same."""

    delivery: Delivery
    payload: bytes | None


def list_deliveries(connection: Connection, topic: str, wanted: Wanted, most: int) -> list[Delivery]:
    """Return at most *most* of the deliveries *wanted*, the newest first."""
    rows = connection.execute(queries(__package__)["deliveries"], {**wanted._asdict(), "most": most})
    return [_delivery(topic, row) for row in rows]


def find_event(connection: Connection, topic: str, tenant: str, event_id: str) -> list[Found]:
    """Return every delivery of an event, the first one first. Raises Reject where there is none."""
    rows = connection.execute(
        queries(__package__)["deliveries_of"], {"tenant": tenant, "event_id": event_id}
    ).fetchall()
    if not rows:
        raise Reject(f"tenant {tenant} has no event {event_id!r}: see `weir webhook list`")
    return [Found(_delivery(topic, row[:-1]), row[-1]) for row in rows]


def _delivery(topic: str, row: TupleRow) -> Delivery:
    (*names, created_at_ms, received_at_ms, recorded_at_ms, _, partition, offset) = row
    members = dict(zip(Delivery.__struct_fields__, names, strict=False))
    return msgspec.convert(
        {
            **members,
            "created_at": None if created_at_ms is None else format_instant(created_at_ms),
            "received_at": format_instant(received_at_ms),
            "recorded_at": format_instant(recorded_at_ms),
            "position": f"{topic}/{partition}/{offset}",
        },
        Delivery,
    )
