"""One line of the sheet for a meter: what the store answers, and what the log has more."""

from typing import NamedTuple

from console.books.core.entries import MeterRow, hour_text
from schemas.catalog import Catalog
from schemas.meters import Meter
from schemas.partial import Partial
from schemas.quantity import format_ratio

_NOTHING = Partial(0, 0, 0, 0, 0, 0, 0, 0)


class Hour(NamedTuple):
    """Usage of one tenant and meter in one hour, by both sides; None: that side has no row."""

    tenant: str
    meter: str
    hour_ms: int
    logged: Partial | None
    stored: Partial | None
    gap: int


def meter_row(hour: Hour, catalog: Catalog) -> MeterRow:
    """Return the line for *hour*."""
    meter = _meter(hour, catalog)
    stored, logged = hour.stored or _NOTHING, hour.logged or _NOTHING
    (more, of), (less, by) = meter.amount(logged), meter.amount(stored)
    difference = format_ratio(more * by - less * of, of * by)
    return MeterRow(
        hour.tenant,
        hour.meter,
        hour_text(hour.hour_ms),
        stored.events,
        meter.answer(stored),
        difference,
        hour.gap,
    )


def _meter(hour: Hour, catalog: Catalog) -> Meter:
    """Return the meter in force; a row that no meter explains is shown as it stands."""
    found = (meter for meter in catalog.meters_at(hour.hour_ms).meters if meter.name == hour.meter)
    return next(found, Meter(name=hour.meter, event_type=hour.meter))
