"""What the usage agent tells Prometheus."""

import time
from collections.abc import Iterable, Sequence
from typing import Final

from processors.stream.core.records import SourceRecord
from processors.stream.vitals import Vitals
from processors.usage.core.partition import Outcome
from processors.usage.hot_keys import HotKeyReport
from runtime.metrics import Metrics
from schemas import metrics as names
from schemas.verdict import Fate

AGENT: Final = "usage"
_STAGE = "processor"


class Observer:
    """Feeds the metrics of this process from the outcome of each batch."""

    def __init__(self, metrics: Metrics, group: str, horizon_seconds: int) -> None:
        """Write into *metrics*, as a member of the consumer *group*."""
        events = metrics.counter(names.PROCESSOR_EVENTS)
        self._events = {fate: events.labels(AGENT, fate.value) for fate in Fate}
        self._duration = metrics.histogram(names.PROCESSOR_EVENT_DURATION).labels(AGENT)
        self._lookups = metrics.counter(names.DEDUPE_LOOKUPS).labels(_STAGE)
        self._hits = metrics.counter(names.DEDUPE_HITS).labels(_STAGE)
        late = metrics.counter(names.LATE_EVENTS)
        self._in_grace = late.labels("hour", "in_grace")
        self._corrected = late.labels("hour", "corrected")
        self._lateness = metrics.histogram(names.EVENT_LATENESS)
        self._recovery = metrics.gauge(names.TABLE_RECOVERY_REMAINING)
        self._vitals = Vitals(metrics, AGENT, group)
        self.hot = HotKeyReport(metrics)
        metrics.gauge(names.DEDUPE_HORIZON).set(horizon_seconds)

    def applied(
        self, partition: int, outcome: Outcome, records: Sequence[SourceRecord], seconds: float
    ) -> None:
        """Take note of one applied batch of *partition*, which took *seconds*."""
        tally = outcome.tally
        for fate, count in tally.fates.items():
            if count:
                self._events[fate].inc(count)
        self._lookups.inc(tally.lookups)
        self._hits.inc(tally.fates[Fate.DUPLICATE] + tally.fates[Fate.CONFLICT])
        self._in_grace.inc(tally.in_grace)
        self._corrected.inc(tally.fates[Fate.LATE])
        if events := sum(tally.fates.values()):
            self._duration.observe(seconds / events)
        # One observation a batch: its oldest record says how far behind the agent is.
        self._lateness.observe(max(0.0, time.time() - records[0].recorded_at_ms / 1000))
        if outcome.progress is not None:
            self._vitals.progressed(partition, outcome.progress.record_time_ms)

    def recovering(self, table: str, remaining: int) -> None:
        """Say how many records of a changelog are still to be read."""
        self._recovery.labels(table).set(remaining)

    def rebalanced(self, partitions: Iterable[int], seconds: float) -> None:
        """Take note of an assignment, which took *seconds* to load; other partitions are not ours."""
        partitions = frozenset(partitions)
        self._vitals.rebalanced(partitions, seconds)
        self.hot.keep(partitions)
