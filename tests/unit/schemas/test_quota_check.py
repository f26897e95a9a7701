"""What a check answers: from what was used, the plan that holds, and how fresh both are."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalog import Catalog, CustomerPlaced, MetersPublished
from schemas.instant import MINUTE_MS, parse_instant
from schemas.meters import Meter
from schemas.partial import Partial
from schemas.plan import Mode, OnUnavailable, Plan, Quota
from schemas.quantity import MICRO
from schemas.quota import Crossing, UsedKey, UsedRow
from schemas.quota_check import Decision, QuotaAnswer, answer, standing
from schemas.use_limit import UseLimit

NOW_MS = parse_instant("2026-11-22T10:00:00Z")
STALE_MS = 5_000
API = Meter(name="api", event_type="api", unit="requests")
TRAFFIC = Meter(name="traffic", event_type="traffic", unit="GB", properties=("bytes",), per_unit=2**30)


def plan(limit: int | None = 100, deny: bool = False, **more: object) -> Plan:  # noqa: FBT001, FBT002
    limit_micro = None if limit is None else limit * MICRO
    quota = Quota(meter="api", limit_micro=limit_micro, **more)  # type: ignore[arg-type]
    how = OnUnavailable.DENY if deny else OnUnavailable.ALLOW
    return Plan(name="free", quotas=(quota,), on_unavailable=how, upgrade_url="https://example.com")


def catalog(*plans: Plan) -> Catalog:
    return Catalog().with_facts([MetersPublished(1, 0, (API, TRAFFIC), 0, plans, "free")])


def used(amount: int, *crossings: Crossing) -> UsedRow:
    value = amount * MICRO
    return UsedRow(7, Partial(1, value, value, value, 0, value, 0, value), crossings)


def crossing(percent: int, limit: int, at_ms: int) -> Crossing:
    return Crossing(percent, limit * MICRO, "100", "free", Mode.HARD, at_ms, 7, told=True)


def check(
    free: Plan, row: UsedRow | None = None, wanted: int = 1, through_ms: int | None = NOW_MS
) -> QuotaAnswer:
    at = standing(catalog(free), "acme", "c-1", "api", NOW_MS)
    assert at is not None
    return answer(at, wanted * MICRO, row, through_ms, NOW_MS, STALE_MS)


@pytest.mark.parametrize(
    ("before", "wanted", "allowed"),
    [
        (0, 1, True),
        (0, 100, True),
        (0, 101, False),
        (99, 1, True),
        (100, 1, False),
        (100, 0, True),
        (130, 0, False),
    ],
)
def test_a_hard_limit_lets_pass_up_to_the_limit_itself(before: int, wanted: int, allowed: bool) -> None:  # noqa: FBT001
    found = check(plan(), used(before), wanted)
    assert (found.allowed, found.error) == (allowed, None if allowed else "quota_exceeded")
    assert (found.limit, found.used, found.mode) == ("100", str(before), "hard")
    assert (found.remaining, found.percent) == (str(max(100 - before, 0)), str(before))
    assert found.decision is Decision.FRESH
    assert (found.period_start, found.reset_at) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")


def test_a_soft_limit_lets_pass_with_a_warning() -> None:
    found = check(plan(mode=Mode.SOFT), used(100))
    assert (found.allowed, found.mode, found.level) == (True, "soft", "exceeded")
    assert [each["code"] for each in found.warnings] == ["over_limit"]
    assert check(plan(mode=Mode.SOFT), used(99)).warnings == []


def test_where_nothing_is_allowed_nothing_is_divided_by_nothing() -> None:
    found = check(plan(limit=0))
    assert (found.allowed, found.limit, found.remaining, found.percent) == (False, "0", "0", None)
    assert check(plan(limit=0), wanted=0).allowed


def test_unlimited_is_no_number() -> None:
    found = check(plan(limit=None), used(5), 10**9)
    assert (found.allowed, found.limit, found.remaining, found.percent) == (True, None, None, None)
    assert (found.mode, found.used, found.level) == ("unlimited", "5", "ok")


def test_what_nobody_counts_is_not_said_to_be_unused() -> None:
    for free in (Plan(name="free"), Plan(name="other")):
        found = check(free)
        assert (found.allowed, found.mode, found.used) == (True, "unlimited", None)
    assert check(Plan(name="other")).plan is None


def test_grace_begins_when_the_limit_is_reached() -> None:
    free = plan(grace_ms=30 * MINUTE_MS)
    early = check(free, used(99), wanted=5)
    assert (early.allowed, early.grace_until) == (True, "2026-11-22T10:30:00Z")
    begun = check(free, used(100, crossing(100, 100, NOW_MS - 20 * MINUTE_MS)))
    assert (begun.allowed, begun.grace_until) == (True, "2026-11-22T10:10:00Z")
    assert [each["code"] for each in begun.warnings] == ["in_grace"]
    over = check(free, used(100, crossing(100, 100, NOW_MS - 30 * MINUTE_MS)))
    assert (over.allowed, over.error, over.grace_until) == (False, "quota_exceeded", None)
    # Another limit, reached before a change of plan, began no grace of this one.
    other = check(free, used(100, crossing(100, 50, NOW_MS - 60 * MINUTE_MS)))
    assert (other.allowed, other.thresholds) == (True, [])


@pytest.mark.parametrize(
    ("age_ms", "decision", "shown"),
    [(5_000, "fresh", "99"), (5_001, "stale", "99"), (None, "default", None)],
)
def test_an_old_or_missing_state_leaves_it_to_the_plan(
    age_ms: int | None, decision: str, shown: str | None
) -> None:
    through_ms = None if age_ms is None else NOW_MS - age_ms
    row = None if age_ms is None else used(99)
    lenient = check(plan(), row, through_ms=through_ms)
    strict = check(plan(deny=True), row, through_ms=through_ms)
    assert (lenient.allowed, lenient.decision, lenient.used) == (True, decision, shown)
    is_fresh = decision == "fresh"
    assert (strict.allowed, strict.error) == (is_fresh, None if is_fresh else "quota_unknown")
    assert bool(lenient.warnings) is not is_fresh


def test_what_is_over_for_certain_is_refused_however_old_the_state_is() -> None:
    found = check(plan(), used(100), through_ms=NOW_MS - 10**6)
    assert (found.allowed, found.decision, found.error) == (False, "stale", "quota_exceeded")
    assert not check(plan(), None, wanted=101, through_ms=None).allowed


def test_the_period_and_the_plan_are_those_of_the_moment() -> None:
    weekly = Plan(name="pro", quotas=(Quota(meter="api", limit_micro=7, period="10d"),))
    known = catalog(plan(), weekly).with_facts([CustomerPlaced("acme", "c-1", "pro", NOW_MS - 1)])
    at = standing(known, "acme", "c-1", "api", NOW_MS)
    assert at is not None
    assert at.key == UsedKey("acme", "c-1", "api", NOW_MS - 1, NOW_MS - 1 + 10 * 86_400_000)
    assert at.plan == "pro"
    assert standing(known, "acme", "c-1", "none", NOW_MS) is None


@given(st.integers(0, 10**24), st.integers(0, 10**20), st.integers(0, 10**20))
def test_the_last_digit_decides(value: int, limit_micro: int, wanted_micro: int) -> None:
    quota = Quota(meter="traffic", limit_micro=limit_micro)
    at = standing(catalog(Plan(name="free", quotas=(quota,))), "acme", "c-1", "traffic", NOW_MS)
    assert at is not None
    row = UsedRow(7, Partial(1, value, value, value, 0, value, 0, value))
    found = answer(at, wanted_micro, row, NOW_MS, NOW_MS, STALE_MS)
    # State integers are millionths of bytes; a limit is millionths of GB.
    assert found.allowed == (value + wanted_micro * 2**30 <= limit_micro * 2**30)


def test_limits_of_use_stand_beside_the_quota_as_far_as_the_plan_has_them() -> None:
    assert check(plan()).limits == []
    limit = UseLimit(meter="api", per_second_micro=MICRO // 2, burst_micro=3 * MICRO, concurrent=5)
    fast = msgspec.structs.replace(plan(), limits=(limit, UseLimit(meter="traffic", concurrent=1)))
    assert msgspec.to_builtins(check(fast).limits) == [
        {"window": "second", "limit": "0.5", "burst": "3", "used": None, "remaining": None},
        {"window": "concurrent", "limit": "5", "burst": None, "used": None, "remaining": None},
    ]
