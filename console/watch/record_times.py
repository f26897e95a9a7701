"""When a record was appended: asked of the record itself, so it is exact."""

import time
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from runtime.broker import Partition
from runtime.kafka import consumer_config
from runtime.settings import Settings

_PATIENCE_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.1
#: One record is wanted of each partition: the client must not fetch megabytes ahead of it.
_FETCH_BYTES: Final = 16_384
_QUEUE_KIB: Final = 1_024


class Place(NamedTuple):
    """A record of the log."""

    partition: Partition
    offset: int


class RecordTimes:
    """Reads single records. What was read once is kept for as long as it is asked for."""

    def __init__(self, settings: Settings) -> None:
        # Its group never commits and is never joined: assigning by hand needs a name, no more.
        group = f"{settings.topic_prefix}watch-{settings.instance}"
        self._consumer = Consumer(
            consumer_config(
                settings,
                "watch",
                group,
                fetch_wait_max_ms=100,
                fetch_message_max_bytes=_FETCH_BYTES,
                queued_max_messages_kbytes=_QUEUE_KIB,
            )
        )
        self._known: dict[Place, int] = {}

    def at(self, places: Collection[Place]) -> Mapping[Place, int]:
        """Return when the first record at or behind each place was appended, in ms; where there is one."""
        self._known = {place: self._known[place] for place in places if place in self._known}
        missing = set(places) - self._known.keys()
        while missing:
            # Two groups may stand at two offsets of one partition: one of them a round.
            this_round = {place.partition: place for place in missing}
            self._known |= self._read(this_round)
            missing.difference_update(this_round.values())
        return self._known

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _read(self, places: Mapping[Partition, Place]) -> dict[Place, int]:
        found: dict[Place, int] = {}
        self._consumer.assign([TopicPartition(*place.partition, place.offset) for place in places.values()])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(found) < len(places) and time.monotonic() < deadline:
            message = self._consumer.poll(_POLL_SECONDS)
            if message is None or message.error() is not None:
                continue
            partition = (str(message.topic()), int(message.partition() or 0))
            if places[partition] not in found:
                found[places[partition]] = int(message.timestamp()[1])
                self._consumer.pause([TopicPartition(*partition)])
        # A pause outlives the assignment in librdkafka.
        self._consumer.resume([TopicPartition(*place.partition) for place in found])
        self._consumer.unassign()
        return found
