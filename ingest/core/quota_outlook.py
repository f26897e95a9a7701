"""Where a customer's quota would stand after one more event."""

from typing import NamedTuple

import msgspec

from ingest.core.quota_states import QuotaStates
from schemas.catalog import Catalog
from schemas.event import Series
from schemas.meters import Meter
from schemas.partial import merge, single
from schemas.partition import partition_of
from schemas.quota import UsedRow
from schemas.quota_check import answer, standing
from schemas.stamp import NEVER
from schemas.windows import window_start


class QuotaAfter(msgspec.Struct, frozen=True, kw_only=True):
    """A quota with an event on top. Quantities are decimal text in the meter's unit."""

    plan: str | None
    #: None: unlimited.
    limit: str | None
    #: Before the event, and with it; None: not known.
    used: str | None
    used_after: str | None
    remaining_after: str | None
    percent_after: str | None
    level_after: str
    mode: str
    reset_at: str
    decision: str


class QuotaView(NamedTuple):
    """What is known of quotas at one moment."""

    catalog: Catalog
    states: QuotaStates
    partitions: int
    stale_ms: int
    now_ms: int

    def after(self, series: Series, meter: Meter, at_ms: int, value: int) -> QuotaAfter | None:
        """Return the quota after an event of *series* at *at_ms* that is worth *value* (a state integer).

        None: the event is of another period than the one that contains now.
        """
        tenant, customer, _ = series
        at = standing(self.catalog, tenant, customer, meter.name, self.now_ms)
        if at is None or not at.key.start_ms <= window_start(at_ms) < at.key.end_ms:
            return None
        through_ms = self.states.complete_through(partition_of(tenant, customer, self.partitions))
        row = self.states.used(at.key)
        alone = single(at_ms, value)
        together = UsedRow(NEVER, merge(row.partial, alone) if row else alone)
        before = answer(at, 0, row, through_ms, self.now_ms, self.stale_ms)
        after = answer(at, 0, together, through_ms, self.now_ms, self.stale_ms)
        return QuotaAfter(
            plan=at.plan,
            limit=after.limit,
            used=before.used,
            used_after=after.used,
            remaining_after=after.remaining,
            percent_after=after.percent,
            level_after=after.level,
            mode=at.mode,
            reset_at=at.reset_at,
            decision=after.decision,
        )
