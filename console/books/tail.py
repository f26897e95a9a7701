"""The log's own tail: what `weir.usage` holds beyond the archive, up to its end."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from confluent_kafka import Message

from console.books.core.entries import Finding
from console.books.core.rows import EventRow, Place, rows_of
from runtime.broker import Broker
from runtime.log_reader import read
from runtime.settings import Settings
from schemas.source_record import header_map
from schemas.topics import USAGE, topic_name


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
        starts = {(self._topic, each.partition): each.start for each in stretches}
        ends = {(self._topic, each.partition): each.end for each in stretches}
        for message in read(self._settings, "books", starts, ends):
            yield from self._rows(message)

    def _rows(self, message: Message) -> Iterator[EventRow]:
        partition, offset = message.partition() or 0, message.offset() or 0
        place = Place(self._generation, partition, offset, message.timestamp()[1])
        headers = cast("list[tuple[str, bytes | None]] | None", message.headers())
        return rows_of(place, message.value() or b"", header_map(headers))


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
