"""What the ingress knows of quotas is what the log says last, by stamp."""

import pytest

from ingest.core.problem import Refused
from ingest.core.quota_states import QuotaStates
from ingest.core.tenant_quota import MOST_SECONDS, check_events, seconds_until
from schemas import quota, rollup
from schemas.catalog import Catalog, TenantNamed
from schemas.errors import Reject
from schemas.instant import parse_instant
from schemas.partial import single
from schemas.period import span_at
from schemas.stamp import stamp_of

NOW_MS = parse_instant("2026-11-22T10:00:00Z")
MONTH = span_at("month", NOW_MS)
KEY = quota.UsedKey("acme", "c-1", "api", *MONTH)


def take_used(states: QuotaStates, stamp: int, value: int) -> None:
    states.take(quota.encode(KEY), quota.encode(quota.UsedRow(stamp, single(NOW_MS, value))))


def take_events(states: QuotaStates, partition: int, stamp: int, events: int) -> None:
    key = quota.EventsKey("acme", *MONTH, partition)
    states.take(quota.encode(key), quota.encode(quota.EventsRow(stamp, events)))


def take_progress(states: QuotaStates, partition: int, stamp: int, record_time_ms: int) -> None:
    key, row = rollup.ProgressKey(partition), rollup.Progress(stamp, record_time_ms, 1)
    states.take(quota.encode(key), quota.encode(row))


def test_the_highest_stamp_stays_whatever_a_zombie_appends() -> None:
    states = QuotaStates()
    assert states.used(KEY) is None
    take_used(states, 7, 1)
    take_used(states, 9, 2)
    take_used(states, 8, 3)
    assert states.used(KEY) == quota.UsedRow(9, single(NOW_MS, 2))
    states.take(quota.encode(KEY), b"")
    assert states.used(KEY) is None
    assert len(states) == 0


def test_a_tenants_events_are_those_of_all_partitions() -> None:
    states = QuotaStates()
    take_events(states, 0, 7, 10)
    take_events(states, 3, 2, 5)
    take_events(states, 0, 6, 99)
    assert states.events("acme", MONTH) == 15
    assert states.events("globex", MONTH) == states.events("acme", span_at("month", MONTH.end_ms)) == 0
    states.take(quota.encode(quota.EventsKey("acme", *MONTH, 0)), b"")
    assert states.events("acme", MONTH) == 5


def test_a_state_is_complete_up_to_its_newest_record_or_to_the_look_at_the_end() -> None:
    states = QuotaStates()
    assert states.complete_through(3) is None
    states.saw_ends(NOW_MS, {3: 0}, 2)
    assert states.complete_through(3) == NOW_MS
    states.saw_ends(NOW_MS + 100, {3: 10}, 2)
    assert states.complete_through(3) == NOW_MS
    take_progress(states, 3, stamp_of(2, 8), NOW_MS + 50)
    assert states.complete_through(3) == NOW_MS + 50
    take_progress(states, 3, stamp_of(2, 9), NOW_MS + 60)
    assert states.complete_through(3) == NOW_MS + 100


def test_offsets_of_an_older_log_say_nothing_of_this_one() -> None:
    states = QuotaStates()
    take_progress(states, 3, stamp_of(1, 99), NOW_MS - 300)
    states.saw_ends(NOW_MS, {3: 10}, 2)
    assert states.complete_through(3) == NOW_MS - 300


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"", b"[1]"), (quota.encode(KEY), b"[9]"), (b'["used"]', b"x"), (b'["events","a",0,1,3]', b"[]")],
)
def test_what_is_no_quota_is_rejected(key: bytes, value: bytes) -> None:
    states = QuotaStates()
    with pytest.raises(Reject):
        states.take(key, value)
    assert len(states) == 0


def test_a_tenant_may_send_as_many_events_as_its_month_has() -> None:
    states = QuotaStates()
    take_events(states, 0, 7, 99)
    for limit in (None, 100):
        check_events(Catalog().with_facts([TenantNamed("acme", "A", limit)]), states, "acme", NOW_MS)
    take_events(states, 1, 7, 1)
    with pytest.raises(Refused) as refused:
        check_events(Catalog().with_facts([TenantNamed("acme", "A", 100)]), states, "acme", NOW_MS)
    problem = refused.value.problem
    assert (problem.status, problem.code, problem.retry_after) == (429, "quota_exceeded", MOST_SECONDS)
    assert problem.more["reset_at"] == "2026-12-01T00:00:00Z"
    # A new month begins with none.
    check_events(Catalog().with_facts([TenantNamed("acme", "A", 100)]), states, "acme", MONTH.end_ms)


@pytest.mark.parametrize(
    ("ahead_ms", "seconds"), [(-5, 1), (0, 1), (1, 1), (1_001, 2), (10**9, MOST_SECONDS)]
)
def test_nobody_is_asked_to_come_back_at_once_or_to_wait_for_days(ahead_ms: int, seconds: int) -> None:
    assert seconds_until(NOW_MS + ahead_ms, NOW_MS) == seconds
