"""What the logs say of one partition's state: rows by highest stamp, and what has to be repaired."""

from processors.stream.core.records import NewRecord
from processors.usage.core.entries import entries_of
from processors.usage.core.horizon import Horizon
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from schemas import rollup
from schemas.errors import Misconfigured, Reject
from schemas.seen import ENTRY_BYTES, parse_offset_key

#: Ids that go into the index at once.
_CHUNK = 50_000


class Changelog:
    """The records of one partition of `weir.rollups`, merged by highest stamp.

    A zombie may have appended an older value behind a newer one; the key is then owed to the log.
    Values stay bytes: most keys come once, and a million decoded rows would double the memory.
    """

    def __init__(self) -> None:
        """Have read nothing yet."""
        self._newest: dict[bytes, bytes] = {}
        #: Stamps of the keys that came more than once.
        self._stamps: dict[bytes, int] = {}
        self._owed: set[bytes] = set()

    def add(self, key: bytes, value: bytes) -> None:
        """Take the next record of the log. Raises Misconfigured if it is not ours."""
        known = self._newest.get(key)
        if known is not None:
            newest = self._stamps.get(key)
            if newest is None:
                newest = _decode(key, known)[1].stamp
            stamp = _decode(key, value)[1].stamp
            if stamp < newest:
                self._stamps[key] = newest
                self._owed.add(key)
                return
            self._stamps[key] = stamp
            self._owed.discard(key)
        self._newest[key] = value

    def progress(self, partition: int) -> rollup.Progress | None:
        """Return how far the source was read for good."""
        key = rollup.encode(rollup.ProgressKey(partition))
        value = self._newest.get(key)
        row = _decode(key, value)[1] if value is not None else None
        return row if isinstance(row, rollup.Progress) else None

    def owed(self, at_ms: int) -> list[NewRecord]:
        """Return the records of keys whose last one on the log is not their newest."""
        return [NewRecord(key, self._newest[key], at_ms) for key in self._owed]

    def restore(self, table: UsageTable) -> None:
        """Move every row that may still change into *table*; nothing is left here."""
        self._stamps.clear()
        self._owed.clear()
        while self._newest:
            raw_key, value = self._newest.popitem()
            key, row = _decode(raw_key, value)
            if isinstance(key, rollup.UsageKey | rollup.FatesKey):
                table.restore(key, value, row.stamp)


def _decode(key: bytes, value: bytes) -> tuple[rollup.Key, rollup.Row]:
    try:
        return rollup.decode(key, value)
    except Reject as error:
        raise Misconfigured(
            f"weir.rollups holds what this release cannot read ({error}): run the newer one"
        ) from None


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
