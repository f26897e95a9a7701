"""What the logs say of one partition's state: rows by highest stamp, and what has to be repaired."""

from collections.abc import Callable

from processors.stream.core.records import NewRecord
from processors.usage.core.entries import entries_of
from processors.usage.core.horizon import Horizon
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from schemas import quota, rollup
from schemas.alert import QuotaThresholdReached, quota_threshold
from schemas.errors import Misconfigured, Reject
from schemas.seen import ENTRY_BYTES, parse_offset_key
from schemas.topics import QUOTAS, ROLLUPS

#: Ids that go into the index at once.
_CHUNK = 50_000


class Changelog:
    """The records of one partition of a changelog, merged by highest stamp.

    A zombie may have appended an older value behind a newer one; the key is then owed to the log.
    Values stay bytes: most keys come once, and a million decoded rows would double the memory.
    """

    def __init__(self, name: str, stamp_of: Callable[[bytes, bytes], int]) -> None:
        """Have read nothing of topic *name* (short) yet; *stamp_of* key and value raises Reject."""
        self._name = name
        self._stamp_of = stamp_of
        self._newest: dict[bytes, bytes] = {}
        #: Stamps of the keys that came more than once.
        self._stamps: dict[bytes, int] = {}
        self._owed: set[bytes] = set()

    def add(self, key: bytes, value: bytes) -> None:
        """Take the next record of the log. Raises Misconfigured if it is not ours."""
        if not value:
            # What is over is deleted; an older value behind that is over too.
            self._newest.pop(key, None)
            self._stamps.pop(key, None)
            self._owed.discard(key)
            return
        known = self._newest.get(key)
        if known is not None:
            newest = self._stamps.get(key)
            if newest is None:
                newest = self._stamp(key, known)
            stamp = self._stamp(key, value)
            if stamp < newest:
                self._stamps[key] = newest
                self._owed.add(key)
                return
            self._stamps[key] = stamp
            self._owed.discard(key)
        self._newest[key] = value

    def get(self, key: bytes) -> bytes | None:
        """Return the newest value of *key*."""
        return self._newest.get(key)

    def owed(self, at_ms: int) -> list[NewRecord]:
        """Return the records of keys whose last one on the log is not their newest."""
        return [NewRecord(key, self._newest[key], at_ms) for key in sorted(self._owed)]

    def move(self, take: Callable[[bytes, bytes], None]) -> None:
        """Hand every key and its newest value to *take*; nothing is left here. Raises Misconfigured."""
        self._stamps.clear()
        self._owed.clear()
        try:
            while self._newest:
                take(*self._newest.popitem())
        except Reject as error:
            raise self._unreadable(error) from None

    def _stamp(self, key: bytes, value: bytes) -> int:
        try:
            return self._stamp_of(key, value)
        except Reject as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Reject) -> Misconfigured:
        return Misconfigured(
            f"weir.{self._name} holds what this release cannot read ({error}): run the newer one"
        )


def rollups_log() -> Changelog:
    """Return the changelog of `weir.rollups`, with nothing read yet."""
    return Changelog(ROLLUPS.name, rollup.stamp_of)


def quotas_log() -> Changelog:
    """Return the changelog of `weir.quotas`, with nothing read yet."""
    return Changelog(QUOTAS.name, lambda _, value: quota.stamp_of_value(value))


def progress_in(rollups: Changelog, partition: int) -> rollup.Progress | None:
    """Return how far the source was read for good."""
    key = rollup.encode(rollup.ProgressKey(partition))
    value = rollups.get(key)
    row = rollup.decode(key, value)[1] if value is not None else None
    return row if isinstance(row, rollup.Progress) else None


def restore_rollups(rollups: Changelog, table: UsageTable) -> None:
    """Move every row that may still change into *table*."""

    def take(raw: bytes, value: bytes) -> None:
        key, row = rollup.decode(raw, value)
        if isinstance(key, rollup.UsageKey | rollup.SketchKey | rollup.FatesKey):
            table.restore(key, value, row.stamp)

    rollups.move(take)


def restore_quotas(quotas: Changelog, table: QuotaTable, durable_stamp: int) -> list[QuotaThresholdReached]:
    """Move every row into *table*; return the alerts that may not be on the log yet.

    Those are of thresholds that were reached behind *durable_stamp*.
    """
    owed: list[QuotaThresholdReached] = []

    def take(raw: bytes, value: bytes) -> None:
        table.restore(raw, value)
        if quota.stamp_of_value(value) <= durable_stamp:
            return
        key, row = quota.decode(raw, value)
        if isinstance(key, quota.UsedKey) and isinstance(row, quota.UsedRow):
            owed.extend(
                quota_threshold(key, each)
                for each in row.crossings
                if each.told and each.stamp > durable_stamp
            )

    quotas.move(take)
    return owed


class SeenLog:
    """The records of one partition of `weir.seen`, into its index."""

    def __init__(self, index: SeenIndex, horizon: Horizon) -> None:
        """Fill *index* and *horizon*."""
        self._index = index
        self._horizon = horizon
        self._values: list[bytes] = []
        self._offsets: list[int] = []
        self._pending = 0
        self._newest = 0

    def add(self, key: bytes, value: bytes, recorded_at_ms: int) -> None:
        """Take the next record of the log."""
        offset = parse_offset_key(key)
        self._horizon.observe(offset, recorded_at_ms)
        self._values.append(value)
        self._offsets.append(offset)
        self._newest = max(self._newest, offset)
        self._pending += len(value) // ENTRY_BYTES
        if self._pending >= _CHUNK:
            self.finish()

    def finish(self) -> None:
        """Put what was taken into the index."""
        if self._values:
            self._index.restore(entries_of(self._values, self._offsets))
        if self._index.is_full:
            # A full table takes more only one by one. All of this is on the log, so all may be sealed.
            self._index.seal(self._newest)
            self._index.compact(0)
        self._values, self._offsets, self._pending = [], [], 0
