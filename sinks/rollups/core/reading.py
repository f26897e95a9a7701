"""Records of `weir.rollups` become rows, ready for COPY.

A key comes back with every change of its row, so its half of the line is made once. The value's
half is JSON of whole numbers only: its brackets and commas become tabs, and the line stands.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

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
)
from schemas.stamp import generation_of, offset_of
from sinks.core.record import Record
from sinks.rollups.core.row import Row, Table

_MOST_KEYS: Final = 100_000
_INT64_MAX: Final = (1 << 63) - 1
_INT32_MAX: Final = (1 << 31) - 1
_COMMAS_TO_TABS: Final = bytes.maketrans(b",", b"\t")
_BRACKETS: Final = b"[]"
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_USAGE_KEY: Final = b'["usage",'

Count = Annotated[int, Meta(ge=0, le=_INT64_MAX)]
Instant = Annotated[int, Meta(ge=-_INT64_MAX, le=_INT64_MAX)]


class _StorablePartial(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """schemas.partial.Partial within the limits of its columns; values go to numeric, which has none."""

    events: Count
    sum: int
    min: int
    max: int
    first_ms: Instant
    first: int
    latest_ms: Instant
    latest: int


class _StorableUsage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """schemas.rollup.UsageRow within the limits of its columns."""

    partial: _StorablePartial
    stamp: Count


class Reader:
    """Reads the records of all partitions, and remembers the keys that come back."""

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes] = {}
        self._decode = msgspec.json.Decoder(_StorableUsage).decode
        self._decode_key = msgspec.json.Decoder(UsageKey).decode

    def read(self, partition: int, record: Record) -> Row:
        """Return the row in *record*, which stands on *partition*.

        Raises Reject if it is none, or one that no store would take.
        """
        if not record.key.startswith(_USAGE_KEY):
            return _other(partition, record, *rollup.decode(record.key, record.value))
        half = self._keys.get(record.key) or self._learn(record.key)
        try:
            row = self._decode(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Reject(f"not a row of usage: {error}") from None
        # Encoded anew, because the record may have blanks, or more numbers from a later release.
        numbers = rollup.encode(row).translate(_COMMAS_TO_TABS, _BRACKETS)
        return Row(Table.USAGE, row.stamp, b"%b%b\t%d\n" % (half, numbers, partition), partition, record)

    def _learn(self, raw: bytes) -> bytes:
        try:
            key = self._decode_key(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Reject(f"not a key of usage: {error}") from None
        _require(_fits(_INT32_MAX, key.arrival_day) and _fits(_INT64_MAX, key.window_start_ms), "time")
        texts = _texts(key.tenant, key.customer, key.meter, key.group)
        if len(self._keys) >= _MOST_KEYS:
            self._keys.clear()
        half = f"{texts}\t{key.window_start_ms}\t{key.arrival_day}\t".encode()
        self._keys[raw] = half
        return half


def _other(partition: int, record: Record, key: Key, row: rollup.Row) -> Row:
    match key, row:
        case FatesKey(), FatesRow():
            _check_partition(key.partition, partition)
            return Row(Table.FATES, row.stamp, _fates_line(key, row), partition, record)
        case ProgressKey(), Progress():
            _check_partition(key.partition, partition)
            place = (partition, generation_of(row.stamp), offset_of(row.stamp))
            values = (*place, row.record_time_ms, row.catalog_version)
            _require(row.stamp >= 0 and _fits(_INT64_MAX, row.stamp, row.record_time_ms), "number")
            _require(_fits(_INT32_MAX, row.catalog_version), "catalogue version")
            return Row(Table.PROGRESS, row.stamp, values, partition, record)
        case LostKey(), LostRow():
            _check_partition(key.partition, partition)
            _require(_fits(_INT64_MAX, row.stamp, row.last_offset, row.found_at_ms), "number")
            _require(0 <= key.first_offset <= row.last_offset and row.stamp >= 0, "range")
            values = (
                partition,
                generation_of(row.stamp),
                key.first_offset,
                row.last_offset,
                row.found_at_ms,
            )
            return Row(Table.LOST, row.stamp, values, partition, record)
    raise Reject(f"a {type(key).__name__} with a {type(row).__name__}")


def _check_partition(named: int, partition: int) -> None:
    _require(named == partition, f"partition {named} on {partition}")


def _fates_line(key: FatesKey, row: FatesRow) -> bytes:
    _require(_fits(_INT32_MAX, key.arrival_day) and _fits(_INT64_MAX, key.hour_ms), "time")
    counts = msgspec.structs.astuple(row)
    _require(_fits(_INT64_MAX, *counts) and min(counts) >= 0, "number")
    numbers = (key.hour_ms, key.arrival_day, key.partition, *counts)
    return "\t".join([_texts(key.tenant, key.type), *map(str, numbers)]).encode() + b"\n"


def _texts(*texts: str) -> str:
    joined = "\t".join(texts)
    # Nearly all texts are plain, and then this look is all that they cost.
    if "".join(texts).isprintable() and "\\" not in joined:
        return joined
    _require("\0" not in joined, "text with NUL")
    return "\t".join(text.translate(_ESCAPED) for text in texts)


def _fits(limit: int, *numbers: int) -> bool:
    return max(numbers) <= limit and min(numbers) >= -limit


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - an assertion that -O keeps
    if not holds:
        raise Reject(f"no row can have this {what}")
