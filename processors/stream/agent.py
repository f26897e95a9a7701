"""An agent: Faust's stream in, the durable worker behind it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import faust
from faust.types import StreamT

from processors.stream.batching import batches
from processors.stream.job import StreamJob
from processors.stream.pace import Pace
from processors.stream.transport import PositionedTransport
from processors.stream.worker import StreamWorker
from processors.stream.writer import Fence, Writer
from runtime.settings import Settings

_HEARTBEAT_SECONDS: Final = 60.0
_ABANDON_SECONDS: Final = 3.0


#: Hears which partitions an agent has now, and the seconds that it took to load them.
Rebalanced = Callable[[frozenset[int], float], None]


class Agent:
    """Everything of one agent that runs in the event loop."""

    def __init__(
        self,
        name: str,
        app: faust.App,
        settings: Settings,
        job: StreamJob,
        rebalanced: Rebalanced,
        failed: Callable[[BaseException], None],
    ) -> None:
        """Attach to *app*; *failed* hears of the error after which nothing may go on."""
        self.name = name
        fence = Fence()
        self._app = app
        self._rebalanced = rebalanced
        self._failed = failed
        self._writer = Writer.of(settings, fence)
        self.worker = StreamWorker(job, self._writer, fence, failed)
        self._pace = Pace()
        app.transport = PositionedTransport(app, job.source, self._positions, self._pace)
        topic = app.topic(job.source, key_type=bytes, value_type=bytes, value_serializer="raw")
        app.agent(topic, name=name)(self._follow)
        app.timer(_HEARTBEAT_SECONDS)(self._heartbeat)

    async def start(self) -> None:
        """Connect the writer and join the group."""
        # Faust makes the folder, but not those above it.
        self._app.conf.datadir.parent.mkdir(parents=True, exist_ok=True)
        await self._writer.start()
        await self._app.start()

    async def stop(self) -> None:
        """Finish what was applied, leave the group, disconnect."""
        await self._app.stop()
        await self._writer.stop()

    async def abandon(self) -> None:
        """Leave as fast as may be after a failure, without waiting for what will never be durable."""
        self._app.conf.stream_wait_empty = False
        with suppress(Exception):
            async with asyncio.timeout(_ABANDON_SECONDS):
                await self._app.stop()

    def missing(self) -> str | None:
        """Return what is missing to be of use: partitions with their state; None: nothing."""
        return None if self.worker.states else "none assigned yet"

    def lag(self) -> int:
        """Return how many records wait behind the state, by what the consumer last heard."""
        consumer = self._app.consumer
        return sum(
            max(0, (consumer.highwater(tp) or 0) - self.worker.states[tp.partition].next_offset)
            for tp in consumer.assignment()
            if tp.partition in self.worker.states
        )

    def position(self) -> int:
        """Return a number that grows with every record applied."""
        return sum(state.next_offset for state in self.worker.states.values())

    async def _positions(self, assigned: frozenset[int]) -> Mapping[int, int]:
        started = time.monotonic()
        positions = await self.worker.positions(assigned)
        self._rebalanced(assigned, time.monotonic() - started)
        return positions

    async def _follow(self, stream: StreamT[Any]) -> None:
        channel: Any = stream.channel
        try:
            async for batch in batches(channel.queue, self._pace):
                await self.worker.handle(batch)
        except Exception as error:
            self._failed(error)
            raise

    async def _heartbeat(self) -> None:
        await self.worker.heartbeat(int(time.time() * 1000))
