"""Brings requests and packs together: one small timer drives rounds, confirmations and deadlines."""

import asyncio
import time
from collections import deque
from functools import partial
from typing import Final

from ingest.core.gate import Gate
from ingest.core.packing import LEAST_SHARE, OpenPacks, Pack, Place, Ticket
from ingest.core.reading import Batch
from ingest.core.rounds import Rounds
from ingest.kafka import UsageLog

_TICK_SECONDS: Final = 0.001
#: Looks at the clock in one pause for company: under load a millisecond is too often.
_TICKS_A_PAUSE: Final = 5


class Packer:
    """Publishes batches. Ticks about once a millisecond while anything waits, else not at all."""

    def __init__(
        self, log: UsageLog, packs: OpenPacks, rounds: Rounds, gate: Gate, ack_timeout_seconds: float
    ) -> None:
        self._log = log
        self._packs = packs
        self._rounds = rounds
        self._gate = gate
        self._ack_timeout_seconds = ack_timeout_seconds
        self._loop = asyncio.get_running_loop()
        #: Deadlines in the order in which they come.
        self._waiting: deque[tuple[float, Ticket]] = deque()
        #: Requests that have put their events into packs and have no answer yet.
        self._under_way = 0
        self._ticking = False

    async def publish(self, batch: Batch, body_bytes: int) -> list[Place] | None:
        """Return where each event stands, once Kafka has confirmed all; None if it did not in time."""
        confirmed: asyncio.Future[bool] = self._loop.create_future()
        ticket = Ticket(partial(_resolve, confirmed))
        now = time.monotonic()
        share = body_bytes // len(batch.events)
        places, full = self._packs.put(batch.events, batch.partitions, share, ticket)
        self._gate.hold(max(share, LEAST_SHARE) * len(batch.events))
        self._waiting.append((now + self._ack_timeout_seconds, ticket))
        self._under_way += 1
        self._rounds.joined(now)
        self._send(full)
        self._wake()
        try:
            return places if await confirmed else None
        finally:
            self._under_way -= 1

    def hurry(self) -> None:
        """Send at once what waits, now and from now on: the process is about to end."""
        self._rounds.hurry()
        self._wake()

    def _wake(self) -> None:
        if not self._ticking:
            self._ticking = True
            seconds = max(_TICK_SECONDS, self._rounds.pause_seconds / _TICKS_A_PAUSE)
            self._loop.call_later(seconds, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        try:
            self._log.poll()
            now = time.monotonic()
            if self._rounds.due(now, free=not self._log.outstanding):
                self._send(self._packs.take())
                self._rounds.sent(self._under_way)
            self._give_up(now)
        finally:
            if self._waiting or self._log.outstanding:
                self._wake()

    def _send(self, packs: list[Pack]) -> None:
        for pack in packs:
            self._log.send(pack)

    def _give_up(self, now: float) -> None:
        waiting = self._waiting
        while waiting and (waiting[0][1].settled or waiting[0][0] < now):
            waiting.popleft()[1].settle(confirmed=False)


def _resolve(future: asyncio.Future[bool], confirmed: bool) -> None:  # noqa: FBT001 -- a callback's argument
    if not future.done():
        future.set_result(confirmed)
