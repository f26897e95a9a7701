"""The lag exporter: how far each group is behind, in records and in seconds, and how long it may be."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Final

from console.watch.core.lag import Reading, lag_seconds, least_by_topic, seconds_to_loss
from console.watch.groups import read_groups
from console.watch.record_times import Place, RecordTimes
from runtime import logs
from runtime.broker import Broker
from runtime.group_offsets import GroupOffsets
from runtime.health import Health
from runtime.metrics import Metrics
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.instant import SECOND_MS
from schemas.metrics import (
    CONSUMER_COMMITTED_OFFSET,
    CONSUMER_LAG_MESSAGES,
    CONSUMER_LAG_SECONDS,
    TIME_TO_DATA_LOSS,
    TOPIC_END_OFFSET,
    TOPIC_PARTITIONS,
    TOPIC_RETENTION,
)

#: Prometheus scrapes every 15 s; three looks between keep a figure younger than it is asked for.
INTERVAL_SECONDS: Final = 5.0
_RETENTION_SECONDS: Final = 60.0

log = logs.get_logger(__name__)


class LagExporter:
    """Looks at Kafka every few seconds. Run it in a thread of its own."""

    def __init__(self, settings: Settings, metrics: Metrics, health: Health) -> None:
        self._settings = settings
        self._metrics = metrics
        self._broker = Broker.of(settings, "lag")
        self._offsets = GroupOffsets(settings)
        self._retention: Mapping[str, int | None] = {}
        self._retention_until = 0.0
        self._trouble: str | None = "the lag exporter has not looked yet"
        health.need("kafka", lambda: self._trouble, dependency=True)

    def run(self, stop: threading.Event) -> None:
        """Look until *stop* is set; an outage of Kafka is waited out."""
        with closing(self._offsets), closing(RecordTimes(self._settings)) as times:
            while not stop.is_set():
                try:
                    self.look(times)
                    self._trouble = None
                except TryAgain as error:
                    self._trouble = str(error)
                    log.warning("lag.waits", reason=str(error))
                stop.wait(INTERVAL_SECONDS if self._trouble is None else 1.0)

    def look(self, times: RecordTimes) -> None:
        """Read all groups once and set the gauges. Raises TryAgain."""
        readings = read_groups(self._broker, self._offsets, self._settings.topic_prefix)
        retention = self._retention_of({reading.topic for reading in readings})
        oldest = {reading: place for reading in readings if (place := _oldest_unread(reading)) is not None}
        appended = times.at(set(oldest.values()))
        now_ms = time.time_ns() // 1_000_000
        ages = {reading: appended.get(oldest[reading]) if reading in oldest else None for reading in readings}
        self._export_topics(readings, retention)
        self._export_groups(ages, retention, now_ms)

    def _retention_of(self, topics: set[str]) -> Mapping[str, int | None]:
        """Return how long each topic keeps a record, asked anew every minute: an operator may change it."""
        if self._retention.keys() != topics or time.monotonic() > self._retention_until:
            self._retention = {topic: self._broker.retention_ms(topic) for topic in topics}
            self._retention_until = time.monotonic() + _RETENTION_SECONDS
        return self._retention

    def _export_topics(self, readings: Iterable[Reading], retention: Mapping[str, int | None]) -> None:
        ends = {(reading.topic, reading.partition): reading.end for reading in readings}
        counts = Counter(topic for topic, _ in ends)
        for (topic, partition), end in ends.items():
            self._metrics.gauge(TOPIC_END_OFFSET).labels(topic, str(partition)).set(end)
        for topic, kept_ms in retention.items():
            kept = math.inf if kept_ms is None else kept_ms / SECOND_MS
            self._metrics.gauge(TOPIC_RETENTION).labels(topic).set(kept)
            self._metrics.gauge(TOPIC_PARTITIONS).labels(topic).set(counts[topic])

    def _export_groups(
        self, ages: Mapping[Reading, int | None], retention: Mapping[str, int | None], now_ms: int
    ) -> None:
        for reading, record_ms in ages.items():
            labels = (reading.group, reading.topic, str(reading.partition))
            self._metrics.gauge(CONSUMER_LAG_MESSAGES).labels(*labels).set(reading.lag)
            self._metrics.gauge(CONSUMER_LAG_SECONDS).labels(*labels).set(lag_seconds(record_ms, now_ms))
            self._metrics.gauge(CONSUMER_COMMITTED_OFFSET).labels(*labels).set(reading.position)
        left = (
            (reading, seconds_to_loss(reading, record_ms, retention[reading.topic], now_ms))
            for reading, record_ms in ages.items()
        )
        for (group, topic), seconds in least_by_topic(left).items():
            self._metrics.gauge(TIME_TO_DATA_LOSS).labels(group, topic).set(seconds)


def _oldest_unread(reading: Reading) -> Place | None:
    offset = reading.oldest_unread
    return None if offset is None else Place((reading.topic, reading.partition), offset)
