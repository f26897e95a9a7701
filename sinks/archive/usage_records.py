"""Records of `weir.usage` as packs, whoever wrote them; what nobody can read is kept as bytes."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.errors import Reject
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.pack import Pack, pack_of
from schemas.source_record import header_map, read_record
from sinks.core.record import Record


class Taken(NamedTuple):
    """The events of one record that stand in one pack."""

    offset: int
    recorded_at_ms: int
    pack: Pack
    #: Where each event stands in the record.
    places: Sequence[int]
    unreadable: bool = False
    raw: bytes | None = None

    @property
    def rows(self) -> int:
        """Rows that it becomes."""
        return self.pack.count


class UsageRecord(NamedTuple):
    """One record of the log, decoded."""

    offset: int
    parts: tuple[Taken, ...]

    @property
    def rows(self) -> int:
        """Rows that it becomes; at least one, so that no record is without a trace."""
        return sum(part.rows for part in self.parts)


def read(record: Record) -> UsageRecord:
    """Return every event of *record*. What nobody can read is kept as bytes. Raises UnknownPackVersion."""
    try:
        events = read_record(record.value, header_map(_binary(record)), record.time_ms)
    except Reject:
        return UsageRecord(record.offset, (_unreadable(record, [0]),))
    parts = [] if events.pack is None else [Taken(record.offset, record.time_ms, events.pack, events.places)]
    if events.invalid:
        parts.append(_unreadable(record, events.invalid))
    return UsageRecord(record.offset, tuple(parts))


def _binary(record: Record) -> list[tuple[str, bytes | None]]:
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in record.headers]


def _unreadable(record: Record, places: Sequence[int]) -> Taken:
    nobody = UsageEvent(Series("", "", ""), NOT_GIVEN, NO_QUANTITY, "", "", b"")
    pack = pack_of([nobody] * len(places))
    return Taken(record.offset, record.time_ms, pack, places, unreadable=True, raw=record.value)
