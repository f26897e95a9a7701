"""Current usage: what a customer has used of the periods that contain now, beside its quotas."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import msgspec

from console.quota.asked import Subject, catalog_of, standings, stored_rows
from console.usage.core.freshness import Freshness
from console.usage.core.merge import StoredRow, amount_of
from console.usage.snapshot import Moment, read_freshness
from runtime.postgres import AsyncConnection
from runtime.settings import Settings
from schemas.canary import is_own
from schemas.partial import NOTHING, merge
from schemas.partition import partition_of
from schemas.quota import UsedRow
from schemas.quota_check import Standing, answer
from schemas.stamp import NEVER
from schemas.windows import NOT_LATE


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


async def read_current(
    connection: AsyncConnection, settings: Settings, subject: Subject, moment: Moment
) -> Currently:
    """Return the usage of the periods that contain now, from the store, in the caller's snapshot.

    Raises Unanswerable.
    """
    catalog = await catalog_of(connection, subject)
    partition = partition_of(subject.tenant, subject.customer, settings.partitions)
    fresh = await read_freshness(connection, [partition], moment)
    if subject.meter is None:
        meters = catalog.meters_at(moment.now_ms).meters
        names = [meter.name for meter in meters if is_own(meter.name) == is_own(subject.tenant)]
        subjects = [subject._replace(meter=name) for name in names]
    else:
        subjects = [subject]
    found = [at for each in subjects for at in standings(catalog, each, moment.now_ms)]
    data = [
        _current(
            at,
            await stored_rows(connection, catalog, at, fresh.complete_through_ms),
            fresh.complete_through_ms,
            moment.now_ms,
        )
        for at in found
    ]
    return Currently(data, fresh)


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
