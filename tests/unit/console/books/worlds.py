"""Made-up logs on a desk, and what the log side says of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from console.books.core.rows import Place, rows_of
from console.books.desk import Desk
from console.books.log_side import Law, LogSide
from schemas.catalog import Catalog, MetersPublished, RecordSkipped
from schemas.event import NO_QUANTITY, NOT_GIVEN, Series, UsageEvent
from schemas.groups import Filter
from schemas.instant import DAY_MS, HOUR_MS
from schemas.meters import Aggregation, Meter
from schemas.pack import encode_pack
from schemas.partial import Partial
from schemas.partition import partition_of
from schemas.stamp import stamp_of
from tests.unit.console.books.model import FateKey, Record, RollupKey

PARTITIONS: Final = 2
HORIZON_MS: Final = 3 * DAY_MS
#: The start of an hour.
NOON_MS: Final = 1_763_726_400_000
GIB: Final = 2**30

METERS: Final = (
    Meter(name="api", event_type="api", default_one=True),
    Meter(name="calls", event_type="api", aggregation=Aggregation.COUNT),
    Meter(name="peak", event_type="api", aggregation=Aggregation.MAX, default_one=True),
    Meter(name="storage", event_type="storage", properties=("bytes", "hours"), per_unit=GIB),
    Meter(name="bandwidth", event_type="bandwidth", properties=("bytes",), per_unit=GIB),
    Meter(name="paths", event_type="call", default_one=True, group_by=("path", "/data/user/plan")),
    Meter(name="gets", event_type="get", filters=(Filter("method", ("GET",)),), group_by=("path",)),
    Meter(
        name="tokens",
        event_type="get",
        properties=("/data/user/tokens",),
        filters=(Filter("/data/user/plan", ("pro", "max")),),
        aggregation=Aggregation.AVG,
    ),
    Meter(
        name="sizes",
        event_type="visit",
        properties=("bytes",),
        default_one=True,
        aggregation=Aggregation.P95,
    ),
    Meter(
        name="who",
        event_type="call",
        aggregation=Aggregation.UNIQUE,
        unique_by=("path",),
        filters=(Filter("seen", ("true",)),),
    ),
    Meter(name="users", event_type="visit", aggregation=Aggregation.UNIQUE, unique_by=("user",)),
    Meter(name="waits", event_type="visit", aggregation=Aggregation.P50, default_one=True),
    Meter(
        name="disk",
        event_type="visit",
        aggregation=Aggregation.TIME_WEIGHTED_SUM,
        properties=("bytes",),
        default_one=True,
        group_by=("user",),
    ),
    Meter(name="seats", event_type="seats", aggregation=Aggregation.LATEST),
)
CATALOG: Final = Catalog().with_facts(
    [
        MetersPublished(1, 0, METERS),
        # From one o'clock on nobody measures seats any more, and an event may come later.
        MetersPublished(2, NOON_MS + HOUR_MS, METERS[:-1], grace_ms=2 * HOUR_MS),
        RecordSkipped("usage", 0, 1, "poison"),
    ]
)


def event(
    event_id: str = "e-1",
    *,
    tenant: str = "acme",
    customer: str = "c-1",
    event_type: str = "api",
    at_ms: int = NOON_MS,
    micro: int = NO_QUANTITY,
    source: str = "api",
    rest: bytes = b"",
) -> UsageEvent:
    return UsageEvent(Series(tenant, customer, event_type), at_ms, micro, source, event_id, rest)


def untimed(event_id: str) -> UsageEvent:
    return event(event_id, at_ms=NOT_GIVEN)


def record(
    offset: int, *events: UsageEvent, at_ms: int = NOON_MS + 1, partition: int | None = None
) -> Record:
    """Return a record of *events*, on the partition of the first one."""
    tenant, customer, _ = events[0].series
    home = partition_of(tenant, customer, PARTITIONS) if partition is None else partition
    return Record(home, offset, at_ms, encode_pack(events), {})


class World:
    """A desk with a log, recounted."""

    def __init__(self, folder: Path, records: Sequence[Record], through: int = 1 << 40) -> None:
        """Recount *records*; those with an offset beyond *through* are in flight."""
        self.desk = Desk(folder)
        for name in ("make_sketches", "make_tail", "make_empty_archive", "make_log"):
            self.desk.run(name)
        for each in records:
            place = Place(1, each.partition, each.offset, each.recorded_at_ms)
            self.desk.fill("tail", rows_of(place, each.value, each.headers))
        self.desk.fill("bounds", [(number, stamp_of(1, through)) for number in range(PARTITIONS)])
        self.log_side = LogSide(self.desk, Law(CATALOG, PARTITIONS, HORIZON_MS, _skipped()))
        self.log_side.recount()

    def fates(self) -> dict[FateKey, dict[str, int]]:
        names = ("counted", "in_grace", "late", "duplicate", "conflict", "unmatched", "refused")
        found = {}
        for tenant, kind, hour_ms, day, partition, counted, in_grace, *others in self._table("log_fates"):
            counts = zip(names, (counted - in_grace, in_grace, *others), strict=True)
            found[tenant, kind, hour_ms, day, partition] = {name: count for name, count in counts if count}
        return found

    def totals(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        for counts in self.fates().values():
            for name, count in counts.items():
                totals[name] = totals.get(name, 0) + count
        return totals

    def rollups(self) -> dict[RollupKey, Partial]:
        found = {}
        for tenant, customer, meter, group, window, day, events, *values in self._table("log_rollups"):
            total, low, high, first_ms, first, latest_ms, latest = map(int, values)
            partial = Partial(events, total, low, high, first_ms, first, latest_ms, latest)
            found[tenant, customer, meter, group, window, day] = partial
        return found

    def sketches(self) -> dict[RollupKey, str]:
        """Return what the sketch of each row answers, and how exactly."""
        return {
            (*key,): words.partition(",")[0] + ")"
            for side, *key, words, _ in self._table("sketches")
            if side == "log"
        }

    def in_flight(self) -> int:
        ((events,),) = self.desk.execute("select coalesce(sum(events), 0) from log_in_flight", {}).fetchall()
        return int(events)

    def close(self) -> None:
        self.desk.close()

    def _table(self, name: str) -> Iterator[tuple[Any, ...]]:
        yield from self.desk.execute(f"select * from {name}", {}).fetchall()  # noqa: S608 -- our own tables


def _skipped() -> list[tuple[int, int]]:
    return [(partition, offset) for _, partition, offset in CATALOG.skips]
