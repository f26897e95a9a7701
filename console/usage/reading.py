"""Reads usage from PostgreSQL, in one snapshot: the numbers and how complete they are belong together."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from console.control.versions import published
from console.queries import queries
from console.usage.core.calendar import Window
from console.usage.core.cursor import Position
from console.usage.core.freshness import Freshness, LogEnds, Progress, freshness
from console.usage.core.merge import StoredRow, Usage, answers
from runtime.settings import Settings
from schemas.catalog import Catalog
from schemas.partial import Partial
from schemas.partition import partition_of

AsyncConnection = psycopg.AsyncConnection[TupleRow]


class Question(NamedTuple):
    """Whose usage, of what, by which windows. Its span begins and ends on windows' edges."""

    tenant: str
    #: None: all of the tenant's customers; None: all meters.
    customer: str | None
    meter: str | None
    window: Window
    from_ms: int
    to_ms: int
    #: Most answers; None: all.
    limit: int | None = None
    after: Position | None = None


class Page(NamedTuple):
    """The answers, where the list goes on, and up to when they are complete."""

    data: list[Usage]
    next: Position | None
    freshness: Freshness


class Moment(NamedTuple):
    """When an answer is made: the log's ends as they were seen just before, and our clock."""

    ends: LogEnds | None
    now_ms: int


async def read_usage(
    connection: AsyncConnection, settings: Settings, question: Question, moment: Moment
) -> Page:
    """Return the answer to *question*."""
    async with _snapshot(connection):
        fresh = await _freshness(connection, settings, question, moment)
        catalog = await _catalog(connection)
        rows, following = await _rows(connection, question)
    found = answers(rows, question.window, catalog, fresh.complete_through_ms)
    return Page(list(found), following, fresh)


async def read_freshness(
    connection: AsyncConnection, settings: Settings, question: Question, moment: Moment
) -> Freshness:
    """Return how complete an answer to *question* would be now."""
    async with _snapshot(connection):
        return await _freshness(connection, settings, question, moment)


@asynccontextmanager
async def _snapshot(connection: AsyncConnection) -> AsyncIterator[None]:
    async with connection.transaction():
        await connection.execute(queries(__package__)["snapshot"])
        yield


async def _freshness(
    connection: AsyncConnection, settings: Settings, question: Question, moment: Moment
) -> Freshness:
    stored = await connection.execute(queries(__package__)["progress"])
    progress = {partition: Progress(*rest) async for partition, *rest in stored}
    newest = await (await connection.execute(queries(__package__)["generation"])).fetchone()
    generation = 1 if newest is None else int(newest[0])
    return freshness(_partitions(question, settings), progress, moment.ends, generation, moment.now_ms)


def _partitions(question: Question, settings: Settings) -> Iterable[int]:
    if question.customer is None:
        return range(settings.partitions)
    return (partition_of(question.tenant, question.customer, settings.partitions),)


async def _catalog(connection: AsyncConnection) -> Catalog:
    stored = await connection.execute(queries(__package__)["versions"])
    return Catalog().with_facts([published(*row) async for row in stored])


async def _rows(connection: AsyncConnection, question: Question) -> tuple[list[StoredRow], Position | None]:
    """Return the rows of the answers, and where the first answer beyond the limit begins."""
    name = "rows_of_tenant" if question.customer is None else "rows_of_customer"
    rows: list[StoredRow] = []
    seen: tuple[object, ...] | None = None
    count = 0
    async with connection.cursor(name="usage") as cursor:
        await cursor.execute(queries(__package__)[name], _parameters(question))
        async for raw in cursor:
            row = _stored(raw)
            key = row.key(question.window)
            if key != seen:
                seen, count = key, count + 1
                if question.limit is not None and count > question.limit:
                    return rows, _position(question, row)
            rows.append(row)
    return rows, None


def _parameters(question: Question) -> dict[str, Any]:
    after = question.after or Position(question.from_ms, question.to_ms, "", "", "", 0)
    return {
        "tenant": question.tenant,
        "customer": question.customer,
        "meter": question.meter,
        "from_ms": question.from_ms,
        "to_ms": question.to_ms,
        "after_customer": after.customer,
        "after_meter": after.meter,
        "after_group": after.group,
        "after_hour": after.hour_ms,
    }


def _position(question: Question, row: StoredRow) -> Position:
    return Position(question.from_ms, question.to_ms, row.customer, row.meter, row.group, row.window_start_ms)


def _stored(raw: TupleRow) -> StoredRow:
    customer, meter, group, start_ms, day, *values = raw
    # numeric arrives as Decimal; the state holds integers, of any size.
    return StoredRow(customer, meter, group, start_ms, day, Partial(*map(int, values)))
