"""The live rows of one partition, in buckets that close together."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Final

from processors.stream.core.records import NewRecord
from processors.usage.core.lines import Lines, UsageName
from processors.usage.core.pages import PageRow, Pages
from processors.usage.core.periods import Periods
from processors.usage.core.quota_table import LINGER_AFTER_LOAD_MS, LINGER_MS, QuotaTable
from processors.usage.core.recipes import Recipe
from processors.usage.core.rows import FatesRow, LiveRow, UsageRow
from schemas import rollup
from schemas.instant import DAY_MS
from schemas.sketch import Kind
from schemas.stamp import NEVER
from schemas.windows import NOT_LATE, WINDOW_MS

#: Tenant, event type.
FatesName = tuple[str, str]

#: Lines that are remembered, at about 400 bytes: they are found in one step, rows by their names in several.
_REMEMBERED: Final = 16_384


class ClockWentBackError(Exception):
    """A record's time lies so far behind that its window has left memory: load it again."""


class _Bucket:
    """The rows of one window and arrival day; `closes_ms` is the record time that ends them."""

    __slots__ = ("closes_ms", "fates", "lines", "pages", "saved", "usage")

    def __init__(self, closes_ms: int) -> None:
        self.closes_ms = closes_ms
        #: Records of rows that nothing has been added to since they were restored.
        self.saved: dict[bytes, bytes] = {}
        self.usage: dict[UsageName, UsageRow] = {}
        self.fates: dict[FatesName, FatesRow] = {}
        self.pages = Pages()
        self.lines: Lines | None = None


