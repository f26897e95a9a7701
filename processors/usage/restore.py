"""What the logs say of one partition's state: rows by highest stamp, and what has to be repaired."""

from processors.stream.core.changelog import Changelog
from processors.usage.core.entries import entries_of
from processors.usage.core.horizon import Horizon
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from schemas import quota, rollup
from schemas.alert import QuotaThresholdReached, quota_threshold
from schemas.seen import ENTRY_BYTES, parse_offset_key
from schemas.stamp import leading_stamp
from schemas.topics import QUOTAS, ROLLUPS

#: Ids that go into the index at once.
_CHUNK = 50_000


def rollups_log() -> Changelog:
    """Return the changelog of `weir.rollups`, with nothing read yet."""
    return Changelog(ROLLUPS.name, rollup.stamp_of)


def quotas_log() -> Changelog:
    """Return the changelog of `weir.quotas`, with nothing read yet."""
    return Changelog(QUOTAS.name, lambda _, value: leading_stamp(value))


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
        if leading_stamp(value) <= durable_stamp:
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
