"""Writes `weir.rollups` in the order that the processor promises, and knows what has to come of it."""

import time
from collections import defaultdict
from random import Random
from typing import NamedTuple

from confluent_kafka import Producer

from runtime.kafka import producer_config
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas import rollup
from schemas.partial import Partial, merge, single
from schemas.rollup import FatesKey, FatesRow, Progress, ProgressKey, UsageKey, UsageRow
from schemas.stamp import stamp_of
from schemas.topics import ROLLUPS, topic_name

HOUR_MS = 1_763_719_200_000
DAY = HOUR_MS // 86_400_000
GENERATION = 1

#: (events, sum) of each series of one partition.
State = dict[str, tuple[int, int]]


class Answer(NamedTuple):
    """What the store says of one partition: usage and number of counted events, at one progress."""

    source_offset: int
    usage: State
    counted: int


class Processor:
    """Counts made-up events, one a source offset, and writes what they amount to."""

    def __init__(self, settings: Settings, seed: int = 1) -> None:
        self.partitions = settings.partitions
        self.topic = topic_name(settings.topic_prefix, ROLLUPS)
        self.producer = Producer(producer_config(settings, "test-processor", linger_ms=0))
        self._random = Random(seed)
        self._next_offset = [0] * self.partitions
        self._usage: list[dict[UsageKey, Partial]] = [{} for _ in range(self.partitions)]
        #: What has to be seen at each progress, by partition.
        self.history: list[dict[int, State]] = [{-1: {}} for _ in range(self.partitions)]

    def work(self, batches: int = 1, events: int = 20, customers: int = 30) -> None:
        """Write some batches on every partition, confirmed by the broker."""
        for _ in range(batches):
            for partition in range(self.partitions):
                self.rows(partition, events, customers)
                self.progress(partition)
        assert self.producer.flush(30) == 0

    def rows(self, partition: int, events: int, customers: int = 30) -> None:
        """Write the rows that *events* events change, without the progress that makes them true."""
        changed: dict[UsageKey, int] = {}
        for _ in range(events):
            offset = self._next_offset[partition]
            self._next_offset[partition] += 1
            key = UsageKey("t1", f"c{self._random.randrange(customers)}-{partition}", "api", "", HOUR_MS, 0)
            one = single(HOUR_MS + offset, self._random.randrange(10**12))
            known = self._usage[partition].get(key)
            self._usage[partition][key] = one if known is None else merge(known, one)
            changed[key] = offset
        for key, offset in changed.items():
            row = UsageRow(self._usage[partition][key], stamp_of(GENERATION, offset))
            self._write(partition, rollup.encode(key), rollup.encode(row))
        last = self._next_offset[partition] - 1
        fates = FatesRow(last + 1, 0, 0, 0, 0, 0, 0, stamp_of(GENERATION, last))
        key_of_fates = FatesKey("t1", "api", HOUR_MS, DAY, partition)
        self._write(partition, rollup.encode(key_of_fates), rollup.encode(fates))
        self.history[partition][last] = {
            key.customer: (partial.events, partial.sum) for key, partial in self._usage[partition].items()
        }

    def progress(self, partition: int) -> None:
        """Write the progress that covers everything so far."""
        stamp = stamp_of(GENERATION, self._next_offset[partition] - 1)
        progress = Progress(stamp, time.time_ns() // 1_000_000, 1)
        self._write(partition, rollup.encode(ProgressKey(partition)), rollup.encode(progress))

    def raw(self, partition: int, key: bytes, value: bytes) -> None:
        """Write whatever is asked for."""
        self._write(partition, key, value)
        assert self.producer.flush(30) == 0

    def final(self, partition: int) -> Answer:
        """Return what the store has to say in the end."""
        last = self._next_offset[partition] - 1
        return Answer(last, self.history[partition][last], last + 1)

    def is_stored(self, database: Connection) -> bool:
        """Say whether the store is where the log is."""
        answers = stored(database)
        return all(
            answers.get(partition, NOTHING) == self.final(partition) for partition in range(self.partitions)
        )

    def check(self, database: Connection) -> None:
        """Fail unless what the store shows at this moment is the state at the progress that it shows."""
        for partition, answer in stored(database).items():
            offset = answer.source_offset
            expected = Answer(offset, self.history[partition][offset], offset + 1)
            assert answer == expected, f"partition {partition} shows no state of the log"

    def _write(self, partition: int, key: bytes, value: bytes) -> None:
        self.producer.produce(self.topic, value, key, partition=partition)
        self.producer.poll(0)


NOTHING = Answer(-1, {}, 0)


def stored(database: Connection) -> dict[int, Answer]:
    """Return what the store says of each partition, all in one snapshot."""
    with database.transaction():
        database.execute("set transaction isolation level repeatable read")
        progress = database.execute("select partition, source_offset from progress").fetchall()
        usage = database.execute("select partition, customer, events, sum from rollups").fetchall()
        fates = database.execute("select partition, counted from fate_counts").fetchall()
    by_partition: dict[int, State] = defaultdict(dict)
    for partition, customer, events, total in usage:
        by_partition[partition][customer] = (events, int(total))
    counted: dict[int, int] = dict(fates)
    assert set(by_partition) <= {partition for partition, _ in progress}, "rows without a progress"
    return {
        partition: Answer(offset, by_partition[partition], counted.get(partition, 0))
        for partition, offset in progress
    }
