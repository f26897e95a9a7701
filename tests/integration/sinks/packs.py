"""Writes packs to `weir.usage` and knows what the archive has to hold."""

import hashlib
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

import pyarrow.parquet as pq
from confluent_kafka import KafkaError, Message, Producer

from runtime.kafka import failure_of, producer_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.event import Series, UsageEvent
from schemas.pack import encode_pack
from schemas.topics import USAGE, topic_name

HOUR_MS = 1_763_719_200_000


class Line(NamedTuple):
    """One event as the archive has it."""

    partition: int
    offset: int
    nth: int
    customer: str
    id: str
    quantity_micro: int


class Packs:
    """Writes made-up events past the ingress."""

    def __init__(self, settings: Settings, seed: int = 1) -> None:
        self.partitions = settings.partitions
        self.topic = topic_name(settings.topic_prefix, USAGE)
        self.producer = Producer(producer_config(settings, "test-packs", linger_ms=0))
        self.written: set[Line] = set()
        self._random = Random(seed)

    def write(self, packs: int = 8, events: int = 100) -> None:
        """Write some packs on every partition, confirmed by the broker."""
        for number in range(packs * self.partitions):
            self._write(number % self.partitions, events)
        assert self.producer.flush(30) == 0

    def are_archived(self, database: Connection) -> bool:
        """Say whether the manifest has as many rows as were written."""
        (rows,) = database.execute(
            "select coalesce(sum(rows), 0) from archive_files where stream = 'usage'"
        ).fetchone() or (0,)
        return bool(rows == len(self.written))

    def _write(self, partition: int, events: int) -> None:
        made = [self._event() for _ in range(events)]

        def confirmed(error: KafkaError | None, message: Message) -> None:
            assert failure_of(error, message) is None
            for index, event in enumerate(made):
                place = (message.partition() or 0, message.offset() or 0, index)
                self.written.add(Line(*place, event.series.customer, event.id, event.quantity_micro))

        self.producer.produce(self.topic, encode_pack(made), partition=partition, on_delivery=confirmed)
        self.producer.poll(0)

    def _event(self) -> UsageEvent:
        random = self._random
        return UsageEvent(
            Series("t1", f"c{random.randrange(50)}", "api"),
            HOUR_MS + random.randrange(3_600_000),
            random.randrange(10**9),
            "api",
            str(UUID(int=random.getrandbits(128))),
            b'{"data":{"endpoint":"/x"}}',
        )


def archived(database: Connection, root: str) -> set[Line]:
    """Return every event of the files that the manifest names, and hold all against the manifest."""
    lines: set[Line] = set()
    ends: dict[int, int] = {}
    manifest = database.execute(
        "select name, partition, first_offset, last_offset, rows, bytes, sha256, first_time_ms, last_time_ms"
        " from archive_files where stream = 'usage' order by partition, first_offset"
    )
    for name, partition, first, last, rows, size, sha256, first_ms, last_ms in manifest:
        assert first == ends.get(partition, 0), "the files of a partition follow each other without a hole"
        ends[partition] = last + 1
        path = Path(root) / name
        assert len(path.read_bytes()) == size
        assert hashlib.sha256(path.read_bytes()).digest() == sha256
        table = pq.ParquetFile(path).read()
        assert table.num_rows == rows
        found = table.to_pylist()
        assert {first <= row["offset"] <= last for row in found} == {True}
        times = [row["time_ms"] for row in found]
        assert (min(times), max(times)) == (first_ms, last_ms)
        new = {
            Line(
                row["partition"],
                row["offset"],
                row["index"],
                row["customer"],
                row["id"],
                int(row["quantity_micro"]),
            )
            for row in found
        }
        assert len(new) == rows
        assert not new & lines, "an event stands in two files"
        lines |= new
    stored = database.execute(
        "select partition, next_offset from sink_offsets where topic = 'usage' and next_offset > 0"
    )
    assert dict(stored.fetchall()) == ends
    return lines
