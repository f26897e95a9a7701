"""What has to come of each partition's log, by the reference model, after every one of its records."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas import quota, rollup
from schemas.catalog import Catalog
from schemas.event import UsageEvent
from schemas.partial import Partial
from schemas.verdict import RecordVerdicts, encode_verdicts
from tests.unit.processors.usage.model import Invalid, Model, Record, Unreadable

GENERATION = 1
#: The events of one record, as their producer meant them.
Events = Sequence[UsageEvent | Invalid] | Unreadable


class Change(NamedTuple):
    """A row of usage or fates as one record left it."""

    key: bytes
    value: bytes


class Used(NamedTuple):
    """A row of a quota as one record left it."""

    key: bytes
    end_ms: int


class Truth:
    """One partition."""

    def __init__(self, partition: int, partitions: int, horizon_ms: int) -> None:
        self.partition = partition
        self.model = Model(partition, partitions, GENERATION, horizon_ms, Catalog())
        #: By source offset: the events, the rows that they went into, the newest append time up to there.
        self.events: list[Events] = []
        self.changes: list[list[Change]] = []
        self.quotas: list[list[Used]] = []
        self.newest_ms: list[int] = []
        #: By key and stamp: the value of the row; of a quota's, what was used.
        self.values: dict[tuple[bytes, int], bytes] = {}
        self.used: dict[tuple[bytes, int], Partial | int] = {}
        #: By source offset, of those that have to be written.
        self.verdicts: dict[int, bytes] = {}
        self.seen: dict[int, bytes] = {}

    @property
    def last_offset(self) -> int:
        """Return the offset of the last record; -1 if there is none."""
        return len(self.events) - 1

    def append(self, offset: int, recorded_at_ms: int, events: Events, catalog: Catalog) -> None:
        """Take the next record of the log, judged by *catalog*."""
        assert offset == len(self.events)
        self.model.catalog = catalog
        self.model.apply(Record(offset, recorded_at_ms, events))
        self.events.append(events)
        self.newest_ms.append(max(recorded_at_ms, self.newest_ms[-1] if self.newest_ms else 0))
        changes = []
        quotas = []
        for key in self.model.touched:
            if isinstance(key, rollup.UsageKey | rollup.FatesKey):
                row = self.model.row(key)
                change = Change(rollup.encode(key), rollup.encode(row))
                self.values[change.key, row.stamp] = change.value
                changes.append(change)
            elif isinstance(key, quota.UsedKey | quota.EventsKey):
                used = Used(quota.encode(key), key.end_ms)
                stamp, content = self.model.quota_row(key)
                self.used[used.key, stamp] = content
                quotas.append(used)
        self.changes.append(changes)
        self.quotas.append(quotas)
        if verdicts := self.model.verdicts.pop(offset):
            self.verdicts[offset] = encode_verdicts(RecordVerdicts(recorded_at_ms, verdicts))
        if seen := self.model.seen.pop(offset):
            self.seen[offset] = seen
