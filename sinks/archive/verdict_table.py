"""The verdicts of one partition as a table, in the order of the source log."""

from typing import NamedTuple

import pyarrow as pa

from schemas.seen import parse_offset_key
from schemas.verdict import PROGRESS_KEY, RecordVerdicts, decode_verdicts
from sinks.archive.columns import TEXT
from sinks.core.record import Record

SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int16(), nullable=False),
        # Of the source record on weir.usage.
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("fate", TEXT, nullable=False),
        pa.field("code", TEXT, nullable=False),
        # Source offset of the first sighting.
        pa.field("duplicate_of", pa.int64()),
        pa.field("recorded_at_ms", pa.int64(), nullable=False),
    ]
)


class VerdictRecord(NamedTuple):
    """One record of `weir.verdicts`, decoded; `source_offset` None for progress, which has no rows."""

    offset: int
    source_offset: int | None
    said: RecordVerdicts

    @property
    def rows(self) -> int:
        """Rows that it becomes."""
        return len(self.said.verdicts)


def read(record: Record) -> VerdictRecord:
    """Return the verdicts in *record*. Raises Reject."""
    if record.key == PROGRESS_KEY:
        return VerdictRecord(record.offset, None, RecordVerdicts(record.time_ms, []))
    said = decode_verdicts(record.value)
    return VerdictRecord(record.offset, parse_offset_key(record.key), said)


class VerdictRows:
    """The verdicts of one file."""

    def __init__(self) -> None:
        self.rows = 0
        self.records: list[VerdictRecord] = []

    def add(self, record: VerdictRecord) -> None:
        """Append every verdict of *record*."""
        if record.rows:
            self.records.append(record)
            self.rows += record.rows


def table_of(verdicts: VerdictRows, partition: int) -> pa.Table:
    """Return the *verdicts*; a replay repeats records, and so does this table."""
    rows = sorted(
        (record.source_offset, verdict.index, verdict, record.said.recorded_at_ms)
        for record in verdicts.records
        if record.source_offset is not None
        for verdict in record.said.verdicts
    )
    return pa.table(
        {
            "partition": pa.array([partition] * len(rows), pa.int16()),
            "offset": pa.array([offset for offset, *_ in rows], pa.int64()),
            "index": pa.array([index for _, index, *_ in rows], pa.int32()),
            "fate": pa.array([verdict.fate.value for *_, verdict, _ in rows]).dictionary_encode(),
            "code": pa.array([verdict.code for *_, verdict, _ in rows]).dictionary_encode(),
            "duplicate_of": pa.array([verdict.first_offset for *_, verdict, _ in rows], pa.int64()),
            "recorded_at_ms": pa.array([at_ms for *_, at_ms in rows], pa.int64()),
        },
        schema=SCHEMA,
    )
