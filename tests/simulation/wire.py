"""What a processor's producer has sent and the broker has not taken, or has not answered for.

An idempotent producer: each log gets its batches in order, each once, or none that comes behind one
that is missing. What is under way when its process dies may still arrive.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

from processors.stream.core.records import NewRecord
from tests.simulation.broker import Broker, Where
from tests.simulation.loop import VirtualLoop

#: The broker says so for a batch that it had already.
_NOT_TOLD: Final = -1
#: One answer in so many comes behind a repetition of its batch.
_REPEATED: Final = 40


class _Taken(NamedTuple):
    """The broker's answer."""

    offset: int


@dataclass(slots=True)
class _Sending:
    where: Where
    records: list[NewRecord]
    answer: "asyncio.Future[Any]"
    offset: int = 0


class _Batch:
    """Takes so many records; a real one takes so many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.records: list[NewRecord] = []

    def append(self, *, timestamp: int, key: bytes, value: bytes | None) -> object | None:
        if len(self.records) >= self._most:
            return None
        self.records.append(NewRecord(key, value or b"", timestamp))
        return self

    def close(self) -> None:
        """Nothing to do."""

    def record_count(self) -> int:
        return len(self.records)


class Wire:
    """The producer of one process, and the network behind it."""

    def __init__(self, broker: Broker, chance: Random, loop: VirtualLoop, most: int) -> None:
        """Send batches of up to *most* records to *broker*."""
        self._broker = broker
        self._chance = chance
        self._loop = loop
        self._most = most
        self._sent: dict[Where, deque[_Sending]] = {}
        self._taken: dict[Where, deque[_Sending]] = {}
        self.is_cut = False

    # As `processors.stream.writer` asks for it.

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def create_batch(self) -> _Batch:
        return _Batch(self._most)

    async def send_batch(self, batch: object, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        assert isinstance(batch, _Batch)
        sending = _Sending((topic, partition), batch.records, self._loop.create_future())
        if not self.is_cut:
            self._sent.setdefault(sending.where, deque()).append(sending)
        return sending.answer

    # As the network has it.

    @property
    def under_way(self) -> bool:
        """Whether something may still be appended."""
        return any(self._sent.values())

    @property
    def unanswered(self) -> bool:
        """Whether something was appended and not answered for."""
        return any(self._taken.values())

    def deliver(self) -> str:
        """Append the next batch of one log."""
        where = self._chance.choice([where for where, queue in self._sent.items() if queue])
        sending = self._sent[where].popleft()
        sending.offset = self._broker.end(where)
        for record in sending.records:
            self._broker.append(where, record.key, record.value, record.timestamp_ms)
        if not self.is_cut:
            self._taken.setdefault(where, deque()).append(sending)
        return f"{len(sending.records)} to {where[0]}/{where[1]} at {sending.offset}"

    def answer(self) -> str:
        """Tell the process of the oldest batch of one log that was taken."""
        where = self._chance.choice([where for where, queue in self._taken.items() if queue])
        sending = self._taken[where].popleft()
        offset = sending.offset if self._chance.randrange(_REPEATED) else _NOT_TOLD
        if not sending.answer.done():
            sending.answer.set_result(_Taken(offset))
        return f"{where[0]}/{where[1]} at {offset}"

    def cut(self) -> None:
        """The process is gone: nobody hears an answer, and nothing new is sent."""
        self.is_cut = True
        self._taken.clear()

    def lose(self) -> None:
        """Lose what is under way."""
        self._sent.clear()
