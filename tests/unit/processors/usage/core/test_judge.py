"""Thresholds are reached exactly where the plan says, and each is told of once."""

import pytest

from processors.usage.core.judge import Judge
from processors.usage.core.used import UsedRow
from schemas.alert import QuotaThresholdReached
from schemas.catalog import Catalog, CustomerPlaced, MetersPublished
from schemas.instant import DAY_MS
from schemas.meters import Aggregation, Meter
from schemas.period import span_at
from schemas.plan import Mode, Plan, Quota
from schemas.quantity import MICRO
from schemas.quota import UsedKey

NOW_MS = 20_000 * DAY_MS
API = Meter(name="api", event_type="api")
CALLS = Meter(name="calls", event_type="api", aggregation=Aggregation.COUNT)
LEVEL = Meter(name="level", event_type="api", aggregation=Aggregation.LATEST)


def catalog(*quotas: Quota, more: tuple[Quota, ...] = ()) -> Catalog:
    plans = (Plan(name="free", quotas=quotas), Plan(name="pro", quotas=more))
    return Catalog().with_facts([MetersPublished(1, 0, (API, CALLS, LEVEL), 0, plans, "free")])


def row(meter: str = "api") -> UsedRow:
    return UsedRow(UsedKey("acme", "c-1", meter, *span_at("month", NOW_MS)))


def percents(alerts: list[QuotaThresholdReached]) -> list[int]:
    return [alert.percent for alert in alerts]


@pytest.mark.parametrize(("meter", "each"), [("api", 1_250_000), ("calls", 7)])
def test_a_threshold_is_told_of_with_the_very_event_that_reaches_it(meter: str, each: int) -> None:
    limit = 100 * MICRO * (each if meter == "api" else MICRO) // MICRO
    judge, used = Judge(), row(meter)
    known = catalog(Quota(meter=meter, limit_micro=limit))
    told = []
    for number in range(1, 121):
        used.add(NOW_MS, each)
        told += [(number, alert.percent) for alert in judge.judge([used], known, NOW_MS)]
    assert told == [(80, 80), (90, 90), (100, 100)]


def test_one_step_over_several_thresholds_tells_of_each() -> None:
    used = row()
    used.add(NOW_MS, 95 * MICRO)
    used.stamp = 7
    alerts = Judge().judge([used], catalog(Quota(meter="api", limit_micro=100 * MICRO)), NOW_MS)
    assert [(alert.percent, alert.level, alert.used) for alert in alerts] == [
        (80, "warning", "95"),
        (90, "critical", "95"),
    ]
    assert {(each.stamp, each.at_ms) for each in used.crossings} == {(7, NOW_MS)}


def test_another_limit_has_thresholds_of_its_own_and_the_old_one_keeps_its() -> None:
    free, pro = Quota(meter="api", limit_micro=10 * MICRO), Quota(meter="api", limit_micro=20 * MICRO)
    known = catalog(free, more=(pro,))
    judge, used = Judge(), row()
    used.add(NOW_MS, 17 * MICRO)
    assert percents(judge.judge([used], known, NOW_MS)) == [80, 90, 100]
    upgraded = known.with_facts([CustomerPlaced("acme", "c-1", "pro", 0)])
    assert percents(judge.judge([used], upgraded, NOW_MS)) == [80]
    back = upgraded.with_facts([CustomerPlaced("acme", "c-1", "free", 0)])
    assert judge.judge([used], back, NOW_MS) == []


def test_a_value_that_goes_down_again_is_told_of_once() -> None:
    judge, used = Judge(), row("level")
    known = catalog(Quota(meter="level", limit_micro=10 * MICRO))
    told = []
    for level in (9, 3, 9, 10, 1, 10):
        used.add(NOW_MS, level * MICRO)
        told += percents(judge.judge([used], known, NOW_MS))
    assert told == [80, 90, 100]


def test_where_nothing_is_allowed_the_first_usage_exceeds_it() -> None:
    judge, used = Judge(), row()
    known = catalog(Quota(meter="api", limit_micro=0, thresholds=(100,)))
    used.add(NOW_MS, 0)
    assert judge.judge([used], known, NOW_MS) == []
    used.add(NOW_MS, 1)
    assert percents(judge.judge([used], known, NOW_MS)) == [100]


def test_a_hard_limit_is_noted_even_where_nobody_wants_to_hear_of_it() -> None:
    for mode, noted in ((Mode.HARD, [100]), (Mode.SOFT, [])):
        used = row()
        used.add(NOW_MS, 10 * MICRO)
        quota = Quota(meter="api", limit_micro=10 * MICRO, mode=mode, thresholds=())
        assert Judge().judge([used], catalog(quota), NOW_MS) == []
        assert [each.percent for each in used.crossings] == noted


@pytest.mark.parametrize(
    "known",
    [
        catalog(Quota(meter="api", limit_micro=None)),
        catalog(Quota(meter="api", limit_micro=1, period="week")),
        catalog(Quota(meter="other", limit_micro=1)),
        catalog().with_facts([CustomerPlaced("acme", "c-1", "gone", 0)]),
        Catalog().with_facts([MetersPublished(1, 0, (API,))]),
    ],
)
def test_what_has_no_limit_in_this_period_reaches_none(known: Catalog) -> None:
    used = row()
    used.add(NOW_MS, 10 * MICRO)
    assert Judge().judge([used], known, NOW_MS) == []
    assert used.crossings == ()
