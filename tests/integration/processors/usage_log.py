"""A usage log by hand: topics, catalogue and packs on the real broker, and what a processor made of them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from processors.stream.reader import read
from runtime.broker import Broker
from runtime.kafka import consumer_config, producer_config
from runtime.settings import Settings
from schemas import rollup, topics
from schemas.catalog import Fact, MetersPublished, TopicAdopted, encode_fact, fact_key
from schemas.event import Series, UsageEvent
from schemas.meters import Meter
from schemas.pack import encode_pack
from schemas.partition import partition_of
from schemas.topics import Topic, topic_name
from tests.stack import PARTITIONS, Namespace

METERS = tuple(Meter(name=name, event_type=name, default_one=True) for name in ("api", "database"))
_READ_SECONDS = 60.0


@dataclass
class Made:
    """The newest value of every key of weir.rollups."""

    rows: dict[rollup.Key, rollup.Row] = field(default_factory=dict)

    @property
    def usage(self) -> dict[Series, int]:
        """Return the sum of each series, in state integers."""
        sums: dict[Series, int] = {}
        for key, row in self.rows.items():
            if isinstance(key, rollup.UsageKey) and isinstance(row, rollup.UsageRow):
                series = Series(key.tenant, key.customer, key.meter)
                sums[series] = sums.get(series, 0) + row.partial.sum
        return sums

    @property
    def fates(self) -> rollup.FatesRow:
        """Return the counts of all fates, added up."""
        found = [row for row in self.rows.values() if isinstance(row, rollup.FatesRow)]
        names = ("counted", "in_grace", "late", "duplicate", "conflict", "unmatched", "refused")
        sums = {name: sum(getattr(row, name) for row in found) for name in names}
        return rollup.FatesRow(**sums, stamp=0)

    @property
    def progress(self) -> dict[int, rollup.Progress]:
        """Return the progress of each partition."""
        return {
            key.partition: row
            for key, row in self.rows.items()
            if isinstance(key, rollup.ProgressKey) and isinstance(row, rollup.Progress)
        }

    @property
    def lost(self) -> dict[rollup.LostKey, rollup.LostRow]:
        """Return the ranges that were lost."""
        return {
            key: row
            for key, row in self.rows.items()
            if isinstance(key, rollup.LostKey) and isinstance(row, rollup.LostRow)
        }


class UsageLog:
    """One test's topics, as an ingress and the control side would have filled them."""

    def __init__(self, namespace: Namespace) -> None:
        """Make the topics, and publish meters and the topics' ids."""
        self.namespace = namespace
        self.settings: Settings = namespace.settings()
        self.broker = Broker.of(self.settings)
        self._producer = Producer(producer_config(self.settings, "test", linger_ms=5))
        namespace.create_topics()
        self.publish(MetersPublished(1, 0, METERS), *self.adoptions())

    def adoptions(self, generation: int = 0) -> list[Fact]:
        """Return the facts that the topics of the broker are the right ones."""
        prefix = self.namespace.prefix
        found = self.broker.topics(topic_name(prefix, topic) for topic in topics.TOPICS)
        return [
            TopicAdopted(
                topic.name, facts.topic_id, generation if topic is topics.USAGE else 0, facts.partitions
            )
            for topic in topics.TOPICS
            if (facts := found.get(topic_name(prefix, topic))) is not None
        ]

    def publish(self, *facts: Fact) -> None:
        """Put *facts* on weir.catalog."""
        name = topic_name(self.namespace.prefix, topics.CATALOG)
        for fact in facts:
            self._producer.produce(name, encode_fact(fact), fact_key(fact), partition=0)
        self._flush()

    def send(self, events: Iterable[UsageEvent], pack: int = 50) -> None:
        """Append *events*, in packs of at most *pack*."""
        by_partition: dict[int, list[UsageEvent]] = {}
        for event in events:
            number = partition_of(event.series.tenant, event.series.customer, PARTITIONS)
            by_partition.setdefault(number, []).append(event)
        for number, own in by_partition.items():
            for start in range(0, len(own), pack):
                self.send_raw(number, encode_pack(own[start : start + pack]))
        self._flush()

    def send_raw(self, partition: int, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Append one record as it is; `send` or `wait` sends it off."""
        name = topic_name(self.namespace.prefix, topics.USAGE)
        self._producer.produce(name, value, partition=partition, headers=list(headers))

    def ends(self) -> dict[int, int]:
        """Return the end of every partition of the log."""
        self._flush()
        name = topic_name(self.namespace.prefix, topics.USAGE)
        found = self.broker.latest((name, number) for number in range(PARTITIONS))
        return {number: end for (_, number), end in found.items()}

    def eat(self, ends: Mapping[int, int], topic: Topic = topics.USAGE) -> None:
        """Delete what lies before *ends*, as retention would."""
        name = topic_name(self.namespace.prefix, topic)
        asked = [TopicPartition(name, number, end) for number, end in ends.items()]
        for future in self.namespace.admin.delete_records(asked).values():
            future.result(timeout=_READ_SECONDS)

    def reset_group(self) -> None:
        """Commit the beginning of the log for the processors' group, once it has no member."""
        name = topic_name(self.namespace.prefix, topics.USAGE)
        group = f"{self.namespace.prefix}usage-processor"
        earliest = [TopicPartition(name, number, 0) for number in range(PARTITIONS)]
        deadline = time.monotonic() + _READ_SECONDS
        with closing(Consumer(consumer_config(self.settings, "operator", group))) as consumer:
            while True:
                try:
                    consumer.commit(offsets=earliest, asynchronous=False)
                except KafkaException:
                    # Refused as long as the group waits for the killed member.
                    assert time.monotonic() < deadline
                    time.sleep(0.5)
                else:
                    return

    def write_rollup(self, key: rollup.UsageKey, row: rollup.UsageRow) -> None:
        """Append a row as if a processor had written it."""
        name = topic_name(self.namespace.prefix, topics.ROLLUPS)
        number = partition_of(key.tenant, key.customer, PARTITIONS)
        self._producer.produce(name, rollup.encode(row), rollup.encode(key), partition=number)
        self._flush()

    def last_row(self, key: rollup.UsageKey) -> rollup.Row:
        """Return the last value of *key* on weir.rollups, whatever its stamp."""
        return self._rows()[key][-1]

    def made(self) -> Made:
        """Return what is on weir.rollups now."""
        return Made({key: max(rows, key=lambda row: row.stamp) for key, rows in self._rows().items()})

    def rollup_records(self) -> dict[int, list[tuple[bytes, bytes]]]:
        """Return key and value of everything on weir.rollups, by partition."""
        name = topic_name(self.namespace.prefix, topics.ROLLUPS)
        starts = self.broker.earliest((name, number) for number in range(PARTITIONS))
        records: dict[int, list[tuple[bytes, bytes]]] = {number: [] for number in range(PARTITIONS)}
        for message in read(self.settings, starts, self.broker.latest(starts)):
            records[message.partition() or 0].append((message.key() or b"", message.value() or b""))
        return records

    def _rows(self) -> dict[rollup.Key, list[rollup.Row]]:
        rows: dict[rollup.Key, list[rollup.Row]] = {}
        for records in self.rollup_records().values():
            for raw_key, value in records:
                key, row = rollup.decode(raw_key, value)
                rows.setdefault(key, []).append(row)
        return rows

    def _flush(self) -> None:
        assert not self._producer.flush(_READ_SECONDS)
