"""Writes the record of webhooks: many rows at once, as if they had come one after the other."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from psycopg.sql import SQL

from runtime.postgres import Connection
from sinks.rows import Row

#: What is copied of each row, and its type, as in `copy_webhooks`.
_COLUMNS: Final = {
    "tenant": "text",
    "event_id": "text",
    "type": "text",
    "object_id": "text",
    "object_type": "text",
    "api_version": "text",
    "account": "text",
    "livemode": "boolean",
    "created_at_ms": "bigint",
    "received_at_ms": "numeric",
    "recorded_at_ms": "bigint",
    "origin": "text",
    "odd": "text",
    "generation": "smallint",
    "source_partition": "smallint",
    "source_offset": "bigint",
    "content_hash": "bytea",
    "marks": "text",
    "mark_if_first": "bigint",
    "mark_if_repeat": "bigint",
    "mark_if_conflict": "bigint",
    "payload": "bytea",
}
_TYPES: Final = ("integer", *_COLUMNS.values())


class Recording:
    """Writes to one store, whose connections have the stage."""

    def __init__(self, queries: Mapping[str, SQL]) -> None:
        self._queries = queries

    def make_stage(self, connection: Connection) -> None:
        """Make what a new connection needs."""
        connection.execute(self._queries["make_webhook_stage"])

    def record(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Record *rows* in the open transaction; return how many. See `sinks.rows.Upsert`."""
        self._make_months(connection, rows)
        with connection.cursor() as cursor:
            with cursor.copy(self._queries["copy_webhooks"]) as copy:
                copy.set_types(_TYPES)
                for nth, row in enumerate(rows):
                    copy.write_row((nth, *[row.values[name] for name in _COLUMNS]))
            for name in ("add_webhook_events", "record_webhooks", "empty_webhook_stage"):
                cursor.execute(self._queries[name])
        return len(rows)

    def _make_months(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Make room for each month that *rows* are of."""
        months = {
            datetime.fromtimestamp(row.record.time_ms / 1_000, UTC).strftime("%Y-%m"): row.record.time_ms
            for row in rows
        }
        for at_ms in months.values():
            connection.execute(self._queries["make_webhook_month"], {"at_ms": at_ms})
