"""Reads usage from PostgreSQL, in one snapshot."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from psycopg.rows import TupleRow

from console.queries import queries
from console.usage.core.calendar import Bounds, Window
from console.usage.core.carry import Carry, is_of_levels
from console.usage.core.cursor import Position
from console.usage.core.freshness import Freshness
from console.usage.core.merge import StoredRow, Usage, answers, meters_of, most_used
from console.usage.snapshot import Moment, read_catalog, read_freshness
from runtime.postgres import AsyncConnection
from runtime.settings import Settings
from schemas.canary import made_by_people
from schemas.catalog import Catalog
from schemas.errors import Reject
from schemas.groups import label_of
from schemas.partial import Partial
from schemas.partition import partition_of


class Unanswerable(Reject):
    """A question asks for what the catalogue does not have; `field` says which part of it does."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class Question(NamedTuple):
    """Whose usage, of what, by which windows. Its span begins and ends on windows' edges."""

    tenant: str
    #: None: all of the tenant's customers; None: all meters.
    customer: str | None
    meter: str | None
    window: Window
    from_ms: int
    to_ms: int
    #: Names of properties that meters group by; what is not asked for comes together.
    group_by: tuple[str, ...] = ()
    #: Most answers; None: all.
    limit: int | None = None
    after: Position | None = None
    #: As many of the windows in which most was used, of one meter; None: all windows, in order.
    top: int | None = None


class Page(NamedTuple):
    """The answers, where the list goes on, and up to when they are complete."""

    data: list[Usage]
    next: Position | None
    freshness: Freshness


async def read_usage(
    connection: AsyncConnection, settings: Settings, question: Question, moment: Moment
) -> Page:
    """Return the answer to *question*, in the snapshot that the caller opened. Raises Unanswerable."""
    fresh = await read_freshness(connection, _partitions(question, settings), moment)
    catalog = await read_catalog(connection)
    _check_groups(question.group_by, catalog)
    if question.top is None:
        rows, following = await read_rows(connection, question, catalog, fresh.complete_through_ms)
    else:
        rows, following = await _top(connection, question, catalog, fresh.complete_through_ms), None
    found = answers(rows, question.window, question.group_by, catalog, fresh.complete_through_ms)
    return Page(list(found), following, fresh)


def _partitions(question: Question, settings: Settings) -> Iterable[int]:
    if question.customer is None:
        return range(settings.partitions)
    return (partition_of(question.tenant, question.customer, settings.partitions),)


def _check_groups(asked: Iterable[str], catalog: Catalog) -> None:
    meters = (meter for version in catalog.meter_sets for meter in version.meters)
    known = sorted({label_of(place) for meter in meters for place in meter.group_by})
    for label in asked:
        if label not in known:
            choice = f"choose from {', '.join(known)}" if known else "none groups by anything"
            raise Unanswerable("group_by", f"no meter groups by {label!r}: {choice}")


async def read_rows(
    connection: AsyncConnection, question: Question, catalog: Catalog, complete_through_ms: int | None
) -> tuple[list[StoredRow], Position | None]:
    """Return the rows of the answers, and where the first answer beyond the limit begins."""
    rows: list[StoredRow] = []
    seen: tuple[object, ...] | None = None
    count = 0
    async with aclosing(rows_of(connection, question, catalog, complete_through_ms)) as found:
        async for row in found:
            key = row.key(question.window)
            if key != seen:
                seen, count = key, count + 1
                if question.limit is not None and count > question.limit:
                    return rows, _position(question, row)
            rows.append(row)
    return rows, None


async def rows_of(
    connection: AsyncConnection, question: Question, catalog: Catalog, complete_through_ms: int | None
) -> AsyncGenerator[StoredRow]:
    """Yield the rows of the answers, in order; those of levels as numbers of whole windows."""
    name = "rows_of_tenant" if question.customer is None else "rows_of_customer"
    wanted = parameters(question, catalog)
    carry = Carry(catalog, question.window, Bounds(question.from_ms, question.to_ms), complete_through_ms)
    #: Of one series of levels, until the next series begins.
    levels: list[StoredRow] = []
    async with connection.cursor(name="usage") as cursor:
        await cursor.execute(queries(__package__)[name], wanted)
        async for raw in cursor:
            row = stored_row(raw)
            if levels and levels[0].series != row.series:
                for each in _settled(carry, levels, question.after):
                    yield each
                levels = []
            if row.meter in wanted["levels"]:
                levels.append(row)
            else:
                yield row
    for each in _settled(carry, levels, question.after):
        yield each


def _settled(carry: Carry, levels: Sequence[StoredRow], after: Position | None) -> Iterator[StoredRow]:
    """Yield what *levels*, all of one series, are worth; not what earlier pages had."""
    settled = carry.settled(levels)
    if after is None or not levels or levels[0].series != (after.customer, after.meter, after.group):
        return settled
    return (row for row in settled if row.window_start_ms >= after.hour_ms)


async def _top(
    connection: AsyncConnection, question: Question, catalog: Catalog, complete_through_ms: int | None
) -> list[StoredRow]:
    meters = meters_of(catalog)
    meter = meters.get(question.meter or "")
    if meter is None:
        choice = ", ".join(sorted(made_by_people(meters)))
        raise Unanswerable("meter", f"top compares the windows of one meter: choose from {choice}")
    if meter.aggregation.rule.kind is not None:
        everything = question._replace(limit=None, after=None)
        rows, _ = await read_rows(connection, everything, catalog, complete_through_ms)
        return most_used(rows, question.window, meter, question.top or 1)
    wanted = parameters(question, catalog) | {
        "window": question.window,
        "aggregation": meter.aggregation,
        "top": question.top,
    }
    found = await connection.execute(queries(__package__)["rows_of_top"], wanted)
    return [stored_row(raw) async for raw in found]


def parameters(question: Question, catalog: Catalog) -> dict[str, Any]:
    """Return *question* as the queries of rows take it."""
    after = question.after or Position(question.from_ms, question.to_ms, "", "", (), 0)
    return {
        "tenant": question.tenant,
        "customer": question.customer,
        "meter": question.meter,
        "group_by": list(question.group_by),
        "levels": [name for name, meter in meters_of(catalog).items() if is_of_levels(meter)],
        "paged": [name for name, meter in meters_of(catalog).items() if meter.aggregation.rule.kind],
        "from_ms": question.from_ms,
        "to_ms": question.to_ms,
        "after_customer": after.customer,
        "after_meter": after.meter,
        "after_group": list(after.group),
        "after_hour": after.hour_ms,
    }


def _position(question: Question, row: StoredRow) -> Position:
    return Position(question.from_ms, question.to_ms, row.customer, row.meter, row.group, row.window_start_ms)


def stored_row(raw: TupleRow) -> StoredRow:
    """Return one row of such a query."""
    customer, meter, shown, start_ms, day, *values, whole_group, pages = raw
    # numeric arrives as Decimal; the state holds integers, of any size.
    partial = Partial(*map(int, values))
    numbered = [(int.from_bytes(page[:2], "big"), page[2:]) for page in pages]
    return StoredRow(customer, meter, tuple(shown), start_ms, day, partial, numbered, whole_group)
