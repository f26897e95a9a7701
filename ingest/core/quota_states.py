"""What the ingress knows of quotas: the newest state of each key, and how far the processors are."""

from collections.abc import Mapping
from typing import Final

from schemas import quota
from schemas.period import Span
from schemas.progress import complete_through
from schemas.rollup import Progress, ProgressKey
from schemas.stamp import generation_of, leading_stamp, offset_of

_USED: Final = b'["used"'


class QuotaStates:
    """The records of `weir.quotas`, each key's with the highest stamp.

    One thread writes, another reads: every change is one step.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        #: Encoded keys and values, which take a third of the memory of decoded ones.
        self._used: dict[bytes, bytes] = {}
        #: By tenant and month, by partition.
        self._events: dict[tuple[str, int, int], dict[int, quota.EventsRow]] = {}
        self._progress: dict[int, Progress] = {}
        self._asked_at_ms = 0
        self._ends: Mapping[int, int] = {}
        self._generation = 0
        self._through: dict[int, int] = {}

    def __len__(self) -> int:
        """Return of how many customers' quotas it knows."""
        return len(self._used)

    def take(self, raw: bytes, value: bytes) -> None:
        """Take the next record of one partition; an empty value means that the key is over. Raises Reject."""
        if raw.startswith(_USED):
            self._take_used(raw, value)
            return
        key = quota.decode_key(raw)
        if isinstance(key, ProgressKey):
            self._progress[key.partition] = quota.decode_progress(value)
        elif isinstance(key, quota.EventsKey):
            self._take_events(key, value)

    def saw_ends(self, asked_at_ms: int, ends: Mapping[int, int], generation: int) -> None:
        """Take note of where the log's partitions ended when somebody asked."""
        self._asked_at_ms, self._ends, self._generation = asked_at_ms, ends, generation

    def backlog(self) -> tuple[int | None, int, int]:
        """Return up to when all partitions are complete, records beyond that, and records applied.

        The instant is None while nothing is known of a partition.
        """
        through = [self.complete_through(partition) for partition in self._ends]
        known = [at_ms for at_ms in through if at_ms is not None]
        applied = {partition: self._next_offset(partition) for partition in self._ends}
        records = sum(max(end - applied[partition], 0) for partition, end in self._ends.items())
        least = min(known, default=None) if len(known) == len(through) else None
        return least, records, sum(applied.values())

    def used(self, key: quota.UsedKey) -> quota.UsedRow | None:
        """Return what was used; None: nothing was."""
        value = self._used.get(quota.encode(key))
        return None if value is None else quota.decode_used(value)

    def events(self, tenant: str, month: Span) -> int:
        """Return how many events of *tenant* counted in *month*."""
        by_partition = self._events.get((tenant, *month), {})
        return sum([row.events for row in list(by_partition.values())])

    def complete_through(self, partition: int) -> int | None:
        """Return up to when the states of *partition* are complete; None while nothing is known.

        What was complete up to an instant stays so: later it may only be more.
        """
        found = self._complete_through(partition)
        if found is not None:
            self._through[partition] = max(found, self._through.get(partition, found))
        return self._through.get(partition)

    def _complete_through(self, partition: int) -> int | None:
        asked_at_ms, end = self._asked_at_ms, self._ends.get(partition)
        progress = self._progress.get(partition)
        record_time_ms = None if progress is None else progress.record_time_ms
        return complete_through(self._next_offset(partition), record_time_ms, end, asked_at_ms)

    def _next_offset(self, partition: int) -> int:
        progress = self._progress.get(partition)
        if progress is None or generation_of(progress.stamp) != self._generation:
            return 0
        return offset_of(progress.stamp) + 1

    def _take_used(self, raw: bytes, value: bytes) -> None:
        if not value:
            self._used.pop(raw, None)
            return
        row = quota.decode_used(value)  # here, so that no check meets what cannot be read
        known = self._used.get(raw)
        if known is None or leading_stamp(known) <= row.stamp:
            self._used[raw] = value

    def _take_events(self, key: quota.EventsKey, value: bytes) -> None:
        month = key.tenant, key.start_ms, key.end_ms
        if not value:
            self._events.get(month, {}).pop(key.partition, None)
            return
        row = quota.decode_events(value)
        by_partition = self._events.setdefault(month, {})
        known = by_partition.get(key.partition)
        if known is None or known.stamp <= row.stamp:
            by_partition[key.partition] = row
