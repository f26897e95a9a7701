"""The checker takes plans and limits that can be kept, and finds every fault at once, with its line."""

from console.catalog.core.check import check
from console.catalog.document import parse, read, shipped
from schemas.instant import MINUTE_MS
from schemas.plan import Mode, OnUnavailable, Plan, Quota
from schemas.quantity import MICRO
from schemas.use_limit import UseLimit
from tests.unit.console.catalog.findings import findings_of


def test_the_shipped_plans_are_the_four() -> None:
    draft, _ = check(read(shipped("shipped")))
    limits = {plan.name: [quota.limit_micro for quota in plan.quotas] for plan in draft.plans}
    assert limits == {
        "free": [each * MICRO for each in (10_000, 1, 10, 10, 100_000, 1_000)],
        "starter": [each * MICRO for each in (100_000, 10, 100, 25, 1_000_000, 10_000)],
        "pro": [each * MICRO for each in (1_000_000, 100, 500, 50, 5_000_000, 100_000)],
        "enterprise": [None] * 6,
    }
    assert draft.default_plan == "free"
    modes = {plan.name: {quota.mode for quota in plan.quotas} for plan in draft.plans}
    assert modes == {"free": {"hard"}, "starter": {"soft"}, "pro": {"soft"}, "enterprise": {"hard"}}
    assert {quota.period for plan in draft.plans for quota in plan.quotas} == {"month"}


def test_a_quota_says_all_that_it_can() -> None:
    text = """meters: {seats: {}, calls: {}}
default_plan: own
plans:
  own:
    on_unavailable: deny
    upgrade_url: https://example.com/plans?from=weir
    quotas:
      seats: 0.5
      calls: {limit: 1000, mode: soft, period: 30d, thresholds: [100, 50]}
  other:
    quotas: {calls: {limit: -1}, seats: {limit: 3, grace: 30m, period: anniversary, thresholds: []}}
"""
    draft, findings = check(parse(text))
    assert findings == []
    assert draft.plans == (
        Plan(
            name="own",
            on_unavailable=OnUnavailable.DENY,
            upgrade_url="https://example.com/plans?from=weir",
            quotas=(
                Quota(meter="seats", limit_micro=500_000),
                Quota(
                    meter="calls",
                    limit_micro=1000 * MICRO,
                    mode=Mode.SOFT,
                    period="30d",
                    thresholds=(50, 100),
                ),
            ),
        ),
        Plan(
            name="other",
            quotas=(
                Quota(meter="calls", limit_micro=None),
                Quota(
                    meter="seats",
                    limit_micro=3 * MICRO,
                    grace_ms=30 * MINUTE_MS,
                    period="anniversary",
                    thresholds=(),
                ),
            ),
        ),
    )


def test_all_findings_on_plans_come_at_once_with_their_lines() -> None:
    text = """meters: {calls: {}}
default_plan: gold
plans:
  Free:
    quotas:
      seats: 3
  own:
    enforcement: hard
    on_unavailable: maybe
    upgrade_url: javascript:alert(1)
    quotas:
      calls:
        limit: -3
        mode: strict
        period: year
        grace: 8d
        thresholds: [50, 50]
  soft: {quotas: {calls: {limit: 1, mode: soft, grace: 1h}}}
  bare: {quotas: {calls: }}
  list: {quotas: {calls: {limit: true, thresholds: [0, 80]}}}
  none: 3
"""
    assert findings_of(text) == [
        "line 2: default_plan: 'gold' is no plan: write one of Free, own, soft, bare, list, none",
        "line 4: plans.Free: must be named by a-z, 0-9, - and _, a letter first, at most 64",
        "line 6: plans.Free.quotas.seats: there is no meter 'seats': write one of calls",
        "line 8: plans.own.enforcement: is unknown: write one of limits, on_unavailable, quotas, upgrade_url",
        "line 9: plans.own.on_unavailable: must be one of allow, deny",
        "line 10: plans.own.upgrade_url: must be an address that begins with https:// or http://",
        "line 13: plans.own.quotas.calls.limit: must not be negative, or `unlimited`",
        "line 14: plans.own.quotas.calls.mode: must be one of hard, soft",
        (
            "line 15: plans.own.quotas.calls.period: must be day, week, month, anniversary or a number of "
            "days such as 30d, at most 366d"
        ),
        "line 16: plans.own.quotas.calls.grace: must be less than 7 days",
        "line 17: plans.own.quotas.calls.thresholds: must be at most 10 different percentages",
        "line 18: plans.soft.quotas.calls.grace: means nothing where the mode is soft",
        "line 19: plans.bare.quotas.calls.limit: is missing",
        "line 20: plans.list.quotas.calls.limit: must be a number in the meter's unit, or `unlimited`",
        "line 20: plans.list.quotas.calls.thresholds: must be whole percentages from 1 to 1000",
        "line 21: plans.none: must be a mapping, or empty",
    ]


