"""Answers about a customer's quotas: the counter from Kafka, the store and the limit from PostgreSQL."""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

import msgspec

from console.queries import queries
from console.quota.counters import Counters
from console.usage.core.calendar import Window
from console.usage.core.freshness import Freshness, Progress, freshness
from console.usage.core.merge import StoredRow, amount_of, exact_amount
from console.usage.reading import Question, Unanswerable, read_rows
from console.usage.snapshot import Moment, read_catalog, read_freshness
from runtime.postgres import AsyncConnection
from runtime.settings import Settings
from schemas.catalog import Catalog, CustomerPlaced
from schemas.instant import HOUR_MS, SECOND_MS
from schemas.partial import NOTHING, merge
from schemas.partition import partition_of
from schemas.quantity import format_micro, format_ratio
from schemas.quota import UsedRow
from schemas.quota_check import QuotaAnswer, Standing, answer, standing
from schemas.stamp import NEVER, generation_of, offset_of
from schemas.windows import NOT_LATE


class Subject(NamedTuple):
    """Whose quotas, of which meter; None: of all that the plan has quotas or limits of."""

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


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer has used of one meter in the period that contains now, beside its quota."""

    customer: str
    meter: str
    unit: str
    start: str
    end: str
    #: Everything, late events included; decimal text in `unit`.
    quantity: str
    #: exact; or the relative error that the quantity may have, since it comes from a sketch.
    error: str
    #: What the late events alone amount to.
    late_quantity: str
    events: int
    #: open: the period is under way.
    state: str
    #: None: the customer is on none.
    plan: str | None
    #: None: unlimited.
    limit: str | None
    remaining: str | None
    #: Of the limit; None where there is none, or it is 0.
    percent: str | None
    #: hard, soft or unlimited.
    mode: str
    #: ok, warning (from 80 % on), critical (90 %) or exceeded (100 %).
    level: str
    #: When the quota begins anew.
    reset_at: str


class Currently(NamedTuple):
    """A customer's usage of the periods that contain now, and how complete it is."""

    data: list[Current]
    freshness: Freshness


async def read_quotas(
    connection: AsyncConnection, settings: Settings, subject: Subject, counters: Counters, now_ms: int
) -> list[QuotaAnswer]:
    """Return what a check for one more would answer now, in the caller's snapshot. Raises Unanswerable."""
    catalog = await _catalog(connection, subject)
    fresh = _counted(settings, subject, counters, now_ms)
    stale_ms = settings.quota_stale_seconds * SECOND_MS
    return [
        answer(at, 0, counters.used.get(at.key), fresh.complete_through_ms, now_ms, stale_ms)
        for at in _standings(catalog, subject, now_ms)
    ]


async def read_current(
    connection: AsyncConnection, settings: Settings, subject: Subject, moment: Moment
) -> Currently:
    """Return the usage of the periods that contain now, from the store, in the caller's snapshot.

    Raises Unanswerable.
    """
    catalog = await _catalog(connection, subject)
    partition = partition_of(subject.tenant, subject.customer, settings.partitions)
    fresh = await read_freshness(connection, [partition], moment)
    if subject.meter is None:
        names = [meter.name for meter in catalog.meters_at(moment.now_ms).meters]
        subjects = [subject._replace(meter=name) for name in names]
    else:
        subjects = [subject]
    found = [at for each in subjects for at in _standings(catalog, each, moment.now_ms)]
    data = [
        _current(
            at,
            await _stored(connection, catalog, at, fresh.complete_through_ms),
            fresh.complete_through_ms,
            moment.now_ms,
        )
        for at in found
    ]
    return Currently(data, fresh)


async def read_side_by_side(
    connection: AsyncConnection, settings: Settings, subject: Subject, counters: Counters, moment: Moment
) -> list[SideBySide]:
    """Return each quota from all sides, in the caller's snapshot. Raises Unanswerable."""
    catalog = await _catalog(connection, subject)
    partition = partition_of(subject.tenant, subject.customer, settings.partitions)
    stored = await read_freshness(connection, [partition], moment)
    counted = _counted(settings, subject, counters, moment.now_ms)
    return [
        _side_by_side(
            at, counters, await _stored(connection, catalog, at, stored.complete_through_ms), counted, stored
        )
        for at in _standings(catalog, subject, moment.now_ms)
    ]


def _current(at: Standing, rows: Sequence[StoredRow], through_ms: int | None, now_ms: int) -> Current:
    row = UsedRow(NEVER, reduce(merge, [row.partial for row in rows]) if rows else NOTHING)
    everything = amount_of(at.meter, rows)
    late = amount_of(at.meter, [row for row in rows if row.arrival_day != NOT_LATE])
    # The store decides nothing, so it is never too old.
    counted = at._replace(meter=at.meter.of_level_seconds)
    shown = answer(counted, 0, row, now_ms if through_ms is None else through_ms, now_ms, now_ms)
    return Current(
        customer=at.key.customer,
        meter=at.key.meter,
        unit=at.meter.unit,
        start=at.period_start,
        end=at.reset_at,
        quantity=everything.quantity,
        error=everything.error,
        late_quantity=late.quantity,
        events=everything.events,
        state="open",
        plan=at.plan,
        limit=shown.limit,
        remaining=shown.remaining,
        percent=shown.percent,
        mode=at.mode,
        level=shown.level,
        reset_at=at.reset_at,
    )


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


def _standings(catalog: Catalog, subject: Subject, now_ms: int) -> Iterable[Standing]:
    """Return the quotas that are asked for. Raises Unanswerable for a meter that is not there."""
    in_force = catalog.meters_at(now_ms)
    placed = catalog.plan_of(subject.tenant, subject.customer, now_ms)
    if subject.meter is None:
        names = list({**placed.plan.by_meter, **placed.plan.limit_by_meter}) if placed.plan else []
    elif subject.meter in in_force.by_name:
        names = [subject.meter]
    else:
        choice = ", ".join(sorted(in_force.by_name))
        raise Unanswerable("meter", f"there is no meter {subject.meter!r}: choose from {choice}")
    found = (standing(catalog, subject.tenant, subject.customer, name, now_ms) for name in names)
    return [each for each in found if each is not None]


async def _catalog(connection: AsyncConnection, subject: Subject) -> Catalog:
    """Return the catalogue as far as it concerns the customer. Raises Unanswerable while there is none."""
    catalog = await read_catalog(connection)
    if not catalog.versions:
        raise Unanswerable("meter", "there is no catalogue yet: `weir catalog apply`")
    whose = {"tenant": subject.tenant, "customer": subject.customer}
    asked = await connection.execute(queries(__package__)["placements_of_customer"], whose)
    placed = await asked.fetchone()
    if placed is None:
        return catalog
    return catalog.with_facts([CustomerPlaced(subject.tenant, subject.customer, *placed)])


async def _stored(
    connection: AsyncConnection, catalog: Catalog, at: Standing, complete_through_ms: int | None
) -> list[StoredRow]:
    """Return what the store has of the period: of the hours that begin in it."""
    key = at.key
    from_ms, to_ms = (-(-edge_ms // HOUR_MS) * HOUR_MS for edge_ms in (key.start_ms, key.end_ms))
    period = Question(key.tenant, key.customer, key.meter, Window.HOUR, from_ms, to_ms)
    rows, _ = await read_rows(connection, period, catalog, complete_through_ms)
    return rows


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
