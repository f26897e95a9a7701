"""How a process of the door is kept going until somebody asks it to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any


async def serve_until(
    stop: asyncio.Event,
    failed: asyncio.Future[None],
    work: Iterable[Coroutine[Any, Any, None]],
    drain: Callable[[], Awaitable[None]],
) -> None:
    """Do *work* side by side until *stop* is set, then *drain*.

    Raises what *work* raises, or what *failed* holds.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in (*work, _result_of(failed))]
        try:
            await stop.wait()
        finally:
            await drain()
        for task in tasks:
            task.cancel()


async def _result_of(future: asyncio.Future[None]) -> None:
    await future
