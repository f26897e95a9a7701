"""Publishes what the door rejected to `weir.door`: about once a second, when something has changed."""

from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from ingest.core.tallies import Tallies
from runtime.kafka import failure_of
from schemas.door_tally import TallyKey, encode_tally


class DoorTally:
    """The tallies of this run, on their way to the log. Approximate after a kill, exact after a stop."""

    def __init__(self, producer: Producer, topic: str, run: str) -> None:
        self._producer = producer
        self._topic = topic
        self._tallies = Tallies(run)

    def add(self, tenant: str, code: str, events: int, now_ms: int) -> None:
        """Count *events* rejected events."""
        self._tallies.add(tenant, code, events, now_ms)

    def publish(self, now_ms: int) -> None:
        """Send the counters that have moved; what does not arrive is sent again."""
        for counter, events in self._tallies.take(now_ms).items():
            key, value = encode_tally(counter, events)
            report = partial(self._reported, counter)
            try:
                self._producer.produce(self._topic, value, key, partition=0, on_delivery=report)
            except (BufferError, KafkaException):
                self._tallies.put_back(counter)

    def _reported(self, counter: TallyKey, error: KafkaError | None, message: Message) -> None:
        if failure_of(error, message) is not None:
            self._tallies.put_back(counter)
