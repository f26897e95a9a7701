import io
import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from schemas.webhook import Envelope, Headers, Origin, headers_of
from sinks.archive.parquet import write
from sinks.archive.stripe_table import WebhookRecord, WebhookRows, read, table_of
from sinks.core.record import Record


def envelope(tenant: str = "acme", received_at_ms: int = 7) -> Headers:
    return headers_of(Envelope(tenant, received_at_ms, Origin.BACKFILL), "2026-10-28.clover")


def webhook(offset: int, event_id: str, tenant: str = "acme") -> Record:
    about = {"id": "in_1", "object": "invoice"}
    said = {
        "id": event_id,
        "type": "invoice.paid",
        "created": 3,
        "api_version": "v",
        "data": {"object": about},
    }
    return Record(offset, 5_000 + offset, b"", json.dumps(said, indent=2).encode(), envelope(tenant))


def rows_of(*records: WebhookRecord) -> WebhookRows:
    rows = WebhookRows()
    for each in records:
        rows.add(each)
    return rows


def test_a_webhook_is_a_row_with_its_headers_and_every_byte_of_it() -> None:
    record = webhook(4, "evt_1")
    assert table_of(rows_of(read(record)), 2).to_pylist() == [
        {
            "tenant": "acme",
            "received_at_ms": 7,
            "origin": "backfill",
            "event_id": "evt_1",
            "type": "invoice.paid",
            "object_id": "in_1",
            "created_at_ms": 3_000,
            "api_version": "v",
            "recorded_at_ms": 5_004,
            "partition": 2,
            "offset": 4,
            "payload": record.value,
            "unreadable": False,
            "headers": None,
        }
    ]


def test_rows_stand_by_tenant_and_event_and_those_of_one_event_as_on_the_log() -> None:
    given = [("evt_2", "bolt"), ("evt_2", "acme"), ("evt_1", "bolt"), ("evt_2", "acme"), ("evt_1", "acme")]
    rows = rows_of(*(read(webhook(offset, *each)) for offset, each in enumerate(given)))
    found = table_of(rows, 0).to_pylist()
    assert [(row["tenant"], row["event_id"], row["offset"]) for row in found] == [
        *(("acme", "evt_1", 4), ("acme", "evt_2", 1), ("acme", "evt_2", 3)),
        *(("bolt", "evt_1", 2), ("bolt", "evt_2", 0)),
    ]


@pytest.mark.parametrize(
    "record",
    [
        Record(0, 5, b"", b"\xff no event", envelope()),
        Record(0, 5, b"", webhook(0, "evt_1").value, [("tenant", b"acme"), ("odd", None)]),
        Record(
            0,
            5,
            b"",
            webhook(0, "evt_1").value,
            [*envelope()[:1], ("received-at-ms", b"9" * 30), *envelope()[2:]],
        ),
        Record(0, 5, b"", webhook(0, "evt_1").value, [*envelope()[:2], ("origin", b"of a later release")]),
        Record(0, 5, b"", b"", []),
    ],
)
def test_what_this_release_cannot_read_is_kept_whole(record: Record) -> None:
    content = write(table_of(rows_of(read(record)), 0)).content
    (row,) = pq.read_table(io.BytesIO(content)).to_pylist()
    assert (row["unreadable"], row["tenant"], row["event_id"], row["payload"]) == (True, "", "", record.value)
    assert [(each["name"], each["value"]) for each in row["headers"]] == list(record.headers)


def test_a_file_is_read_back_by_duckdb_as_it_was(tmp_path: Path) -> None:
    table = table_of(rows_of(*(read(webhook(offset, f"evt_{offset}")) for offset in range(50))), 0)
    path = tmp_path / "file.parquet"
    path.write_bytes(write(table).content)
    with duckdb.connect() as database:
        names = ", ".join(f'"{name}"' for name in table.column_names)
        rows = database.execute(f"select {names} from read_parquet(?)", [str(path)]).fetchall()  # noqa: S608
    assert rows == [tuple(row.values()) for row in table.to_pylist()]
