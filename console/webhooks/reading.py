"""Reads the record of webhooks, for the command and for the API."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
from psycopg.rows import TupleRow

from console.queries import queries
from console.webhooks.core.handling import Failure, Mirrored, Status, handling_of
from console.webhooks.core.wanted import Place, Sighting, Wanted, days_of
from runtime.postgres import AsyncConnection
from schemas.instant import format_instant

#: What many deliveries have is found among the newest ones, without the index of marks.
_LOOK_AT: Final = 2_000
#: The statement that finds each status, and what webhook_failures calls it; the others are found by marks.
_BY_STATUS: Final[Mapping[str | None, tuple[str, str | None]]] = {
    "failed": ("failed", "waiting"),
    "failed_permanent": ("failed", "permanent"),
    "pending": ("pending", None),
}


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
    #: What became of the event, how often it was tried in vain, and why the last time.
    status: Status
    attempts: int
    error: str | None
    #: By Stripe's clock, by the door's and by the broker's.
    created_at: str | None
    received_at: str
    recorded_at: str
    #: Topic, partition and offset.
    position: str


class WholeDelivery(Delivery, frozen=True, kw_only=True):
    """One delivery, and what was sent."""

    #: Null where the first delivery said the same.
    payload: str | None
    #: utf-8: the payload is the text as it was sent; base64: its bytes are no text.
    payload_encoding: Literal["utf-8", "base64"] | None

    @property
    def sent(self) -> bytes | None:
        """Return what was sent, byte for byte."""
        if self.payload is None:
            return None
        return self.payload.encode() if self.payload_encoding == "utf-8" else b64decode(self.payload)


class Page(NamedTuple):
    """Some deliveries, the newest first, and below which place others are."""

    deliveries: list[Delivery]
    next: Place | None


async def list_deliveries(connection: AsyncConnection, topic: str, wanted: Wanted, limit: int) -> Page:
    """Return the *limit* newest of the deliveries *wanted*, within the snapshot of *connection*."""
    found = await _find(connection, wanted, limit + 1)
    rows = found[:limit]
    following = _place(rows[-1]) if len(found) > limit else None
    handled = await _handled(connection, wanted.tenant, rows)
    return Page([msgspec.convert(_members(topic, row) | handled(row), Delivery) for row in rows], following)


async def find_event(
    connection: AsyncConnection, topic: str, tenant: str, event_id: str
) -> list[WholeDelivery]:
    """Return every delivery of an event, the first one first; none where there is no such event."""
    wanted = {"tenant": tenant, "event_id": event_id}
    rows = await (await connection.execute(queries(__package__)["deliveries_of"], wanted)).fetchall()
    handled = await _handled(connection, tenant, [row[:-1] for row in rows])
    return [
        msgspec.convert(_members(topic, row[:-1]) | handled(row[:-1]) | _sent(row[-1]), WholeDelivery)
        for row in rows
    ]


async def _find(connection: AsyncConnection, wanted: Wanted, most: int) -> list[TupleRow]:
    """Return the rows of at most *most* deliveries.

    First among the newest ones, where all is found that many have; then by the marks, day by day, where
    the index leads to the rows of each.
    """
    sql = queries(__package__)
    parameters: dict[str, Any] = {
        "tenant": wanted.tenant,
        "from_ms": wanted.from_ms,
        "to_ms": wanted.to_ms,
        "below_ms": wanted.below.recorded_at_ms,
        "below_generation": wanted.below.generation,
        "below_partition": wanted.below.partition,
        "below_offset": wanted.below.offset,
        "most": most,
    }
    # Never by a plan that was made for other values: what is read differs with them.
    span = await (await connection.execute(sql["recorded_span"], parameters, prepare=False)).fetchone()
    if span is None or span[0] is None:
        return []
    days = list(days_of(wanted, *span)) if wanted.has_marks else []
    parameters |= {
        "days": [day.start_ms for day in days],
        "marked": [mark for day in days for mark in day.marks],
        "marked_texts": ["{" + ",".join(map(str, day.marks)) + "}" for day in days],
        "look_at": max(most, _LOOK_AT) if wanted.has_marks else most,
    }
    if wanted.status in _BY_STATUS:
        name, failure_state = _BY_STATUS[wanted.status]
        parameters["failure_state"] = failure_state
        return await (await connection.execute(sql[name], parameters, prepare=False)).fetchall()
    rows = await (await connection.execute(sql["newest"], parameters, prepare=False)).fetchall()
    if len(rows) == most or not wanted.has_marks:
        return rows
    return await (await connection.execute(sql["marked"], parameters, prepare=False)).fetchall()


async def _handled(
    connection: AsyncConnection, tenant: str, rows: Sequence[TupleRow]
) -> Callable[[TupleRow], dict[str, Any]]:
    """Return what says of each of *rows* what became of its event."""
    sql = queries(__package__)
    wanted = {"tenant": tenant, "event_ids": [row[0] for row in rows]}
    failed = await (await connection.execute(sql["failures_of"], wanted)).fetchall()
    failures = {event_id: Failure(*failure) for event_id, *failure in failed}
    mirrored = Mirrored(await (await connection.execute(sql["mirrored"])).fetchall())

    def handled(row: TupleRow) -> dict[str, Any]:
        event_id, event_type, *_, generation, partition, offset = row
        is_read = mirrored.has_read(partition, generation, offset)
        return handling_of(event_id, event_type, failures.get(event_id), is_read=is_read)._asdict()

    return handled


def _place(row: TupleRow) -> Place:
    return Place(*row[-4:])


def _members(topic: str, row: TupleRow) -> dict[str, Any]:
    """Return the members of a Delivery."""
    (*names, created_at_ms, received_at_ms, recorded_at_ms, _, partition, offset) = row
    return {
        **dict(zip(Delivery.__struct_fields__, names, strict=False)),
        "created_at": None if created_at_ms is None else format_instant(created_at_ms),
        "received_at": format_instant(received_at_ms),
        "recorded_at": format_instant(recorded_at_ms),
        "position": f"{topic}/{partition}/{offset}",
    }


def _sent(payload: bytes | None) -> dict[str, Any]:
    """Return the members that a WholeDelivery has besides: *payload* as JSON can hold it."""
    if payload is None:
        return {"payload": None, "payload_encoding": None}
    try:
        return {"payload": payload.decode(), "payload_encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"payload": b64encode(payload).decode(), "payload_encoding": "base64"}
