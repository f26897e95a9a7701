"""One record of `weir.usage` as rows of the relation `log`."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from schemas.errors import Reject
from schemas.event import NOT_GIVEN
from schemas.pack import Pack
from schemas.source_record import read_record


class Place(NamedTuple):
    """Where a record stands, and when the broker appended it."""

    generation: int
    partition: int
    offset: int
    recorded_at_ms: int


class EventRow(NamedTuple):
    """One event; a row of the table `tail`."""

    generation: int
    partition: int
    offset: int
    #: Place of the event in its record.
    nth: int
    #: Nothing that it says of itself can be used.
    unreadable: bool
    tenant: str
    customer: str
    type: str
    source: str
    id: str
    given_ms: int
    recorded_at_ms: int
    #: Text, since it may have more digits than 64 bits.
    quantity_micro: str
    rest: str


def rows_of(place: Place, value: bytes, headers: Mapping[str, bytes]) -> Iterator[EventRow]:
    """Yield the events of one record; a record that nobody can read is one event.

    Raises UnknownPackVersion.
    """
    try:
        events = read_record(value, headers, place.recorded_at_ms)
    except Reject:
        yield _unreadable(place, 0)
        return
    for nth in events.invalid:
        yield _unreadable(place, nth)
    if events.pack is not None:
        for nth, row in zip(events.places, _columns(events.pack), strict=True):
            series, given_ms, quantity, source, event_id, rest = row
            yield EventRow(
                place.generation,
                place.partition,
                place.offset,
                nth,
                False,  # noqa: FBT003 -- a column; by keyword it costs twice as much
                *series,
                source,
                event_id,
                given_ms,
                place.recorded_at_ms,
                str(quantity),
                rest.decode(),
            )


def _columns(pack: Pack) -> Iterator[tuple[tuple[str, str, str], int, int, str, str, bytes]]:
    return zip(
        map(pack.series.__getitem__, pack.series_index),
        pack.given_ms,
        pack.quantity_micro,
        map(pack.sources.__getitem__, pack.source_index),
        pack.id_texts(),
        pack.each_rest(),
        strict=True,
    )


def _unreadable(place: Place, nth: int) -> EventRow:
    return EventRow(
        generation=place.generation,
        partition=place.partition,
        offset=place.offset,
        nth=nth,
        unreadable=True,
        tenant="",
        customer="",
        type="",
        source="",
        id="",
        given_ms=NOT_GIVEN,
        recorded_at_ms=place.recorded_at_ms,
        quantity_micro="-1",
        rest="",
    )
