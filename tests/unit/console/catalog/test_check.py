"""The checker takes what can be measured, and finds every fault at once, with its line."""

import msgspec
import pytest

from console.catalog.core.check import check
from console.catalog.document import NotADocumentError, parse, read, shipped
from schemas.groups import Filter
from schemas.instant import HOUR_MS, MINUTE_MS
from schemas.meters import Aggregation, Meter
from schemas.plan import Mode, OnUnavailable, Plan, Quota
from schemas.quantity import MICRO
from schemas.use_limit import UseLimit

GIB = 2**30


def findings_of(text: str, *in_force: Meter) -> list[str]:
    try:
        return [str(finding) for finding in check(parse(text), in_force)[1]]
    except NotADocumentError as error:
        return [str(finding) for finding in error.findings]


def test_the_shipped_catalogue_is_the_six_meters() -> None:
    draft, findings = check(read(shipped("shipped")))
    assert findings == []
    assert draft.grace_ms == HOUR_MS
    assert draft.meters == (
        Meter(name="api", event_type="api", unit="requests", default_one=True),
        Meter(
            name="storage",
            event_type="storage",
            unit="GB-hours",
            properties=("bytes", "hours"),
            per_unit=GIB,
        ),
        Meter(name="bandwidth", event_type="bandwidth", unit="GB", properties=("bytes",), per_unit=GIB),
        Meter(
            name="compute",
            event_type="compute",
            unit="CPU-hours",
            properties=("cpu_seconds",),
            per_unit=3_600,
        ),
        Meter(name="database", event_type="database", unit="queries", default_one=True),
        Meter(name="functions", event_type="functions", unit="invocations", default_one=True),
    )


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


def test_the_demo_has_a_long_grace_and_two_meters_more() -> None:
    ships, _ = check(read(shipped("shipped")))
    demo, findings = check(read(shipped("demo")))
    assert findings == []
    own = [meter for meter in demo.meters if meter not in ships.meters]
    assert [meter.name for meter in own] == ["api_by_endpoint", "egress"]
    same = tuple(meter for meter in demo.meters if meter in ships.meters)
    assert msgspec.structs.replace(demo, meters=same) == msgspec.structs.replace(ships, grace_ms=25 * HOUR_MS)


def test_a_meter_says_what_it_measures() -> None:
    draft, findings = check(
        parse("grace: 30m\nmeters:\n  peak:\n    event_type: load\n    aggregation: max\n  calls:\n")
    )
    assert findings == []
    assert draft.grace_ms == 30 * MINUTE_MS
    assert draft.meters == (
        Meter(name="peak", event_type="load", aggregation=Aggregation.MAX),
        Meter(name="calls", event_type="calls"),
    )


def test_a_meter_says_whom_it_counts_and_apart_by_what() -> None:
    text = """meters:
  tokens:
    event_type: completion
    properties: [/data/usage/total_tokens]
    filters:
      /data/model/vendor: [acme, globex]
      status: 200
      cached: false
    group_by: [model, /data/user/plan]
"""
    draft, findings = check(parse(text))
    assert findings == []
    [tokens] = draft.meters
    assert tokens.properties == ("/data/usage/total_tokens",)
    assert tokens.filters == (
        Filter("/data/model/vendor", ("acme", "globex")),
        Filter("status", ("200",)),
        Filter("cached", ("false",)),
    )
    assert tokens.group_by == ("model", "/data/user/plan")


@pytest.mark.parametrize(
    ("member", "finding"),
    [
        ("properties: [/usage]", "properties: must be a name, or a JSON pointer that begins with /data/"),
        ("properties: [/data/a//b]", "properties: must be a name, or a JSON pointer"),
        ("filters: egress", "filters: must be a mapping of names to values"),
        ("filters: {direction: }", "filters.direction: must be text of 1 to 128"),
        ("filters: {direction: []}", "filters.direction: must be one value, or a list"),
        ("filters: {direction: [in, in]}", "filters.direction: must be one value, or a list"),
        ("filters: {/direction: in}", "filters./direction: must be a name, or a JSON pointer"),
        ("group_by: model", "group_by: must be a list of names"),
        ("group_by: [a, b, c, d, e]", "group_by: must be at most 4 properties"),
        ("group_by: [model, /data/x/model]", "group_by: must end in different names"),
    ],
)
def test_a_bad_choice_is_a_finding_at_its_place(member: str, finding: str) -> None:
    [found] = findings_of(f"meters:\n  tokens:\n    {member}\n")
    assert found.startswith(f"line 3: meters.tokens.{finding}")


def test_a_meter_of_different_things_says_by_what() -> None:
    text = """meters:
  users:
    event_type: visit
    aggregation: unique
    unique_by: [user, /data/account/id]
"""
    draft, findings = check(parse(text))
    assert findings == []
    assert draft.meters == (
        Meter(
            name="users",
            event_type="visit",
            aggregation=Aggregation.UNIQUE,
            unique_by=("user", "/data/account/id"),
        ),
    )


