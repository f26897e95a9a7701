"""The live rows of quotas of one partition, by the period that they belong to."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from processors.stream.core.records import NewRecord
from processors.usage.core.lines import UsedName
from processors.usage.core.used import EventsRow, QuotaRow, UsedRow
from schemas import quota
from schemas.errors import Misconfigured
from schemas.instant import DAY_MS, HOUR_MS
from schemas.period import Span
from schemas.rollup import ProgressKey
from schemas.stamp import NEVER, leading_stamp

#: What is over stays this long, since a broker's clock may step back a little.
LINGER_MS: Final = HOUR_MS
#: After a restart it stays longer: a step beyond LINGER_MS ends in one.
LINGER_AFTER_LOAD_MS: Final = DAY_MS


class _Bucket:
    """The rows of one period."""

    __slots__ = ("events", "saved", "used")

    def __init__(self) -> None:
        #: Records of rows that nothing has been added to since they were restored.
        self.saved: dict[bytes, bytes] = {}
        self.used: dict[UsedName, UsedRow] = {}
        self.events: dict[str, EventsRow] = {}


class QuotaTable:
    """Rows of periods that are not over. When one is, its rows leave, and are deleted on the log."""

    def __init__(self, partition: int) -> None:
        """Start empty."""
        self._partition = partition
        self._buckets: dict[Span, _Bucket] = {}
        self._dirty: list[QuotaRow] = []
        #: Keys of periods that are over, to be deleted on the log.
        self._over: list[bytes] = []
        self._closed_ms = -1
        #: Highest stamp among the restored rows: up to there a row may hold a record already.
        self.restored_up_to = NEVER

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(len(b.used) + len(b.events) + len(b.saved) for b in self._buckets.values())

    def used_rows(self, name: UsedName, spans: Iterable[Span]) -> list[UsedRow]:
        """Return the rows of *name* for *spans*; none for a period that has left memory."""
        return [self._used_row(name, span) for span in spans if span.end_ms > self._closed_ms]

    def events_rows(self, tenants: Iterable[str], month: Span) -> list[EventsRow]:
        """Return the rows of *tenants* for *month*."""
        return [self._events_row(tenant, month) for tenant in tenants]

    def touch(self, row: QuotaRow) -> None:
        """Have *row* written down with the next `take_dirty`."""
        if not row.dirty:
            row.dirty = True
            self._dirty.append(row)

    @property
    def dirty_used(self) -> list[UsedRow]:
        """Return the rows of customers that were touched since the last `take_dirty`."""
        return [row for row in self._dirty if isinstance(row, UsedRow)]

    def take_dirty(self, at_ms: int) -> list[NewRecord]:
        """Return the records, dated *at_ms*, of every row touched or over since the last call."""
        rows, self._dirty = self._dirty, []
        over, self._over = self._over, []
        for row in rows:
            row.dirty = False
        written = [NewRecord(row.key, row.encode(), at_ms) for row in rows]
        return [*written, *(NewRecord(key, b"", at_ms) for key in over)]

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and value of every row as it is now."""
        for bucket in self._buckets.values():
            rows: Iterable[QuotaRow] = chain(bucket.used.values(), bucket.events.values())
            yield from ((row.key, row.encode()) for row in rows)
            yield from bucket.saved.items()

    def restore(self, raw: bytes, value: bytes) -> None:
        """Put back the row of the encoded key *raw* as it was written down.

        It stays as it is until an event asks for it. Raises Reject.
        """
        key = quota.decode_key(raw)
        if isinstance(key, ProgressKey):
            return
        if isinstance(key, quota.EventsKey) and key.partition != self._partition:
            raise Misconfigured(f"weir.quotas/{self._partition} holds a row of partition {key.partition}")
        self.restored_up_to = max(self.restored_up_to, leading_stamp(value))
        if key.end_ms <= self._closed_ms:
            self._over.append(raw)
            return
        # As `used_rows` asks for it, whoever wrote it.
        self._bucket(Span(key.start_ms, key.end_ms)).saved[quota.encode(key)] = value

    def close(self, record_time_ms: int) -> None:
        """Forget the periods that were over well before *record_time_ms*, all written down."""
        self._closed_ms = max(self._closed_ms, record_time_ms - LINGER_MS)
        for span in [span for span in self._buckets if span.end_ms <= self._closed_ms]:
            bucket = self._buckets.pop(span)
            rows: Iterable[QuotaRow] = chain(bucket.used.values(), bucket.events.values())
            self._over += [*(row.key for row in rows), *bucket.saved]

    def resume(self, record_time_ms: int) -> None:
        """Before anything is restored: say how far the log was read."""
        self._closed_ms = record_time_ms - LINGER_AFTER_LOAD_MS

    def _used_row(self, name: UsedName, span: Span) -> UsedRow:
        bucket = self._bucket(span)
        row = bucket.used.get(name)
        if row is None:
            row = bucket.used[name] = UsedRow(quota.UsedKey(*name, *span))
            if (saved := bucket.saved.pop(row.key, None)) is not None:
                row.restore_used(quota.decode_used(saved))
        return row

    def _events_row(self, tenant: str, month: Span) -> EventsRow:
        bucket = self._bucket(month)
        row = bucket.events.get(tenant)
        if row is None:
            row = EventsRow(quota.encode(quota.EventsKey(tenant, *month, self._partition)))
            bucket.events[tenant] = row
            if (saved := bucket.saved.pop(row.key, None)) is not None:
                row.restore(quota.decode_events(saved))
        return row

    def _bucket(self, span: Span) -> _Bucket:
        bucket = self._buckets.get(span)
        if bucket is None:
            bucket = self._buckets[span] = _Bucket()
        return bucket
