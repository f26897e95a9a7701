"""The answer to "what became of this event?"."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from console.events.core.sighting import Answered, Said, Sighting, Stored, Where, fate_of
from schemas.catalog import Catalog
from schemas.groups import properties_of
from schemas.instant import format_instant
from schemas.position import Position
from schemas.quantity import format_micro
from schemas.verdict import Fate
from schemas.windows import WINDOW_MS, arrival, window_start

_MEASURED: Final = frozenset({Fate.COUNTED, Fate.LATE})


class HourWindow(msgspec.Struct, frozen=True):
    """The hour in which an event counts."""

    start: str
    end: str


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One copy of an event on the log."""

    #: counted, late, duplicate, conflict, unmatched, refused or in_flight.
    fate: str
    position: str
    customer: str
    type: str
    source: str
    id: str
    #: As the producer sent it, in the meter's unit; None where the event named none.
    quantity: str | None
    occurred_at: str
    recorded_at: str
    #: Where it counts, and in which meters; only for counted and late.
    window: HourWindow | None
    meters: tuple[str, ...]
    #: By meter, where it groups: the properties of its group.
    groups: dict[str, dict[str, str]]
    #: on_time, in_grace or late, seen from its window.
    arrival: str | None
    #: Position of the first sighting, for a duplicate or a conflict.
    duplicate_of: str | None
    #: Why it was refused.
    reason: str | None
    #: The event as it stands on the log, in canonical JSON.
    bytes: str


class EventFate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event: of the copy that decides, with all copies beside it."""

    #: As of a copy, or unknown.
    fate: str
    position: str | None = None
    customer: str | None = None
    type: str | None = None
    source: str
    id: str
    quantity: str | None = None
    occurred_at: str | None = None
    recorded_at: str | None = None
    window: HourWindow | None = None
    meters: tuple[str, ...] = ()
    groups: dict[str, dict[str, str]] = {}
    arrival: str | None = None
    duplicate_of: str | None = None
    reason: str | None = None
    bytes: str | None = None
    #: Every copy on the log, oldest first.
    sightings: tuple[Copy, ...] = ()


class Evidence(msgspec.Struct, frozen=True):
    """All that was found out about one event."""

    topic: str
    catalog: Catalog
    sightings: Sequence[Sighting]
    said: Mapping[Where, Said]
    #: By partition.
    stored: Mapping[int, Stored]


def event_fate(source: str, event_id: str, evidence: Evidence, at: Position | None = None) -> EventFate:
    """Return the fate of the copy that decides, or of the one that stands *at* a position.

    The copy that counted or was late decides; where none did, the newest one.
    """
    copies = [_copy(sighting, evidence) for sighting in sorted(evidence.sightings)]
    if at is not None:
        chosen = [copy for copy in copies if copy.position == str(at)]
    else:
        chosen = [copy for copy in copies if copy.fate in _MEASURED] or copies[-1:]
    if not chosen:
        return EventFate(fate=Answered.UNKNOWN, source=source, id=event_id, sightings=tuple(copies))
    return EventFate(**msgspec.structs.asdict(chosen[0]), sightings=tuple(copies))


def _copy(sighting: Sighting, evidence: Evidence) -> Copy:
    where = sighting.where
    said = evidence.said.get(where)
    fate = fate_of(where, said, evidence.stored.get(where.partition))
    occurred_ms = sighting.occurred_at_ms
    start_ms = window_start(occurred_ms)
    meters = evidence.catalog.meters_at(occurred_ms) if evidence.catalog.versions else None
    measured = meters is not None and fate in _MEASURED
    counting = meters.counting(sighting.type, sighting.rest.encode()) if meters and measured else []
    quantity = sighting.quantity_micro
    return Copy(
        fate=fate.value,
        position=_position(evidence.topic, where),
        customer=sighting.customer,
        type=sighting.type,
        source=sighting.source,
        id=sighting.id,
        quantity=None if quantity is None else format_micro(quantity),
        occurred_at=format_instant(occurred_ms),
        recorded_at=format_instant(sighting.recorded_at_ms),
        window=HourWindow(format_instant(start_ms), format_instant(start_ms + WINDOW_MS))
        if measured
        else None,
        meters=tuple(meter.name for meter, _ in counting),
        groups={meter.name: properties_of(group) for meter, group in counting if meter.group_by},
        arrival=(
            arrival(start_ms, sighting.recorded_at_ms, meters.grace_ms).value if meters and measured else None
        ),
        duplicate_of=_first(where, said, evidence),
        reason=said.code or None if said else None,
        bytes=_bytes(sighting),
    )


def _position(topic: str, where: Where) -> str:
    return str(Position(topic, where.partition, where.offset, where.nth))


def _first(where: Where, said: Said | None, evidence: Evidence) -> str | None:
    """Return where the first sighting stands; its place in the record is known if we have seen it too."""
    if said is None or said.first_offset is None:
        return None
    record = (where.generation, where.partition, said.first_offset)
    for sighting in sorted(evidence.sightings):
        there = sighting.where
        if there[:3] == record and _measured(evidence.said.get(there)):
            return _position(evidence.topic, there)
    return f"{evidence.topic}/{where.partition}/{said.first_offset}"


def _measured(said: Said | None) -> bool:
    return said is None or said.fate is Fate.LATE


def _bytes(sighting: Sighting) -> str:
    """Return the event in the API's short form; whatever else the producer sent stands behind it."""
    members: dict[str, object] = {
        "id": sighting.id,
        "source": sighting.source,
        "customer": sighting.customer,
        "meter": sighting.type,
    }
    if sighting.quantity_micro is not None:
        members["quantity"] = format_micro(sighting.quantity_micro)
    if sighting.given_ms is not None:
        members["time"] = format_instant(sighting.given_ms)
    # Raw members keep numbers as they were written.
    rest = msgspec.json.decode(sighting.rest, type=dict[str, msgspec.Raw]) if sighting.rest else {}
    return msgspec.json.encode({**rest, **members}, order="sorted").decode()
