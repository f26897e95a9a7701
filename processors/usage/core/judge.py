"""Judges what was used against the thresholds of the plan that holds, each once in a period."""

from collections.abc import Iterable, Sequence
from typing import Final

from processors.usage.core.used import UsedRow
from schemas.alert import QuotaThresholdReached, quota_threshold
from schemas.catalog import Catalog, MeterSet
from schemas.meters import Aggregation, Meter
from schemas.period import Span, span_at
from schemas.plan import PERCENT, Quota
from schemas.quantity import MICRO
from schemas.quota import Crossing

#: Beyond every value.
_NEVER: Final = 1 << 200


class Judge:
    """Knows the limits of one snapshot of the catalogue, as they stand at a record's time."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._catalog = Catalog()
        self._version = 0
        #: Counts what it was told to judge by, so that a row knows whether that was something else.
        self._era = 0

    def judge(self, rows: Iterable[UsedRow], catalog: Catalog, at_ms: int) -> list[QuotaThresholdReached]:
        """Note in *rows* the thresholds of *catalog* that they have reached at *at_ms*; return the facts."""
        in_force = catalog.meters_at(at_ms)
        if not in_force.plans:
            return []
        if catalog is not self._catalog or in_force.version != self._version:
            self._catalog, self._version, self._era = catalog, in_force.version, self._era + 1
        alerts: list[QuotaThresholdReached] = []
        for row in rows:
            if (
                row.judged_in != self._era
                or row.total >= row.watched_total
                or row.events >= row.watched_events
            ):
                row.judged_in = self._era
                alerts += self._judge(row, in_force, at_ms)
        return alerts

    def _judge(self, row: UsedRow, in_force: MeterSet, at_ms: int) -> list[QuotaThresholdReached]:
        about = row.about
        meter = in_force.by_name.get(about.meter)
        placed = self._catalog.plan_of(about.tenant, about.customer, at_ms)
        quota = placed.plan.by_meter.get(about.meter) if placed.plan else None
        row.watched_total = row.watched_events = _NEVER
        if meter is None or placed.plan is None or quota is None or quota.limit_micro is None:
            return []
        if span_at(quota.period, about.start_ms, placed.anchor_ms) != Span(about.start_ms, about.end_ms):
            return []
        amount = meter.amount(row.partial())
        ahead = _ahead(row, quota, quota.limit_micro)
        reached = [percent for percent in ahead if _reaches(amount, quota.limit_micro, percent)]
        crossings = [
            Crossing(
                percent,
                quota.limit_micro,
                meter.answer(row.partial()),
                placed.plan.name,
                quota.mode,
                at_ms,
                row.stamp,
                percent in quota.thresholds,
            )
            for percent in reached
        ]
        row.crossings += tuple(crossings)
        if following := ahead[len(reached) :]:
            _watch(row, meter, following[0] * quota.limit_micro)
        return [quota_threshold(about, crossing) for crossing in crossings if crossing.told]


def _ahead(row: UsedRow, quota: Quota, limit_micro: int) -> Sequence[int]:
    """Return the thresholds of *quota* that *row* has not reached yet, in ascending order."""
    if not row.crossings:
        return quota.noted
    crossed = {each.percent for each in row.crossings if each.limit_micro == limit_micro}
    return [percent for percent in quota.noted if percent not in crossed]


def _reaches(amount: tuple[int, int], limit_micro: int, percent: int) -> bool:
    numerator, denominator = amount
    return numerator > 0 and numerator * PERCENT * MICRO >= percent * limit_micro * denominator


def _watch(row: UsedRow, meter: Meter, percent_micro: int) -> None:
    """Have *row* judged again when so many hundredths of a millionth of the meter's unit may be reached."""
    match meter.aggregation:
        case Aggregation.SUM:
            row.watched_total = -(-percent_micro * meter.scale // (PERCENT * MICRO))
        case Aggregation.COUNT:
            row.watched_events = -(-percent_micro // (PERCENT * MICRO))
        case _:
            row.watched_events = 0
