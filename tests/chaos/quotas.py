"""Holds the counters of quotas against the store, and the alerts against the counters: both told nothing."""

from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from console.control.customers import list_placed
from console.control.versions import versions
from console.quota.counters import Counters, read_counters
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.alert import QuotaThresholdReached, decode_alert
from schemas.catalog import Catalog, CustomerPlaced
from schemas.meters import Aggregation
from schemas.partition import partition_of
from schemas.period import Span, span_at
from schemas.plan import Quota
from schemas.quantity import MICRO
from schemas.quota import UsedKey
from schemas.stamp import offset_of
from tests.chaos.alerts import wordings

_STORED = """
select tenant, customer, meter, window_start_ms, sum(events)::bigint, sum(sum)
from rollups group by tenant, customer, meter, window_start_ms
"""
_EVENTS = """
select tenant, hour_ms, sum(counted + late)::bigint from fate_counts group by tenant, hour_ms
"""
K = TypeVar("K", bound=Hashable)


class Threshold(NamedTuple):
    """One that somebody has to hear of, once."""

    key: UsedKey
    limit_micro: int
    percent: int


def catalog_of(settings: Settings) -> Catalog:
    """Return what was decided about meters, plans and customers, as PostgreSQL has it."""
    with connect(settings, "quotas", autocommit=True) as connection:
        placed = list_placed(connection)
        return Catalog().with_facts(
            [*versions(connection), *(CustomerPlaced(*each[:4]) for each in placed)],
        )


def quota_faults(settings: Settings, now_ms: int, judged_from: Mapping[int, int]) -> list[str]:
    """Return what is wrong with the quotas of the periods that contain *now_ms*, once all is quiet.

    *judged_from*: by partition, the first offset that no processor has read before it knew all that was
    decided. A quota that changed is sure to have been judged as it is now only if it was used from there on.
    """
    catalog = catalog_of(settings)
    with connect(settings, "quotas", autocommit=True) as connection:
        stored = connection.execute(_STORED).fetchall()
        booked = connection.execute(_EVENTS).fetchall()
    counters = read_counters(settings, range(settings.partitions))
    used: dict[UsedKey, tuple[int, int]] = {}
    for tenant, customer, meter, hour_ms, events, total in stored:
        periods = catalog.meters_at(hour_ms).quota_periods.get(meter, ())
        for span in {span_at(period, now_ms) for period in periods}:
            if hour_ms in range(*span):
                key = UsedKey(tenant, customer, meter, *span)
                before = used.get(key, (0, 0))
                used[key] = before[0] + events, before[1] + int(total)
    months: dict[tuple[str, int, int], int] = {}
    for tenant, hour_ms, events in booked:
        if tenant and hour_ms in range(*span_at("month", now_ms)):
            month = (tenant, *span_at("month", now_ms))
            months[month] = months.get(month, 0) + events
    assert used
    assert months
    return [
        *_compare("used", _counted(counters, now_ms), used),
        *_compare("events", _sent(counters, now_ms), months),
        *_alert_faults(settings, catalog, counters, used, judged_from, now_ms),
    ]


def _compare(what: str, ours: Mapping[K, object], theirs: Mapping[K, object]) -> list[str]:
    keys = ours.keys() | theirs.keys()
    return [
        f"{what} {key}: {ours.get(key)}, not {theirs.get(key)}"
        for key in keys
        if ours.get(key) != theirs.get(key)
    ]


def _counted(counters: Counters, now_ms: int) -> dict[UsedKey, tuple[int, int]]:
    return {
        key: (row.partial.events, row.partial.sum)
        for key, row in counters.used.items()
        if key.start_ms <= now_ms < key.end_ms
    }


def _sent(counters: Counters, now_ms: int) -> dict[tuple[str, int, int], int]:
    found: dict[tuple[str, int, int], int] = {}
    for key, row in counters.events.items():
        if key.start_ms <= now_ms < key.end_ms:
            month = key.tenant, key.start_ms, key.end_ms
            found[month] = found.get(month, 0) + row.events
    return found


def _alert_faults(
    settings: Settings,
    catalog: Catalog,
    counters: Counters,
    used: Mapping[UsedKey, tuple[int, int]],
    judged_from: Mapping[int, int],
    now_ms: int,
) -> list[str]:
    """Return what is wrong with the alerts: one missing, one too many, one in two wordings."""
    told = _told(settings, now_ms)
    noted = {
        Threshold(key, crossing.limit_micro, crossing.percent)
        for key, row in counters.used.items()
        for crossing in row.crossings
        if crossing.told and key.start_ms <= now_ms < key.end_ms
    }
    possible: set[Threshold] = set()
    sure: set[Threshold] = set()
    meters = {meter.name: meter for each in catalog.meter_sets for meter in each.meters}
    for key, (events, total) in used.items():
        meter = meters[key.meter]
        amount = (events, 1) if meter.aggregation is Aggregation.COUNT else (total, meter.scale)
        ever = {plan.by_meter.get(key.meter) for each in catalog.meter_sets for plan in each.plans}
        possible |= _reached(key, amount, ever)
        partition = partition_of(key.tenant, key.customer, settings.partitions)
        touched = offset_of(counters.used[key].stamp) >= judged_from.get(partition, 0)
        plan = catalog.plan_of(key.tenant, key.customer, now_ms).plan
        if plan is not None and (touched or len(ever) == 1):
            sure |= _reached(key, amount, [plan.by_meter.get(key.meter)])
    return [
        *(f"alert missing: {each}" for each in sure - told.keys()),
        *(f"alert of nothing: {each}" for each in told.keys() - possible),
        *(f"alert in {count} wordings: {each}" for each, count in told.items() if count != 1),
        *(f"alert and counter differ: {each}" for each in noted ^ told.keys()),
    ]


def _reached(key: UsedKey, amount: tuple[int, int], quotas: Iterable[Quota | None]) -> set[Threshold]:
    """Return the thresholds of *quotas* that *amount*, a fraction of units, has reached."""
    total, scale = amount
    return {
        Threshold(key, quota.limit_micro, percent)
        for quota in quotas
        if quota is not None and quota.limit_micro is not None
        if span_at(quota.period, key.start_ms) == Span(key.start_ms, key.end_ms)
        for percent in quota.thresholds
        if total > 0 and total * 100 * MICRO >= percent * quota.limit_micro * scale
    }


def _told(settings: Settings, now_ms: int) -> dict[Threshold, int]:
    """Return how many different alerts speak of each threshold: 1, however often they stand there."""
    found: dict[Threshold, int] = {}
    for said in wordings(settings).values():
        alert = decode_alert(min(said))
        if isinstance(alert, QuotaThresholdReached) and alert.period_start_ms <= now_ms < alert.period_end_ms:
            key = UsedKey(
                alert.tenant, alert.customer, alert.meter, alert.period_start_ms, alert.period_end_ms
            )
            threshold = Threshold(key, alert.limit_micro, alert.percent)
            found[threshold] = found.get(threshold, 0) + len(said)
    return found
