"""Sends prepared requests to one address, so many a second whatever the answers take."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from console.bench.wire import Answer, Wire

#: Until the first is due.
_LEAD_SECONDS: Final = 0.1


async def send_paced(
    host: str, port: int, requests: Sequence[bytes], connections: int, rate: float
) -> list[Answer]:
    """Return the answers, in the order of *requests*: *rate* a second, 0: as fast as they are answered.

    Each begins when it was due: one that waited for the one before it has waited too.
    """
    found: list[Answer] = [Answer(0, b"", 0.0, 0.0)] * len(requests)
    numbers = iter(range(len(requests)))
    begun_at = time.monotonic() + _LEAD_SECONDS

    async def work() -> None:
        wire = Wire(host, port)
        for number in numbers:
            due = begun_at + number / rate if rate else time.monotonic()
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            found[number] = (await wire.send(requests[number]))._replace(begun_at=due)
        wire.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())
    return found
