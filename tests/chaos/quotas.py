"""Holds the counters of quotas against the store, and the alerts against the counters: both told nothing."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from console.control.versions import versions
from console.quota.counters import Counters, read_counters
from runtime.broker import Broker
from runtime.log_reader import read
from runtime.postgres import connect
from runtime.settings import Settings
from schemas.alert import decode_alert
from schemas.catalog import Catalog
from schemas.period import span_at
from schemas.quantity import MICRO
from schemas.quota import UsedKey
from schemas.topics import ALERTS, topic_name

_STORED = """
select tenant, customer, meter, window_start_ms, sum(events)::bigint, sum(sum)
from rollups group by tenant, customer, meter, window_start_ms
"""
_EVENTS = """
select tenant, hour_ms, sum(counted + late)::bigint from fate_counts group by tenant, hour_ms
"""
K = TypeVar("K", bound=Hashable)
#: (customer's quota, limit in millionths, percentage).
Threshold = tuple[UsedKey, int, int]


def quota_faults(settings: Settings, now_ms: int) -> list[str]:
    """Return what is wrong with the quotas of the periods that contain *now_ms*, once all is quiet."""
    with connect(settings, "quotas", autocommit=True) as connection:
        catalog = Catalog().with_facts(versions(connection))
        stored = connection.execute(_STORED).fetchall()
        booked = connection.execute(_EVENTS).fetchall()
    counters = read_counters(settings, range(settings.partitions))
    used: dict[UsedKey, tuple[int, int]] = {}
    for tenant, customer, meter, hour_ms, events, total in stored:
        quota = catalog.meter_sets[0].plans[0].by_meter.get(meter)
        if quota is not None and hour_ms in range(*span_at(quota.period, now_ms)):
            key = UsedKey(tenant, customer, meter, *span_at(quota.period, now_ms))
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
        *_compare("alerts", _told(settings, now_ms), dict.fromkeys(_crossed(catalog, used), 1)),
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


def _crossed(catalog: Catalog, used: dict[UsedKey, tuple[int, int]]) -> set[Threshold]:
    """Return the thresholds that sums alone say were reached."""
    [in_force] = catalog.meter_sets
    found = set()
    for key, (_, total) in used.items():
        quota = in_force.plans[0].by_meter[key.meter]
        limit_micro = quota.limit_micro
        assert limit_micro is not None
        scale = in_force.by_name[key.meter].scale
        found |= {
            (key, limit_micro, percent)
            for percent in quota.thresholds
            if total > 0 and total * 100 * MICRO >= percent * limit_micro * scale
        }
    return found


def _told(settings: Settings, now_ms: int) -> dict[Threshold, int]:
    """Return how many different alerts speak of each threshold: 1, however often they stand there."""
    topic = topic_name(settings.topic_prefix, ALERTS)
    broker = Broker.of(settings, "alerts")
    where = [(topic, number) for number in range(settings.partitions)]
    starts, ends = broker.earliest(where), broker.latest(where)
    values: dict[bytes, set[bytes]] = {}
    for message in read(settings, "alerts", starts, ends):
        values.setdefault(message.key() or b"", set()).add(message.value() or b"")
    found: dict[Threshold, int] = {}
    for wordings in values.values():
        alert = decode_alert(min(wordings))
        if alert.period_start_ms <= now_ms < alert.period_end_ms:
            span = alert.period_start_ms, alert.period_end_ms
            key = UsedKey(alert.tenant, alert.customer, alert.meter, *span), alert.limit_micro, alert.percent
            found[key] = found.get(key, 0) + len(wordings)
    return found
