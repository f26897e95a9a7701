"""Two batches in flight: the next one is applied while the one before becomes durable."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest
from typing import Final

from processors.stream.core.records import Flush, together
from processors.stream.writer import Writer

DEPTH: Final = 2


class _InFlight:
    """A batch on its way: which of its steps are durable."""

    def __init__(self, steps: int) -> None:
        self.done = [asyncio.Event() for _ in range(steps)]
        self.task: asyncio.Task[None] | None = None


class Pipeline:
    """Writes flushes step by step, each step after the same one of the batch before."""

    def __init__(
        self,
        writer: Writer,
        confirm_source: Callable[[], Awaitable[None]],
        steps: int,
        failed: Callable[[BaseException], None],
    ) -> None:
        """Write flushes of *steps* steps with *writer*; *failed* hears of an error at once.

        Before each one *confirm_source* has to return: until then it may be a stranger's records.
        After an error nothing may go on: what was applied is not what is durable.
        """
        self._writer = writer
        self._confirm_source = confirm_source
        self._steps = steps
        self._failed = failed
        self._in_flight: deque[_InFlight] = deque()

    async def submit(self, flushes: Sequence[Flush], done: Callable[[], None]) -> None:
        """Start to write *flushes*; *done* is called once they and all before are durable.

        Returns when there is room for another batch. Raises what went wrong with an earlier one.
        """
        before = self._in_flight[-1] if self._in_flight else None
        batch = _InFlight(self._steps)
        batch.task = asyncio.create_task(self._write(flushes, before, batch, done))
        batch.task.add_done_callback(self._report)
        self._in_flight.append(batch)
        while len(self._in_flight) >= DEPTH:
            await self._oldest()

    async def drain(self) -> None:
        """Wait until everything submitted is durable."""
        while self._in_flight:
            await self._oldest()

    async def _oldest(self) -> None:
        task = self._in_flight[0].task
        if task is not None:
            # A cancelled waiter must not cancel the write.
            await asyncio.shield(task)
        self._in_flight.popleft()

    async def _write(
        self,
        flushes: Sequence[Flush],
        before: _InFlight | None,
        batch: _InFlight,
        done: Callable[[], None],
    ) -> None:
        steps = [
            together(chain.from_iterable(step))
            for step in zip_longest(*(flush.steps for flush in flushes), fillvalue=())
        ]
        async with self._writer.patience():
            await self._confirm_source()
        for number, finished in enumerate(batch.done):
            if before is not None:
                await before.done[number].wait()
            await self._writer.append(steps[number] if number < len(steps) else ())
            finished.set()
        if before is not None and before.task is not None:
            await asyncio.shield(before.task)
        done()

    def _report(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)
