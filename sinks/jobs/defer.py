"""Orders a job within the caller's own transaction: with its commit it is there, and without it never was."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from psycopg import errors
from psycopg.types.json import Jsonb

from runtime.postgres import AsyncConnection, Connection
from sinks import sql
from sinks.jobs.job import QUEUE


class Order(NamedTuple):
    """What to do."""

    #: Name of a `Job`.
    job: str
    #: By name, as JSON can say them.
    arguments: Mapping[str, Any]
    #: Of orders with the same one is worked on at a time.
    lock: str | None = None
    #: Of orders with the same no more than one waits: another is not necessary.
    queueing_lock: str | None = None
    #: A higher one goes first.
    priority: int = 0

    @property
    def values(self) -> dict[str, Any]:
        """Return the values of `defer_job`."""
        return {**self._asdict(), "queue": QUEUE, "arguments": Jsonb(dict(self.arguments))}


def defer(connection: Connection, order: Order) -> bool:
    """Give *order*, and say whether that was necessary."""
    try:
        with connection.transaction():
            connection.execute(sql.queries()["defer_job"], order.values)
    except errors.UniqueViolation:
        return False
    return True


async def defer_async(connection: AsyncConnection, order: Order) -> bool:
    """Do the same as `defer`."""
    try:
        async with connection.transaction():
            await connection.execute(sql.queries()["defer_job"], order.values)
    except errors.UniqueViolation:
        return False
    return True
