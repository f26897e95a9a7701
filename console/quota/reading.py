"""Answers about a customer's quotas: the counter from Kafka, the store and the limit from PostgreSQL."""

from collections.abc import Iterable
from functools import reduce
from typing import Final, NamedTuple

import msgspec

from console.queries import queries
from console.quota.counters import Counters
from console.usage.core.freshness import Freshness, Progress, freshness
from console.usage.snapshot import AsyncConnection, Moment, read_catalog, read_freshness, snapshot
from runtime.settings import Settings
from schemas.catalog import Catalog, CustomerPlaced
from schemas.errors import Reject
from schemas.instant import SECOND_MS
from schemas.partial import Partial, merge
from schemas.partition import partition_of
from schemas.quantity import format_micro, format_ratio
from schemas.quota_check import QuotaAnswer, Standing, answer, standing
from schemas.stamp import generation_of, offset_of

_NOTHING: Final = Partial(0, 0, 0, 0, 0, 0, 0, 0)


class Subject(NamedTuple):
    """Whose quotas, of which meter; None: of all that the plan has."""

    tenant: str
    customer: str
    meter: str | None = None


class SideBySide(msgspec.Struct, frozen=True):
    """One quota from all sides. Quantities are decimal text in `unit`."""

    customer: str
    meter: str
    unit: str
    plan: str | None
    period_start: str
    reset_at: str
    #: What the processor counts, from `weir.quotas`; it answers checks.
    counter: str
    #: What PostgreSQL has of the same hours; reports and invoices are made of it.
    store: str
    #: Counter less store. Not 0 while the store is behind, or if counting began within the period.
    difference: str
    #: None: unlimited.
    limit: str | None
    mode: str
    counter_complete_through: str | None
    store_complete_through: str | None
    counter_as_of_offset: int | None
    store_as_of_offset: int | None


async def read_quotas(
    connection: AsyncConnection, settings: Settings, subject: Subject, counters: Counters, now_ms: int
) -> list[QuotaAnswer]:
    """Return what a check for one more would answer now. Raises Reject."""
    async with snapshot(connection):
        catalog = await _catalog(connection, subject)
    fresh = _counted(settings, subject, counters, now_ms)
    stale_ms = settings.quota_stale_seconds * SECOND_MS
    return [
        answer(at, 0, counters.used.get(at.key), fresh.complete_through_ms, now_ms, stale_ms)
        for at in _standings(catalog, subject, now_ms)
    ]


async def read_side_by_side(
    connection: AsyncConnection, settings: Settings, subject: Subject, counters: Counters, moment: Moment
) -> list[SideBySide]:
    """Return each quota from all sides. Raises Reject."""
    async with snapshot(connection):
        catalog = await _catalog(connection, subject)
        partition = partition_of(subject.tenant, subject.customer, settings.partitions)
        stored = await read_freshness(connection, [partition], moment)
        counted = _counted(settings, subject, counters, moment.now_ms)
        return [
            _side_by_side(at, counters, await _stored(connection, at), counted, stored)
            for at in _standings(catalog, subject, moment.now_ms)
        ]


def _side_by_side(
    at: Standing, counters: Counters, stored: Partial, counted: Freshness, fresh: Freshness
) -> SideBySide:
    row = counters.used.get(at.key)
    counter = at.meter.amount(row.partial if row else _NOTHING)
    store = at.meter.amount(stored)
    limit_micro = at.quota.limit_micro
    return SideBySide(
        at.key.customer,
        at.key.meter,
        at.meter.unit,
        at.plan,
        at.period_start,
        at.reset_at,
        format_ratio(*counter),
        format_ratio(*store),
        format_ratio(counter[0] * store[1] - store[0] * counter[1], counter[1] * store[1]),
        None if limit_micro is None else format_micro(limit_micro),
        at.mode,
        counted.complete_through,
        fresh.complete_through,
        _offset(counted),
        _offset(fresh),
    )


def _standings(catalog: Catalog, subject: Subject, now_ms: int) -> Iterable[Standing]:
    """Return the quotas that are asked for. Raises Reject for a meter that is not there."""
    in_force = catalog.meters_at(now_ms)
    placed = catalog.plan_of(subject.tenant, subject.customer, now_ms)
    if subject.meter is None:
        names = list(placed.plan.by_meter) if placed.plan else []
    elif subject.meter in in_force.by_name:
        names = [subject.meter]
    else:
        raise Reject(
            f"there is no meter {subject.meter!r}: choose from {', '.join(sorted(in_force.by_name))}"
        )
    found = (standing(catalog, subject.tenant, subject.customer, name, now_ms) for name in names)
    return [each for each in found if each is not None]


async def _catalog(connection: AsyncConnection, subject: Subject) -> Catalog:
    """Return the catalogue as far as it concerns the customer. Raises Reject while there is none."""
    catalog = await read_catalog(connection)
    if not catalog.versions:
        raise Reject("there is no catalogue yet: `weir catalog apply`")
    whose = {"tenant": subject.tenant, "customer": subject.customer}
    asked = await connection.execute(queries(__package__)["placements_of_customer"], whose)
    placed = await asked.fetchone()
    if placed is None:
        return catalog
    return catalog.with_facts([CustomerPlaced(subject.tenant, subject.customer, *placed)])


async def _stored(connection: AsyncConnection, at: Standing) -> Partial:
    key = {
        "tenant": at.key.tenant,
        "customer": at.key.customer,
        "meter": at.key.meter,
        "start_ms": at.key.start_ms,
        "end_ms": at.key.end_ms,
    }
    rows = await connection.execute(queries(__package__)["stored_rows"], key)
    partials = [Partial(*map(int, row)) async for row in rows]
    return reduce(merge, partials) if partials else _NOTHING


def _counted(settings: Settings, subject: Subject, counters: Counters, now_ms: int) -> Freshness:
    """Return how complete the counters of the customer's partition are."""
    partition = partition_of(subject.tenant, subject.customer, settings.partitions)
    progress = {
        number: Progress(generation_of(each.stamp), offset_of(each.stamp), each.record_time_ms)
        for number, each in counters.progress.items()
    }
    newest = max((each.generation for each in progress.values()), default=1)
    return freshness([partition], progress, counters.ends, newest, now_ms)


def _offset(fresh: Freshness) -> int | None:
    return fresh.as_of_offset if isinstance(fresh.as_of_offset, int) else None
