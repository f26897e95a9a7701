"""A verified webhook as a row of the record."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg.sql import SQL

from runtime.postgres import Connection
from schemas.webhook import content_hash, read_envelope, read_head
from sinks.core.record import Record
from sinks.rows import Row


def read(record: Record) -> Mapping[str, Any]:
    """Return the values for `record_webhook`, but where it stands. Raises Reject."""
    envelope, head = read_envelope(record.headers), read_head(record.value)
    return {
        **envelope._asdict(),
        **head._asdict(),
        "origin": envelope.origin.value,
        "odd": None if head.odd is None else head.odd.value,
        "content_hash": content_hash(record.value),
        "recorded_at_ms": record.time_ms,
        "payload": record.value,
    }


def make_months(statement: SQL, connection: Connection, rows: Iterable[Row]) -> None:
    """Have *statement* make room for each month that *rows* are of."""
    months = {
        datetime.fromtimestamp(row.record.time_ms / 1_000, UTC).strftime("%Y-%m"): row.record.time_ms
        for row in rows
    }
    for at_ms in months.values():
        connection.execute(statement, {"at_ms": at_ms})
