"""One instant of the store: numbers and how complete they are belong together."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from console.control.versions import published
from console.queries import queries
from console.usage.core.freshness import Freshness, LogEnds, Progress, freshness
from runtime.postgres import AsyncConnection
from schemas.catalog import Catalog


class Moment(NamedTuple):
    """When an answer is made: the log's ends as they were seen just before, and our clock."""

    ends: LogEnds | None
    now_ms: int


@asynccontextmanager
async def snapshot(connection: AsyncConnection) -> AsyncIterator[None]:
    """Have everything that is read in the block come from one instant."""
    async with connection.transaction():
        await connection.execute(queries(__package__)["snapshot"])
        yield


async def read_freshness(connection: AsyncConnection, partitions: Iterable[int], moment: Moment) -> Freshness:
    """Return how complete an answer over *partitions* of the log is."""
    stored = await connection.execute(queries(__package__)["progress"])
    progress = {partition: Progress(*rest) async for partition, *rest in stored}
    newest = await (await connection.execute(queries(__package__)["generation"])).fetchone()
    generation = 1 if newest is None else int(newest[0])
    return freshness(partitions, progress, moment.ends, generation, moment.now_ms)


async def read_catalog(connection: AsyncConnection) -> Catalog:
    """Return all versions of the meters."""
    stored = await connection.execute(queries(__package__)["versions"])
    return Catalog().with_facts([published(*row) async for row in stored])
