"""Answers that are as fresh as they were asked to be."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from console.api.access import Caller, reading_as
from console.api.context import Context
from console.api.core.problem import bad_parameters, refuse
from console.usage.core.freshness import Freshness
from console.usage.reading import Unanswerable
from console.usage.snapshot import Moment
from runtime.postgres import AsyncConnection
from schemas.admission import Finding

#: How long a question with ?min_freshness= waits for the stream to come up to it.
PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.05


class _Dated(Protocol):
    @property
    def freshness(self) -> Freshness:
        """How complete it is."""


T = TypeVar("T", bound=_Dated)


async def read_fresh(
    context: Context,
    caller: Caller,
    min_freshness_ms: int | None,
    read: Callable[[AsyncConnection, Moment], Awaitable[T]],
) -> T:
    """Return what *read* finds for *caller*, once it is at most *min_freshness_ms* old; None: as it is.

    Raises Refused when that takes too long, and where *read* cannot answer what is asked.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        ends = await context.log.ends()
        async with reading_as(context, caller) as connection:
            try:
                found = await read(connection, Moment(ends, now_ms()))
            except Unanswerable as error:
                raise bad_parameters(Finding(f"/{error.field}", "unknown", str(error))) from None
        if min_freshness_ms is None or _is_fresh(found.freshness, min_freshness_ms):
            return found
        if time.monotonic() > deadline:
            through = found.freshness.complete_through or "nothing yet"
            raise refuse("not_fresh", f"usage is complete through {through}, which is not fresh enough")
        await asyncio.sleep(_PAUSE_SECONDS)


def now_ms() -> int:
    """Return the time."""
    return time.time_ns() // 1_000_000


def _is_fresh(fresh: Freshness, least_ms: int) -> bool:
    through_ms = fresh.complete_through_ms
    return through_ms is not None and now_ms() - through_ms <= least_ms
