"""Reads the ledger from PostgreSQL, in one snapshot."""

from typing import NamedTuple

from console.ledger.core.merge import Arrivals, Hour, arrivals
from console.queries import queries
from console.usage.core.calendar import Window
from console.usage.core.freshness import Freshness
from console.usage.snapshot import Moment, read_catalog, read_freshness
from runtime.postgres import AsyncConnection
from runtime.settings import Settings


class Question(NamedTuple):
    """Whose events, of what type, by which windows. Its span begins and ends on windows' edges."""

    tenant: str
    #: None: all types.
    type: str | None
    window: Window
    from_ms: int
    to_ms: int


class Ledger(NamedTuple):
    """The answer, and up to when it is complete."""

    data: list[Arrivals]
    freshness: Freshness


async def read_ledger(
    connection: AsyncConnection, settings: Settings, question: Question, moment: Moment
) -> Ledger:
    """Return the answer to *question*, in the snapshot that the caller opened."""
    wanted = {name: value for name, value in question._asdict().items() if name != "window"}
    fresh = await read_freshness(connection, range(settings.partitions), moment)
    catalog = await read_catalog(connection)
    stored = await connection.execute(queries(__package__)["hours"], wanted)
    hours = [Hour(*row) async for row in stored]
    return Ledger(list(arrivals(hours, question.window, catalog)), fresh)
