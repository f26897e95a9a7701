"""What is told of hot keys: numbers without names to Prometheus, names to the log, once in an hour."""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from processors.usage.core.hot_keys import SLOT_MS, SLOTS, HotKey
from runtime import logs
from runtime.metrics import Metrics
from schemas import metrics as names
from schemas.instant import HOUR_MS

#: A partition to which nothing comes any more tells nothing new: what it told is let go after so long.
_STALE_SECONDS: Final = 2 * SLOTS * SLOT_MS / 1_000
_KINDS: Final = ("customer", "tenant")

log = logs.get_logger(__name__)


class HotKeyReport:
    """The hot keys of this process's partitions."""

    def __init__(self, metrics: Metrics) -> None:
        #: By partition: when it was told, on our clock, and what.
        self._told: dict[int, tuple[float, Sequence[HotKey]]] = {}
        #: Who was logged already, and in which hour of the records' time.
        self._logged: set[tuple[int, str, str]] = set()
        self._hour = 0
        number, share = metrics.gauge(names.HOT_KEYS), metrics.gauge(names.HOT_KEY_SHARE)
        for kind in _KINDS:
            number.labels(kind).set_function(partial(self._number, kind))
            share.labels(kind).set_function(partial(self._largest, kind))

    def found(self, partition: int, hot: Sequence[HotKey], record_time_ms: int) -> None:
        """Take note of all hot keys of *partition*, up to a record's time."""
        self._told[partition] = time.monotonic(), hot
        if record_time_ms // HOUR_MS != self._hour:
            self._hour = record_time_ms // HOUR_MS
            self._logged.clear()
        for key in hot:
            name = (partition, key.tenant, key.customer)
            if name not in self._logged:
                self._logged.add(name)
                log.warning(
                    "hot_key",
                    partition=partition,
                    tenant=key.tenant,
                    customer=key.customer,
                    share=round(key.share, 3),
                )

    def keep(self, partitions: Iterable[int]) -> None:
        """Forget all partitions but these."""
        for partition in self._told.keys() - set(partitions):
            del self._told[partition]

    def _number(self, kind: str) -> float:
        return float(len(self._shares(kind)))

    def _largest(self, kind: str) -> float:
        return max(self._shares(kind), default=0.0)

    def _shares(self, kind: str) -> list[float]:
        fresh = time.monotonic() - _STALE_SECONDS
        return [
            key.share
            for told_at, hot in tuple(self._told.values())
            if told_at >= fresh
            for key in hot
            if bool(key.customer) == (kind == "customer")
        ]
