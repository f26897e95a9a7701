"""What consumer groups have committed, asked by one who is in none of them.

By a consumer of each group's name that never joins it, and not by the admin client: that one's
ListConsumerGroupOffsets kills the whole process with a null pointer when the group's coordinator
moves or is only being made (librdkafka issue 5040; seen on every fresh broker).
"""

import threading
import time
from collections.abc import Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from runtime.broker import QUESTION_SECONDS, Partition
from runtime.kafka import admin_config
from runtime.settings import Settings
from schemas.errors import TryAgain

#: A group's consumer of ours only asks; the name tells so in the broker's log.
_CLIENT: Final = "offsets"
_PAUSE_SECONDS: Final = 0.1
#: A group that nobody has touched before has no coordinator for a moment.
_SOON: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
    }
)


class GroupOffsets:
    """Asks for groups' committed offsets; keeps a connection for each group. Safe in several threads."""

    def __init__(self, settings: Settings, seconds: float = QUESTION_SECONDS) -> None:
        self._config = admin_config(settings, _CLIENT)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._consumers: dict[str, Consumer] = {}

    def committed(self, group: str, partitions: Iterable[Partition]) -> dict[Partition, int | None]:
        """Return the next offset that *group* has committed; None where it has committed nothing.

        Raises TryAgain when Kafka has no answer in time.
        """
        asked = [TopicPartition(*partition) for partition in partitions]
        for answer in (answers := self._ask(group, asked)):
            if answer.error is not None:
                raise TryAgain(f"Kafka has no offsets of {group}: {answer.error.str()}")
        return {
            (answer.topic, answer.partition): answer.offset if answer.offset >= 0 else None
            for answer in answers
        }

    def _ask(self, group: str, asked: list[TopicPartition]) -> list[TopicPartition]:
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return self._consumer(group).committed(asked, timeout=self._seconds)
            except KafkaException as error:
                if error.args[0].code() not in _SOON or time.monotonic() > deadline:
                    raise TryAgain(f"Kafka has no offsets of {group}: {error.args[0].str()}") from None
            time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            while self._consumers:
                self._consumers.popitem()[1].close()

    def _consumer(self, group: str) -> Consumer:
        with self._lock:
            if group not in self._consumers:
                self._consumers[group] = Consumer({**self._config, "group.id": group})
            return self._consumers[group]
