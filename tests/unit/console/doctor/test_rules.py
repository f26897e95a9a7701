"""What the doctor calls wrong, and what not; every finding says what to do."""

import math

import pytest

from console.doctor.core.check import Check
from console.doctor.core.rules import (
    Load,
    Missed,
    Stripe,
    TopicSeen,
    canary_check,
    catalog_checks,
    clock_checks,
    horizon_check,
    job_checks,
    lag_checks,
    owed_checks,
    settings_checks,
    stripe_checks,
    topic_checks,
    version_checks,
)
from console.watch.core.lag import Reading
from schemas.instant import DAY_MS

GIB = 2**30
WEEK_MS = 7 * DAY_MS


def wrong(checks: "list[Check]") -> list[str]:
    assert all(bool(each.do) != each.good for each in checks)
    assert checks
    return [each.what for each in checks if not each.good]


def test_settings_without_a_fault_are_good() -> None:
    assert wrong(settings_checks((), "key")) == []


def test_each_finding_on_the_settings_and_a_missing_key_are_named() -> None:
    found = wrong(settings_checks(["WEIR_KAFCA is unknown"], ""))
    assert found[0] == "WEIR_KAFCA is unknown"
    assert "WEIR_SECRET_KEY is not set" in found[1]


@pytest.mark.parametrize(
    ("declared_ms", "kept_ms", "is_wrong"),
    [
        (WEEK_MS, WEEK_MS, False),
        (WEEK_MS, WEEK_MS + 1, False),
        (WEEK_MS, None, False),
        (None, None, False),
        (WEEK_MS, WEEK_MS - 1, True),
        (None, WEEK_MS, True),
    ],
)
def test_a_topic_that_forgets_too_soon_is_wrong(
    declared_ms: int | None, kept_ms: int | None, *, is_wrong: bool
) -> None:
    assert bool(wrong(list(topic_checks([], [TopicSeen("usage", declared_ms, kept_ms)])))) == is_wrong


def test_topics_that_moved_and_copies_that_lag_are_wrong() -> None:
    seen = [TopicSeen("weir.usage", None, None, out_of_step=3)]
    assert wrong(list(topic_checks(["usage is gone"], seen))) == [
        "usage is gone",
        "weir.usage has 3 partitions without all of their copies in step",
    ]


def reading(partition: int = 0, end: int = 10, committed: int = 10) -> Reading:
    return Reading("weir.sink-rollups", "weir.rollups", partition, 0, end, committed)


@pytest.mark.parametrize(
    ("behind", "left", "kind"),
    [
        (0.0, math.inf, None),
        (300.0, 86_400.0, None),
        (301.0, 86_400.0, "lag"),
        (301.0, 86_399.0, "retention"),
        (0.0, 0.0, "retention"),
    ],
)
def test_a_reader_that_is_behind_is_wrong_and_worse_where_retention_comes_near(
    behind: float, left: float, kind: str | None
) -> None:
    checks = lag_checks([(reading(), 0.0, math.inf), (reading(1, end=25), behind, left)])
    assert [each.check for each in checks if not each.good] == ([kind] if kind else [])
    if kind == "lag":
        assert "15 records and 301 s behind" in checks[0].what


@pytest.mark.parametrize(
    ("load", "short"),
    [
        (Load(0.0, 35 * DAY_MS, 0, 0), ""),
        (Load(1e6, 35 * DAY_MS, 2 * GIB, GIB), ""),
        (Load(1e6, 35 * DAY_MS, GIB, GIB), "disk"),
        (Load(1e6, 35 * DAY_MS, 2 * GIB, GIB // 20), "memory"),
        (Load(1e6, 1 * DAY_MS, GIB, GIB // 20), ""),
    ],
)
def test_a_horizon_that_does_not_fit_is_wrong(load: Load, short: str) -> None:
    check = horizon_check(load)
    assert check.good == (not short)
    assert short in check.what


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, None), (-2.0, None), (2.5, "2.5 s behind ours"), (-3.0, "3.0 s ahead of ours")],
)
def test_a_clock_that_is_off_is_wrong(seconds: float, said: str | None) -> None:
    found = wrong(clock_checks({"PostgreSQL": seconds, "Kafka": 0.0}))
    assert found == ([] if said is None else [f"the clock of PostgreSQL is {said}"])


@pytest.mark.parametrize(
    ("postgres", "schema", "findings"),
    [(18, "0002", 0), (13, "0002", 1), (18, None, 1), (18, "0001", 1), (18, "0003", 1), (12, None, 2)],
)
def test_versions_have_to_fit(postgres: int, schema: str | None, findings: int) -> None:
    assert len(wrong(version_checks(postgres, schema, "0002"))) == findings


@pytest.mark.parametrize(
    ("versions", "outbox", "seconds", "findings"),
    [(1, 0, 0.0, 0), (1, 5, 30.0, 0), (1, 5, 31.0, 1), (0, 0, 0.0, 1)],
)
def test_meters_have_to_be_there_and_to_reach_the_stream(
    versions: int, outbox: int, seconds: float, findings: int
) -> None:
    assert len(wrong(catalog_checks(versions, outbox, seconds))) == findings


@pytest.mark.parametrize(
    ("silent", "every", "is_wrong"),
    [(None, 10, False), (300, 10, False), (301, 10, True), (301, 3_600, False), (10_801, 3_600, True)],
)
def test_a_canary_that_nobody_hears_is_a_finding(silent: float | None, every: int, is_wrong: bool) -> None:  # noqa: FBT001
    assert bool(wrong([canary_check(silent, every)])) is is_wrong


def test_what_is_owed_an_answer_is_wrong_until_it_has_one() -> None:
    assert wrong(owed_checks({}, 0)) == []
    assert wrong(owed_checks({"weir.usage": 2, "weir.rollups": 0}, 1)) == [
        "records of weir.usage that were set aside: 2",
        "ranges of the log that were deleted before they were read: 1",
    ]


def test_a_durable_job_that_began_too_late_is_named_with_its_delay() -> None:
    assert wrong(job_checks([])) == []
    assert wrong(job_checks([Missed("stripe.due", 400.0), Missed("stripe.walks", 7_200.0)])) == [
        "stripe.due began 400 s late within the last hour",
        "stripe.walks began 2.0 h late within the last hour",
    ]


def test_what_the_mirror_waits_for_is_named_one_by_one() -> None:
    assert wrong(stripe_checks(Stripe(unopened=0, unasked=0, unanswered=0, unwalked=0))) == []
    found = wrong(stripe_checks(Stripe(unopened=1, unasked=2, unanswered=3, unwalked=4)))
    assert [what.rpartition(": ")[2] for what in found] == ["1", "2", "3", "4"]
