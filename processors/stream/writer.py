"""Appends records in batches and returns when every replica has them; raises when one has not.

Faust's own producer answers for none of this: it is not idempotent, gives up flushing after 0.1 s,
and reports failed deliveries as warnings.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, Self

from aiokafka import AIOKafkaProducer

from processors.stream.core.records import Append, NewRecord
from runtime.kafka_security import aiokafka_config
from runtime.settings import Settings

#: Below the broker's message.max.bytes, with room for what compression cannot help.
_BATCH_BYTES: Final = 800_000
_REQUEST_BYTES: Final = 1_000_000
#: The broker says so for a batch that it had already: delivered, at an offset it does not repeat.
_OFFSET_NOT_TOLD: Final = -1


class ForeignWriterError(Exception):
    """Somebody else appends to our changelog: one of us is a zombie. Start again from what is there."""


class UndeliveredError(Exception):
    """The broker did not confirm in time; whether it has the records is not known."""


class _Batch(Protocol):
    """aiokafka's BatchBuilder, as far as it is used here."""

    def append(self, *, timestamp: int, key: bytes, value: bytes | None) -> object | None: ...
    def close(self) -> None: ...
    def record_count(self) -> int: ...


class _Producer(Protocol):
    """aiokafka's AIOKafkaProducer, as far as it is used here."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def create_batch(self) -> _Batch: ...
    async def send_batch(self, batch: _Batch, topic: str, *, partition: int) -> "asyncio.Future[Any]": ...


class Fence:
    """Which offset each changelog's next append must get, if we are its only writer."""

    def __init__(self) -> None:
        """Expect nothing yet."""
        self._expected: dict[tuple[str, int], int] = {}

    def expect(self, topic: str, partition: int, next_offset: int) -> None:
        """Expect the next append to a changelog at *next_offset*: what was its end at the load."""
        self._expected[topic, partition] = next_offset

    def expected(self, topic: str, partition: int) -> int:
        """Return the offset that the next append will get. KeyError if nothing is expected."""
        return self._expected[topic, partition]

    def is_at(self, ends: Mapping[tuple[str, int], int]) -> bool:
        """Say whether each changelog ends, by *ends*, where our last append ended. KeyError as above."""
        return all(end == self.expected(*where) for where, end in ends.items())

    def forget(self, topic: str, partition: int) -> None:
        """Expect nothing of a changelog that is not ours any more."""
        self._expected.pop((topic, partition), None)

    def passed(self, topic: str, partition: int, base_offset: int, count: int) -> None:
        """Note that *count* records stand from *base_offset* on. Raises ForeignWriterError."""
        expected = self._expected.get((topic, partition))
        if base_offset == _OFFSET_NOT_TOLD:
            if expected is not None:
                self._expected[topic, partition] = expected + count
            return
        if expected is not None and base_offset != expected:
            message = (
                f"{topic}/{partition}: appended at {base_offset}, expected {expected}: another "
                "process writes this changelog"
            )
            raise ForeignWriterError(message)
        self._expected[topic, partition] = base_offset + count


class Writer:
    """The one producer of a stream process: acks=all, idempotent, explicit batches."""

    def __init__(self, producer: _Producer, session_timeout_ms: int, fence: Fence) -> None:
        """Connect *producer* with `start`; changelogs are held against *fence*."""
        self._producer = producer
        self._fence = fence
        # We have to give up before a successor can own our partitions; the producer itself, being
        # idempotent, would try for ever.
        self._patience_seconds = session_timeout_ms * 0.6 / 1000

    @classmethod
    def of(cls, settings: Settings, fence: Fence) -> Self:
        """Return the writer of the process that *settings* describe."""
        producer = AIOKafkaProducer(
            **aiokafka_config(settings),
            client_id=f"{settings.instance}-writer",
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_REQUEST_BYTES,
            request_timeout_ms=settings.session_timeout_ms,
        )
        return cls(producer, settings.session_timeout_ms, fence)

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def append(self, appends: Iterable[Append]) -> None:
        """Append everything; returns when all of it is durable. Raises on the first that is not.

        After an error the producer is of no use any more, and neither is its process.
        """
        async with self.patience():
            await asyncio.gather(*(self._append(append) for append in appends if append.records))

    @asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Give the block as long as a write may take. Raises UndeliveredError."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                yield
        except TimeoutError:
            raise UndeliveredError(f"no confirmation within {self._patience_seconds:.1f} s") from None

    async def _append(self, append: Append) -> None:
        batches = self._batches(append.records)
        # What one record says may rest on those before it (progress on rollups): the last batch
        # leaves only when all others are known to stand.
        delivered = [await self._send(batch, append) for batch in batches[:-1]]
        for sent in delivered:
            await self._confirm(append, *sent)
        await self._confirm(append, *await self._send(batches[-1], append))

    async def _send(self, batch: _Batch, append: Append) -> tuple["asyncio.Future[Any]", int]:
        batch.close()
        future = await self._producer.send_batch(batch, append.topic, partition=append.partition)
        return future, batch.record_count()

    async def _confirm(self, append: Append, future: "asyncio.Future[Any]", count: int) -> None:
        metadata = await future
        if append.is_changelog:
            self._fence.passed(append.topic, append.partition, metadata.offset, count)

    def _batches(self, records: Sequence[NewRecord]) -> list[_Batch]:
        batch = self._producer.create_batch()
        batches = [batch]
        for key, value, timestamp_ms in records:
            if batch.append(timestamp=timestamp_ms, key=key, value=value or None) is None:
                batch = self._producer.create_batch()
                batches.append(batch)
                # An empty batch takes any record; the broker refuses what is too large.
                batch.append(timestamp=timestamp_ms, key=key, value=value or None)
        return batches
