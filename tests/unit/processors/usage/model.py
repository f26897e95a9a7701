"""What one partition of usage has to come to: one event at a time, plain lists, no cleverness.

It shares the pure rules of `schemas` with the processor, and nothing else.
"""

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from schemas import quota, rollup
from schemas.admission import text_fault
from schemas.catalog import Catalog
from schemas.event import UsageEvent
from schemas.horizon import beyond_horizon, oldest_kept_hour_ms, too_far_ahead
from schemas.identity import identify
from schemas.instant import HOUR_MS, day_of
from schemas.meters import Meter, ValueMissing
from schemas.partial import Partial
from schemas.partition import partition_of
from schemas.period import Span, span_at
from schemas.seen import encode_seen
from schemas.sketch import Kind, of_values
from schemas.stamp import stamp_of
from schemas.verdict import Fate, Refusal, Verdict
from schemas.windows import NOT_LATE, Arrival, arrival, window_start


class Unreadable:
    """A record that nobody can read."""


class Invalid:
    """An event of a readable record that is none, by the rules of the door."""


class Record(NamedTuple):
    """A source record as its producer meant it."""

    offset: int
    recorded_at_ms: int
    events: Sequence[UsageEvent | Invalid] | Unreadable


class First(NamedTuple):
    """An event that counted."""

    content: tuple[object, ...]
    offset: int
    #: Newest hour of record time when it came.
    hour_ms: int


class Count:
    """Events of one fates key."""

    def __init__(self) -> None:
        self.fates: list[Fate] = []
        self.in_grace = 0


