"""Which periods a customer's usage of a meter is counted in, as one catalogue has it.

Calendar periods that any plan has are counted for everybody, so that whoever changes plans finds the
usage of the whole period there. Anchored ones are counted for those whose plan has them.
"""

from schemas.catalog import Catalog, MeterSet
from schemas.period import CALENDAR, Span, is_anchored, span_at


class Periods:
    """The periods of one snapshot of the catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        """Know what the plans of *catalog* say."""
        self.catalog = catalog
        self._calendar: dict[int, dict[str, tuple[str, ...]]] = {}

    def spans(self, tenant: str, customer: str, meter: str, hour_ms: int) -> list[Span]:
        """Return the spans that usage of the hour that starts at *hour_ms* belongs to."""
        spans = [span_at(period, hour_ms) for period in self._calendar_of(hour_ms).get(meter, ())]
        placed = self.catalog.plan_of(tenant, customer, hour_ms)
        quota = placed.plan.by_meter.get(meter) if placed.plan is not None else None
        if quota is not None and is_anchored(quota.period):
            own = span_at(quota.period, hour_ms, placed.anchor_ms)
            if own not in spans:
                spans.append(own)
        return spans

    def _calendar_of(self, hour_ms: int) -> dict[str, tuple[str, ...]]:
        in_force = self.catalog.meters_at(hour_ms)
        found = self._calendar.get(in_force.version)
        if found is None:
            found = self._calendar[in_force.version] = _calendar_periods(in_force)
        return found


def _calendar_periods(in_force: MeterSet) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for plan in in_force.plans:
        for quota in plan.quotas:
            if quota.period in CALENDAR:
                found.setdefault(quota.meter, set()).add(quota.period)
    return {meter: tuple(sorted(periods)) for meter, periods in found.items()}
