"""The ends of `weir.usage` and `weir.verdicts` that are not in the archive yet."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from confluent_kafka import Message

from console.events.archive import Wanted
from console.events.core.sighting import Said, Sighting, Where
from runtime.broker import Broker
from runtime.log_reader import read
from runtime.settings import Settings
from schemas.errors import Reject
from schemas.event import NO_QUANTITY, NOT_GIVEN
from schemas.pack import Pack
from schemas.seen import parse_offset_key
from schemas.source_record import header_map, read_record
from schemas.topics import USAGE, VERDICTS, Topic, topic_name
from schemas.verdict import PROGRESS_KEY, decode_verdicts


class Record(NamedTuple):
    """A record of one partition."""

    partition: int
    offset: int
    message: Message


class Tail:
    """Reads the ends of the two logs without a group."""

    def __init__(
        self, settings: Settings, archived_to: Mapping[tuple[str, int], int], generation: int
    ) -> None:
        """Begin where the archive ends (by topic and partition); offsets are of *generation*."""
        self._settings = settings
        self._archived_to = archived_to
        self._generation = generation

    def sightings(self, partitions: Iterable[int], wanted: Wanted) -> list[Sighting]:
        """Return every copy of the event on *partitions*. Raises TryAgain."""
        return [
            sighting
            for record in self._records(USAGE, partitions)
            for sighting in self._matching(record, wanted)
        ]

    def said(self, wheres: Iterable[Where]) -> dict[Where, Said]:
        """Return the verdicts on those places that have one. Raises TryAgain."""
        places = {where for where in wheres if where.generation == self._generation}
        return {
            where: said
            for record in self._records(VERDICTS, {where.partition for where in places})
            for where, said in self._verdicts(record)
            if where in places
        }

    def _matching(self, record: Record, wanted: Wanted) -> Iterator[Sighting]:
        _, recorded_at_ms = record.message.timestamp()
        headers = cast("list[tuple[str, bytes | None]] | None", record.message.headers())
        try:
            events = read_record(record.message.value() or b"", header_map(headers), recorded_at_ms)
        except Reject:
            return
        for row in _rows_of(events.pack, wanted.id) if events.pack is not None else ():
            event = events.pack.event(row)  # type: ignore[union-attr]
            tenant, customer, event_type = event.series
            if (tenant, event.source) != (wanted.tenant, wanted.source):
                continue
            if wanted.customer not in {None, customer}:
                continue
            yield Sighting(
                Where(self._generation, record.partition, record.offset, events.places[row]),
                tenant,
                customer,
                event_type,
                event.source,
                event.id,
                None if event.given_ms == NOT_GIVEN else event.given_ms,
                recorded_at_ms,
                None if event.quantity_micro == NO_QUANTITY else event.quantity_micro,
                event.rest.decode(),
            )

    def _verdicts(self, record: Record) -> Iterator[tuple[Where, Said]]:
        key, value = record.message.key(), record.message.value()
        if not isinstance(key, bytes) or key == PROGRESS_KEY or value is None:
            return
        offset = parse_offset_key(key)
        for verdict in decode_verdicts(value).verdicts:
            where = Where(self._generation, record.partition, offset, verdict.index)
            yield where, Said(verdict.fate, verdict.code, verdict.first_offset)

    def _records(self, topic: Topic, partitions: Iterable[int]) -> Iterator[Record]:
        """Yield what stands between the archive's end and the log's end, as it is now."""
        name = topic_name(self._settings.topic_prefix, topic)
        wanted = [(name, number) for number in sorted(set(partitions))]
        broker = Broker.of(self._settings, "event")
        begins, ends = broker.earliest(wanted), broker.latest(wanted)
        starts = {
            place: max(self._archived_to.get((topic.name, place[1]), 0), begins[place]) for place in wanted
        }
        for message in read(self._settings, "event", starts, ends):
            yield Record(message.partition() or 0, message.offset() or 0, message)


def _rows_of(pack: Pack, event_id: str) -> Iterator[int]:
    """Yield the rows of *pack* with this id."""
    # Decoding only what can match: UUIDs are compared by their bytes, in one pass of C.
    if isinstance(pack.ids, bytes):
        try:
            raw = bytes.fromhex(event_id.replace("-", ""))
        except ValueError:
            return
        if raw not in pack.ids:
            return
    elif event_id not in pack.ids:
        return
    for row, text in enumerate(pack.id_texts()):
        if text == event_id:
            yield row
