"""How one sink stands, for /readyz and /livez. Written by its own thread, read by the health server's."""

import time
from collections.abc import Mapping
from typing import Final

from runtime.health import Health
from sinks.core.log import Log
from sinks.member import Member

#: How often the lag is added up.
_LOOK_SECONDS: Final = 1.0


class Standing:
    """Plain numbers and texts, replaced whole: a reader in another thread never sees half of one."""

    def __init__(self, sink: str, health: Health) -> None:
        """Make the sink's needs and its work known to *health*."""
        #: What we wait for; None while everything answers.
        self.missing: str | None = "has not started yet"
        #: Where the logs ended when another client asked: a member that reads nothing hears nothing.
        self.ends: Mapping[Log, int] = {}
        self._kafka: str | None = "has not answered yet"
        self._read: dict[Log, int] = {}
        self._moves = 0
        self._lag = 0
        self._looked = 0.0
        health.need(f"{sink}: store", lambda: self.missing, dependency=True)
        health.need(f"{sink}: kafka", lambda: self._kafka, dependency=True)
        health.watch(sink, lambda: self._moves, lambda: self._lag)

    def began(self, offsets: Mapping[Log, int]) -> None:
        """Learn what is read, and from where."""
        self._read = dict(offsets)
        self._moves += 1

    def took(self, log: Log, next_offset: int) -> None:
        """Learn of progress in reading."""
        self._read[log] = next_offset
        self._moves += 1

    def stored(self) -> None:
        """Learn of progress in storing."""
        self._moves += 1

    def look(self, member: Member) -> None:
        """Ask *member* how far the logs go and whether Kafka is there."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        self._lag = sum(
            max(0, member.ends.get(log, 0) - offset, self.ends.get(log, 0) - offset)
            for log, offset in self._read.items()
        )
        if not member.kafka_is_there:
            self._kafka = "no broker answers"
        elif not member.joined:
            self._kafka = "the group has not assigned anything yet"
        else:
            self._kafka = None
