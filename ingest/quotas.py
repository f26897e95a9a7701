"""Follows `weir.quotas` in a thread, so that a check is answered from memory."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from confluent_kafka import Message

from ingest.core.backlog import Backlog
from ingest.core.quota_states import QuotaStates
from runtime.follower import Follower, Turn
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.errors import Reject, TryAgain
from schemas.instant import SECOND_MS
from schemas.topics import QUOTAS, USAGE, topic_name

#: Records that are taken at once; more would hold the interpreter from the door for too long.
_AT_ONCE: Final = 500
#: How often the log's ends are asked for: as old as that may a state be that is complete.
_ENDS_SECONDS: Final = 0.5


class QuotaFollower(Follower):
    """Keeps the states of all partitions. While it has none, or Kafka is away, checks say so."""

    def __init__(self, settings: Settings, catalog: Callable[[], Catalog], backlog: Backlog) -> None:
        """Follow what *settings* name, and tell *backlog* what it sees; nothing happens before `start`."""
        super().__init__(settings, QUOTAS, settings.partitions, _AT_ONCE)
        self._source = topic_name(settings.topic_prefix, USAGE)
        self._catalog = catalog
        self._backlog = backlog
        self._states = QuotaStates()

    @property
    def states(self) -> QuotaStates:
        """Return what is known; empty until the topic was read to its end once."""
        return self._states

    def _follow(self, turns: Iterator[Turn]) -> None:
        """Take in the states; known states are replaced once all of those on the log were read anew."""
        states = QuotaStates()
        asked = 0.0
        for records, caught_up in turns:
            for record in records:
                _take(states, record)
            if not caught_up:
                continue
            now = time.monotonic()
            if now - asked >= _ENDS_SECONDS:
                self._look(states)
                asked = now
            self._states = states

    def _failed(self, _error: Exception) -> bool:
        return True  # what is known grows old, and the door stays open

    def _look(self, states: QuotaStates) -> None:
        """Tell *states* where the log ends."""
        asked_at_ms = time.time_ns() // 1_000_000
        ends = self._broker.ends(self._source, self._partitions)
        adopted = self._catalog().topics.get(USAGE.name)
        states.saw_ends(asked_at_ms, ends, adopted.generation if adopted else 0)
        through_ms, records, applied = states.backlog()
        behind_ms = 0 if through_ms is None else max(asked_at_ms - through_ms, 0)
        self._backlog.saw(time.monotonic(), behind_ms / SECOND_MS, records, applied)


def _take(states: QuotaStates, record: Message) -> None:
    try:
        states.take(record.key() or b"", record.value() or b"")
    except Reject as error:
        # Checks are left to the plans' default until a release runs that can read it.
        raise TryAgain(f"a record of {record.topic()} cannot be read: {error}") from error
