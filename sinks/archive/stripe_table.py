"""The webhooks of one partition as a table: each as it was sent, beside what finds it."""

from typing import Any, Final, NamedTuple

import pyarrow as pa

from schemas.errors import Reject
from schemas.webhook import Envelope, EventHead, read_envelope, read_head
from sinks.archive.columns import TEXT
from sinks.core.record import Record

_HEADER: Final = pa.struct([pa.field("name", pa.string()), pa.field("value", pa.binary())])
_LARGEST: Final = 2**63 - 1

SCHEMA: Final = pa.schema(
    [
        # As the headers say.
        pa.field("tenant", TEXT, nullable=False),
        pa.field("received_at_ms", pa.int64(), nullable=False),
        pa.field("origin", TEXT, nullable=False),
        # What the event says of itself.
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("type", TEXT, nullable=False),
        pa.field("object_id", pa.string()),
        pa.field("created_at_ms", pa.int64()),
        pa.field("api_version", TEXT),
        pa.field("recorded_at_ms", pa.int64(), nullable=False),
        pa.field("partition", pa.int16(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        # The record's bytes.
        pa.field("payload", pa.binary(), nullable=False),
        # No webhook as this release reads them: what is above the time is empty, and all headers are kept.
        pa.field("unreadable", pa.bool_(), nullable=False),
        pa.field("headers", pa.list_(_HEADER)),
    ]
)

_NOTHING: Final[dict[str, Any]] = {
    "tenant": "",
    "received_at_ms": 0,
    "origin": "",
    "event_id": "",
    "type": "",
}


class WebhookRecord(NamedTuple):
    """One record of `weir.stripe`, whatever it holds: one row."""

    offset: int
    #: By SCHEMA, but for the partition; what is missing is null.
    row: dict[str, Any]

    @property
    def rows(self) -> int:
        """Rows that it becomes."""
        return 1


def read(record: Record) -> WebhookRecord:
    """Return *record* as a row."""
    try:
        said = _said(read_envelope(record.headers), read_head(record.value))
    except Reject:
        said = _NOTHING | {"unreadable": True, "headers": [_header(*each) for each in record.headers]}
    stands = {"recorded_at_ms": record.time_ms, "offset": record.offset, "payload": record.value}
    return WebhookRecord(record.offset, said | stands)


class WebhookRows:
    """The webhooks of one file."""

    def __init__(self) -> None:
        self.records: list[WebhookRecord] = []

    @property
    def rows(self) -> int:
        """How many rows there are by now."""
        return len(self.records)

    def add(self, record: WebhookRecord) -> None:
        """Append *record*."""
        self.records.append(record)


def table_of(webhooks: WebhookRows, partition: int) -> pa.Table:
    """Return the *webhooks* by tenant and event id, the deliveries of an event in the log's order."""
    rows = [{**record.row, "partition": partition} for record in webhooks.records]
    rows.sort(key=lambda row: (row["tenant"], row["event_id"], row["offset"]))
    return pa.Table.from_pylist(rows, SCHEMA)


def _said(envelope: Envelope, head: EventHead) -> dict[str, Any]:
    if abs(envelope.received_at_ms) > _LARGEST:
        raise Reject("the time in the headers is none")
    return {
        "tenant": envelope.tenant,
        "received_at_ms": envelope.received_at_ms,
        "origin": envelope.origin.value,
        "event_id": head.event_id,
        "type": head.type,
        "object_id": head.object_id,
        "created_at_ms": head.created_at_ms,
        "api_version": head.api_version,
        "unreadable": False,
    }


def _header(name: str, value: str | bytes | None) -> dict[str, Any]:
    return {"name": name, "value": value.encode() if isinstance(value, str) else value}
