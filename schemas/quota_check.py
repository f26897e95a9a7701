"""What a check of a quota answers, from what was used, the plan that holds, and how fresh both are.

It decides nothing about usage: that is counted whatever the answer was.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from schemas.alert import level_of
from schemas.catalog import Catalog
from schemas.instant import LAST_MS, format_instant
from schemas.meters import Meter
from schemas.partial import NOTHING
from schemas.period import MONTH, span_at
from schemas.plan import PERCENT, Mode, OnUnavailable, Quota
from schemas.quantity import MICRO, format_micro, format_ratio
from schemas.quota import UsedKey, UsedRow
from schemas.use_limit import LimitAnswer, UseLimit

#: Stands for the mode where nothing is limited.
UNLIMITED: Final = "unlimited"


class Decision(StrEnum):
    """What an answer rests on."""

    #: State that was complete a moment ago.
    FRESH = "fresh"
    #: State that is older than it should be.
    STALE = "stale"
    #: No state at all: the plan's `on_unavailable` alone.
    DEFAULT = "default"


class Crossed(msgspec.Struct, frozen=True):
    """A threshold of the present limit that was reached in this period."""

    percent: int
    level: str
    at: str


class QuotaAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to: may this customer use so much more? Quantities are decimal text in `unit`."""

    allowed: bool
    customer: str
    meter: str
    unit: str
    #: None: the customer is on no plan.
    plan: str | None
    #: None: unlimited.
    limit: str | None
    #: None: not known, or not counted, since no plan has a quota of it for such a period.
    used: str | None
    held: str
    remaining: str | None
    #: Of the limit; None where there is none, or it is 0.
    percent: str | None
    #: hard, soft or unlimited.
    mode: str
    #: ok, warning (from 80 % on), critical (90 %) or exceeded (100 %).
    level: str
    period_start: str
    reset_at: str
    #: Everything that the log had confirmed before this moment is in `used`.
    complete_through: str | None
    decision: Decision
    thresholds: list[Crossed]
    warnings: Sequence[Mapping[str, str]]
    #: Why not, where it is not allowed: quota_exceeded or quota_unknown.
    error: str | None = None
    upgrade_url: str | None = None
    #: Until then a hard limit that was reached still lets pass.
    grace_until: str | None = None
    #: How fast, and how much at the same time; none where the plan says nothing of it.
    limits: Sequence[LimitAnswer] = ()


class Standing(NamedTuple):
    """A customer's quota of one meter in the period that contains a moment."""

    meter: Meter
    plan: str | None
    #: Without a limit where the plan has none for the meter.
    quota: Quota
    on_unavailable: OnUnavailable
    upgrade_url: str
    key: UsedKey
    #: Whether anybody counts that: some plan has such a quota.
    is_counted: bool
    #: Without any where the plan has none for the meter.
    use_limit: UseLimit

    @property
    def mode(self) -> str:
        """Return hard, soft or unlimited."""
        return UNLIMITED if self.quota.limit_micro is None else self.quota.mode.value

    @property
    def period_start(self) -> str:
        """Return when the period began, as RFC 3339."""
        return _instant(self.key.start_ms)

    @property
    def reset_at(self) -> str:
        """Return when the next period begins, as RFC 3339."""
        return _instant(self.key.end_ms)


def standing(catalog: Catalog, tenant: str, customer: str, meter: str, now_ms: int) -> Standing | None:
    """Return how the customer stands at *now_ms*; None: there is no such meter."""
    in_force = catalog.meters_at(now_ms)
    measured = in_force.by_name.get(meter)
    if measured is None:
        return None
    plan, anchor_ms = catalog.plan_of(tenant, customer, now_ms)
    quota = plan.by_meter.get(meter) if plan else None
    quota = quota or Quota(meter=meter, limit_micro=None, period=MONTH)
    span = span_at(quota.period, now_ms, anchor_ms)
    return Standing(
        measured,
        plan.name if plan else None,
        quota,
        plan.on_unavailable if plan else OnUnavailable.ALLOW,
        plan.upgrade_url if plan else "",
        UsedKey(tenant, customer, meter, *span),
        quota.period in in_force.quota_periods.get(meter, ()),
        (plan.limit_by_meter.get(meter) if plan else None) or UseLimit(meter=meter),
    )


