"""One member of a sink's consumer group: partitions come and go, records arrive, offsets are told to Kafka.

Where reading starts is not Kafka's to say: an assignment waits until `start` names the offsets.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import logs
from sinks.core.log import Log
from sinks.core.record import Record

#: Most records of one poll.
_AT_ONCE: Final = 10_000
#: How often the client tells what it knows of brokers and log ends.
_STATISTICS_MS: Final = 1_000

log = logs.get_logger(__name__)


class _BrokerState(msgspec.Struct):
    nodeid: int = -1
    state: str = ""


class _PartitionState(msgspec.Struct):
    hi_offset: int = -1


class _TopicState(msgspec.Struct):
    partitions: dict[str, _PartitionState] = {}


class _Statistics(msgspec.Struct):
    brokers: dict[str, _BrokerState] = {}
    topics: dict[str, _TopicState] = {}


class Member:
    """Reads what the group assigns to it. Not for several threads."""

    def __init__(self, config: Mapping[str, Any], prefix: str, topics: Iterable[str]) -> None:
        """Join with *config*; *topics* are short names below *prefix*."""
        self._prefix = prefix
        #: Counts assignments and revocations, so that a change during a wait is seen.
        self.changes = 0
        #: Logs that were assigned and wait for `start`; None: nothing waits.
        self.arrived: list[Log] | None = None
        #: Whether the group has given us an assignment, which may be empty.
        self.joined = False
        #: Offset behind the last record of each log on the broker, as far as known.
        self.ends: dict[Log, int] = {}
        #: Whether a broker answers, as far as known.
        self.kafka_is_there = False
        #: Called while the partitions are still ours.
        self.before_revoke: Callable[[], None] = lambda: None
        #: Set when a log could not be read on: the ground has to be looked at.
        self.fault: str | None = None
        self._consumer = Consumer(
            {**config, "stats_cb": self._learn, "statistics.interval.ms": _STATISTICS_MS}
        )
        self._decode = msgspec.json.Decoder(_Statistics).decode
        self._consumer.subscribe(
            [prefix + topic for topic in topics],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )

    def start(self, offsets: Mapping[Log, int]) -> None:
        """Read the assigned logs from *offsets* on."""
        self._consumer.assign(self._named(offsets))
        self.arrived = None

    def poll(self, seconds: float) -> dict[Log, list[Record]]:
        """Return the records that are there, waiting up to *seconds* for the first; keeps us in the group.

        Raises KafkaException when the client can do no more.
        """
        first = self._consumer.poll(seconds)
        if first is None:
            return {}
        changes = self.changes
        found: dict[tuple[str | None, int | None], list[Record]] = {}
        for message in (first, *self._consumer.consume(_AT_ONCE, 0)):
            if (error := message.error()) is not None:
                self._note(error)
            else:
                found.setdefault((message.topic(), message.partition()), []).append(_record(message))
        # A rebalance in the middle: what came before it is not ours any more.
        if changes != self.changes:
            return {}
        return {self._log(*where): records for where, records in found.items()}

    def wait(self, seconds: float) -> None:
        """Stay in the group for *seconds* without reading on."""
        self._consumer.pause(self._consumer.assignment())
        changes = self.changes
        stray = self._consumer.poll(seconds)
        if stray is not None and (error := stray.error()) is not None:
            self._note(error)
        if changes != self.changes:
            return
        if stray is not None and stray.error() is None:
            self._consumer.seek(
                TopicPartition(stray.topic() or "", stray.partition() or 0, stray.offset() or 0)
            )
        self._consumer.resume(self._consumer.assignment())

    def tell(self, offsets: Mapping[Log, int], *, wait: bool = False) -> None:
        """Commit *offsets* to Kafka, for those who watch the lag; nothing depends on it."""
        if not offsets:
            return
        try:
            if wait:
                self._consumer.commit(offsets=self._named(offsets), asynchronous=False)
            else:
                self._consumer.commit(offsets=self._named(offsets))
        except KafkaException as error:
            log.debug("sink.commit_not_told", reason=str(error))

    def leave(self) -> None:
        """Give the partitions back."""
        self.before_revoke = lambda: None
        self._consumer.close()

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self.changes += 1
        self.joined = True
        self.arrived = [self._log(each.topic, each.partition) for each in partitions]
        # Nothing may be read before `start` has said from where.
        consumer.assign([])

    def _revoked(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        if partitions:
            self.before_revoke()
        self._lost(consumer, partitions)

    def _lost(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        # What is paused when it is taken from us would be paused still when it comes back.
        consumer.resume(list(partitions))
        self.changes += 1
        self.arrived = None

    def _note(self, error: KafkaError) -> None:
        # The event that tells of a fatal error is not marked as one itself.
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - the library's public constant
            raise KafkaException(error)
        log.warning("sink.log_unreadable", reason=error.str())
        self.fault = error.str()

    def _learn(self, text: str) -> None:
        statistics = self._decode(text)
        self.kafka_is_there = any(
            broker.nodeid >= 0 and broker.state == "UP" for broker in statistics.brokers.values()
        )
        for topic, state in statistics.topics.items():
            for number, partition in state.partitions.items():
                if int(number) >= 0 and partition.hi_offset >= 0:
                    self.ends[self._log(topic, int(number))] = partition.hi_offset

    def _log(self, topic: str | None, partition: int | None) -> Log:
        return Log((topic or "").removeprefix(self._prefix), partition or 0)

    def _named(self, offsets: Mapping[Log, int]) -> list[TopicPartition]:
        return [
            TopicPartition(self._prefix + topic, partition, offset)
            for (topic, partition), offset in offsets.items()
        ]


def _record(message: Message) -> Record:
    headers = message.headers()
    return Record(
        message.offset() or 0,
        message.timestamp()[1],
        message.key() or b"",
        message.value() or b"",
        headers if isinstance(headers, list) else (),
    )
