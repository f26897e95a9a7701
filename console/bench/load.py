"""Sends prepared requests to a door and keeps every answer; what they say is read after the clock stops."""

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import uvloop

from console.bench.wire import Answer, Wire, request_bytes
from console.generator.deck import Batch
from console.generator.keys import Account
from schemas.errors import TryAgain

#: A door that is away or full is asked again after this.
_PAUSE_SECONDS: Final = 0.05
_GOOD: Final = {200, 202, 207, 400}
_RETRIED: Final = {0, 401, 429, 503}
#: A new key takes a moment to the door.
_PATIENCE_SECONDS: Final = 30.0


class Door(NamedTuple):
    """Where to send, and as whom."""

    host: str
    port: int
    accounts: Sequence[Account]


class Pace(NamedTuple):
    """How fast to send."""

    connections: int
    #: Events a second; 0: as fast as answers come.
    rate: float = 0.0


class Attempt(NamedTuple):
    """One request that was sent, and its answer."""

    batch: Batch
    answer: Answer

    @property
    def good(self) -> bool:
        """Whether the answer is final."""
        return self.answer.status in _GOOD


class Sent(NamedTuple):
    """One run of the load."""

    #: In the order of their answers.
    attempts: list[Attempt]
    events: int
    begun_at: float
    ended_at: float
    #: CPU seconds of the generator itself.
    cpu_seconds: float

    def latencies_ms(self) -> list[float]:
        """Return how long each request waited for its final answer."""
        return [
            1000 * (attempt.answer.ended_at - attempt.answer.begun_at)
            for attempt in self.attempts
            if attempt.good
        ]


def send(door: Door, batches: Sequence[Batch], pace: Pace) -> Sent:
    """Send *batches* until each has its final answer. Raises TryAgain when one never gets any."""
    requests = [
        request_bytes(door.host, door.port, door.accounts[batch.tenant].key, batch.body())
        for batch in batches
    ]
    run = _Run(door, pace, list(zip(batches, requests, strict=True)))
    # Millions of prepared objects: looking through them all would cost more than the load.
    gc.collect()
    gc.freeze()
    gc.disable()
    cpu = time.process_time()
    begun_at = time.monotonic()
    try:
        uvloop.run(run.play())
        ended_at, cpu = time.monotonic(), time.process_time() - cpu
    finally:
        gc.enable()
        gc.unfreeze()
    return Sent(run.attempts, sum(len(batch.events) for batch in batches), begun_at, ended_at, cpu)


class _Run:
    def __init__(self, door: Door, pace: Pace, prepared: list[tuple[Batch, bytes]]) -> None:
        self._door = door
        self._pace = pace
        self._left: Iterator[tuple[Batch, bytes]] = iter(prepared)
        self._slot = 0.0
        self.attempts: list[Attempt] = []

    async def play(self) -> None:
        self._slot = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._pace.connections):
                    group.create_task(self._work())
        except* TryAgain as errors:
            raise errors.exceptions[0] from None

    async def _work(self) -> None:
        wire = Wire(self._door.host, self._door.port)
        try:
            for batch, request in self._left:
                if self._pace.rate:
                    await self._wait_for_slot(len(batch.events))
                await self._deliver(wire, batch, request)
        finally:
            wire.close()

    async def _wait_for_slot(self, events: int) -> None:
        slot = self._slot
        self._slot = slot + events / self._pace.rate
        if (wait := slot - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    async def _deliver(self, wire: Wire, batch: Batch, request: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answer = await wire.send(request)
            attempt = Attempt(batch, answer)
            self.attempts.append(attempt)
            if attempt.good:
                return
            if answer.status not in _RETRIED or time.monotonic() > deadline:
                raise TryAgain(f"the door answers {answer.status}: {answer.body[:200]!r}")
            await asyncio.sleep(_PAUSE_SECONDS)
