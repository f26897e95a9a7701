"""What meters cost in the processor: `python -m tests.cost_of_meters`.

CPU time of a partition that applies records of 200 events, and of zstd over what it writes; no broker.
Each round runs all meters one after the other, and the cheapest round of each counts. Ratios are to a sum
of a property, which reads one member of `data` too.
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

_SUM: Final = Meter(name="sum", event_type="e", properties=("ms",))
_METERS: Final = (
    Meter(name="sum of quantities", event_type="e"),
    _SUM,
    Meter(name="unique", event_type="e", aggregation=Aggregation.UNIQUE, unique_by=("user",)),
    Meter(name="p95", event_type="e", aggregation=Aggregation.P95, properties=("ms",)),
)


class Cost(NamedTuple):
    """Of one meter in one round."""

    cpu_seconds: float
    written: int
    written_bytes: int


def records(users: int) -> list[SourceRecord]:
    """Return a log on which each customer has so many *users*."""
    chance = Random(users)
    made = []
    for offset in range(_RECORDS):
        events = [
            UsageEvent(
                Series("acme", f"c-{chance.randrange(_CUSTOMERS)}", "e"),
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


def cost(meter: Meter, log: list[SourceRecord]) -> Cost:
    """Return what *meter* takes for *log*."""
    catalog = Catalog().with_facts([MetersPublished(1, 0, (meter,))])
    quotas = QuotaTable(0)
    table = UsageTable(0, lambda _start_ms: HOUR_MS, quotas)
    index = SeenIndex(1 << 20, [], few=24, most_runs=2)
    identity = Identity("weir.usage", 0, 1, 1)
    partition = UsagePartition(identity, table, quotas, index, Horizon(35 * DAY_MS), None)
    gc.collect()
    began = time.process_time()
    written = written_bytes = 0
    for first in range(0, len(log), _RECORDS_A_BATCH):
        rollups = partition.apply(log[first : first + _RECORDS_A_BATCH], catalog).rollups
        written += len(rollups)
        written_bytes += len(zstd.compress(b"".join([each.key + each.value for each in rollups]), 3))
    return Cost(time.process_time() - began, written, written_bytes)


def main() -> None:
    """Print one line for each meter and number of users."""
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


if __name__ == "__main__":
    main()
