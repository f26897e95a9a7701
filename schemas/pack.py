"""The pack: 1 to 500 events of one partition in one Kafka record, column by column.

Columns cost a reader 0.1 to 0.3 microseconds an event, JSON 1.2. The pack is lossless: what
the producer sent can be read back from it. Numbers are little-endian. Every length is checked
before it is used, since anyone with the topic's credentials can write bytes that look like one.
What the columns *say* is held against the rules of the door elsewhere.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final

import msgspec

from schemas.errors import MALFORMED, Misconfigured, Reject
from schemas.event import Series, UsageEvent
from schemas.pack_columns import (
    UUID_BYTES,
    read_index,
    read_quantities,
    read_rest_bounds,
    read_times,
    require,
    uuid_texts,
    write_numbers,
    write_quantities,
    write_table,
    write_uuids,
)

CONTENT_TYPE: Final = "application/vnd.weir.pack"
VERSION: Final = 1
MAX_EVENTS: Final = 500
#: Release that first reads each version, for the message of a reader that is too old.
READABLE_SINCE: Final = {1: "0.1.0"}


class PackError(Reject):
    """The bytes are no pack of a version that we know; the record is dead, its neighbours live."""


class UnknownPackVersion(Misconfigured):
    """A newer release wrote this pack: stop, since skipping it would lose its events."""


class _Wire(msgspec.Struct, array_like=True, forbid_unknown_fields=True, gc=False, frozen=True):
    version: int
    count: int
    #: (tenant, customer, type).
    series: list[tuple[str, str, str]]
    #: u16 into `series`, one an event.
    series_index: bytes
    #: i64 milliseconds, one an event; NOT_GIVEN where the producer gave no time.
    given_ms: bytes
    #: i64 millionths, one an event; NO_QUANTITY, or SEE_EXCEPTIONS.
    quantities: bytes
    #: (event, decimal text of millionths) of what does not fit into 63 bits.
    quantity_exceptions: list[tuple[int, str]]
    sources: list[str]
    #: u16 into `sources`, one an event; empty where there is one source.
    source_index: bytes
    #: 16 bytes an event where all ids are canonical UUIDs, else the texts.
    ids: bytes | list[str]
    #: The events' `rest`, joined, and where each ends (u32); both empty where all are empty.
    rests: bytes
    rest_ends: bytes


class Pack(msgspec.Struct, gc=False, frozen=True):
    """A decoded pack: columns of equal length, indexes in range."""

    count: int
    #: (tenant, customer, type).
    series: list[tuple[str, str, str]]
    series_index: Sequence[int]
    given_ms: Sequence[int]
    quantity_micro: Sequence[int]
    sources: list[str]
    source_index: Sequence[int]
    #: Raw UUIDs (16 bytes an event) or texts.
    ids: bytes | list[str]
    rests: bytes
    #: count + 1 offsets into `rests`; empty where no event has a rest.
    rest_bounds: Sequence[int]

    def id_texts(self) -> list[str]:
        """Return the ids as their producers wrote them."""
        return self.ids if isinstance(self.ids, list) else uuid_texts(self.ids)

    def rest(self, index: int) -> bytes:
        """Return the rest of event *index*."""
        bounds = self.rest_bounds
        return self.rests[bounds[index] : bounds[index + 1]] if bounds else b""

    def each_rest(self) -> list[bytes]:
        """Return the rest of every event."""
        if not self.rest_bounds:
            return [b""] * self.count
        rests = self.rests
        return [rests[start:end] for start, end in pairwise(self.rest_bounds)]

    def event(self, index: int) -> UsageEvent:
        """Return event *index*."""
        ids = self.ids
        if isinstance(ids, list):
            event_id = ids[index]
        else:
            (event_id,) = uuid_texts(ids[UUID_BYTES * index : UUID_BYTES * (index + 1)])
        return UsageEvent(
            Series(*self.series[self.series_index[index]]),
            self.given_ms[index],
            self.quantity_micro[index],
            self.sources[self.source_index[index]],
            event_id,
            self.rest(index),
        )

    def events(self) -> Iterator[UsageEvent]:
        """Yield every event in order."""
        return map(self.event, range(self.count))


_encode: Final[Callable[[_Wire], bytes]] = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Wire).decode


def encode_pack(events: Sequence[UsageEvent]) -> bytes:
    """Return the record's value for 1 to 500 *events* of one partition."""
    count = len(events)
    if not 1 <= count <= MAX_EVENTS:
        raise ValueError(f"a pack holds 1 to {MAX_EVENTS} events, not {count}")
    series, given_ms, quantities, sources, ids, rests = zip(*events, strict=True)
    series_table, series_index = write_table(series)
    source_table, source_index = write_table(sources)
    quantity_column, exceptions = write_quantities(quantities)
    joined = b"".join(rests)
    return _encode(
        _Wire(
            VERSION,
            count,
            series_table,
            write_numbers("H", series_index),
            write_numbers("q", given_ms),
            quantity_column,
            exceptions,
            source_table,
            write_numbers("H", source_index) if len(source_table) > 1 else b"",
            write_uuids(ids) or list(ids),
            joined,
            write_numbers("I", list(accumulate(map(len, rests)))) if joined else b"",
        )
    )


