"""State as a processor would have written it: rows of usage and ids, straight onto its changelogs."""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count, islice
from typing import Final, NamedTuple

from confluent_kafka import Producer

from console.bench.packs import Packed, publish
from console.queries import queries
from runtime.kafka import producer_config
from runtime.postgres import connect
from runtime.settings import Settings
from schemas import rollup, seen
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.identity import CONTENT_BYTES, ID_BYTES
from schemas.pack import encode_pack
from schemas.partial import single
from schemas.partition import partition_of
from schemas.quantity import MICRO
from schemas.stamp import stamp_of
from schemas.topics import ROLLUPS, SEEN, Topic, topic_name
from schemas.windows import NOT_LATE, window_start

_METERS: Final = ("api", "storage", "bandwidth", "compute", "database", "functions")
_TENANT: Final = "north"
#: Ids of one source record; as many as a pack under load holds.
_IDS_A_RECORD: Final = 200
_POLL_EVERY: Final = 10_000
_FLUSH_SECONDS: Final = 120


class _Record(NamedTuple):
    partition: int
    key: bytes
    value: bytes


class MadeUp:
    """Writes state whose source records exist, so that the processor finds nothing strange."""

    def __init__(self, settings: Settings, now_ms: int) -> None:
        """Write for the topics of *settings*, all of it at *now_ms*."""
        self._settings = settings
        self._now_ms = now_ms
        self._partitions = settings.partitions
        with closing(connect(settings, "bench", autocommit=True)) as connection:
            row = connection.execute(queries(__package__)["generation"]).fetchone()
        self._generation = int(row[0]) if row else 1
        #: Source records of each partition so far.
        self._ends = [0] * settings.partitions

    def write_rows(self, keys: int) -> None:
        """Write *keys* live rows of usage, six to a customer, and the progress behind them."""
        self._extend(1)
        stamp = stamp_of(self._generation, self._ends[0] - 1)
        self._append(ROLLUPS, islice(self._rows(stamp), keys))
        self._append(ROLLUPS, self._progress())

    def write_ids(self, ids: int) -> None:
        """Write *ids* ids in as many source records as they come from, and the progress behind them."""
        records = -(-ids // (_IDS_A_RECORD * self._partitions))
        first = self._ends[0]
        self._extend(records)
        self._append(SEEN, islice(self._ids(first), -(-ids // _IDS_A_RECORD)))
        self._append(ROLLUPS, self._progress())

    def _extend(self, records: int) -> None:
        """Let each partition of the source have *records* more: progress never lies beyond the log."""
        event = UsageEvent(Series(_TENANT, "made-up", "api"), NOT_GIVEN, MICRO, "api", "made-up", b"")
        value = encode_pack([event])
        numbers = range(self._partitions)
        publish(self._settings, (Packed(number, value) for number in numbers for _ in range(records)))
        self._ends = [end + records for end in self._ends]

    def _rows(self, stamp: int) -> Iterator[_Record]:
        start_ms = window_start(self._now_ms)
        value = rollup.encode(rollup.UsageRow(single(self._now_ms, MICRO), stamp))
        for number in count():
            customer = f"made-up-{number:07d}"
            partition = partition_of(_TENANT, customer, self._partitions)
            for meter in _METERS:
                key = rollup.encode(rollup.UsageKey(_TENANT, customer, meter, "", start_ms, NOT_LATE))
                yield _Record(partition, key, value)

    def _ids(self, first: int) -> Iterator[_Record]:
        size = _IDS_A_RECORD * (ID_BYTES + CONTENT_BYTES)
        for offset in count(first):
            for partition in range(self._partitions):
                yield _Record(partition, seen.offset_key(offset), os.urandom(size))

    def _progress(self) -> Iterator[_Record]:
        for partition, end in enumerate(self._ends):
            progress = rollup.Progress(stamp_of(self._generation, end - 1), self._now_ms, 1)
            yield _Record(partition, rollup.encode(rollup.ProgressKey(partition)), rollup.encode(progress))

    def _append(self, topic: Topic, records: Iterator[_Record]) -> None:
        config = producer_config(self._settings, "bench-state", queue_buffering_max_messages=10_000_000)
        producer = Producer({**config, "linger.ms": 50, "queue.buffering.max.kbytes": 2_000_000})
        name = topic_name(self._settings.topic_prefix, topic)
        for number, (partition, key, value) in enumerate(records):
            producer.produce(name, value, key, partition, timestamp=self._now_ms)
            if number % _POLL_EVERY == 0:
                producer.poll(0)
        producer.flush(_FLUSH_SECONDS)
