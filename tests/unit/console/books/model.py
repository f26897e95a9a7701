"""The obviously right recount: one event after the other, with dictionaries."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from schemas.admission import text_fault
from schemas.catalog import Catalog
from schemas.errors import Reject
from schemas.event import UsageEvent
from schemas.horizon import beyond_horizon, oldest_kept_hour_ms, too_far_ahead
from schemas.instant import HOUR_MS, day_of
from schemas.meters import Aggregation, Meter, ValueMissing
from schemas.partial import Partial, merge, single
from schemas.partition import partition_of
from schemas.quantity import format_ratio
from schemas.source_record import read_record
from schemas.windows import NOT_LATE, Arrival, arrival, window_start

#: tenant, type, hour, day on which it was recorded, partition.
FateKey = tuple[str, str, int, int, int]
#: tenant, customer, meter, group, window, arrival day.
RollupKey = tuple[str, str, str, str, int, int]


class Record(NamedTuple):
    partition: int
    offset: int
    recorded_at_ms: int
    value: bytes
    headers: dict[str, bytes]


class Model:
    def __init__(self, catalog: Catalog, partitions: int, horizon_ms: int) -> None:
        self.fates: dict[FateKey, Counter[str]] = {}
        self.rollups: dict[RollupKey, Partial] = {}
        self.kept: dict[tuple[Meter, RollupKey], list[tuple[int, int]]] = {}
        self._catalog = catalog
        self._partitions = partitions
        self._horizon_ms = horizon_ms
        self._first: dict[tuple[str, str, str, str], tuple[int, object]] = {}

    def sketches(self) -> dict[RollupKey, str]:
        """Return what rows of few values answer by a plain set and a plain list, as the books word it."""
        return {key: f"{_answer(meter, values)} (exact)" for (meter, key), values in self.kept.items()}

    def recount(self, records: Iterable[Record]) -> "Model":
        for record in records:
            self._read(record)
        return self

    def _read(self, record: Record) -> None:
        skipped = ("usage", record.partition, record.offset) in self._catalog.skips
        try:
            events = read_record(record.value, record.headers, record.recorded_at_ms)
        except Reject:
            self._book_untrusted(record)
            return
        for _ in events.invalid:
            self._book_untrusted(record)
        for event in events.pack.events() if events.pack else ():
            if not skipped and self._is_invalid(event):
                self._book_untrusted(record)
            else:
                self._book(record, event, "refused" if skipped else self._fate(record, event))

    def _is_invalid(self, event: UsageEvent) -> bool:
        return any(text_fault("/any", text) for text in (*event.series, event.source, event.id))

    def _fate(self, record: Record, event: UsageEvent) -> str:
        tenant, customer, event_type = event.series
        occurred_at_ms = event.occurred_at_ms(record.recorded_at_ms)
        if (
            partition_of(tenant, customer, self._partitions) != record.partition
            or beyond_horizon(occurred_at_ms, record.recorded_at_ms, self._horizon_ms)
            or too_far_ahead(occurred_at_ms, record.recorded_at_ms)
        ):
            return "refused"
        version = self._catalog.meters_at(occurred_at_ms)
        meters = version.measuring(event_type)
        if not meters:
            return "unmatched"
        try:
            groups = [(meter, meter.group_of(event.rest)) for meter in meters]
            values = [
                (meter, group, meter.measure(event.quantity_micro, event.rest))
                for meter, group in groups
                if group is not None
            ]
        except ValueMissing:
            return "refused"
        if not values:
            return "unmatched"
        if (copy := self._copy(record, event)) is not None:
            return copy
        start_ms = window_start(occurred_at_ms)
        how = arrival(start_ms, record.recorded_at_ms, version.grace_ms)
        day = day_of(record.recorded_at_ms) if how is Arrival.LATE else NOT_LATE
        for meter, group, value in values:
            key = (tenant, customer, meter.name, group, start_ms, day)
            kind = meter.aggregation.rule.kind
            if kind is not None:
                self.kept.setdefault((meter, key), []).append((occurred_at_ms, value))
            one = single(occurred_at_ms, value if kind is None or kind.has_amounts else 0)
            self.rollups[key] = merge(self.rollups[key], one) if key in self.rollups else one
        return {Arrival.ON_TIME: "counted", Arrival.IN_GRACE: "in_grace", Arrival.LATE: "late"}[how]

    def _copy(self, record: Record, event: UsageEvent) -> str | None:
        tenant, customer, event_type = event.series
        identity = (tenant, customer, event.source, event.id)
        content = (event_type, event.given_ms, event.quantity_micro, event.rest)
        first = self._first.get(identity)
        if first and first[0] >= oldest_kept_hour_ms(record.recorded_at_ms, self._horizon_ms):
            return "duplicate" if first[1] == content else "conflict"
        self._first[identity] = (record.recorded_at_ms - record.recorded_at_ms % HOUR_MS, content)
        return None

    def _book_untrusted(self, record: Record) -> None:
        self._add("", "", record.recorded_at_ms, record, "refused")

    def _book(self, record: Record, event: UsageEvent, fate: str) -> None:
        tenant, _, event_type = event.series
        self._add(tenant, event_type, event.occurred_at_ms(record.recorded_at_ms), record, fate)

    def _add(self, tenant: str, event_type: str, at_ms: int, record: Record, fate: str) -> None:
        key = (tenant, event_type, window_start(at_ms), day_of(record.recorded_at_ms), record.partition)
        self.fates.setdefault(key, Counter())[fate] += 1


def _answer(meter: Meter, events: list[tuple[int, int]]) -> str:
    values = [value for _, value in events]
    if meter.aggregation is Aggregation.UNIQUE:
        return str(len(set(values)))
    if meter.aggregation is Aggregation.TIME_WEIGHTED_SUM:
        return format_ratio(_level_seconds(events), meter.scale * 3_600)
    place = -(-len(values) * int(meter.aggregation.removeprefix("p")) // 100)
    return format_ratio(sorted(values)[place - 1], meter.scale)


def _level_seconds(events: list[tuple[int, int]]) -> int:
    """Return level times seconds from the first event of an hour to its end."""
    of_second: dict[int, int] = {}
    for at_ms, value in sorted(events):
        of_second[at_ms // 1_000] = value
    seconds = [*sorted(of_second), (window_start(events[0][0]) + HOUR_MS) // 1_000]
    return sum(of_second[second] * (following - second) for second, following in pairwise(seconds))
