"""One partition of usage behind the worker's interface: the pure core, its disk, its outputs."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from processors.stream.core.idle import Idle
from processors.stream.core.records import Append, Flush, NewRecord, SourceRecord
from processors.stream.writer import Fence
from processors.usage.core.partition import Outcome, UsagePartition
from processors.usage.observe import Observer
from processors.usage.row_store import LEAST_RECORDS, RECORDS_A_ROW, RowStore
from processors.usage.seen_store import SeenStore
from schemas import rollup
from schemas.alert import QuotaThresholdReached, alert_key, encode_alert
from schemas.catalog import Catalog
from schemas.instant import HOUR_MS
from schemas.partition import partition_of_tenant
from schemas.stamp import offset_of
from schemas.verdict import PROGRESS_KEY

#: Seen and verdicts; quotas; alerts, so that each of them says what its quota's row says; rollups with the
#: progress behind them; the verdicts' progress.
STEPS: Final = 5
_ROLLUPS_STEP: Final = 3


@dataclass(frozen=True, slots=True)
class Outputs:
    """Full names of the topics that the agent writes."""

    rollups: str
    quotas: str
    seen: str
    verdicts: str
    alerts: str
    dead_letters: str

    @property
    def changelogs(self) -> tuple[str, ...]:
        """Return those that have one writer, and that the state is loaded from."""
        return self.rollups, self.quotas, self.seen


class Stores(NamedTuple):
    """What is kept on disk, so that a start need not read all of the logs."""

    seen: SeenStore
    rows: RowStore
    quotas: RowStore


class Owed(NamedTuple):
    """What has to be written with the first flush, since it may not be on the logs."""

    rollups: list[NewRecord]
    quotas: list[NewRecord]
    alerts: list[QuotaThresholdReached]


class UsageState:
    """State of one partition, in memory and on disk."""

    def __init__(
        self,
        partition: UsagePartition,
        next_offset: int,
        stores: Stores,
        outputs: Outputs,
        fence: Fence,
        catalog: Callable[[], Catalog],
        observer: Observer,
        owed: Owed,
    ) -> None:
        """Go on at *next_offset*."""
        self.partition = partition
        self.next_offset = next_offset
        self._stores = stores
        self._outputs = outputs
        self._fence = fence
        self._catalog = catalog
        self._observer = observer
        self._owed = owed
        self._progress_key = rollup.encode(rollup.ProgressKey(partition.identity.partition))
        self._covered = stores.seen.manifest.covered
        #: Records on weir.rollups and weir.quotas since the rows were last kept on disk, and at how many the
        #: rows are counted to see whether it is time: there may be many windows to count.
        self._since_kept = 0
        self._count_at = LEAST_RECORDS
        self._idle = Idle()

    def apply(self, records: Sequence[SourceRecord]) -> Flush:
        """Apply *records*; see `processors.stream.worker.PartitionState`."""
        started = time.perf_counter()
        outcome = self.partition.apply(records, self._catalog())
        self.next_offset = outcome.last_offset + 1
        self._observer.applied(
            self.partition.identity.partition, outcome, records, time.perf_counter() - started
        )
        if (hot := self.partition.hot_keys.take()) is not None:
            self._observer.hot.found(self.partition.identity.partition, hot, outcome.record_time_ms)
        return self._flush(outcome)

    def durable(self, flush: Flush) -> None:
        """Let go of what is closed and seal what is full: everything up to *flush* is durable."""
        progress = self.partition.progress
        if progress is None:
            return
        number = self.partition.identity.partition
        if self.partition.index.is_full:
            self._seal(flush)
        # Records of the batch behind this one may stand before the end that is seen now, none of
        # a later one: so the next seal may skip what lies before it.
        self._covered = self._fence.expected(self._outputs.seen, number)
        self.partition.table.close(flush.record_time_ms)
        self.partition.quotas.close(flush.record_time_ms)
        if self._since_kept >= self._count_at:
            rows = len(self.partition.table) + len(self.partition.quotas)
            self._count_at = max(LEAST_RECORDS, RECORDS_A_ROW * rows)
            if self._since_kept >= self._count_at:
                self._keep_rows(flush)

    def heartbeat(self, now_ms: int) -> Flush | None:
        """Return what is owed to the logs although nothing came.

        That is what a zombie wrote over, before compaction takes it; and after an idle hour the progress
        again, so that retention never takes the last one.
        """
        progress, owed = self.partition.progress, self._owed
        again = []
        if self._idle.is_long(now_ms) and progress is not None:
            again.append(self._progress_record(progress, now_ms))
        if not (again or any(owed)):
            return None
        self._owed = Owed([], [], [])
        out, number = self._outputs, self.partition.identity.partition
        return Flush(
            number,
            self.next_offset - 1 if progress is None else offset_of(progress.stamp),
            0 if progress is None else progress.record_time_ms,
            (
                (),
                (Append(out.quotas, number, owed.quotas, is_changelog=True),),
                self._alerts(owed.alerts),
                (Append(out.rollups, number, [*owed.rollups, *again], is_changelog=True),),
                (Append(out.verdicts, number, [one._replace(key=PROGRESS_KEY) for one in again]),),
            ),
        )

    def _flush(self, outcome: Outcome) -> Flush:
        out, number, owed = self._outputs, self.partition.identity.partition, self._owed
        self._idle.over()
        self._owed = Owed([], [], [])
        progress = []
        if outcome.progress is not None:
            progress.append(self._progress_record(outcome.progress, outcome.record_time_ms))
        quotas = [*owed.quotas, *outcome.quotas, *progress]
        rollups = [*owed.rollups, *outcome.rollups, *progress]
        self._since_kept += len(quotas) + len(rollups)
        return Flush(
            number,
            outcome.last_offset,
            outcome.record_time_ms,
            (
                (
                    Append(out.seen, number, outcome.seen, is_changelog=True),
                    Append(out.verdicts, number, outcome.verdicts),
                    Append(out.dead_letters, number, outcome.dead_letters),
                ),
                (Append(out.quotas, number, quotas, is_changelog=True),),
                self._alerts([*owed.alerts, *outcome.alerts]),
                (Append(out.rollups, number, rollups, is_changelog=True),),
                (Append(out.verdicts, number, [one._replace(key=PROGRESS_KEY) for one in progress]),),
            ),
        )

    def _alerts(self, alerts: Iterable[QuotaThresholdReached]) -> list[Append]:
        """Return what has to be appended, by the partition of each alert's tenant."""
        partitions = self.partition.identity.partitions
        by_partition: dict[int, list[NewRecord]] = {}
        for alert in alerts:
            record = NewRecord(alert_key(alert), encode_alert(alert), alert.raised_at_ms)
            by_partition.setdefault(partition_of_tenant(alert.tenant, partitions), []).append(record)
        return [Append(self._outputs.alerts, *each) for each in by_partition.items()]

    def _progress_record(self, progress: rollup.Progress, at_ms: int) -> NewRecord:
        return NewRecord(self._progress_key, rollup.encode(progress), at_ms)

    def _keep_rows(self, flush: Flush) -> None:
        """Write the rows to disk with the progress of *flush*.

        Rows may hold records behind that progress already. It is as if they had become durable before
        it: those records come again after a crash, and the stamps tell.
        """
        (appended,) = flush.steps[_ROLLUPS_STEP]
        last = appended.records[-1] if appended.records else None
        if last is None or last.key != self._progress_key:
            return  # a replay writes none until it has caught up
        number = self.partition.identity.partition
        covered = self._fence.expected(self._outputs.rollups, number)
        self._stores.rows.write(covered, [*self.partition.table.records(), (last.key, last.value)])
        covered = self._fence.expected(self._outputs.quotas, number)
        self._stores.quotas.write(covered, self.partition.quotas.records())
        self._since_kept = 0

    def _seal(self, flush: Flush) -> None:
        index, horizon = self.partition.index, self.partition.horizon
        index.seal(flush.last_offset)
        # An hour more than is due, for records that are not durable yet: the clock may step back.
        index.compact(horizon.kept_since(flush.record_time_ms - HOUR_MS))
        self._stores.seen.write(index.runs, self._covered, horizon.hours())
