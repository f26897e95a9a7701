"""What meters and quotas cost in the processor: `python -m tests.cost_of_meters`.

CPU time of a partition that applies records of 200 events, and of zstd over what it writes; no broker.
Each round runs all of them one after the other, and the cheapest round of each counts. Ratios are to a sum
of a property, which reads one member of `data` too; those of a quota to the same meter without one.
"""

import gc
import time
from random import Random
from typing import Final, NamedTuple

from backports import zstd

from processors.stream.core.records import SourceRecord
from processors.usage.core.horizon import Horizon
from processors.usage.core.partition import Identity, UsagePartition
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from schemas.catalog import Catalog, MetersPublished
from schemas.event import NOT_GIVEN, Series, UsageEvent
from schemas.instant import DAY_MS, HOUR_MS
from schemas.meters import Aggregation, Meter
from schemas.pack import encode_pack
from schemas.plan import Plan, Quota
from schemas.quantity import MICRO

_START_MS: Final = 1_763_726_400_000
_CUSTOMERS: Final = 300
_RECORDS: Final = 400
_EVENTS_A_RECORD: Final = 200
_RECORDS_A_BATCH: Final = 10
_EVENTS: Final = _RECORDS * _EVENTS_A_RECORD
_ROUNDS: Final = 5
#: Users of each customer: nearly all of them come again, some do, hardly any does.
_USERS: Final = (40, 2_000, 100_000)

#: Customers of a log: each has many events in a batch, a few, or one at most.
_QUOTA_CUSTOMERS: Final = (100, 1_000, 20_000)

_SUM: Final = Meter(name="sum", event_type="e", properties=("ms",))
_QUANTITIES: Final = Meter(name="sum of quantities", event_type="e")
_METERS: Final = (
    _QUANTITIES,
    _SUM,
    Meter(name="unique", event_type="e", aggregation=Aggregation.UNIQUE, unique_by=("user",)),
    Meter(name="p95", event_type="e", aggregation=Aggregation.P95, properties=("ms",)),
    Meter(name="level", event_type="e", aggregation=Aggregation.TIME_WEIGHTED_SUM, properties=("ms",)),
)


class Cost(NamedTuple):
    """Of one meter in one round."""

    cpu_seconds: float
    written: int
    written_bytes: int


def records(users: int, customers: int = _CUSTOMERS) -> list[SourceRecord]:
    """Return a log of so many *customers* on which each has so many *users*."""
    chance = Random(users)
    made = []
    for offset in range(_RECORDS):
        events = [
            UsageEvent(
                Series("acme", f"c-{chance.randrange(customers)}", "e"),
                NOT_GIVEN,
                MICRO,
                "api",
                f"{offset}-{place}",
                b'{"data":{"ms":%d,"user":"user-%d"}}'
                % (int(chance.lognormvariate(5, 0.7)), chance.randrange(users)),
            )
            for place in range(_EVENTS_A_RECORD)
        ]
        made.append(SourceRecord(offset, _START_MS + 100 * offset, encode_pack(events), {}))
    return made


def cost(meter: Meter, log: list[SourceRecord], *plans: Plan) -> Cost:
    """Return what *meter* takes for *log*, with the first of *plans* for everybody."""
    default = plans[0].name if plans else ""
    catalog = Catalog().with_facts([MetersPublished(1, 0, (meter,), HOUR_MS, plans, default)])
    quotas = QuotaTable(0)
    table = UsageTable(0, lambda _start_ms: HOUR_MS, quotas)
    index = SeenIndex(1 << 20, [], few=24, most_runs=2)
    identity = Identity("weir.usage", 0, 1, 1)
    partition = UsagePartition(identity, table, quotas, index, Horizon(35 * DAY_MS), None)
    gc.collect()
    began = time.process_time()
    written = written_bytes = 0
    for first in range(0, len(log), _RECORDS_A_BATCH):
        outcome = partition.apply(log[first : first + _RECORDS_A_BATCH], catalog)
        rows = [*outcome.rollups, *outcome.quotas]
        written += len(rows)
        written_bytes += len(zstd.compress(b"".join([each.key + each.value for each in rows]), 3))
    return Cost(time.process_time() - began, written, written_bytes)


def main() -> None:
    """Print one line for each meter and number of users, and for each number of customers with a quota."""
    for users in _USERS:
        log = records(users)
        rounds = [[cost(meter, log) for meter in _METERS] for _ in range(_ROUNDS)]
        best = [min(of_meter) for of_meter in zip(*rounds, strict=True)]
        base = best[_METERS.index(_SUM)]
        for meter, found in zip(_METERS, best, strict=True):
            line = (
                f"{users:7} users  {meter.name:18} {found.cpu_seconds / _EVENTS * 1e6:5.1f} us/event"
                f"  x{found.cpu_seconds / base.cpu_seconds:.2f}"
                f"  an event writes {found.written / _EVENTS:.2f} records,"
                f" {found.written_bytes / _EVENTS:.1f} bytes"
            )
            print(line)  # noqa: T201 -- a script's answer
    plan = Plan(name="free", quotas=(Quota(meter=_QUANTITIES.name, limit_micro=10**10),))
    for customers in _QUOTA_CUSTOMERS:
        log = records(1, customers)
        pairs = [(cost(_QUANTITIES, log), cost(_QUANTITIES, log, plan)) for _ in range(_ROUNDS)]
        without, with_quota = (min(of_kind) for of_kind in zip(*pairs, strict=True))
        line = (
            f"{customers:7} customers  without {without.cpu_seconds / _EVENTS * 1e6:5.1f} us/event"
            f"  with a quota {with_quota.cpu_seconds / _EVENTS * 1e6:5.1f}"
            f"  x{with_quota.cpu_seconds / without.cpu_seconds:.2f}"
            f"  records an event {without.written / _EVENTS:.2f}, {with_quota.written / _EVENTS:.2f}"
        )
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
