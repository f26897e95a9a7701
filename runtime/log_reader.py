"""Reads partitions of a topic between given offsets, without a group, as fast as they come."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

from confluent_kafka import Consumer, Message, TopicPartition

from runtime.broker import Partition
from runtime.kafka import consumer_config
from runtime.settings import Settings
from schemas.errors import TryAgain

#: Records that are taken at once.
_CHUNK: Final = 500
#: Without a record for so long, the broker does not answer.
_SILENCE_SECONDS: Final = 30.0


def read(
    settings: Settings,
    client: str,
    starts: Mapping[Partition, int],
    ends: Mapping[Partition, int],
    chunk: int = _CHUNK,
    **config: Any,  # noqa: ANN401
) -> Iterator[Message]:
    """Yield the records of each (topic, partition) from its start up to, but without, its end.

    The partitions' records come interleaved, each partition's in order. *config* has librdkafka's names
    with _ for the dot. Raises TryAgain.
    """
    missing = {where: end for where, end in ends.items() if starts[where] < end}
    if not missing:
        return
    group = f"{settings.topic_prefix}{client}-{settings.instance}"  # never joined
    with closing(Consumer(consumer_config(settings, client, group, **config))) as consumer:
        consumer.assign([TopicPartition(*where, starts[where]) for where in missing])
        while missing:
            messages = arrived(consumer, chunk, _SILENCE_SECONDS)
            if not messages:
                raise TryAgain(f"Kafka sends nothing of {min(missing)[0]} for {_SILENCE_SECONDS:.0f} s")
            for message in messages:
                error = message.error()
                if error is not None:
                    if error.retriable():
                        continue
                    raise TryAgain(f"{message.topic()} cannot be read: {error.str()}")
                where = message.topic() or "", message.partition() or 0
                end = missing.get(where)
                if end is None:
                    continue
                offset = message.offset() or 0
                if offset < end:
                    yield message
                if offset + 1 >= end:
                    del missing[where]


def arrived(consumer: Consumer, chunk: int, seconds: float) -> list[Message]:
    """Return what is there, at most *chunk* and one; or else the first that comes within *seconds*."""
    first = consumer.poll(seconds)
    # Asked with a timeout, `consume` waits all of it for more.
    return [] if first is None else [first, *consumer.consume(chunk, 0)]
