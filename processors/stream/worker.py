"""The durable stream worker: state loaded on assignment, batches applied in order, done when durable."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from faust.types import EventT

from processors.stream.core.records import Flush, SourceRecord
from processors.stream.core.sequence import Sequence as InOrder
from processors.stream.pipeline import Pipeline
from processors.stream.writer import Fence, Writer
from runtime import logs
from schemas.source_record import header_map

log = logs.get_logger(__name__)


class PartitionState(Protocol):
    """What a job keeps of one source partition."""

    #: First source offset that is not in it.
    next_offset: int

    def apply(self, records: Sequence[SourceRecord]) -> Flush:
        """Apply *records*, in order and without holes; return what has to become durable."""

    def durable(self, flush: Flush) -> None:
        """Take note that everything up to *flush* is durable."""

    def heartbeat(self, now_ms: int) -> Flush | None:
        """Return what should be written although nothing came, if it is time."""


class Job(Protocol):
    """What the worker works at."""

    @property
    def steps(self) -> int:
        """Steps of each flush."""

    @property
    def changelogs(self) -> Sequence[str]:
        """Logs with one writer, by full topic name."""

    async def load(self, partitions: Sequence[int], fence: Fence) -> Mapping[int, PartitionState]:
        """Return the durable state of *partitions*, and tell *fence* where their changelogs end."""

    async def confirm_source(self) -> None:
        """Return once it is sure that what was read until now came from the source that was loaded.

        Raises if it did not: nothing of it may become durable then.
        """

    async def is_current(self, partition: int, fence: Fence) -> bool:
        """Say whether nobody wrote the partition's changelogs since we last did."""


class StreamWorker:
    """Owns the state of the assigned partitions, and the way from a record to durable."""

    def __init__(
        self, job: Job, writer: Writer, fence: Fence, failed: Callable[[BaseException], None]
    ) -> None:
        """Work at *job*; *failed* is called once with the error that ends the process."""
        self._job = job
        self._fence = fence
        self._failed = failed
        self._pipeline = Pipeline(writer, job.confirm_source, job.steps, failed)
        self._lock = asyncio.Lock()
        self._states: dict[int, PartitionState] = {}
        self._in_order: dict[int, InOrder] = {}

    @property
    def states(self) -> Mapping[int, PartitionState]:
        """The state of each partition that is ours."""
        return self._states

    async def positions(self, assigned: frozenset[int]) -> Mapping[int, int]:
        """Load what is newly ours, drop what is not; return where to read each partition on."""
        try:
            async with self._lock:
                return await self._take_over(assigned)
        except Exception as error:
            # Faust would log it and wait for ever.
            self._failed(error)
            raise

    async def handle(self, events: Sequence[EventT[Any]]) -> None:
        """Apply a batch and start to make it durable; acknowledges it when it is."""
        async with self._lock:
            flushes = []
            by_partition = sorted(events, key=_partition_of)
            for partition, group in groupby(by_partition, key=_partition_of):
                records = self._due(partition, group)
                if records:
                    flushes.append(self._states[partition].apply(records))
                    # Heartbeats and health have their turn between two partitions.
                    await asyncio.sleep(0)
            await self._submit(flushes, events)

    async def heartbeat(self, now_ms: int) -> None:
        """Write what is due at *now_ms* although nothing came."""
        async with self._lock:
            flushes = [flush for state in self._states.values() if (flush := state.heartbeat(now_ms))]
            if flushes:
                await self._submit(flushes, ())

    async def _take_over(self, assigned: frozenset[int]) -> Mapping[int, int]:
        await self._pipeline.drain()
        for partition in sorted(self._states):
            if partition not in assigned or not await self._job.is_current(partition, self._fence):
                self._drop(partition)
        missing = sorted(assigned - self._states.keys())
        if missing:
            log.info("stream.loading", partitions=missing)
            for partition, state in (await self._job.load(missing, self._fence)).items():
                self._states[partition] = state
                self._in_order[partition] = InOrder(state.next_offset)
            log.info("stream.loaded", partitions=missing)
        return {partition: state.next_offset for partition, state in self._states.items()}

    async def _submit(self, flushes: Sequence[Flush], events: Sequence[EventT[Any]]) -> None:
        def done() -> None:
            for flush in flushes:
                state = self._states.get(flush.partition)
                if state is not None:
                    state.durable(flush)
            for event in events:
                event.ack()

        await self._pipeline.submit(flushes, done)

    def _due(self, partition: int, events: Iterable[EventT[Any]]) -> list[SourceRecord]:
        """Return the records that are next in order; none of a partition that is not ours."""
        in_order = self._in_order.get(partition)
        if in_order is None:
            return []
        records = []
        for event in events:
            message = event.message
            record = SourceRecord(
                message.offset,
                round(message.timestamp * 1000),
                message.value or b"",
                header_map(message.headers),  # type: ignore[arg-type] # aiokafka gives pairs
            )
            if in_order.admit(record):
                records.append(record)
        return records

    def _drop(self, partition: int) -> None:
        del self._states[partition], self._in_order[partition]
        for topic in self._job.changelogs:
            self._fence.forget(topic, partition)


def _partition_of(event: EventT[Any]) -> int:
    return int(event.message.partition)
