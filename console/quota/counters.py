"""What `weir.quotas` says now, read to its end without a group."""

from collections.abc import Iterable
from contextlib import closing
from typing import Final, NamedTuple, TypeVar

from confluent_kafka import Consumer, TopicPartition

from console.usage.core.freshness import LogEnds
from console.usage.log_ends import look
from runtime.broker import Broker
from runtime.kafka import consumer_config, readable
from runtime.settings import Settings
from schemas import quota
from schemas.errors import TryAgain
from schemas.rollup import Progress, ProgressKey
from schemas.topics import QUOTAS, topic_name

K = TypeVar("K", quota.UsedKey, quota.EventsKey)
R = TypeVar("R", quota.UsedRow, quota.EventsRow)

_RECORDS: Final = 5_000
_SILENCE_SECONDS: Final = 15.0


class Counters(NamedTuple):
    """The newest row of every key, and how far the processors were."""

    used: dict[quota.UsedKey, quota.UsedRow]
    events: dict[quota.EventsKey, quota.EventsRow]
    progress: dict[int, Progress]
    #: Where `weir.usage` ended before they were read.
    ends: LogEnds


def read_counters(settings: Settings, partitions: Iterable[int]) -> Counters:
    """Return the counters of *partitions*. Raises TryAgain, and Reject for what this release cannot read."""
    broker = Broker.of(settings, "quota")
    counters = Counters({}, {}, {}, look(broker, settings))
    topic = topic_name(settings.topic_prefix, QUOTAS)
    where = [(topic, number) for number in partitions]
    starts, ends = broker.earliest(where), broker.latest(where)
    missing = {
        number: ends[topic, number] for _, number in where if starts[topic, number] < ends[topic, number]
    }
    with closing(Consumer(consumer_config(settings, "quota", f"{settings.topic_prefix}quota"))) as consumer:
        consumer.assign([TopicPartition(topic, number, starts[topic, number]) for number in missing])
        while missing:
            first = consumer.poll(_SILENCE_SECONDS)
            if first is None:
                raise TryAgain(f"Kafka sends nothing of {topic} for {_SILENCE_SECONDS:.0f} s")
            for message in readable([first, *consumer.consume(_RECORDS, 0)]):
                _take(counters, message.key() or b"", message.value() or b"")
                number = message.partition() or 0
                if (message.offset() or 0) + 1 >= missing.get(number, 0):
                    missing.pop(number, None)
    return counters


def _take(counters: Counters, raw: bytes, value: bytes) -> None:
    key = quota.decode_key(raw)
    if isinstance(key, ProgressKey):
        counters.progress[key.partition] = quota.decode_progress(value)
    elif isinstance(key, quota.UsedKey):
        _keep(counters.used, key, quota.decode_used(value) if value else None)
    else:
        _keep(counters.events, key, quota.decode_events(value) if value else None)


def _keep(rows: dict[K, R], key: K, row: R | None) -> None:
    """Keep the row with the highest stamp; None: the key is over."""
    if row is None:
        rows.pop(key, None)
    elif key not in rows or rows[key].stamp <= row.stamp:
        rows[key] = row
