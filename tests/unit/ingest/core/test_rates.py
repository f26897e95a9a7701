"""A rate holds in every span of time, by whole numbers, and who waits as long as told passes."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.problem import Refused
from ingest.core.rates import Bucket, Rates, Whose, begin, go_on, settle
from schemas.catalog import Catalog, KeyIssued, TenantNamed
from schemas.rate import Rate

SECOND = 1_000_000_000
ACME = Whose("acme", None, "")
START = 7 * SECOND
KEY = KeyIssued("0000aaaa", "acme", "aa" * 32, ("ingest",), rate=Rate(3, 5))
OTHER = KeyIssued("0000bbbb", "acme", "bb" * 32, ("ingest",))
TENANT = TenantNamed("acme", "Acme", rate=Rate(10, 20))
CATALOG = Catalog().with_facts([TENANT, KEY, OTHER])

rates = st.builds(Rate, st.integers(1, 10_000), st.integers(1, 50))
#: A pause before each request, and how many events it holds.
requests = st.lists(st.tuples(st.integers(0, 2 * SECOND), st.integers(0, 40)), max_size=60)


def passes(bucket: Bucket, events: int, now_ns: int) -> bool:
    """Send one request whose body comes at once."""
    try:
        begin([bucket], now_ns)
    except Refused:
        return False
    go_on([bucket], now_ns)
    settle([bucket], events, now_ns)
    return True


@given(rates, requests)
def test_no_span_holds_more_than_burst_and_rate_and_the_rest_of_one_request(
    rate: Rate, requests: list[tuple[int, int]]
) -> None:
    bucket = Bucket(ACME, rate)
    times = accumulate((pause for pause, _ in requests), initial=START)
    passed = [
        (now_ns, max(events, 1))
        for now_ns, (_, events) in zip(times, requests, strict=False)
        if passes(bucket, events, now_ns)
    ]
    for first, (since_ns, _) in enumerate(passed):
        sent = 0
        for now_ns, events in passed[first:]:
            sent += events
            # In nanoseconds times events, so that nothing is rounded.
            assert (sent - (events - 1) - rate.burst) * SECOND <= rate.per_second * (now_ns - since_ns)


@given(rates, st.lists(st.integers(0, 2 * SECOND), max_size=60))
def test_of_single_events_no_span_holds_more_than_burst_and_rate(rate: Rate, pauses: list[int]) -> None:
    bucket = Bucket(ACME, rate)
    passed = [at for at in accumulate(pauses, initial=START) if passes(bucket, 1, at)]
    for first, since_ns in enumerate(passed):
        for number, now_ns in enumerate(passed[first:], 1):
            assert (number - rate.burst) * SECOND <= rate.per_second * (now_ns - since_ns)


@given(rates, requests, st.integers(0, 1_000))
def test_who_comes_back_after_retry_after_passes(
    rate: Rate, requests: list[tuple[int, int]], events: int
) -> None:
    bucket, now_ns = Bucket(ACME, rate), START
    for pause, sent in requests:
        now_ns += pause
        passes(bucket, sent, now_ns)
    try:
        begin([bucket], now_ns)
    except Refused as refused:
        seconds = refused.problem.retry_after
        assert seconds >= 1
        assert passes(bucket, events, now_ns + seconds * SECOND)


@given(rates, requests)
def test_the_wait_is_not_a_nanosecond_too_long(rate: Rate, requests: list[tuple[int, int]]) -> None:
    bucket, now_ns = Bucket(ACME, rate), START
    for pause, sent in requests:
        now_ns += pause
        passes(bucket, sent, now_ns)
    wait_ns = bucket.wait_ns(now_ns)
    assert bucket.wait_ns(now_ns + wait_ns) == 0
    assert wait_ns == 0 or bucket.wait_ns(now_ns + wait_ns - 1) == 1


@given(rates, st.integers(0, 10 * SECOND), st.integers(1, 100))
def test_who_sends_less_than_the_rate_never_waits(rate: Rate, early_ns: int, sent: int) -> None:
    bucket = Bucket(ACME, rate)
    pause_ns = -(-SECOND // rate.per_second)
    assert all(passes(bucket, 1, START + early_ns + number * pause_ns) for number in range(sent))


def test_a_nanosecond_too_early_is_too_early() -> None:
    bucket = Bucket(ACME, Rate(3, 1))
    assert passes(bucket, 1, START)
    assert not passes(bucket, 1, START + 333_333_333)
    assert passes(bucket, 1, START + 333_333_334)


def test_a_batch_beyond_the_burst_passes_and_is_paid_back() -> None:
    bucket = Bucket(ACME, Rate(100, 10))
    assert passes(bucket, 1_000, START)
    assert not passes(bucket, 1, START + 9 * SECOND)
    assert bucket.wait_ns(START) == 9_910_000_000
    assert passes(bucket, 1_000, START + 9_910_000_000)


def test_requests_at_the_same_time_pass_until_one_of_them_has_overdrawn() -> None:
    buckets = [Bucket(ACME, Rate(1, 3))]
    for _ in range(3):
        begin(buckets, START)
    with pytest.raises(Refused):
        begin(buckets, START)
    go_on(buckets, START)
    settle(buckets, 5, START)
    with pytest.raises(Refused) as refused:
        go_on(buckets, START)
    assert refused.value.problem.retry_after == 5
    begin(buckets, START + 5 * SECOND)


def test_a_refusal_says_who_waits_how_long_and_for_what() -> None:
    found = Rates()
    buckets = found.of(KEY, CATALOG, START)
    for _ in range(5):
        begin(buckets, START)
    with pytest.raises(Refused) as refused:
        begin(buckets, START)
    problem = refused.value.problem
    assert (problem.code, problem.status, problem.retry_after) == ("rate_limited", 429, 1)
    assert "the key 0000aaaa may send 3 events a second, 5 at once" in problem.detail
    assert KEY.key_hash not in problem.detail
    assert found.take_refused() == [(Whose("acme", KEY.key_hash, "0000aaaa"), 1)]
    assert found.take_refused() == []


def test_the_keys_of_a_tenant_share_its_bucket_and_a_refused_key_takes_nothing_from_it() -> None:
    found = Rates()
    of_key, of_other = found.of(KEY, CATALOG, START), found.of(OTHER, CATALOG, START)
    assert [bucket.rate for bucket in of_key] == [KEY.rate, TENANT.rate]
    assert of_other == of_key[1:]

    def sent(buckets: tuple[Bucket, ...]) -> int:
        for number in range(100):
            try:
                begin(buckets, START)
            except Refused:
                return number
        return 100

    assert sent(of_key) == 5
    assert sent(of_other) == 15
    assert sent(of_other) == 0


def test_nobody_has_a_bucket_without_a_rate() -> None:
    found = Rates()
    assert found.of(OTHER, Catalog().with_facts([TenantNamed("acme", "Acme"), OTHER]), START) == ()
    assert len(found) == 0


def test_what_is_remembered_is_what_the_catalogue_names() -> None:
    found = Rates()
    found.of(KEY, CATALOG, START)
    assert len(found) == 2
    revoked = KeyIssued(KEY.key_id, KEY.tenant, KEY.key_hash, KEY.scopes, revoked=True, rate=KEY.rate)
    found.keep(CATALOG.with_facts([revoked]))
    assert len(found) == 1
    found.keep(CATALOG.with_facts([revoked, TenantNamed("acme", "Acme")]))
    assert len(found) == 0


def test_another_rate_holds_at_once_and_what_was_taken_stays_taken() -> None:
    found = Rates()
    (bucket,) = found.of(OTHER, CATALOG, START)
    for _ in range(20):
        begin([bucket], START)
    wider = CATALOG.with_facts([TenantNamed("acme", "Acme", rate=Rate(10, 25))])
    assert found.of(OTHER, wider, START) == (bucket,)
    assert [passes(bucket, 1, START) for _ in range(6)] == [True] * 5 + [False]
    slower = CATALOG.with_facts([TenantNamed("acme", "Acme", rate=Rate(1, 2))])
    found.of(OTHER, slower, START)
    assert bucket.wait_ns(START) == SECOND  # what is owed beyond the burst is forgiven
