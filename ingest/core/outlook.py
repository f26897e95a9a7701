"""What would become of events: which meters count them, where, and as how much. Nothing is stored.

It says what the processor would decide of a record that the broker appended now. Copies of events from
before are not looked for: only the processor knows them.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from ingest.core.quota_outlook import QuotaAfter, QuotaView
from ingest.core.reading import Batch
from ingest.core.receipts import count, rejected_result, status_of
from ingest.core.repeats import Status, repeats
from schemas.admission import Finding
from schemas.catalog import Catalog
from schemas.event import UsageEvent
from schemas.groups import properties_of
from schemas.instant import format_instant
from schemas.meters import Meter
from schemas.verdict import Fate
from schemas.windows import WINDOW_MS, Arrival, arrival, window_start


class Measured(msgspec.Struct, frozen=True):
    """What one meter would make of an event."""

    meter: str
    aggregation: str
    unit: str
    #: Of the properties that the meter groups by, those that the event has.
    groups: dict[str, str]
    #: What the event is worth, in `unit`; to a sum or a count, what it adds; of a level, an hour of it.
    delta: str
    #: With this event alone on top; None where it does not count, or not in the period that contains now.
    quota: QuotaAfter | None


class Window(msgspec.Struct, frozen=True):
    """The hour that an event would count in."""

    start: str
    end: str
    #: on_time, in_grace or late.
    arrival: str


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one event."""

    id: str
    #: accepted, or a copy of an earlier event of this request: duplicate or conflict.
    status: str
    #: counted, late, unmatched, duplicate or conflict.
    fate: str
    window: Window
    meters: list[Measured]
    warnings: list[Mapping[str, str]]


def outlooks(batch: Batch, quotas: QuotaView) -> bytes:
    """Return the body of the answer about *batch*, read at the moment of *quotas* under its catalogue."""
    view = _View(quotas)
    repeated = repeats(batch.events)
    # An event that no meter counts is no first sighting: a copy of it may count.
    measured = [number for number, event in enumerate(batch.events) if view.counting(event)]
    found = repeats([batch.events[number] for number in measured])
    copies = {measured[place]: copy for place, copy in found.items()}
    results: list[object] = [
        view.outlook(
            event,
            repeated.get(number, Status.ACCEPTED),
            copies.get(number),
            batch.warnings.get(number, ()),
        )
        for number, event in enumerate(batch.events)
    ]
    for place, rejection in sorted(batch.rejected.items()):
        results.insert(place, rejected_result(batch, place, rejection))
    would = status_of(batch) if batch.events else HTTPStatus.BAD_REQUEST
    counts = count(batch, repeated)._asdict()
    return msgspec.json.encode({**counts, "would_answer": would.value, "results": results})


class _View(NamedTuple):
    quotas: QuotaView

    @property
    def catalog(self) -> Catalog:
        return self.quotas.catalog

    @property
    def now_ms(self) -> int:
        return self.quotas.now_ms

    def counting(self, event: UsageEvent) -> list[tuple[Meter, str]]:
        """Return the meters that would count *event*, and the group of each."""
        in_force = self.catalog.meters_at(event.occurred_at_ms(self.now_ms))
        return in_force.counting(event.series.type, event.rest)

    def outlook(
        self, event: UsageEvent, status: Status, copy: Status | None, warnings: Iterable[Finding]
    ) -> Outlook:
        at_ms = event.occurred_at_ms(self.now_ms)
        start_ms = window_start(at_ms)
        how = arrival(start_ms, self.now_ms, self.catalog.meters_at(at_ms).grace_ms)
        counting = self.counting(event)
        fate = _fate(copy, how, measured=bool(counting))
        counts = fate in {Fate.COUNTED, Fate.LATE}
        return Outlook(
            id=event.id,
            status=status,
            fate=fate,
            window=Window(format_instant(start_ms), format_instant(start_ms + WINDOW_MS), how.value),
            meters=[self._measured(event, meter, group, at_ms, counts=counts) for meter, group in counting],
            warnings=[{"code": each.code, "detail": each.detail} for each in warnings],
        )

    def _measured(self, event: UsageEvent, meter: Meter, group: str, at_ms: int, *, counts: bool) -> Measured:
        value = meter.measure(event.quantity_micro, event.rest)
        return Measured(
            meter.name,
            meter.aggregation,
            meter.unit,
            properties_of(group),
            meter.answer_to(value),
            self.quotas.after(event.series, meter, at_ms, value) if counts else None,
        )


def _fate(copy: Status | None, how: Arrival, *, measured: bool) -> str:
    """Return the fate in the processor's order: unmatched, copies, late, counted."""
    if not measured:
        return Fate.UNMATCHED.value
    if copy is not None:
        return copy.value
    return (Fate.LATE if how is Arrival.LATE else Fate.COUNTED).value
