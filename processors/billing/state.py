"""One partition of Stripe's events behind the worker's interface: the pure core and its outputs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.billing.core.partition import BillingPartition
from processors.billing.observe import Observer
from processors.stream.core.idle import Idle
from processors.stream.core.records import Append, Flush, NewRecord, SourceRecord
from schemas import mirror_log
from schemas.rollup import Progress, ProgressKey
from schemas.stamp import offset_of

#: Facts; states with the progress behind them.
STEPS: Final = 2


@dataclass(frozen=True, slots=True)
class Outputs:
    """Full names of the topics that the agent writes."""

    mirror: str
    billing: str


class BillingState:
    """State of one partition, in memory."""

    def __init__(
        self,
        number: int,
        partition: BillingPartition,
        next_offset: int,
        outputs: Outputs,
        observer: Observer,
        owed: Sequence[NewRecord],
    ) -> None:
        """Go on at *next_offset* of partition *number*; *owed*: what has to be written once more."""
        self.partition = partition
        self.next_offset = next_offset
        self._number = number
        self._outputs = outputs
        self._observer = observer
        self._owed = owed
        self._progress_key = mirror_log.encode(ProgressKey(number))
        self._idle = Idle()

    def apply(self, records: Sequence[SourceRecord]) -> Flush:
        """Apply *records*; see `processors.stream.worker.PartitionState`."""
        started = time.perf_counter()
        outcome = self.partition.apply(records)
        self.next_offset = outcome.last_offset + 1
        self._observer.applied(self._number, outcome, records, time.perf_counter() - started)
        self._idle.over()
        states = outcome.states
        if outcome.progress is not None:
            states = [*states, self._progress_record(outcome.progress, outcome.record_time_ms)]
        return self._flush(outcome.last_offset, outcome.record_time_ms, outcome.facts, states)

    def durable(self, flush: Flush) -> None:
        """Let go of what nobody speaks of any more."""
        self.partition.table.close(flush.record_time_ms)

    def heartbeat(self, now_ms: int) -> Flush | None:
        """Return what a zombie wrote over; after an idle hour also the progress, so that it never expires."""
        progress = self.partition.progress
        again = []
        if self._idle.is_long(now_ms) and progress is not None:
            again.append(self._progress_record(progress, now_ms))
        if not (again or self._owed):
            return None
        last_offset = self.next_offset - 1 if progress is None else offset_of(progress.stamp)
        return self._flush(last_offset, 0 if progress is None else progress.record_time_ms, [], again)

    def _flush(
        self, last_offset: int, record_time_ms: int, facts: Sequence[NewRecord], states: Sequence[NewRecord]
    ) -> Flush:
        owed, self._owed = self._owed, ()
        return Flush(
            self._number,
            last_offset,
            record_time_ms,
            (
                (Append(self._outputs.billing, self._number, facts),),
                (Append(self._outputs.mirror, self._number, [*owed, *states], is_changelog=True),),
            ),
        )

    def _progress_record(self, progress: Progress, at_ms: int) -> NewRecord:
        return NewRecord(self._progress_key, mirror_log.encode(progress), at_ms)