def answer(
    at: Standing, wanted_micro: int, row: UsedRow | None, through_ms: int | None, now_ms: int, stale_ms: int
) -> QuotaAnswer:
    """Return the answer at *now_ms* for *wanted_micro* more.

    *row* is what was used, None: nothing; it is complete through *through_ms*, None: nothing is known, and
    older than *stale_ms* it is stale.
    """
    decision = _decision(through_ms, now_ms, stale_ms)
    known, limit_micro = decision is not Decision.DEFAULT, at.quota.limit_micro
    amount = _Amount(*at.meter.amount(row.partial if row else NOTHING))
    crossings = [each for each in row.crossings if each.limit_micro == limit_micro] if row else []
    would_exceed = limit_micro is not None and amount.exceeds(limit_micro, wanted_micro)
    reached_ms = min((each.at_ms for each in crossings if each.percent == PERCENT), default=now_ms)
    verdict = _verdict(at, decision, now_ms, reached_ms + at.quota.grace_ms, would_exceed=would_exceed)
    return QuotaAnswer(
        allowed=verdict.error is None,
        customer=at.key.customer,
        meter=at.key.meter,
        unit=at.meter.unit,
        plan=at.plan,
        limit=None if limit_micro is None else format_micro(limit_micro),
        used=amount.text if known and at.is_counted else None,
        held="0",
        remaining=None if limit_micro is None or not known else amount.below(limit_micro),
        percent=amount.percent_of(limit_micro) if known and limit_micro else None,
        mode=at.mode,
        level=amount.level(limit_micro),
        period_start=at.period_start,
        reset_at=at.reset_at,
        complete_through=None if through_ms is None else format_instant(through_ms),
        decision=decision,
        thresholds=[
            Crossed(each.percent, level_of(each.percent), format_instant(each.at_ms)) for each in crossings
        ],
        warnings=verdict.warnings,
        error=verdict.error,
        upgrade_url=at.upgrade_url or None,
        grace_until=verdict.grace_until,
        limits=[level.shown() for level in at.use_limit.levels()],
    )


class _Verdict(NamedTuple):
    error: str | None
    grace_until: str | None
    warnings: list[Mapping[str, str]]


def _verdict(
    at: Standing, decision: Decision, now_ms: int, grace_until_ms: int, *, would_exceed: bool
) -> _Verdict:
    error = grace_until = None
    warnings: list[Mapping[str, str]] = []
    if would_exceed and at.quota.mode is Mode.SOFT:
        warnings.append(_warning("over_limit", "the limit is soft: what is over it is billed"))
    elif would_exceed and now_ms < grace_until_ms:
        grace_until = format_instant(grace_until_ms)
        warnings.append(_warning("in_grace", f"the limit is hard, but lets pass until {grace_until}"))
    elif would_exceed:
        error = "quota_exceeded"
    elif decision is not Decision.FRESH and at.on_unavailable is OnUnavailable.DENY:
        error = "quota_unknown"
    if decision is Decision.STALE:
        warnings.append(_warning("stale", f"the state is old: for that the plan says {at.on_unavailable}"))
    elif decision is Decision.DEFAULT:
        warnings.append(_warning("unknown", f"there is no state yet: the plan says {at.on_unavailable}"))
    return _Verdict(error, grace_until, warnings)


def _warning(code: str, detail: str) -> Mapping[str, str]:
    return {"code": code, "detail": detail}


class _Amount(NamedTuple):
    """What was used, exactly, in the meter's unit."""

    numerator: int
    denominator: int

    @property
    def text(self) -> str:
        return format_ratio(self.numerator, self.denominator)

    def exceeds(self, limit_micro: int, wanted_micro: int) -> bool:
        """Say whether there would be more than the limit with *wanted_micro* on top."""
        return self.numerator * MICRO > (limit_micro - wanted_micro) * self.denominator

    def below(self, limit_micro: int) -> str:
        """Return what is left, never less than nothing."""
        left = limit_micro * self.denominator - self.numerator * MICRO
        return format_ratio(max(left, 0), self.denominator * MICRO)

    def percent_of(self, limit_micro: int) -> str:
        return format_ratio(self.numerator * PERCENT * MICRO, self.denominator * limit_micro)

    def level(self, limit_micro: int | None) -> str:
        """Return the gravest level that was reached; ok below all of them."""
        if limit_micro is None or self.numerator <= 0:
            return "ok"
        for percent in (100, 90, 80):
            if self.numerator * PERCENT * MICRO >= percent * limit_micro * self.denominator:
                return level_of(percent)
        return "ok"


def _decision(through_ms: int | None, now_ms: int, stale_ms: int) -> Decision:
    if through_ms is None:
        return Decision.DEFAULT
    return Decision.FRESH if now_ms - through_ms <= stale_ms else Decision.STALE


def _instant(at_ms: int) -> str:
    return format_instant(min(at_ms, LAST_MS))
