"""Records of `weir.rollups` become rows, ready for COPY.

A key comes back with every change of its row, so its half of the line is made once. The value's
half is the JSON itself: once it is known to be whole numbers only, brackets and commas have to go.
"""

from enum import Enum, auto
from typing import Final, NamedTuple

import msgspec

from schemas import rollup
from schemas.errors import Reject
from schemas.rollup import (
    FatesKey,
    FatesRow,
    Key,
    LostKey,
    LostRow,
    Progress,
    ProgressKey,
    UsageKey,
    UsageRow,
)
from schemas.stamp import generation_of, offset_of
from sinks.core.record import Record
from sinks.rollups.core.pending import Arrived

_MOST_KEYS: Final = 100_000
_INT64_MAX: Final = (1 << 63) - 1
_INT32_MAX: Final = (1 << 31) - 1
#: Digits that PostgreSQL's numeric takes without question; no sum of quantities comes near.
_NUMERIC_MAX: Final = 10**1_000
_COMMAS_TO_TABS: Final = bytes.maketrans(b",", b"\t")
_NOT_NUMBERS: Final = b"[] \t\r\n"
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
#: Tabs between the numbers of a UsageRow.
_USAGE_TABS: Final = 8


class Table(Enum):
    """Where a row goes."""

    USAGE = auto()
    FATES = auto()
    PROGRESS = auto()
    LOST = auto()


class Row(NamedTuple):
    """A row with the record that it came in."""

    table: Table
    #: A line of COPY's text format for USAGE and FATES, else the values.
    content: bytes | tuple[int, ...]
    partition: int
    record: Record


class Reader:
    """Reads the records of one partition's rollups."""

    def __init__(self, partition: int) -> None:
        """Expect what the processor of source partition *partition* writes."""
        self._partition = partition
        self._line_end = b"\t%d\n" % partition
        self._keys: dict[bytes, tuple[Key, bytes]] = {}
        self._usage = msgspec.json.Decoder(UsageRow).decode

    def read(self, record: Record) -> Arrived[Row]:
        """Return the row in *record*. Raises Reject if it is none, or one that no store would take."""
        known = self._keys.get(record.key)
        if known is None:
            return self._learn(record)
        key, half = known
        if isinstance(key, UsageKey):
            try:
                row = self._usage(record.value)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Reject(f"not a row of usage: {error}") from None
            return self._arrived(record, row.stamp, Table.USAGE, half + self._usage_half(record.value, row))
        return self._other(record, *rollup.decode(record.key, record.value))

    def _learn(self, record: Record) -> Arrived[Row]:
        key, row = rollup.decode(record.key, record.value)
        if not isinstance(key, UsageKey):
            return self._other(record, key, row)
        _require(_fits(_INT32_MAX, key.arrival_day) and _fits(_INT64_MAX, key.window_start_ms), "time")
        texts = _texts(key.tenant, key.customer, key.meter, key.group)
        if len(self._keys) >= _MOST_KEYS:
            self._keys.clear()
        self._keys[record.key] = (
            key,
            f"{texts}\t{key.window_start_ms}\t{key.arrival_day}\t".encode(),
        )
        return self.read(record)

    def _usage_half(self, value: bytes, row: UsageRow) -> bytes:
        events, total, least, most, first_ms, first, latest_ms, latest = msgspec.structs.astuple(row.partial)
        _require(_fits(_INT64_MAX, events, first_ms, latest_ms, row.stamp), "number")
        _require(events >= 0 and row.stamp >= 0, "negative number")
        _require(_fits(_NUMERIC_MAX, total, least, most, first, latest), "value")
        half = value.translate(_COMMAS_TO_TABS, _NOT_NUMBERS)
        if half.count(b"\t") != _USAGE_TABS:
            # A later release adds a number at the end of either list.
            half = rollup.encode(row).translate(_COMMAS_TO_TABS, _NOT_NUMBERS)
        return half + self._line_end

    def _other(self, record: Record, key: Key, row: rollup.Row) -> Arrived[Row]:
        match key, row:
            case FatesKey(), FatesRow():
                self._check_partition(key.partition)
                return self._arrived(record, row.stamp, Table.FATES, _fates_line(key, row))
            case ProgressKey(), Progress():
                self._check_partition(key.partition)
                place = (self._partition, generation_of(row.stamp), offset_of(row.stamp))
                values = (*place, row.record_time_ms, row.catalog_version)
                _require(_fits(_INT64_MAX, row.stamp, row.record_time_ms), "number")
                _require(_fits(_INT32_MAX, row.catalog_version), "catalogue version")
                return self._arrived(record, row.stamp, Table.PROGRESS, values)
            case LostKey(), LostRow():
                self._check_partition(key.partition)
                _require(_fits(_INT64_MAX, row.stamp, row.last_offset, row.found_at_ms), "number")
                _require(0 <= key.first_offset <= row.last_offset, "range")
                values = (
                    self._partition,
                    generation_of(row.stamp),
                    key.first_offset,
                    row.last_offset,
                    row.found_at_ms,
                )
                return self._arrived(record, row.stamp, Table.LOST, values)
        raise Reject(f"a {type(key).__name__} with a {type(row).__name__}")

    def _check_partition(self, partition: int) -> None:
        _require(partition == self._partition, f"partition {partition} on {self._partition}")

    def _arrived(
        self, record: Record, stamp: int, table: Table, content: bytes | tuple[int, ...]
    ) -> Arrived[Row]:
        return Arrived(stamp, record.offset, record.key, Row(table, content, self._partition, record))


def _fates_line(key: FatesKey, row: FatesRow) -> bytes:
    _require(_fits(_INT32_MAX, key.arrival_day) and _fits(_INT64_MAX, key.hour_ms), "time")
    counts = msgspec.structs.astuple(row)
    _require(_fits(_INT64_MAX, *counts) and min(counts) >= 0, "number")
    numbers = (key.hour_ms, key.arrival_day, key.partition, *counts)
    return "\t".join([_texts(key.tenant, key.type), *map(str, numbers)]).encode() + b"\n"


def _texts(*texts: str) -> str:
    _require("\0" not in "".join(texts), "text with NUL")
    return "\t".join(text.translate(_ESCAPED) for text in texts)


def _fits(limit: int, *numbers: int) -> bool:
    return max(numbers) <= limit and min(numbers) >= -limit


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - an assertion that -O keeps
    if not holds:
        raise Reject(f"no row can have this {what}")
