"""What stands on `weir.alerts`, and the moment at which something new does."""

from collections import Counter
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from runtime.broker import Broker
from runtime.kafka import consumer_config, readable
from runtime.log_reader import read
from runtime.settings import Settings
from schemas.topics import ALERTS, topic_name


def wordings(settings: Settings) -> dict[bytes, Counter[bytes]]:
    """Return by its key what each alert says, and how often it stands there."""
    _, starts, ends = _extent(settings)
    found: dict[bytes, Counter[bytes]] = {}
    for message in read(settings, "alerts", starts, ends):
        found.setdefault(message.key() or b"", Counter())[message.value() or b""] += 1
    return found


def repeated(settings: Settings) -> int:
    """Return how many records say again what stands there already.

    Each is a kill between an alert and the progress behind it: the moment that is hard to hit.
    """
    return sum(each.total() - len(each) for each in wordings(settings).values())


class AlertWatch:
    """Sees alerts that come from now on, as soon as the broker has them."""

    def __init__(self, settings: Settings) -> None:
        where, _, ends = _extent(settings)
        config = consumer_config(settings, "alerts", "alerts")
        self._consumer = Consumer({**config, "fetch.wait.max.ms": 100, "fetch.min.bytes": 1})
        self._consumer.assign([TopicPartition(*each, ends[each]) for each in where])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def next(self, seconds: float) -> bool:
        """Return as soon as there is a new one; False if none came within *seconds*."""
        while readable(self._consumer.consume(1_000, 0)):
            pass  # what is there already is the past
        return bool(readable(self._consumer.consume(1, seconds)))


def _extent(
    settings: Settings,
) -> tuple[list[tuple[str, int]], dict[tuple[str, int], int], dict[tuple[str, int], int]]:
    topic = topic_name(settings.topic_prefix, ALERTS)
    broker = Broker.of(settings, "alerts")
    where = [(topic, number) for number in range(settings.partitions)]
    return where, broker.earliest(where), broker.latest(where)