def pack_of(events: Sequence[UsageEvent]) -> Pack:
    """Return the columns of *events*, any number of them, that never were a pack on the wire."""
    series, given_ms, quantities, sources, ids, rests = zip(*events, strict=True)
    series_table, series_index = write_table(series)
    source_table, source_index = write_table(sources)
    return Pack(
        len(events),
        series_table,
        series_index,
        given_ms,
        quantities,
        source_table,
        source_index,
        list(ids),
        b"".join(rests),
        (0, *accumulate(map(len, rests))),
    )


def decode_pack(value: bytes) -> Pack:
    """Return the columns of *value*. Raises PackError or UnknownPackVersion."""
    try:
        wire = _decode(value)
    except MALFORMED as error:
        _refuse_newer(_version_of(value))
        raise PackError(f"not a pack: {error}") from None
    _refuse_newer(wire.version)
    try:
        return _checked(wire)
    except (struct.error, ValueError) as error:
        raise PackError(f"a pack whose columns do not agree: {error}") from None


def _checked(wire: _Wire) -> Pack:
    count, ids, sources = wire.count, wire.ids, wire.sources
    require(wire.version in READABLE_SINCE, "a version that never was")
    require(1 <= count <= MAX_EVENTS, f"1 to {MAX_EVENTS} events")
    require(len(wire.series) <= count and len(sources) <= count, "a table longer than its column")
    require(len(ids) == (count if isinstance(ids, list) else count * UUID_BYTES), "as many ids as events")
    require(len(sources) == 1 or bool(wire.source_index), "sources without an index")
    return Pack(
        count,
        wire.series,
        read_index(wire.series_index, count, wire.series),
        read_times(wire.given_ms, count),
        read_quantities(wire.quantities, count, wire.quantity_exceptions),
        sources,
        read_index(wire.source_index, count, sources) if wire.source_index else (0,) * count,
        ids,
        wire.rests,
        read_rest_bounds(wire.rests, wire.rest_ends, count),
    )


def _version_of(value: bytes) -> int:
    """Return the version that the bytes claim; 0 where they claim none."""
    try:
        claimed = msgspec.msgpack.decode(value, type=list[msgspec.Raw])
        return msgspec.msgpack.decode(claimed[0], type=int) if claimed else 0
    except MALFORMED:
        return 0


def _refuse_newer(version: int) -> None:
    if version > max(READABLE_SINCE):
        known = ", ".join(map(str, READABLE_SINCE))
        raise UnknownPackVersion(
            f"pack version {version} is newer than this release, which reads {known}: "
            "upgrade this process to the release that its writers run, then start it again"
        )
