"""Webhooks put into the record as the sink puts them, without a log."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runtime.postgres import Connection
from schemas.webhook import Envelope, Origin, headers_of
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.rows import Row
from sinks.sql import queries
from sinks.stripe.reading import read
from sinks.stripe.recording import Recording


class Recorder:
    """Records webhooks one after the other, each a second after the one before if no time is given."""

    def __init__(self, connection: Connection, at_ms: int, partition: int = 0) -> None:
        self._connection = connection
        self._partition = partition
        self._recording = Recording(queries())
        connection.execute("drop table if exists stage_webhooks")
        self._recording.make_stage(connection)
        self._at_ms = at_ms
        self._offset = 0

    def put(self, tenant: str, *events: Mapping[str, Any] | bytes, at_ms: int | None = None) -> None:
        """Record *events* of *tenant*, in one transaction."""
        rows = list(self._rows(tenant, events, at_ms))
        with self._connection.transaction():
            self._recording.record(self._connection, rows)

    def _rows(
        self, tenant: str, events: Iterable[Mapping[str, Any] | bytes], at_ms: int | None
    ) -> Iterable[Row]:
        headers = headers_of(Envelope(tenant, self._at_ms, Origin.WEBHOOK), None)
        for event in events:
            payload = event if isinstance(event, bytes) else json.dumps(event).encode()
            self._at_ms = self._at_ms + 1_000 if at_ms is None else at_ms
            record = Record(self._offset, self._at_ms, b"", payload, headers)
            stands = {"generation": 1, "source_partition": self._partition, "source_offset": self._offset}
            yield Row({**read(record), **stands}, Log("stripe", self._partition), record)
            self._offset += 1


def event(event_id: str, event_type: str = "invoice.paid", **about: object) -> dict[str, Any]:
    """Return an event whose object has the members *about*."""
    kind = event_type.rpartition(".")[0]
    about = {"id": f"{kind}_1", "object": kind, **about}
    return {"id": event_id, "object": "event", "type": event_type, "created": 3, "data": {"object": about}}
