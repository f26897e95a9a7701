"""Rows and records for tests."""

from schemas import rollup
from schemas.partial import Partial, single
from schemas.rollup import Progress, ProgressKey, UsageKey, UsageRow
from sinks.core.record import Record
from sinks.rollups.core.row import Row, Table

HOUR_MS = 1_763_719_200_000
KEY = UsageKey("t1", "c1", "api", "", HOUR_MS, 0)
PARTIAL = Partial(3, 6_000_000, 1_000_000, 3_000_000, HOUR_MS + 1, 1_000_000, HOUR_MS + 9, 2_000_000)


def record(key: bytes, value: bytes, offset: int = 0) -> Record:
    return Record(offset, HOUR_MS, key, value)


def usage_record(key: UsageKey = KEY, partial: Partial = PARTIAL, stamp: int = 0, offset: int = 0) -> Record:
    return record(rollup.encode(key), rollup.encode(UsageRow(partial, stamp)), offset)


def progress_record(partition: int, stamp: int, offset: int = 0) -> Record:
    return record(rollup.encode(ProgressKey(partition)), rollup.encode(Progress(stamp, HOUR_MS, 1)), offset)


def row(key: bytes, stamp: int, offset: int) -> Row:
    value = rollup.encode(UsageRow(single(HOUR_MS, stamp), stamp))
    return Row(Table.USAGE, stamp, b"%b at %d" % (key, stamp), 0, record(key, value, offset))
