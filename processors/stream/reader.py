"""Reads partitions of a topic between given offsets, as fast as they come."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Final, Protocol

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime.broker import Partition
from runtime.kafka import consumer_config
from runtime.settings import Settings
from schemas.errors import TryAgain

_CHUNK: Final = 20_000
_POLL_SECONDS: Final = 0.1
#: Polls without a record before we say that the broker does not answer.
_EMPTY_POLLS: Final = 300


class Stored(Protocol):
    """A record that was read back: confluent_kafka's Message, as far as state is loaded from it."""

    def partition(self) -> int | None:
        """Return its partition."""

    def key(self) -> bytes | None:
        """Return its key."""

    def value(self) -> bytes | None:
        """Return its value."""

    def timestamp(self) -> tuple[int, int]:
        """Return the kind of its time, and the time in ms."""


#: Takes the starts and ends that `read` takes.
Read = Callable[[Mapping[Partition, int], Mapping[Partition, int]], Iterator[Stored]]


def read(
    settings: Settings, starts: Mapping[Partition, int], ends: Mapping[Partition, int]
) -> Iterator[Message]:
    """Yield the records of each (topic, partition) from its start up to, but without, its end.

    The partitions' records come interleaved, each partition's in order. Raises TryAgain.
    """
    missing = {where: end for where, end in ends.items() if starts[where] < end}
    if not missing:
        return
    config = consumer_config(
        settings,
        "reader",
        f"{settings.topic_prefix}reader-{settings.instance}",  # never joined
        fetch_max_bytes=50_000_000,
        queued_max_messages_kbytes=262_144,
        check_crcs=False,
    )
    with closing(Consumer(config)) as consumer:
        consumer.assign([TopicPartition(*where, starts[where]) for where in missing])
        yield from _until_ends(consumer, missing)


def _until_ends(consumer: Consumer, missing: dict[Partition, int]) -> Iterator[Message]:
    empty_polls = 0
    while missing:
        messages = consumer.consume(_CHUNK, _POLL_SECONDS)
        empty_polls = 0 if messages else empty_polls + 1
        if empty_polls > _EMPTY_POLLS:
            raise TryAgain(f"no records from {min(missing)} for {_EMPTY_POLLS * _POLL_SECONDS:.0f} s")
        for message in messages:
            error = message.error()
            if error is not None:
                if error.retriable():
                    continue
                raise TryAgain(str(KafkaException(error)))
            where = message.topic() or "", message.partition() or 0
            end = missing.get(where)
            if end is None:
                continue
            yield message
            if (message.offset() or 0) + 1 >= end:
                del missing[where]