def test_what_a_meter_of_different_things_lacks_or_has_too_much_is_found() -> None:
    text = """meters:
  users:
    aggregation: unique
    properties: [user]
    per_unit: 7
    without_quantity: 1
  visitors:
    aggregation: unique
    unique_by: []
  visits:
    unique_by: [user]
"""
    assert findings_of(text) == [
        "line 3: meters.users.unique_by: is missing: unique counts different values of which properties?",
        "line 4: meters.users.properties: says nothing here: things are counted, by `unique_by`",
        "line 5: meters.users.per_unit: says nothing here: things are counted, by `unique_by`",
        "line 6: meters.users.without_quantity: says nothing here: things are counted, by `unique_by`",
        "line 9: meters.visitors.unique_by: must name at least one property",
        "line 11: meters.visits.unique_by: says something only to `aggregation: unique`",
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


def test_what_makes_things_different_cannot_change() -> None:
    before = Meter(name="users", event_type="users", aggregation=Aggregation.UNIQUE, unique_by=("user",))
    [found] = findings_of("meters: {users: {aggregation: unique, unique_by: [account]}}", before)
    assert "its unique_by was ('user',) and cannot become ('account',)" in found


def test_whom_a_meter_counts_may_change_with_a_version() -> None:
    before = Meter(name="calls", event_type="calls", group_by=("path",))
    assert findings_of("meters: {calls: {filters: {path: /x}, group_by: [method]}}", before) == []


def test_all_findings_come_at_once_with_their_lines() -> None:
    text = """grace: 7d
metres: {}
meters:
  API:
    unit: 3
  storage:
    per_unit: 0
    properties: [bytes, bytes]
    aggregation: mean
  compute:
    per_unit: 1.5
    without_quantity: true
"""
    assert findings_of(text) == [
        "line 1: grace: must be less than 7 days",
        "line 2: metres: is unknown: write one of default_plan, grace, meters, plans",
        "line 4: meters.API: must be named by a-z, 0-9, - and _, a letter first, at most 64",
        "line 5: meters.API.unit: must be text of 1 to 128 printable characters",
        "line 7: meters.storage.per_unit: must be a whole number above 0",
        "line 8: meters.storage.properties: names one thing twice",
        (
            "line 9: meters.storage.aggregation: must be one of "
            "count, sum, avg, min, max, first, latest, unique, p50, p95, p99, time_weighted_sum"
        ),
        "line 11: meters.compute.per_unit: must be a whole number above 0",
        (
            "line 12: meters.compute.without_quantity: must be 1 or `refused`: "
            "what an event without a quantity is worth"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "line 1: the document is empty"),
        ("- a", "line 1: must be a mapping with `meters`, and perhaps `grace` and `plans`"),
        ("grace: 1h", "line 1: meters: is missing"),
        ("meters: {}", "line 1: meters: must name at least one meter"),
        ("meters: [a]", "line 1: meters: must be a mapping of names to values"),
        ("meters:\n  a: 3", "line 2: meters.a: must be a mapping, or empty"),
        ("meters:\n  a:\n  a:\n", "line 3: a: stands twice in its mapping"),
        ("meters: {a: {}}\ngrace: 1", "line 2: grace: must be a time such as 30m, 1h or 2d"),
        ("meters: {a: {}}\ngrace: 168h", "line 2: grace: must be less than 7 days"),
    ],
)
def test_what_is_no_catalogue_is_one_finding(text: str, finding: str) -> None:
    assert findings_of(text) == [finding]


def test_a_grace_just_below_seven_days_is_fine() -> None:
    assert findings_of("meters: {a: {}}\ngrace: 167h") == []


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t- x", "? [", "%YAML 9"])
def test_what_is_no_yaml_is_a_finding_and_no_crash(text: str) -> None:
    (finding,) = findings_of(text)
    assert "not YAML" in finding or "must be" in finding


def test_a_document_that_contains_itself_is_a_finding() -> None:
    (finding,) = findings_of("meters: &m {a: *m}")
    assert finding


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("aggregation: max", "its aggregation was sum and cannot become max: name a new meter"),
        ("unit: MB", "its unit was GB and cannot become MB: name a new meter"),
        ("per_unit: 1000", "its scale (per_unit and number of properties)"),
    ],
)
def test_what_a_meters_numbers_mean_is_fixed(change: str, finding: str) -> None:
    before = Meter(name="traffic", event_type="traffic", unit="GB", per_unit=GIB, properties=("bytes",))
    members = {"unit": "unit: GB", "per_unit": f"per_unit: {GIB}", "properties": "properties: [bytes]"}
    members[change.split(":", maxsplit=1)[0]] = change
    text = "meters:\n  traffic:\n" + "".join(f"    {line}\n" for line in members.values())
    (found,) = findings_of(text, before)
    assert finding in found
    assert found.startswith("line 2: meters.traffic")


def test_what_an_event_needs_may_change() -> None:
    before = Meter(name="traffic", event_type="traffic", per_unit=GIB, properties=("bytes",))
    assert findings_of(f"meters: {{traffic: {{event_type: egress, per_unit: {GIB}}}}}", before) == []