def test_limits_of_use_say_all_that_they_can() -> None:
    text = """meters: {calls: {}, traffic: {}, jobs: {aggregation: p95}}
plans:
  own:
    limits:
      calls: {per_second: 10, burst: 20, per_minute: 300, concurrent: 5}
      traffic: {per_second: 0.5, per_minute: "30"}
      jobs: {concurrent: 10000}
"""
    draft, findings = check(parse(text))
    assert findings == []
    assert draft.plans[0].limits == (
        UseLimit(
            meter="calls",
            per_second_micro=10 * MICRO,
            burst_micro=20 * MICRO,
            per_minute_micro=300 * MICRO,
            concurrent=5,
        ),
        UseLimit(meter="traffic", per_second_micro=MICRO // 2, per_minute_micro=30 * MICRO),
        UseLimit(meter="jobs", concurrent=10_000),
    )


def test_all_findings_on_limits_come_at_once_with_their_lines() -> None:
    text = """meters: {calls: {}, b: {}, c: {}, d: {}, e: {}}
plans:
  none: {limits: 3}
  own:
    limits:
      seats: {concurrent: 1}
      calls:
        per_second: 0
        per_minute: -300
        per_hour: 3
        concurrent: 2.5
      b:
      c: 10
      d:
        per_second: 1.0000001
        burst: true
        concurrent: 10001
        per_minute: 1000000001
      e: {concurrent: 0}
  more:
    limits:
      b:
        burst: 3
      c:
        per_second: 10
        burst: 9.5
        per_minute: 9
      d:
        per_second: 10
        burst: 20
        per_minute: 621
      e: {per_second: [1], per_minute: }
"""
    assert findings_of(text) == [
        "line 3: plans.none.limits: must be a mapping of names to values",
        "line 6: plans.own.limits.seats: there is no meter 'seats': write one of b, c, calls, d, e",
        (
            "line 8: plans.own.limits.calls.per_second: "
            "must be above 0, where a quota of 0 allows none, and at most 1000000000"
        ),
        "line 9: plans.own.limits.calls.per_minute: must not be negative",
        (
            "line 10: plans.own.limits.calls.per_hour: "
            "is unknown: write one of burst, concurrent, per_minute, per_second"
        ),
        "line 11: plans.own.limits.calls.concurrent: must be a whole number above 0",
        "line 12: plans.own.limits.b: limits nothing: write one of burst, concurrent, per_minute, per_second",
        "line 13: plans.own.limits.c: must be a mapping, or empty",
        "line 15: plans.own.limits.d.per_second: must have at most 6 digits after the point",
        "line 16: plans.own.limits.d.burst: must be a number in the meter's unit",
        "line 17: plans.own.limits.d.concurrent: must be at most 10000",
        (
            "line 18: plans.own.limits.d.per_minute: "
            "must be above 0, where a quota of 0 allows none, and at most 1000000000"
        ),
        "line 19: plans.own.limits.e.concurrent: must be a whole number above 0",
        (
            "line 23: plans.more.limits.b.burst: "
            "says nothing without `per_second`: how fast does it come back?"
        ),
        (
            "line 26: plans.more.limits.c.burst: "
            "must be no less than per_second: it is all that may come at once"
        ),
        "line 27: plans.more.limits.c.per_minute: must be no less than what may come at once, 10",
        (
            "line 31: plans.more.limits.d.per_minute: "
            "is never reached: no more than 620 pass in a minute in any case"
        ),
        "line 32: plans.more.limits.e.per_minute: must be a number in the meter's unit",
        "line 32: plans.more.limits.e.per_second: must be a number in the meter's unit",
    ]


def test_a_limit_a_minute_at_the_edges_of_the_one_a_second_is_fine() -> None:
    text = "meters: {a: {}, b: {}}\nplans: {own: {limits: {a: {per_second: 1, burst: 2, per_minute: %s}}}}"
    assert findings_of(text % 2) == findings_of(text % 62) == []


def test_a_plan_with_customers_may_not_go() -> None:
    document = parse("meters: {calls: {}}\nplans: {own: {}}")
    _, findings = check(document, (), {"own": 3, "free": 2})
    assert [str(each) for each in findings] == [
        "line 2: plans.free: is gone, but 2 customers are on it: place them first"
    ]


def test_no_quota_is_on_a_meter_that_keeps_single_values() -> None:
    text = """meters:
  waits: {aggregation: p95}
plans:
  free:
    quotas:
      waits: 100
default_plan: free
"""
    assert findings_of(text) == [
        "line 6: plans.free.quotas.waits: p95 keeps single values, which no quota does: choose another meter"
    ]
