"""A refusal says which limit, and when to come back; where nothing is known the plan decides."""

import msgspec
import pytest

from ingest.core.leases import Total
from ingest.core.limit_answers import granted, refusal
from ingest.core.use import Kind, Outcome, Use
from ingest.core.uses import TenantUses, Whose
from schemas.catalog import Catalog, MetersPublished
from schemas.gcra import SECOND_NS
from schemas.meters import Meter
from schemas.plan import OnUnavailable, Plan
from schemas.quantity import MICRO
from schemas.quota_check import Standing, standing
from schemas.use_limit import UseLimit

API = Meter(name="api", event_type="api", unit="requests")
SLOW = UseLimit(meter="api", per_second_micro=10 * MICRO, burst_micro=20 * MICRO, concurrent=1)


def stands(on_unavailable: OnUnavailable = OnUnavailable.ALLOW) -> Standing:
    plan = Plan(name="slow", limits=(SLOW,), on_unavailable=on_unavailable)
    at = standing(
        Catalog().with_facts([MetersPublished(1, 0, (API,), 0, (plan,), "slow")]), "acme", "c-1", "api", 0
    )
    assert at is not None
    return at


@pytest.mark.parametrize(
    ("wanted", "detail", "seconds", "ms"),
    [
        (15, "10 requests a second, 20 at once: 0 are left, and 15 were asked for", 2, 1_500),
        (21, "more than 20 requests at once never pass, and 21 were asked for", None, None),
    ],
)
def test_a_refusal_says_what_is_left_and_when_to_come_back(
    wanted: int, detail: str, seconds: int | None, ms: int | None
) -> None:
    use = Use(SLOW, Total(), SECOND_NS)
    use.take(20 * MICRO, SECOND_NS)
    problem = refusal(stands(), use.take(wanted * MICRO, SECOND_NS), str(wanted))
    assert problem is not None
    body = msgspec.json.decode(problem.body())
    assert (problem.status, body["error"], body["window"], body["burst"]) == (
        429,
        "rate_limited",
        "second",
        "20",
    )
    assert (body["detail"], body["retry_after_seconds"], body["retry_after_ms"]) == (detail, seconds, ms)
    assert problem.retry_after == (seconds or 3_600)


def test_no_room_to_remember_lets_the_plan_decide() -> None:
    outcome = TenantUses(0).take(Whose("c-1", "api"), SLOW, MICRO, 0)
    assert outcome.kind is Kind.UNKNOWN
    assert refusal(stands(), outcome, "1") is None
    found = granted(stands(), outcome, quantity="1")
    assert (found.allowed, found.decision, found.limits) == (True, "default", [])
    assert [each["code"] for each in found.warnings] == ["unknown"]
    problem = refusal(stands(OnUnavailable.DENY), outcome, "1")
    assert problem is not None
    assert (problem.code, problem.status) == ("limit_unknown", 429)


def test_what_passes_says_so() -> None:
    found = granted(stands(), Outcome(Kind.TAKEN, Use(SLOW, Total(), 0).levels(0)), quantity="1")
    assert refusal(stands(), Outcome(Kind.TAKEN), "1") is None
    assert (found.allowed, found.decision, found.warnings) == (True, "fresh", [])
    assert [each.remaining for each in found.limits] == ["20", "1"]
