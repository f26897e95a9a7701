"""Which periods a customer's usage of a meter is counted in, as one catalogue has it.

Calendar periods that any plan has are counted for everybody, so that whoever changes plans finds the
usage of the whole period there. Anchored ones are counted for those whose plan has them.
"""

from typing import Final

from schemas.catalog import Catalog
from schemas.period import CALENDAR, Span, is_anchored, span_at

NO_PERIODS: Final = frozenset[str]()


class Periods:
    """The periods of one snapshot of the catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        """Know what the plans of *catalog* say."""
        self.catalog = catalog

    def spans(self, tenant: str, customer: str, meter: str, hour_ms: int) -> list[Span]:
        """Return the spans that usage of the hour that starts at *hour_ms* belongs to."""
        periods = self.catalog.meters_at(hour_ms).quota_periods.get(meter, NO_PERIODS)
        spans = [span_at(period, hour_ms) for period in sorted(periods & CALENDAR)]
        placed = self.catalog.plan_of(tenant, customer, hour_ms)
        quota = placed.plan.by_meter.get(meter) if placed.plan is not None else None
        if quota is not None and is_anchored(quota.period):
            own = span_at(quota.period, hour_ms, placed.anchor_ms)
            if own not in spans:
                spans.append(own)
        return spans
