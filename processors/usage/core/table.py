"""The live rows of one partition, in buckets that close together."""

from collections.abc import Callable, Iterable
from sys import intern
from typing import Final

from processors.stream.core.records import NewRecord
from processors.usage.core.rows import FatesRow, LiveRow, UsageRow
from schemas import rollup
from schemas.instant import DAY_MS, HOUR_MS
from schemas.stamp import NEVER
from schemas.windows import NOT_LATE, WINDOW_MS

#: Tenant, customer, meter.
UsageName = tuple[str, str, str]
#: Tenant, event type.
FatesName = tuple[str, str]

#: Closed windows stay this long, since a broker's clock may step back a little.
_LINGER_MS: Final = HOUR_MS
#: After a restart they stay longer: a step beyond _LINGER_MS ends in one.
_LINGER_AFTER_LOAD_MS: Final = DAY_MS


class ClockWentBackError(Exception):
    """A record's time lies so far behind that its window has left memory: load it again."""


class _Bucket:
    """The rows of one window and arrival day; `closes_ms` is the record time that ends them."""

    __slots__ = ("closes_ms", "fates", "usage")

    def __init__(self, closes_ms: int) -> None:
        self.closes_ms = closes_ms
        self.usage: dict[UsageName, UsageRow] = {}
        self.fates: dict[FatesName, FatesRow] = {}


class UsageTable:
    """All rows that may still change. A row leaves when its window is closed and written down."""

    def __init__(self, partition: int, grace_ms_at: Callable[[int], int]) -> None:
        """Start empty; *grace_ms_at* tells the grace of the window that starts at an instant."""
        self._partition = partition
        self._grace_ms_at = grace_ms_at
        self._buckets: dict[tuple[int, int], _Bucket] = {}
        self._dirty: list[LiveRow] = []
        self._closed_ms = -1
        #: Highest stamp among the restored rows: up to there a row may hold a record already.
        self.restored_up_to = NEVER

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(len(b.usage) + len(b.fates) for b in self._buckets.values())

    def usage_rows(self, start_ms: int, day: int, names: Iterable[UsageName]) -> list[UsageRow]:
        """Return the rows of *names* for the window that starts at *start_ms*; *day* is their arrival day."""
        known = self._bucket(start_ms, day).usage
        rows = []
        for name in names:
            row = known.get(name)
            if row is None:
                row = known[name] = UsageRow(rollup.encode(rollup.UsageKey(*name, "", start_ms, day)))
            rows.append(row)
        return rows

    def fates_rows(self, hour_ms: int, arrival_day: int, names: Iterable[FatesName]) -> list[FatesRow]:
        """Return the counts of fates of *names* for events of *hour_ms* that arrived on *arrival_day*."""
        known = self._bucket(hour_ms, arrival_day).fates
        rows = []
        for name in names:
            row = known.get(name)
            if row is None:
                key = rollup.FatesKey(*name, hour_ms, arrival_day, self._partition)
                row = known[name] = FatesRow(rollup.encode(key))
            rows.append(row)
        return rows

    def touch(self, rows: Iterable[LiveRow]) -> None:
        """Have *rows* written down with the next `take_dirty`."""
        for row in rows:
            if not row.dirty:
                row.dirty = True
                self._dirty.append(row)

    def take_dirty(self, at_ms: int) -> list[NewRecord]:
        """Return the records, dated *at_ms*, of every row touched since the last call."""
        rows, self._dirty = self._dirty, []
        for row in rows:
            row.dirty = False
        return [NewRecord(row.key, row.encode(), at_ms) for row in rows]

    def restore(self, key: rollup.UsageKey | rollup.FatesKey, saved: rollup.Row) -> LiveRow | None:
        """Put back what was written down; None if its window was closed at the time of `resume`."""
        self.restored_up_to = max(self.restored_up_to, saved.stamp)
        start_ms = key.window_start_ms if isinstance(key, rollup.UsageKey) else key.hour_ms
        if self._closes_ms(start_ms, key.arrival_day) <= self._closed_ms:
            return None
        if isinstance(key, rollup.UsageKey) and isinstance(saved, rollup.UsageRow):
            # One text for all rows that name it: a customer has rows for every meter and hour.
            name = (intern(key.tenant), intern(key.customer), intern(key.meter))
            [usage] = self.usage_rows(start_ms, key.arrival_day, [name])
            usage.restore(saved)
            return usage
        if isinstance(key, rollup.FatesKey) and isinstance(saved, rollup.FatesRow):
            [fates] = self.fates_rows(start_ms, key.arrival_day, [(key.tenant, key.type)])
            fates.restore(saved)
            return fates
        raise TypeError(key, saved)

    def close(self, record_time_ms: int) -> None:
        """Forget the windows that were over well before *record_time_ms*, all written down."""
        self._closed_ms = max(self._closed_ms, record_time_ms - _LINGER_MS)
        over = [at for at, bucket in self._buckets.items() if bucket.closes_ms <= self._closed_ms]
        for at in over:
            del self._buckets[at]

    def resume(self, record_time_ms: int) -> None:
        """Before anything is restored: say how far the log was read."""
        self._closed_ms = record_time_ms - _LINGER_AFTER_LOAD_MS

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
