"""Every record of one partition of `weir.usage` up to a bound: of the archive, then of the log behind it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np

from console.books.core.manifest import ArchiveFile, next_offsets
from console.replay.archive import read_file
from console.replay.log_tail import source_records, tail
from processors.stream.core.records import SourceRecord
from runtime.broker import Broker
from runtime.settings import Settings
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.pack import pack_of
from schemas.source_record import SourceEvents
from schemas.stamp import generation_of, offset_of, stamp_of
from schemas.topics import USAGE, topic_name

if TYPE_CHECKING:
    import pyarrow as pa

#: Events that are taken out of a file at once.
_EVENTS: Final = 20_000


class Extent(NamedTuple):
    """Offsets of one partition, both included."""

    partition: int
    generation: int
    first_offset: int
    last_offset: int

    def holds(self, generation: int, offset: int) -> bool:
        """Say whether the record at *offset* of *generation* is one of them."""
        return generation == self.generation and self.first_offset <= offset <= self.last_offset


class UsagePiece(NamedTuple):
    """Records of one partition, in their order."""

    generation: int
    records: Sequence[SourceRecord]
    #: Of records from the archive, by offset: it keeps events, not the bytes that they came in.
    events: Mapping[int, SourceEvents]

    def up_to(self, stamp: int, lost: Sequence[Extent]) -> Self:
        """Return it without what lies beyond *stamp*, and without what is *lost*."""
        generation = self.generation
        return self._replace(
            records=[
                record
                for record in self.records
                if stamp_of(generation, record.offset) <= stamp
                and not any(each.holds(generation, record.offset) for each in lost)
            ]
        )


class UsageSource:
    """Where the records of `weir.usage` are."""

    def __init__(
        self, settings: Settings, files: Sequence[ArchiveFile], generation: int, lost: Sequence[Extent]
    ) -> None:
        """Read *files*, then the log, whose offsets are of *generation*.

        No processor has ever read what is *lost*.
        """
        self._settings = settings
        self._files = files
        self._generation = generation
        self._lost = lost
        self._topic = topic_name(settings.topic_prefix, USAGE)
        self._broker = Broker.of(settings, "replay")

    def pieces(self, partition: int, stamp: int) -> Iterator[UsagePiece]:
        """Yield the records of *partition* up to *stamp*. Raises TryAgain."""
        lost = [each for each in self._lost if each.partition == partition]
        files = [
            file
            for file in self._files
            if file.partition == partition and stamp_of(file.generation, file.first_offset) <= stamp
        ]
        for file in files:
            for piece in self._archived(file):
                yield piece.up_to(stamp, lost)
        if generation_of(stamp) == self._generation:
            start = next_offsets(self._files, self._generation).get(partition, 0)
            messages = tail(
                self._settings, self._broker, (self._topic, partition), start, offset_of(stamp) + 1
            )
            for records in source_records(messages):
                yield UsagePiece(self._generation, records, {}).up_to(stamp, lost)

    def missing(self, partition: int, stamp: int) -> list[Extent]:
        """Return what of *partition* up to *stamp* is neither archived nor on the log, and was read once.

        Raises TryAgain.
        """
        known = [
            *(
                Extent(partition, file.generation, file.first_offset, file.last_offset)
                for file in self._files
                if file.partition == partition
            ),
            *(each for each in self._lost if each.partition == partition),
        ]
        generation, last = generation_of(stamp), offset_of(stamp)
        # Where it has to end, whatever is there.
        known.append(Extent(partition, generation, last + 1, last))
        if generation == self._generation:
            where = (self._topic, partition)
            first = min(self._broker.earliest([where])[where], last + 1)
            known.append(Extent(partition, generation, first, last))
        holes = []
        for generation, run in groupby(
            sorted(known, key=attrgetter("generation", "first_offset")), _generation
        ):
            due = 0
            for each in run:
                if each.first_offset > due:
                    holes.append(Extent(partition, generation, due, each.first_offset - 1))
                due = max(due, each.last_offset + 1)
        return holes

    def beyond(self, stamps: Mapping[int, int]) -> int:
        """Return how many records the log holds beyond the stamp of each partition. Raises TryAgain."""
        ends = self._broker.ends(self._topic, self._settings.partitions)
        return sum(max(0, end - self._next(stamps.get(number))) for number, end in ends.items())

    def _next(self, stamp: int | None) -> int:
        if stamp is None or generation_of(stamp) != self._generation:
            return 0
        return offset_of(stamp) + 1

    def _archived(self, file: ArchiveFile) -> Iterator[UsagePiece]:
        rows = read_file(self._settings, file, _COLUMNS)
        rows = rows.sort_by([("offset", "ascending"), ("index", "ascending")])
        offsets = rows["offset"].to_numpy()
        start = 0
        while start < len(offsets):
            last = offsets[min(start + _EVENTS, len(offsets)) - 1]
            # To the end of a record.
            end = int(np.searchsorted(offsets, last, side="right"))
            yield _decoded(file.generation, rows.slice(start, end - start))
            start = end


#: Columns of the archive, as `_Line` has them.
_COLUMNS: Final = (
    "offset",
    "index",
    "recorded_at_ms",
    "unreadable",
    "tenant",
    "customer",
    "type",
    "time_given",
    "time_ms",
    "quantity_micro",
    "source",
    "id",
    "rest",
)


class _Line(NamedTuple):
    """One event as the archive has it."""

    offset: int
    place: int
    recorded_at_ms: int
    unreadable: bool
    tenant: str
    customer: str
    type: str
    time_given: bool
    time_ms: int
    quantity_micro: Any
    source: str
    id: str
    rest: str

    @property
    def event(self) -> UsageEvent:
        """The event as its producer sent it."""
        return UsageEvent(
            Series(self.tenant, self.customer, self.type),
            self.time_ms if self.time_given else NOT_GIVEN,
            NO_QUANTITY if self.quantity_micro is None else int(self.quantity_micro),
            self.source,
            self.id,
            self.rest.encode(),
        )


def _decoded(generation: int, rows: "pa.Table") -> UsagePiece:
    """Return the records of *rows*, which are in the log's order."""
    records: list[SourceRecord] = []
    events: dict[int, SourceEvents] = {}
    columns = [rows[name].to_pylist() for name in _COLUMNS]
    for offset, found in groupby(map(_Line._make, zip(*columns, strict=True)), key=attrgetter("offset")):
        lines = list(found)
        readable = [line for line in lines if not line.unreadable]
        records.append(SourceRecord(offset, lines[0].recorded_at_ms, b"", {}))
        events[offset] = SourceEvents(
            pack_of([line.event for line in readable]) if readable else None,
            [line.place for line in readable],
            # Of a record that nobody can read as a whole, too: what is counted is the same.
            tuple(line.place for line in lines if line.unreadable),
        )
    return UsagePiece(generation, records, events)


def _generation(extent: Extent) -> int:
    return extent.generation