class UsageTable:
    """All rows that may still change. A row leaves when its window is closed and written down."""

    def __init__(self, partition: int, grace_ms_at: Callable[[int], int], quotas: QuotaTable) -> None:
        """Start empty; *grace_ms_at* tells the grace of the window that starts at an instant.

        Lines lead to the rows of *quotas* too.
        """
        self._partition = partition
        self._quotas = quotas
        self._grace_ms_at = grace_ms_at
        self._buckets: dict[tuple[int, int], _Bucket] = {}
        self._dirty: list[LiveRow | PageRow] = []
        self._closed_ms = -1
        self._lines_made = 0
        #: Highest stamp among the restored rows: up to there a row may hold a record already.
        self.restored_up_to = NEVER

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(len(b.usage) + len(b.fates) + len(b.pages) + len(b.saved) for b in self._buckets.values())

    def lines(self, start_ms: int, day: int, recipes: Mapping[str, Recipe], periods: Periods) -> Lines:
        """Return the lines of the window that starts at *start_ms*, measured by *recipes*.

        *day* is the arrival day of their rows; *periods* says which quotas they count for.
        """
        bucket = self._bucket(start_ms, day)
        lines = bucket.lines
        if lines is None or lines.recipes is not recipes or lines.periods is not periods:
            lines = bucket.lines = Lines(
                recipes,
                periods,
                partial(self.usage_row, start_ms, day),
                lambda name: self._quotas.used_rows(name, periods.spans(*name, start_ms)),
                self._made_line,
            )
        return lines

    def usage_row(self, start_ms: int, day: int, name: UsageName, kind: Kind | None = None) -> UsageRow:
        """Return the row of *name* for the window that starts at *start_ms*; *day* is its arrival day.

        A row with a *kind* has pages.
        """
        bucket = self._bucket(start_ms, day)
        row = bucket.usage.get(name)
        if row is None:
            key = rollup.UsageKey(*name, start_ms, day)
            row = UsageRow(rollup.encode(key)) if kind is None else bucket.pages.row(key, kind, self.touch)
            bucket.usage[name] = row
            if (saved := bucket.saved.pop(row.key, None)) is not None:
                row.restore(rollup.decode_usage(saved))
        return row

    def fates_rows(self, hour_ms: int, arrival_day: int, names: Iterable[FatesName]) -> list[FatesRow]:
        """Return the counts of fates of *names* for events of *hour_ms* that arrived on *arrival_day*."""
        bucket = self._bucket(hour_ms, arrival_day)
        rows = []
        for name in names:
            row = bucket.fates.get(name)
            if row is None:
                key = rollup.FatesKey(*name, hour_ms, arrival_day, self._partition)
                row = bucket.fates[name] = FatesRow(rollup.encode(key))
                if (saved := bucket.saved.pop(row.key, None)) is not None:
                    row.restore(rollup.decode_fates(saved))
            rows.append(row)
        return rows

    def touch(self, row: LiveRow | PageRow) -> None:
        """Have *row* written down with the next `take_dirty`."""
        if not row.dirty:
            row.dirty = True
            self._dirty.append(row)

    def take_dirty(self, at_ms: int) -> list[NewRecord]:
        """Return the records, dated *at_ms*, of every row touched since the last call."""
        rows, self._dirty = self._dirty, []
        for row in rows:
            row.dirty = False
        return [NewRecord(row.key, row.encode(), at_ms) for row in rows]

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of every row as it is now."""
        for bucket in self._buckets.values():
            rows: Iterable[LiveRow] = chain(bucket.usage.values(), bucket.fates.values())
            yield from ((row.key, row.encode()) for row in rows)
            yield from bucket.saved.items()
            yield from bucket.pages.records()

    def restore(
        self, key: rollup.UsageKey | rollup.SketchKey | rollup.FatesKey, value: bytes, stamp: int
    ) -> bool:
        """Put back the row of *key* as it was written down; False if its window was closed by `resume`.

        It stays as it is, a third of the memory and of the time, until an event asks for it.
        """
        self.restored_up_to = max(self.restored_up_to, stamp)
        start_ms = key.hour_ms if isinstance(key, rollup.FatesKey) else key.window_start_ms
        bucket = self._buckets.get((start_ms, key.arrival_day))
        if bucket is None:
            if self._closes_ms(start_ms, key.arrival_day) <= self._closed_ms:
                return False
            bucket = self._bucket(start_ms, key.arrival_day)
        if isinstance(key, rollup.SketchKey):
            bucket.pages.save(key, value, stamp)
            return True
        # As `usage_row` asks for it, whoever wrote it.
        raw = rollup.encode(key)
        if (other := bucket.saved.get(raw)) is None or rollup.decode(raw, other)[1].stamp < stamp:
            bucket.saved[raw] = value
        return True

    def close(self, record_time_ms: int) -> None:
        """Forget the windows that were over well before *record_time_ms*, all written down."""
        self._closed_ms = max(self._closed_ms, record_time_ms - LINGER_MS)
        over = [at for at, bucket in self._buckets.items() if bucket.closes_ms <= self._closed_ms]
        for at in over:
            del self._buckets[at]

    def resume(self, record_time_ms: int) -> None:
        """Before anything is restored: say how far the log was read."""
        self._closed_ms = record_time_ms - LINGER_AFTER_LOAD_MS

    def _made_line(self) -> None:
        self._lines_made += 1
        if self._lines_made > _REMEMBERED:
            self._lines_made = 0
            for bucket in self._buckets.values():
                bucket.lines = None

    def _bucket(self, start_ms: int, arrival_day: int) -> _Bucket:
        bucket = self._buckets.get((start_ms, arrival_day))
        if bucket is None:
            closes_ms = self._closes_ms(start_ms, arrival_day)
            if closes_ms <= self._closed_ms:
                message = (
                    f"window {start_ms} of partition {self._partition} has left memory, yet a "
                    "record for it came: the broker's clock went back by more than an hour"
                )
                raise ClockWentBackError(message)
            bucket = self._buckets[start_ms, arrival_day] = _Bucket(closes_ms)
        return bucket

    def _closes_ms(self, start_ms: int, arrival_day: int) -> int:
        if arrival_day != NOT_LATE:
            return (arrival_day + 1) * DAY_MS
        return start_ms + WINDOW_MS + self._grace_ms_at(start_ms)