class Model:
    """The state of one partition after the records that it was given."""

    def __init__(
        self, partition: int, partitions: int, generation: int, horizon_ms: int, catalog: Catalog
    ) -> None:
        self.partition = partition
        self.partitions = partitions
        self.generation = generation
        self.horizon_ms = horizon_ms
        self.catalog = catalog
        #: The newest of each identity.
        self.firsts: dict[tuple[str, str, str, str], First] = {}
        self.hour_ms = -1
        self.verdicts: dict[int, list[Verdict]] = {}
        self.seen: dict[int, bytes] = {}
        self.dead_letters: list[int] = []
        #: (when, value) of every event of a row, in log order.
        self.usage: dict[rollup.UsageKey, list[tuple[int, int]]] = {}
        self.fates: dict[rollup.FatesKey, Count] = {}
        #: The same of every quota, as long as its period was not over.
        self.used: dict[quota.UsedKey, list[tuple[int, int]]] = {}
        self.events: dict[quota.EventsKey, int] = {}
        self.stamps: dict[rollup.Key | quota.Key, int] = {}
        #: Keys of the rows that the last record went into.
        self.touched: set[rollup.Key | quota.Key] = set()

    def kind_of(self, name: str) -> Kind | None:
        """Return what the meter *name* keeps beside its partial."""
        named = (version.by_name[name] for version in self.catalog.meter_sets if name in version.by_name)
        return next(named).aggregation.rule.kind

    def apply(self, record: Record) -> None:
        self.hour_ms = max(self.hour_ms, record.recorded_at_ms - record.recorded_at_ms % HOUR_MS)
        self.verdicts[record.offset] = []
        self.seen[record.offset] = b""
        self.touched = set()
        events = record.events
        if isinstance(events, Unreadable):
            is_skipped = self.is_skipped(record)
            self.refuse(record, 0, None, Refusal.SKIPPED if is_skipped else Refusal.UNREADABLE)
            if not is_skipped:
                self.dead_letters.append(record.offset)
            return
        for index, event in enumerate(events):
            if isinstance(event, Invalid):
                self.refuse(record, index, None, Refusal.INVALID)
            else:
                self.apply_event(record, index, event)

    def apply_event(self, record: Record, index: int, event: UsageEvent) -> None:
        refusal = self.refusal(record, event)
        if refusal is not None:
            self.refuse(record, index, event, refusal)
            return
        meters = [(meter, group) for meter, group in self.groups(record, event) if group is not None]
        if not meters:
            self.book(record, event, Fate.UNMATCHED)
            self.verdicts[record.offset].append(Verdict(index, Fate.UNMATCHED))
            return
        first = self.first_sighting(record, event)
        if first is not None:
            fate = Fate.DUPLICATE if first.content == content_of(event) else Fate.CONFLICT
            self.book(record, event, fate)
            self.verdicts[record.offset].append(Verdict(index, fate, "", first.offset))
            return
        self.firsts[identity_of(event)] = First(content_of(event), record.offset, self.hour_ms)
        self.seen[record.offset] += encode_seen([identify(event)])
        self.count(record, index, event, meters)

    def count(
        self, record: Record, index: int, event: UsageEvent, meters: Sequence[tuple[Meter, str]]
    ) -> None:
        at_ms = event.occurred_at_ms(record.recorded_at_ms)
        grace_ms = self.catalog.meters_at(at_ms).grace_ms
        how = arrival(window_start(at_ms), record.recorded_at_ms, grace_ms)
        day = day_of(record.recorded_at_ms) if how is Arrival.LATE else NOT_LATE
        self.book(record, event, Fate.LATE if how is Arrival.LATE else Fate.COUNTED)
        if how is Arrival.LATE:
            self.verdicts[record.offset].append(Verdict(index, Fate.LATE))
        if how is Arrival.IN_GRACE:
            self.fates[self.fates_key(record, event)].in_grace += 1
        for meter, group in meters:
            series = event.series
            key = rollup.UsageKey(series.tenant, series.customer, meter.name, group, window_start(at_ms), day)
            value = meter.measure(event.quantity_micro, event.rest)
            self.usage.setdefault(key, []).append((at_ms, value))
            self.stamp(key, record)
            if meter.aggregation.rule.kind is not None:
                continue
            for start_ms, end_ms in self.periods(series.tenant, series.customer, meter.name, at_ms):
                if record.recorded_at_ms < end_ms:
                    used = quota.UsedKey(series.tenant, series.customer, meter.name, start_ms, end_ms)
                    self.used.setdefault(used, []).append((at_ms, value))
                    self.stamp(used, record)
        start_ms, end_ms = span_at("month", window_start(at_ms))
        if record.recorded_at_ms < end_ms:
            month = quota.EventsKey(event.series.tenant, start_ms, end_ms, self.partition)
            self.events[month] = self.events.get(month, 0) + 1
            self.stamp(month, record)

    def periods(self, tenant: str, customer: str, meter: str, at_ms: int) -> set[Span]:
        """Return every calendar period that any plan has, and the one that the customer's own plan has."""
        hour_ms = window_start(at_ms)
        in_force = self.catalog.meters_at(hour_ms)
        placed = self.catalog.customers.get((tenant, customer))
        own = in_force.default_plan if placed is None else placed.plan
        anchor_ms = 0 if placed is None else placed.anchor_ms
        return {
            span_at(each.period, hour_ms, anchor_ms)
            for plan in in_force.plans
            for each in plan.quotas
            if each.meter == meter and (each.period in {"day", "week", "month"} or plan.name == own)
        }

    def quota_rows(self) -> dict[quota.Key, tuple[int, Partial | int]]:
        """Return stamp and content of the rows of quotas."""
        keys: list[quota.UsedKey | quota.EventsKey] = [*self.used, *self.events]
        return {key: self.quota_row(key) for key in keys}

    def quota_row(self, key: quota.UsedKey | quota.EventsKey) -> tuple[int, Partial | int]:
        """Return stamp and content of the row of *key*."""
        if isinstance(key, quota.UsedKey):
            return self.stamps[key], partial_of(self.used[key])
        return self.stamps[key], self.events[key]

    def crossed(self, *, surely: bool) -> set[tuple[quota.UsedKey, int, int]]:
        """Return (key, limit, percentage) of every threshold to be told of.

        *surely*: only of meters that are in force at all times. All versions have the same plans.
        """
        found = set()
        versions = self.catalog.meter_sets
        for key, events in self.used.items():
            placed = self.catalog.customers.get((key.tenant, key.customer))
            plan = versions[0].plan_by_name[placed.plan if placed else versions[0].default_plan]
            meters = [version.by_name[key.meter] for version in versions if key.meter in version.by_name]
            meter = meters[0]
            each = plan.by_meter.get(key.meter)
            if each is None or each.limit_micro is None or (surely and len(meters) < len(versions)):
                continue
            if span_at(each.period, key.start_ms, placed.anchor_ms if placed else 0) != (
                key.start_ms,
                key.end_ms,
            ):
                continue
            amount = Fraction(*meter.amount(partial_of(events)))
            limit = Fraction(each.limit_micro, 1_000_000)
            found |= {
                (key, each.limit_micro, percent)
                for percent in each.thresholds
                if amount > 0 and amount >= limit * percent / 100
            }
        return found

    def refusal(self, record: Record, event: UsageEvent) -> Refusal | None:
        """Return the first reason that holds."""
        tenant, customer, event_type = event.series
        texts = (tenant, customer, event_type, event.source, event.id)
        at_ms = event.occurred_at_ms(record.recorded_at_ms)
        reasons = [
            (Refusal.SKIPPED, self.is_skipped(record)),
            (Refusal.INVALID, any(text_fault("/x", text) for text in texts)),
            (Refusal.WRONG_PARTITION, partition_of(tenant, customer, self.partitions) != self.partition),
            (Refusal.BEYOND_HORIZON, beyond_horizon(at_ms, record.recorded_at_ms, self.horizon_ms)),
            (Refusal.TOO_FAR_AHEAD, too_far_ahead(at_ms, record.recorded_at_ms)),
            (Refusal.NO_VALUE, not self.is_measurable(record, event)),
        ]
        return next((code for code, holds in reasons if holds), None)

    def is_skipped(self, record: Record) -> bool:
        return ("usage", self.partition, record.offset) in self.catalog.skips

    def is_measurable(self, record: Record, event: UsageEvent) -> bool:
        try:
            for meter, group in self.groups(record, event):
                if group is not None:
                    meter.measure(event.quantity_micro, event.rest)
        except (ValueMissing, ValueError, TypeError, RecursionError):
            return False
        return True

    def groups(self, record: Record, event: UsageEvent) -> Sequence[tuple[Meter, str | None]]:
        """Return the meters of the event's type, and the group that it is in; None: it is left out."""
        in_force = self.catalog.meters_at(event.occurred_at_ms(record.recorded_at_ms))
        return [
            (meter, group_of(meter, event.rest))
            for meter in in_force.meters
            if meter.event_type == event.series.type
        ]

    def first_sighting(self, record: Record, event: UsageEvent) -> First | None:
        """Return the newest event with the same identity that counted, unless it is forgotten."""
        first = self.firsts.get(identity_of(event))
        kept_ms = oldest_kept_hour_ms(record.recorded_at_ms, self.horizon_ms)
        return first if first is not None and first.hour_ms >= kept_ms else None

    def refuse(self, record: Record, index: int, event: UsageEvent | None, code: Refusal) -> None:
        self.book(record, None if code is Refusal.INVALID else event, Fate.REFUSED)
        self.verdicts[record.offset].append(Verdict(index, Fate.REFUSED, code))

    def book(self, record: Record, event: UsageEvent | None, fate: Fate) -> None:
        key = self.fates_key(record, event)
        self.fates.setdefault(key, Count()).fates.append(fate)
        self.stamp(key, record)

    def stamp(self, key: rollup.Key | quota.Key, record: Record) -> None:
        self.stamps[key] = stamp_of(self.generation, record.offset)
        self.touched.add(key)

    def fates_key(self, record: Record, event: UsageEvent | None) -> rollup.FatesKey:
        """Return the key for an event; None: its own texts cannot be trusted."""
        tenant, event_type, at_ms = "", "", record.recorded_at_ms
        if event is not None:
            tenant, event_type = event.series.tenant, event.series.type
            at_ms = event.occurred_at_ms(record.recorded_at_ms)
        day = day_of(record.recorded_at_ms)
        return rollup.FatesKey(tenant, event_type, window_start(at_ms), day, self.partition)

    def rows(self) -> dict[rollup.Key, rollup.Row]:
        """Return the absolute rows."""
        keys: list[rollup.UsageKey | rollup.FatesKey] = [*self.usage, *self.fates]
        rows: dict[rollup.Key, rollup.Row] = {key: self.row(key) for key in keys}
        for key, events in self.usage.items():
            if (kind := self.kind_of(key.meter)) is not None:
                sketch = of_values(kind, (kind.entry_of(*each) for each in events))
                rows[whole_sketch(key)] = rollup.SketchRow(sketch.encode(), 0)
        return rows

    def row(self, key: rollup.UsageKey | rollup.FatesKey) -> rollup.Row:
        """Return the absolute row of *key*."""
        stamp = self.stamps[key]
        if isinstance(key, rollup.UsageKey):
            kind, events = self.kind_of(key.meter), self.usage[key]
            amounts = events if kind is None or kind.has_amounts else [(at_ms, 0) for at_ms, _ in events]
            return rollup.UsageRow(partial_of(amounts), stamp)
        count = self.fates[key]
        of = count.fates.count
        return rollup.FatesRow(
            of(Fate.COUNTED),
            count.in_grace,
            of(Fate.LATE),
            of(Fate.DUPLICATE),
            of(Fate.CONFLICT),
            of(Fate.UNMATCHED),
            of(Fate.REFUSED),
            stamp,
        )


