"""Answers about a customer's quotas: the counter from Kafka, the store and the limit from PostgreSQL."""

from collections.abc import Sequence

import msgspec

from console.quota.asked import Subject, catalog_of, standings, stored_rows
from console.quota.counters import Counters
from console.usage.core.freshness import Freshness, Progress, freshness
from console.usage.core.merge import StoredRow, exact_amount
from console.usage.snapshot import Moment, read_freshness
from runtime.postgres import AsyncConnection
from runtime.settings import Settings
from schemas.instant import SECOND_MS
from schemas.partial import NOTHING
from schemas.partition import partition_of
from schemas.quantity import format_micro, format_ratio
from schemas.quota_check import QuotaAnswer, Standing, answer
from schemas.stamp import generation_of, offset_of


class SideBySide(msgspec.Struct, frozen=True):
    """One quota from all sides. Quantities are decimal text in `unit`."""

    customer: str
    meter: str
    unit: str
    plan: str | None
    period_start: str
    reset_at: str
    #: What the processor counts, from `weir.quotas`; it answers checks. None: no plan has it counted.
    counter: str | None
    #: What PostgreSQL has of the same hours; reports and invoices are made of it.
    store: str
    #: Counter less store. Not 0 while the store is behind, or if counting began within the period.
    difference: str | None
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
    """Return what a check for one more would answer now, in the caller's snapshot. Raises Unanswerable."""
    catalog = await catalog_of(connection, subject)
    fresh = _counted(settings, subject, counters, now_ms)
    stale_ms = settings.quota_stale_seconds * SECOND_MS
    return [
        answer(at, 0, counters.used.get(at.key), fresh.complete_through_ms, now_ms, stale_ms)
        for at in standings(catalog, subject, now_ms)
    ]


async def read_side_by_side(
    connection: AsyncConnection, settings: Settings, subject: Subject, counters: Counters, moment: Moment
) -> list[SideBySide]:
    """Return each quota from all sides, in the caller's snapshot. Raises Unanswerable."""
    catalog = await catalog_of(connection, subject)
    partition = partition_of(subject.tenant, subject.customer, settings.partitions)
    fresh = await read_freshness(connection, [partition], moment)
    counted = _counted(settings, subject, counters, moment.now_ms)
    found = []
    for at in standings(catalog, subject, moment.now_ms):
        rows = await stored_rows(connection, catalog, at, fresh.complete_through_ms)
        found.append(_side_by_side(at, counters, rows, counted, fresh))
    return found


def _side_by_side(
    at: Standing, counters: Counters, rows: Sequence[StoredRow], counted: Freshness, fresh: Freshness
) -> SideBySide:
    row = counters.used.get(at.key)
    counter = at.meter.amount(row.partial if row else NOTHING)
    store = exact_amount(at.meter, rows) if rows else (0, 1)
    limit_micro = at.quota.limit_micro
    return SideBySide(
        at.key.customer,
        at.key.meter,
        at.meter.unit,
        at.plan,
        at.period_start,
        at.reset_at,
        format_ratio(*counter) if at.is_counted else None,
        format_ratio(*store),
        format_ratio(counter[0] * store[1] - store[0] * counter[1], counter[1] * store[1])
        if at.is_counted
        else None,
        None if limit_micro is None else format_micro(limit_micro),
        at.mode,
        counted.complete_through,
        fresh.complete_through,
        _offset(counted),
        _offset(fresh),
    )


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
