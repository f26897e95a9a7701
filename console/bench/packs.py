"""Puts packs on the log directly, as an ingress would, without an ingress."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from confluent_kafka import Producer

from console.generator.attempt import TruthWriter
from console.generator.deck import Batch
from console.generator.keys import Account
from runtime.kafka import producer_config
from runtime.settings import Settings
from schemas.admission import EventRejected, read_event
from schemas.errors import TryAgain
from schemas.event import UsageEvent
from schemas.pack import CONTENT_TYPE, encode_pack
from schemas.partition import partition_of
from schemas.topics import USAGE, Topic, topic_name
from schemas.webhook import Headers

#: About what an ingress under full load of batches of 100 puts into one.
EVENTS_A_PACK: Final = 200
_HEADERS: Final[Headers] = [("content-type", CONTENT_TYPE)]
_FLUSH_SECONDS: Final = 60


class Packed(NamedTuple):
    """One record to be."""

    partition: int
    value: bytes


def pack_up(
    batches: Sequence[Batch], accounts: Sequence[Account], partitions: int, now_ms: int
) -> list[Packed]:
    """Return the good events of *batches* as packs of their partitions, in order."""
    by_partition: dict[int, list[UsageEvent]] = defaultdict(list)
    packs = []
    for event in _events(batches, accounts, now_ms):
        number = partition_of(event.series.tenant, event.series.customer, partitions)
        waiting = by_partition[number]
        waiting.append(event)
        if len(waiting) == EVENTS_A_PACK:
            packs.append(Packed(number, encode_pack(waiting)))
            waiting.clear()
    return packs + [Packed(number, encode_pack(rest)) for number, rest in by_partition.items() if rest]


def publish(
    settings: Settings, packs: Iterable[Packed], topic: Topic = USAGE, headers: Headers = _HEADERS
) -> None:
    """Write *packs* to *topic*. Raises TryAgain if one is not confirmed."""
    producer = Producer(producer_config(settings, "bench-packs", queue_buffering_max_kbytes=1_048_576))
    name = topic_name(settings.topic_prefix, topic)
    for pack in packs:
        producer.produce(name, pack.value, partition=pack.partition, headers=headers)
    if left := producer.flush(_FLUSH_SECONDS):
        raise TryAgain(f"Kafka has not confirmed {left} records after {_FLUSH_SECONDS} s")


def write_accepted(path: Path, batches: Iterable[Batch]) -> None:
    """Write the truth about events that stand on the log for certain."""
    with TruthWriter(path) as writer:
        for batch in batches:
            writer.write_same(batch.events, "accepted")


def _events(batches: Sequence[Batch], accounts: Sequence[Account], now_ms: int) -> Iterator[UsageEvent]:
    for batch in batches:
        for made in batch.events:
            try:
                yield read_event(made.body, accounts[batch.tenant].tenant, now_ms)
            except EventRejected:
                continue
