"""Follows a topic in a thread: read from its beginning without a group, and anew after every outage."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Final, NamedTuple, Self

from confluent_kafka import Consumer, Message, TopicPartition

from runtime import logs
from runtime.broker import Broker
from runtime.kafka import consumer_config, readable
from runtime.log_reader import arrived
from runtime.settings import Settings
from schemas.errors import TryAgain
from schemas.ground import TopicIdentity
from schemas.topics import Topic, topic_name

_POLL_SECONDS: Final = 0.05
_RETRY_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 5.0
#: How often the topic's identity is looked at. Reading on one that was made anew fails only where the
#: new log is shorter than our position: else its first records are missed without a word.
_IDENTITY_SECONDS: Final = 5.0

log = logs.get_logger(__name__)


class Turn(NamedTuple):
    """What came in a short while."""

    records: list[Message]
    #: Whether all that stood on the topic at the beginning has come.
    caught_up: bool


class Follower(ABC):
    """A thread that reads one topic, and makes something of it that others look at."""

    def __init__(self, settings: Settings, topic: Topic, partitions: int, chunk: int) -> None:
        """Follow *topic*, about *chunk* records at once at most; nothing happens before `start`."""
        self._topic = topic_name(settings.topic_prefix, topic)
        self._partitions = partitions
        self._chunk = chunk
        group = f"{settings.topic_prefix}{topic.name}-{settings.instance}"  # never joined
        self._config = consumer_config(settings, topic.name, group)
        self._broker = Broker.of(settings, f"{topic.name}-admin", _ASK_SECONDS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=topic.name, daemon=True)

    @abstractmethod
    def _follow(self, turns: Iterator[Turn]) -> None:
        """Take what *turns* bring, until they end. Raises TryAgain to begin anew after a while."""

    @abstractmethod
    def _failed(self, error: Exception) -> bool:
        """Hear of an error that is no outage, and say whether to begin anew after a while."""

    def start(self) -> Self:
        """Begin to follow."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop following; what was made of the topic stays."""
        self._stop.set()
        self._thread.join(_STOP_SECONDS)

    __enter__ = start

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _run(self) -> None:
        said = ""
        while not self._stop.is_set():
            try:
                with closing(self._turns()) as turns:
                    self._follow(turns)
            except TryAgain as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("topic.away", topic=self._topic, reason=said)
                self._stop.wait(_RETRY_SECONDS)
            except Exception as error:  # a thread that dies unseen is the worst end
                log.critical("topic.failed", topic=self._topic, exc_info=error)
                if not self._failed(error):
                    return
                self._stop.wait(_RETRY_SECONDS)

    def _turns(self) -> Generator[Turn]:
        """Yield turns from the topic's beginning until `stop`. Raises TryAgain."""
        identity = self._identity()
        # Asked for by number: librdkafka needs 0.5 s to find out what "the beginning" is, and another
        # 0.5 s to tell that the end is reached.
        where = [(self._topic, number) for number in range(self._partitions)]
        starts, ends = self._broker.earliest(where), self._broker.latest(where)
        missing = {each[1]: ends[each] for each in where if starts[each] < ends[each]}
        looked = time.monotonic()
        with closing(Consumer(self._config)) as consumer:
            consumer.assign([TopicPartition(*each, starts[each]) for each in where])
            yield Turn([], not missing)
            while not self._stop.is_set():
                records = readable(arrived(consumer, self._chunk, _POLL_SECONDS))
                for record in records if missing else ():
                    number = record.partition() or 0
                    if (record.offset() or 0) + 1 >= missing.get(number, 0):
                        missing.pop(number, None)
                yield Turn(records, not missing)
                if time.monotonic() - looked >= _IDENTITY_SECONDS:
                    if self._identity() != identity:
                        raise TryAgain(f"{self._topic} was made anew")
                    looked = time.monotonic()

    def _identity(self) -> TopicIdentity:
        found = self._broker.topics([self._topic]).get(self._topic)
        if found is None:
            raise TryAgain(f"Kafka has no topic {self._topic}: waiting for `weir topics apply`")
        return found
