"""Follows `weir.quotas` in a thread, so that a check is answered from memory."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final, Self

from confluent_kafka import Consumer, Message, TopicPartition

from ingest.core.backlog import Backlog
from ingest.core.quota_states import QuotaStates
from runtime import logs
from runtime.broker import Broker
from runtime.kafka import consumer_config, readable
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.errors import Reject, TryAgain
from schemas.ground import TopicIdentity
from schemas.instant import SECOND_MS
from schemas.topics import QUOTAS, USAGE, topic_name

_POLL_SECONDS: Final = 0.05
#: Records that are taken at once; more would hold the interpreter from the door for too long.
_CHUNK: Final = 500
#: How often the log's ends are asked for: as old as that may a state be that is complete.
_ENDS_SECONDS: Final = 0.5
#: How often the topic's identity is looked at.
_IDENTITY_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 5.0
_ASK_SECONDS: Final = 5.0

log = logs.get_logger(__name__)


class QuotaFollower:
    """Keeps the states of all partitions. While it has none, or Kafka is away, checks say so."""

    def __init__(self, settings: Settings, catalog: Callable[[], Catalog], backlog: Backlog) -> None:
        """Follow what *settings* name, and tell *backlog* what it sees; nothing happens before `start`."""
        self._topic = topic_name(settings.topic_prefix, QUOTAS)
        self._source = topic_name(settings.topic_prefix, USAGE)
        self._partitions = settings.partitions
        self._config = consumer_config(
            settings,
            "quotas",
            f"{settings.topic_prefix}quotas-{settings.instance}",  # never joined
        )
        self._broker = Broker.of(settings, "quotas-admin", _ASK_SECONDS)
        self._catalog = catalog
        self._backlog = backlog
        self._states = QuotaStates()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quotas", daemon=True)

    @property
    def states(self) -> QuotaStates:
        """Return what is known; empty until the topic was read to its end once."""
        return self._states

    def start(self) -> Self:
        """Begin to follow."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop following."""
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
                self._follow()
            except (TryAgain, Reject) as error:
                # A record that this release cannot read leaves checks to the plans' default, and says so.
                if str(error) != said:
                    said = str(error)
                    log.warning("quotas.away", reason=said)
                self._stop.wait(_RETRY_SECONDS)
            except Exception:
                log.exception("quotas.failed")
                self._stop.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        """Read the topic from its beginning and go on until `stop`; then or before, what is known is old."""
        identity = self._identity()
        where = [(self._topic, number) for number in range(self._partitions)]
        starts, ends = self._broker.earliest(where), self._broker.latest(where)
        missing = {number: ends[topic, number] for topic, number in where}
        missing = {number: end for number, end in missing.items() if starts[self._topic, number] < end}
        states = QuotaStates()
        looked = asked = 0.0
        with closing(Consumer(self._config)) as consumer:
            consumer.assign([TopicPartition(*each, starts[each]) for each in where])
            while not self._stop.is_set():
                for message in _arrived(consumer):
                    states.take(message.key() or b"", message.value() or b"")
                    number = message.partition() or 0
                    if number in missing and (message.offset() or 0) + 1 >= missing[number]:
                        del missing[number]
                if missing:
                    continue
                now = time.monotonic()
                if now - looked >= _IDENTITY_SECONDS:
                    if self._identity() != identity:
                        raise TryAgain(f"{self._topic} was made anew")
                    looked = now
                if now - asked >= _ENDS_SECONDS:
                    self._look(states)
                    asked = now
                self._states = states

    def _look(self, states: QuotaStates) -> None:
        """Tell *states* where the log ends."""
        asked_at_ms = time.time_ns() // 1_000_000
        ends = self._broker.latest((self._source, number) for number in range(self._partitions))
        adopted = self._catalog().topics.get(USAGE.name)
        by_number = {number: end for (_, number), end in ends.items()}
        states.saw_ends(asked_at_ms, by_number, adopted.generation if adopted else 0)
        through_ms, records, applied = states.backlog()
        behind_ms = 0 if through_ms is None else max(asked_at_ms - through_ms, 0)
        self._backlog.saw(time.monotonic(), behind_ms / SECOND_MS, records, applied)

    def _identity(self) -> TopicIdentity:
        found = self._broker.topics([self._topic]).get(self._topic)
        if found is None:
            raise TryAgain(f"Kafka has no topic {self._topic}: waiting for `weir topics apply`")
        return found


def _arrived(consumer: Consumer) -> list[Message]:
    """Return what is there, or else the first that comes in a short while. Raises TryAgain."""
    first = consumer.poll(_POLL_SECONDS)
    # Asked with a timeout, `consume` waits all of it for more.
    return readable([] if first is None else [first, *consumer.consume(_CHUNK, 0)])
