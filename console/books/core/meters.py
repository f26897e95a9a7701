"""One line of the sheet for a meter: what the store answers, and what the log has more."""

from typing import NamedTuple

from console.books.core.entries import MeterRow, hour_text
from schemas.catalog import Catalog
from schemas.meters import Meter
from schemas.partial import Partial
from schemas.quantity import format_ratio
from schemas.sketch import Sketch

_NOTHING = Partial(0, 0, 0, 0, 0, 0, 0, 0)


class Hour(NamedTuple):
    """Usage of one tenant and meter in one hour, by both sides; None: that side has no row."""

    tenant: str
    meter: str
    hour_ms: int
    logged: Partial | None
    stored: Partial | None
    gap: int
    #: What they keep beside the partials.
    logged_sketch: Sketch | None = None
    stored_sketch: Sketch | None = None


def meter_row(hour: Hour, catalog: Catalog) -> MeterRow:
    """Return the line for *hour*."""
    meter = meter_of(hour.meter, hour.hour_ms, catalog)
    stored, logged = hour.stored or _NOTHING, hour.logged or _NOTHING
    more, of = meter.amount(logged, hour.logged_sketch)
    less, by = meter.amount(stored, hour.stored_sketch)
    difference = format_ratio(more * by - less * of, of * by)
    return MeterRow(
        hour.tenant,
        hour.meter,
        hour_text(hour.hour_ms),
        stored.events,
        meter.answer(stored, hour.stored_sketch),
        difference,
        hour.gap,
    )


def meter_of(name: str, hour_ms: int, catalog: Catalog) -> Meter:
    """Return the meter in force; a row that no meter explains is shown as it stands."""
    found = (meter for meter in catalog.meters_at(hour_ms).meters if meter.name == name)
    return next(found, Meter(name=name, event_type=name))
