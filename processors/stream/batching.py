"""Adaptive batches: take what has come, and wait only so long that a batch is worth its cost."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from faust.types import EventT

MAX_RECORDS: Final = 1_000
#: A batch starts at least this long after the one before; when records are rare, at once.
MIN_GAP_SECONDS: Final = 0.01


async def batches(
    queue: "asyncio.Queue[EventT[Any]]",
    max_records: int = MAX_RECORDS,
    min_gap_seconds: float = MIN_GAP_SECONDS,
) -> AsyncIterator[list[EventT[Any]]]:
    """Yield what arrives in *queue* in batches, until Faust ends the stream.

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
        _take(queue, batch, max_records)
        wait = started + min_gap_seconds - time.monotonic()
        if wait > 0 and len(batch) < max_records:
            await asyncio.sleep(wait)
            _take(queue, batch, max_records)
        started = time.monotonic()
        yield batch


def _take(queue: "asyncio.Queue[EventT[Any]]", batch: list[EventT[Any]], most: int) -> None:
    while len(batch) < most and not queue.empty():
        batch.append(queue.get_nowait())
