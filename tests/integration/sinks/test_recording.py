"""Webhooks that are recorded many at a time are recorded as if they had come one after the other."""

import json
from collections import Counter
from random import Random
from typing import Any, NamedTuple

import pytest

from runtime.postgres import Connection
from schemas.webhook import Envelope, Origin, content_hash, headers_of
from sinks.core.log import Log
from sinks.core.record import Record
from sinks.rows import Row, RowsBatch
from sinks.sql import queries
from sinks.stripe.reading import read
from sinks.stripe.recording import Recording

pytestmark = pytest.mark.integration

AT_MS = 1_793_491_200_000
LOG = Log("stripe", 0)


class Known(NamedTuple):
    """What the first delivery of an event said."""

    content_hash: bytes
    api_version: str | None


def delivered(random: Random, offset: int) -> Row:
    """Return a delivery of one of a few events, in one of a few words and versions."""
    said = {
        "id": f"evt_{random.randrange(12)}",
        "type": "invoice.paid",
        "api_version": random.choice([None, "2020", "2026"]),
        "data": {"object": {"id": "in_1", "total": random.randrange(2)}},
        "pending_webhooks": random.randrange(3),
    }
    tenant = random.choice(["acme", "bolt"])
    headers = headers_of(Envelope(tenant, 7, Origin.WEBHOOK), None)
    record = Record(offset, AT_MS + offset, b"", json.dumps(said).encode(), headers)
    stands = {"generation": 1, "source_partition": 0, "source_offset": offset}
    return Row({**read(record), **stands}, LOG, record)


def one_after_the_other(rows: list[Row]) -> tuple[list[tuple[Any, ...]], dict[tuple[str, str], list[int]]]:
    """Return the sighting of each row and whether it is kept, and by event its repeats and conflicts."""
    events: dict[tuple[str, str], Known] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    deliveries = []
    for row in rows:
        event = row.values["tenant"], row.values["event_id"]
        says = Known(content_hash(row.record.value), row.values["api_version"])
        known = events.setdefault(event, says)
        if event not in counts:
            counts[event], sighting = [0, 0], "first"
        elif known.content_hash == says.content_hash or known.api_version != says.api_version:
            counts[event][0] += 1
            sighting = "repeat"
        else:
            counts[event][1] += 1
            sighting = "conflict"
        kept = sighting == "first" or known.content_hash != says.content_hash
        deliveries.append((row.record.offset, sighting, row.record.value if kept else None))
    return deliveries, counts


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("most", [1, 7, 300])
def test_batches_say_what_single_deliveries_would(database: Connection, most: int, *, careful: bool) -> None:
    random = Random(most)
    rows = [delivered(random, offset) for offset in range(300)]
    recording = Recording(queries())
    recording.make_stage(database)
    rest = list(rows)
    while rest:
        size = random.randint(1, most)
        some, rest = rest[:size], rest[size:]
        with database.transaction():
            batch = RowsBatch("test", recording.record, some, [], {LOG: 1})
            assert batch.write(database, careful=careful) == (len(some), 0, [])

    deliveries, counts = one_after_the_other(rows)
    found = database.execute("select source_offset, sighting, payload from webhook_deliveries order by 1")
    assert found.fetchall() == deliveries
    kept = database.execute("select tenant, event_id, repeats, conflicts from webhook_events").fetchall()
    assert {(tenant, event): rest for tenant, event, *rest in kept} == counts
    sightings = Counter((row.values["tenant"], said[1]) for row, said in zip(rows, deliveries, strict=True))
    hours = database.execute(
        "select tenant, sum(events), sum(repeats), sum(conflicts) from webhook_hours group by 1"
    )
    assert {
        (tenant, name): number
        for tenant, *numbers in hours.fetchall()
        for name, number in zip(("first", "repeat", "conflict"), numbers, strict=True)
    } == sightings
