"""Adaptive batches: take what has come, and wait only so long that a batch is worth its cost."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from faust.types import EventT

from processors.stream.pace import Pace

MAX_RECORDS: Final = 1_000
#: As many share the fixed price of a batch well: more are not waited for.
ENOUGH_RECORDS: Final = 500


async def batches(queue: "asyncio.Queue[EventT[Any]]", pace: Pace) -> AsyncIterator[list[EventT[Any]]]:
    """Yield what arrives in *queue* in batches, at *pace*, until Faust ends the stream.

    Latency is small when little comes, throughput high when much does. The queue is read as it is,
    not through Faust's stream: that costs a turn of the loop for each record, and may empty the
    queue in a rebalance while half a batch waits for the rest of itself.
    """
    started = 0.0
    while True:
        try:
            batch = [await queue.get()]
        except StopAsyncIteration:
            # Faust throws it into the queue when the agent is to stop.
            return
        _take(queue, batch)
        wait = started + pace.gap_seconds - time.monotonic()
        if wait > 0 and len(batch) < ENOUGH_RECORDS:
            await asyncio.sleep(wait)
            _take(queue, batch)
        started = time.monotonic()
        # What the batch costs, not how long the broker takes to confirm: that is no reason to wait.
        spent = time.thread_time()
        yield batch
        pace.took(time.thread_time() - spent)


def _take(queue: "asyncio.Queue[EventT[Any]]", batch: list[EventT[Any]]) -> None:
    while len(batch) < MAX_RECORDS and not queue.empty():
        batch.append(queue.get_nowait())
