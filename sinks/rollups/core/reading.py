"""Records of `weir.rollups` become rows, ready to be stored."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from schemas import rollup
from schemas.errors import Reject
from schemas.rollup import (
    FatesKey,
    LostKey,
    LostRow,
    Progress,
    ProgressKey,
    SketchKey,
    SketchRow,
    UsageKey,
)
from schemas.stamp import generation_of, offset_of
from sinks.core.record import Record
from sinks.rollups.core.lines import Lines
from sinks.rollups.core.row import Row, Table

_INT64_MAX: Final = (1 << 63) - 1
_INT32_MAX: Final = (1 << 31) - 1
_INT16_MAX: Final = (1 << 15) - 1
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_USAGE_KEY: Final = b'["usage",'
_SKETCH_KEY: Final = b'["sketch",'
_FATES_KEY: Final = b'["fates",'

_decode_usage_key: Final = msgspec.json.Decoder(UsageKey).decode
_decode_fates_key: Final = msgspec.json.Decoder(FatesKey).decode

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


class _StorableFates(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """schemas.rollup.FatesRow within the limits of its columns."""

    counted: Count
    in_grace: Count
    late: Count
    duplicate: Count
    conflict: Count
    unmatched: Count
    refused: Count
    stamp: Count


class Rejected(NamedTuple):
    """A record that is no row, and why."""

    record: Record
    reason: str


class Reader:
    """Reads the records of all partitions."""

    def __init__(self) -> None:
        self._lines = {
            _USAGE_KEY: Lines(Table.USAGE, _StorableUsage, 2, _usage_half),
            _FATES_KEY: Lines(Table.FATES, _StorableFates, 1, _fates_half),
        }

    def read(self, partition: int, records: Sequence[Record]) -> tuple[list[Row], list[Rejected]]:
        """Return the rows in *records*, which stand on *partition*, and what no store would take.

        Rows of one table have the order of the log.
        """
        rows: list[Row] = []
        rejected: list[Rejected] = []
        others = records
        for prefix, lines in self._lines.items():
            kind = [record for record in others if record.key.startswith(prefix)]
            if kind:
                others = [record for record in others if not record.key.startswith(prefix)]
                rows += lines.read(partition, kind) or _each(partition, kind, lines.read_one, rejected)
        pages = [record for record in others if record.key.startswith(_SKETCH_KEY)]
        if pages:
            others = [record for record in others if not record.key.startswith(_SKETCH_KEY)]
            rows += _each(partition, pages, _page, rejected)
        rows += _each(partition, others, _other, rejected)
        return rows, rejected


def _each(
    partition: int,
    records: Sequence[Record],
    read: Callable[[int, Record], Row],
    rejected: list[Rejected],
) -> list[Row]:
    """Return the rows in *records* one by one, and add to *rejected* those that are none."""
    rows: list[Row] = []
    for record in records:
        try:
            rows.append(read(partition, record))
        except Reject as error:
            rejected.append(Rejected(record, str(error)))
    return rows


def _usage_half(raw: bytes, partition: int) -> bytes:
    try:
        key = _decode_usage_key(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Reject(f"not a key of usage: {error}") from None
    return f"{_window(key, partition)}\t".encode()


def _window(key: UsageKey, partition: int) -> str:
    """Return the columns that say which row of usage it is."""
    _require(_fits(_INT32_MAX, key.arrival_day) and _fits(_INT64_MAX, key.window_start_ms), "time")
    texts = _texts(key.tenant, key.customer, key.meter, key.group)
    return f"{texts}\t{key.window_start_ms}\t{key.arrival_day}\t{partition}"


def _fates_half(raw: bytes, partition: int) -> bytes:
    try:
        key = _decode_fates_key(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Reject(f"not a key of fates: {error}") from None
    _check_partition(key.partition, partition)
    _require(_fits(_INT32_MAX, key.arrival_day) and _fits(_INT64_MAX, key.hour_ms), "time")
    return f"{_texts(key.tenant, key.type)}\t{key.hour_ms}\t{key.arrival_day}\t{partition}\t".encode()


def _page(partition: int, record: Record) -> Row:
    """Return the row of one page of a sketch; what it says is for its meter's kind to read."""
    key, row = rollup.decode(record.key, record.value)
    if not (isinstance(key, SketchKey) and isinstance(row, SketchRow)):
        raise Reject("not a page of a sketch")
    _require(0 <= row.stamp <= _INT64_MAX and 0 <= key.page <= _INT16_MAX, "number")
    half = _window(key.usage, partition)
    line = f"{half}\t{key.page}\t\\\\x{row.content.hex()}\t{row.stamp}\n"
    return Row(Table.SKETCHES, row.stamp, line.encode(), partition, record)


def _other(partition: int, record: Record) -> Row:
    key, row = rollup.decode(record.key, record.value)
    match key, row:
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
