"""The log's own tail: what `weir.usage` holds beyond the archive, up to its end."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from console.books.core.entries import Finding
from console.books.core.rows import EventRow, Place, rows_of
from runtime.broker import Broker
from runtime.kafka import consumer_config
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.source_record import header_map
from schemas.topics import USAGE, topic_name

_RECORDS: Final = 500
_SILENCE_SECONDS: Final = 15.0


class Stretch(NamedTuple):
    """Offsets [start, end) of one partition that have to be read."""

    partition: int
    start: int
    end: int


class Tail:
    """Reads the end of `weir.usage` without a group: nobody's offsets move."""

    def __init__(self, settings: Settings, generation: int) -> None:
        """Read the log that *settings* name; its offsets are of *generation*."""
        self._settings = settings
        self._generation = generation
        self._topic = topic_name(settings.topic_prefix, USAGE)

    def stretches(self, archived_to: Mapping[int, int]) -> tuple[list[Stretch], list[Finding]]:
        """Return what lies between *archived_to* (next offset by partition) and the end, and what is lost.

        Raises TryAgain.
        """
        broker = Broker.of(self._settings, "books")
        partitions = [(self._topic, number) for number in range(self._settings.partitions)]
        earliest, latest = broker.earliest(partitions), broker.latest(partitions)
        stretches, findings = [], []
        for partition in partitions:
            number = partition[1]
            start = archived_to.get(number, 0)
            if earliest[partition] > start:
                findings.append(_deleted(self._topic, number, start, earliest[partition] - 1))
                start = earliest[partition]
            if latest[partition] < start:
                findings.append(_shrunk(self._topic, number, latest[partition], start))
            if latest[partition] > start:
                stretches.append(Stretch(number, start, latest[partition]))
        return stretches, findings

    def read(self, stretches: list[Stretch]) -> Iterator[EventRow]:
        """Yield every event of *stretches*. Raises TryAgain, UnknownPackVersion."""
        if not stretches:
            return
        consumer = Consumer(consumer_config(self._settings, "books", f"{self._settings.topic_prefix}books"))
        try:
            consumer.assign([TopicPartition(self._topic, each.partition, each.start) for each in stretches])
            yield from self._until(consumer, {each.partition: each.end for each in stretches})
        finally:
            consumer.close()

    def _until(self, consumer: Consumer, ends: dict[int, int]) -> Iterator[EventRow]:
        while ends:
            first = consumer.poll(_SILENCE_SECONDS)
            if first is None:
                raise TryAgain(f"Kafka sends nothing of {self._topic} for {_SILENCE_SECONDS:.0f} s")
            # Asked with a timeout, `consume` waits all of it when the tail is short.
            for message in (first, *consumer.consume(_RECORDS, 0)):
                partition, offset = _position(message)
                end = ends.get(partition, 0)
                if offset < end:
                    yield from self._rows(message)
                if offset >= end - 1:
                    ends.pop(partition, None)

    def _rows(self, message: Message) -> Iterator[EventRow]:
        partition, offset = _position(message)
        place = Place(self._generation, partition, offset, message.timestamp()[1])
        headers = cast("list[tuple[str, bytes | None]] | None", message.headers())
        return rows_of(place, message.value() or b"", header_map(headers))


def _position(message: Message) -> tuple[int, int]:
    error = message.error()
    if error is not None:
        raise TryAgain(f"Kafka does not let us read: {_words(error)}")
    partition, offset = message.partition(), message.offset()
    if partition is None or offset is None:
        raise TypeError("a record without a position")
    return partition, offset


def _words(error: KafkaError) -> str:
    return str(error.str())


def _deleted(topic: str, partition: int, first: int, last: int) -> Finding:
    return Finding(
        "log_lost",
        f"{topic} partition {partition}",
        f"offsets {first} to {last} are neither in the archive nor on the log any more",
    )


def _shrunk(topic: str, partition: int, end: int, archived_to: int) -> Finding:
    return Finding(
        "log_shrunk",
        f"{topic} partition {partition}",
        f"ends at offset {end}, and the archive goes to {archived_to - 1}: another topic of the same name",
    )
