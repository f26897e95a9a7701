"""Faust's Kafka transport with our consumer loop: cheaper records, and our own offsets.

Stock Faust makes four asyncio tasks for each record, so that a wait at a full queue can be
interrupted. They are made here only where the callback could really wait. It asks the broker anew
for every record that comes alone; here records gather between two looks. And after a rebalance it
reads on at the group's committed offset, which may be ahead of what is durable; here the state says
where to go on. And it judges progress by a stream that nobody iterates here; /livez judges by the state.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle
from typing import Any, ClassVar, Final

from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT
from faust.types.transports import ConsumerT
from mode.types import ServiceT
from yarl import URL

from processors.stream.pace import Pace

#: Given the assigned source partitions, say at which offset to read each one.
Positions = Callable[[frozenset[int]], Awaitable[Mapping[int, int]]]

_YIELD_EVERY: Final = 100
_POLL_SECONDS: Final = 1.0
#: Between looks. What lies unread for twice as long aiokafka leaves aside: it asks the broker for the
#: other partitions alone, and nothing more comes of this one until they have something, or 1.5 s later.
_LONGEST_PAUSE_SECONDS: Final = 0.05


class PositionedConsumer(driver.Consumer):
    """Reads on where the state says, and spares each record the tasks that it does not need."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every assigned partition to where its state goes on; return those offsets."""
        topic = self._ours.source_topic
        mine = frozenset(tp.partition for tp in self.assignment() if tp.topic == topic)
        positions = await self._ours.positions(mine)
        offsets = {TP(topic, partition): offset for partition, offset in positions.items()}
        await self.seek_wait(offsets)
        return offsets

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Hand every fetched record to the conductor, as Faust's own loop does."""
        since_yield = 0
        pace = self._ours.pace
        pauses = cycle((False, True))
        try:
            while not (self.should_stop or fetcher.should_stop):
                records = self.getmany(timeout=_POLL_SECONDS)
                await asyncio.sleep(0)
                async for tp, message in records:
                    since_yield += 1
                    if since_yield > _YIELD_EVERY:
                        since_yield = 0
                        await asyncio.sleep(0)
                    due = self._read_offset[tp]
                    if due is None or message.offset >= due:
                        await self._deliver(tp, message)
                        self._read_offset[tp] = message.offset
                # What lies there after a pause was fetched at its beginning. Only the next look brings what
                # has come since.
                if next(pauses):
                    await asyncio.sleep(min(pace.gap_seconds, _LONGEST_PAUSE_SECONDS))
        except BaseException as error:
            expected = (*self.consumer_stopped_errors, asyncio.CancelledError)
            if not (isinstance(error, expected) and self.transport.app.should_stop):
                raise

    async def verify_all_partitions_active(self) -> None:
        """Say nothing: Faust would report partitions as stuck that are read, and those that are only idle."""

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 -- Faust's signature
        """Tell the group how far we are, without the table that Faust draws for a log that nobody reads."""
        assigned = self.assignment()
        ours = {tp: offset for tp, offset in offsets.items() if tp in assigned}
        if not ours:
            return False
        done = await self._commit(ours)
        self._committed_offset.update(ours)
        return bool(done)

    @property
    def _ours(self) -> "PositionedTransport":
        transport = self.transport
        if not isinstance(transport, PositionedTransport):
            raise TypeError(transport)
        return transport

    async def _deliver(self, tp: TP, message: Any) -> None:  # noqa: ANN401 -- Faust's ConsumerMessage
        delivery = self.callback(message)
        if self._cannot_wait(tp):
            await delivery
        else:
            await self.wait_first(delivery, self.suspend_flow.wait())

    def _cannot_wait(self, tp: TP) -> bool:
        """Say whether the callback is sure to return without waiting for anything."""
        app = self.app
        topics: Any = app.topics
        return (
            app.flow_control.is_active()
            and not self.suspend_flow.is_set()
            and not topics._tp_to_callback_lock.locked()  # noqa: SLF001 -- what the callback waits for
            and not any(channel.queue.full() for channel in topics._tp_index.get(tp, ()))  # noqa: SLF001
        )


class PositionedTransport(driver.Transport):
    """A Faust transport for one source topic; set it as `app.transport`."""

    Consumer: ClassVar[type[ConsumerT]] = PositionedConsumer

    def __init__(self, app: AppT, topic: str, positions: Positions, pace: Pace) -> None:
        """Read *topic* at *pace*, each partition from the offset that *positions* tells."""
        self.source_topic = topic
        self.positions = positions
        self.pace = pace
        super().__init__([URL(str(url)) for url in app.conf.broker], app)
