"""What the billing agent tells Prometheus."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from processors.billing.core.partition import Applied, Outcome
from processors.stream.core.records import SourceRecord
from processors.stream.vitals import Vitals
from runtime.metrics import Metrics
from schemas import metrics as names

AGENT: Final = "billing"
_PROVIDER: Final = "stripe"


class Observer:
    """Feeds the metrics of this process from the outcome of each batch."""

    def __init__(self, metrics: Metrics, group: str) -> None:
        """Write into *metrics*, as a member of the consumer *group*."""
        applied = metrics.counter(names.WEBHOOK_APPLY)
        self._applied = {outcome: applied.labels(_PROVIDER, outcome.value) for outcome in Applied}
        self._duration = metrics.histogram(names.PROCESSOR_EVENT_DURATION).labels(AGENT)
        self._recovery = metrics.gauge(names.TABLE_RECOVERY_REMAINING).labels("mirror")
        self._vitals = Vitals(metrics, AGENT, group)
        self.rebalanced = self._vitals.rebalanced

    def applied(
        self, partition: int, outcome: Outcome, records: Sequence[SourceRecord], seconds: float
    ) -> None:
        """Take note of one applied batch of *partition*, which took *seconds*."""
        for applied, count in Counter(outcome.applied).items():
            self._applied[applied].inc(count)
        self._duration.observe(seconds / len(records))
        if outcome.progress is not None:
            self._vitals.progressed(partition, outcome.progress.record_time_ms)

    def recovering(self, remaining: int) -> None:
        """Say how many records of the changelog are still to be read."""
        self._recovery.set(remaining)
