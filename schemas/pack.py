"""The pack: 1 to 500 events of one partition in one Kafka record, column by column.

Columns cost a reader 0.03 to 0.15 microseconds an event, JSON 1.2. The pack is lossless: what
the producer sent can be read back from it. Numbers are little-endian. Every length is checked
before it is used, since anyone with the topic's credentials can write bytes that look like one.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final, TypeVar

import msgspec

from schemas.errors import Misconfigured, Reject
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent

CONTENT_TYPE: Final = "application/vnd.weir.pack"
VERSION: Final = 1
MAX_EVENTS: Final = 500
#: Release that first reads each version, for the message of a reader that is too old.
READABLE_SINCE: Final = {1: "0.1.0"}

_T = TypeVar("_T")

_UUID_BYTES: Final = 16
_UUID_TEXT: Final = 36
_INT64_MAX: Final = (1 << 63) - 1
#: Stands in the quantity column for a value of the exception table.
_SEE_EXCEPTIONS: Final = -2


class PackError(Reject):
    """The bytes are no pack of a version that we know; the record is dead, its neighbours live."""


class UnknownPackVersion(Misconfigured):
    """A newer release wrote this pack: stop, since skipping it would lose its events."""


class _Wire(msgspec.Struct, array_like=True, gc=False, frozen=True):
    version: int
    count: int
    series: list[tuple[str, str, str]]
    #: u16 into `series`, one an event.
    series_index: bytes
    #: i64 milliseconds, one an event; NOT_GIVEN where the producer gave no time.
    given_ms: bytes
    #: i64 millionths, one an event; NO_QUANTITY, or _SEE_EXCEPTIONS.
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
        return self.ids if isinstance(self.ids, list) else _uuid_texts(self.ids)

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
            (event_id,) = _uuid_texts(ids[_UUID_BYTES * index : _UUID_BYTES * (index + 1)])
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
        message = f"a pack holds 1 to {MAX_EVENTS} events, not {count}"
        raise ValueError(message)
    series, given_ms, quantities, sources, ids, rests = zip(*events, strict=True)
    series_table, series_index = _dictionary(series)
    source_table, source_index = _dictionary(sources)
    exceptions: list[tuple[int, str]] = []
    if max(quantities) > _INT64_MAX:
        exceptions = [(i, str(q)) for i, q in enumerate(quantities) if q > _INT64_MAX]
        quantities = tuple(q if q <= _INT64_MAX else _SEE_EXCEPTIONS for q in quantities)
    joined = b"".join(rests)
    return _encode(
        _Wire(
            VERSION,
            count,
            series_table,
            struct.pack(f"<{count}H", *series_index),
            struct.pack(f"<{count}q", *given_ms),
            struct.pack(f"<{count}q", *quantities),
            exceptions,
            source_table,
            struct.pack(f"<{count}H", *source_index) if len(source_table) > 1 else b"",
            _uuid_column(ids) or list(ids),
            joined,
            struct.pack(f"<{count}I", *accumulate(map(len, rests))) if joined else b"",
        )
    )


def pack_of(events: Sequence[UsageEvent]) -> Pack:
    """Return the columns of *events*, any number of them, that never were a pack on the wire."""
    series, given_ms, quantities, sources, ids, rests = zip(*events, strict=True)
    series_table, series_index = _dictionary(series)
    source_table, source_index = _dictionary(sources)
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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if (version := _version_of(value)) not in READABLE_SINCE:
            raise _unknown(version) from None
        message = f"not a pack: {error}"
        raise PackError(message) from None
    if wire.version not in READABLE_SINCE:
        raise _unknown(wire.version)
    try:
        return _checked(wire)
    except (struct.error, ValueError, IndexError) as error:
        message = f"a pack whose columns do not agree: {error}"
        raise PackError(message) from None


def _checked(wire: _Wire) -> Pack:
    count = wire.count
    _require(1 <= count <= MAX_EVENTS, "1 to 500 events")
    _require(0 < len(wire.series) <= count, "series")
    series_index = _column("H", count, wire.series_index)
    _require(max(series_index) < len(wire.series), "series index")
    if wire.source_index:
        source_index = _column("H", count, wire.source_index)
        _require(max(source_index) < len(wire.sources), "source index")
    else:
        _require(len(wire.sources) == 1, "sources")
        source_index = (0,) * count
    _require(len(wire.ids) == (count if isinstance(wire.ids, list) else count * _UUID_BYTES), "ids")
    return Pack(
        count,
        wire.series,
        series_index,
        _times(_column("q", count, wire.given_ms)),
        _quantities(_column("q", count, wire.quantities), wire.quantity_exceptions),
        wire.sources,
        source_index,
        wire.ids,
        wire.rests,
        _rest_bounds(count, wire),
    )


def _times(given_ms: tuple[int, ...]) -> tuple[int, ...]:
    _require(min(given_ms) >= NOT_GIVEN, "times")
    return given_ms


def _quantities(column: tuple[int, ...], exceptions: list[tuple[int, str]]) -> Sequence[int]:
    if not exceptions:
        _require(min(column) >= NO_QUANTITY, "quantities")
        return column
    filled = list(column)
    for index, text in exceptions:
        _require(0 <= index < len(filled) and filled[index] == _SEE_EXCEPTIONS, "exceptions")
        _require(text.isascii() and text.isdigit() and len(text) <= 26, "exceptions")  # noqa: PLR2004 -- 20 digits and 6 of the scale
        filled[index] = int(text)
    _require(min(filled) >= NO_QUANTITY, "quantities")
    return filled


def _rest_bounds(count: int, wire: _Wire) -> Sequence[int]:
    if not wire.rest_ends:
        _require(not wire.rests, "rests")
        return ()
    ends = _column("I", count, wire.rest_ends)
    _require(ends[-1] == len(wire.rests) and all(map(int.__le__, ends, ends[1:])), "rest ends")
    if not wire.rests.isascii():
        wire.rests.decode()
    return (0, *ends)


def _column(code: str, count: int, column: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{count}{code}", column)


def _dictionary(values: Sequence[_T]) -> tuple[list[_T], list[int]]:
    table: dict[_T, int] = {}
    index = [table.setdefault(value, len(table)) for value in values]
    return list(table), index


def _uuid_column(ids: Sequence[str]) -> bytes | None:
    """Return the ids as raw UUIDs, or None if one of them is not a canonical UUID."""
    if any(len(i) != _UUID_TEXT for i in ids):
        return None
    try:
        raw = bytes.fromhex("".join(ids).replace("-", ""))
    except ValueError:
        return None
    # Upper case, dashes out of place or blanks do not come back as they were.
    if len(raw) != _UUID_BYTES * len(ids) or _uuid_texts(raw) != list(ids):
        return None
    return raw


def _uuid_texts(raw: bytes) -> list[str]:
    text = raw.hex()
    return [
        f"{text[i : i + 8]}-{text[i + 8 : i + 12]}-{text[i + 12 : i + 16]}"
        f"-{text[i + 16 : i + 20]}-{text[i + 20 : i + 32]}"
        for i in range(0, len(text), 2 * _UUID_BYTES)
    ]


def _version_of(value: bytes) -> int:
    """Return the version that the bytes claim; 1 where they claim none, so that they are dead."""
    try:
        claimed = msgspec.msgpack.decode(value, type=list[msgspec.Raw])
        return msgspec.msgpack.decode(claimed[0], type=int) if claimed else VERSION
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return VERSION


def _unknown(version: int) -> UnknownPackVersion:
    known = ", ".join(map(str, READABLE_SINCE))
    return UnknownPackVersion(
        f"pack version {version} is newer than this release, which reads {known}: "
        "upgrade this process to the release that its writers run, then start it again"
    )


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 -- an assertion that -O keeps
    if not holds:
        raise ValueError(what)
