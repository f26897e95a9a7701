"""Webhooks in the archive: every record byte for byte, and each once, whatever is killed."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.partition import partition_of_tenant
from schemas.webhook import Envelope, Origin, headers_of
from tests.integration.sinks.packs import Packs, archived
from tests.integration.sinks.test_kills import KILLS, kill_while, seeded
from tests.integration.sinks.webhooks import Place, Stripe
from tests.running import Running
from tests.stack import PARTITIONS
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
Start = Callable[..., Running]
SOON = {"WEIR_ARCHIVE_INTERVAL_MS": "300"}
TENANTS = ("acme", "bolt", "corp")


def are_archived(database: Connection, stripe: Stripe) -> bool:
    """Say whether the manifest has a row for all that was written."""
    found = database.execute("select coalesce(sum(rows), 0) from archive_files where stream = 'stripe'")
    return found.fetchone() == (len(stripe.written),)


def rows_of(database: Connection, root: str) -> dict[Place, dict[str, Any]]:
    """Return every row of the files of webhooks, and hold the files against the manifest."""
    rows: dict[Place, dict[str, Any]] = {}
    ends: dict[int, int] = {}
    manifest = database.execute(
        "select name, partition, first_offset, last_offset, rows, sha256, first_time_ms, last_time_ms"
        " from archive_files where stream = 'stripe' order by partition, first_offset"
    )
    for name, partition, first, last, count, sha256, first_ms, last_ms in manifest:
        assert first == ends.get(partition, 0), "the files of a partition follow each other without a hole"
        ends[partition] = last + 1
        path = Path(root) / name
        assert hashlib.sha256(path.read_bytes()).digest() == sha256
        found = pq.ParquetFile(path).read().to_pylist()
        times = [row["recorded_at_ms"] for row in found]
        assert (len(found), min(times), max(times)) == (count, first_ms, last_ms)
        new = {Place(row["partition"], row["offset"]): row for row in found}
        assert len(new) == count
        assert {first <= place.offset <= last for place in new} == {True}
        assert not new.keys() & rows.keys(), "a webhook stands in two files"
        rows |= new
    return rows


def test_every_record_is_archived_with_its_headers_and_every_byte(
    stripe: Stripe, database: Connection, start: Start, settings: Settings
) -> None:
    for tenant in TENANTS:
        stripe.send(tenant=tenant, note="a \\u0000 in it")
    stripe.append(b"\xff no event", headers_of(Envelope("acme", 7, Origin.RETRY), None))
    stripe.append(b"", [("of", b"another time")])
    sink = start("sinks", "archive", **SOON)
    until(lambda: are_archived(database, stripe))

    rows = rows_of(database, settings.archive)
    assert {place: row["payload"] for place, row in rows.items()} == stripe.written
    assert sorted((row["tenant"], row["origin"], row["event_id"]) for row in rows.values()) == [
        *[("", "", "")] * 2,
        *[(tenant, "webhook", "evt_1") for tenant in TENANTS],
    ]
    kept = [row["headers"] for row in rows.values() if row["unreadable"]]
    assert [{"name": "of", "value": b"another time"}] in kept
    assert sink.terminate() == 0


def test_the_archive_holds_every_webhook_once_through_kills_beside_usage(
    stripe: Stripe, packs: Packs, database: Connection, start: Start, settings: Settings
) -> None:
    random = seeded()
    assert len({partition_of_tenant(tenant, PARTITIONS) for tenant in TENANTS}) > 1

    def work() -> None:
        packs.write(packs=1)
        for number in range(20):
            stripe.send(tenant=random.choice(TENANTS), id=f"evt_{number}")

    sink = start("sinks", "archive", WEIR_ARCHIVE_INTERVAL_MS="20", WEIR_ARCHIVE_ROWS="200")
    for _ in range(KILLS):
        kill_while(sink, random, work)
    until(lambda: are_archived(database, stripe) and packs.are_archived(database))

    rows = rows_of(database, settings.archive)
    assert {place: row["payload"] for place, row in rows.items()} == stripe.written
    assert archived(database, settings.archive) == packs.written
    assert sink.terminate() == 0