def whole_sketch(key: rollup.UsageKey) -> rollup.SketchKey:
    """Return a key that no page has, for all pages of a row together."""
    return rollup.SketchKey(
        key.tenant, key.customer, key.meter, key.group, key.window_start_ms, key.arrival_day, -1
    )


def identity_of(event: UsageEvent) -> tuple[str, str, str, str]:
    return event.series.tenant, event.series.customer, event.source, event.id


def content_of(event: UsageEvent) -> tuple[object, ...]:
    return event.series.type, event.given_ms, event.quantity_micro, event.rest


def group_of(meter: Meter, rest: bytes) -> str | None:
    """Return the group of an event with this rest. Raises what json and a wrong type raise."""
    if not meter.filters and not meter.group_by:
        return ""
    data = json.loads(rest or b"{}", parse_int=str, parse_float=str).get("data", {})
    if any(said(data, each.property) not in each.one_of for each in meter.filters):
        return None
    texts = {place.split("/")[-1]: said(data, place) for place in meter.group_by}
    found = {label: text for label, text in sorted(texts.items()) if text is not None}
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False) if found else ""


def said(data: dict[str, Any], place: str) -> str | None:
    """Return what stands at *place*, a name or /data/ and names, as text; None: nothing that is one value."""
    found: Any = data | {}
    for step in place.removeprefix("/data/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else None


def partial_of(events: Sequence[tuple[int, int]]) -> Partial:
    """Return the aggregate of (when, value); of two at one millisecond the log's order decides."""
    values = [value for _, value in events]
    first_ms = min(at_ms for at_ms, _ in events)
    latest_ms = max(at_ms for at_ms, _ in events)
    return Partial(
        len(values),
        sum(values),
        min(values),
        max(values),
        first_ms,
        next(value for at_ms, value in events if at_ms == first_ms),
        latest_ms,
        [value for at_ms, value in events if at_ms == latest_ms][-1],
    )
