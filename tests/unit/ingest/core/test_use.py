"""All limits of a plan let pass, or nothing is taken; against a model that keeps every take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.core.leases import Total
from ingest.core.sliding import STEPS
from ingest.core.use import MINUTE_NS, Kind, Use
from ingest.core.uses import TenantUses, Uses, Whose
from schemas.gcra import SECOND_NS
from schemas.quantity import MICRO
from schemas.use_limit import UseLimit, Window

START = 100 * MINUTE_NS
C1, C2 = Whose("c-1", "api"), Whose("c-2", "api")

#: Millionths that are no whole units too.
amounts = st.integers(1, 20 * MICRO)
limits = st.builds(
    UseLimit,
    meter=st.just("api"),
    per_second_micro=st.one_of(st.none(), amounts),
    per_minute_micro=st.one_of(st.none(), amounts),
) | st.tuples(amounts, amounts, st.one_of(st.none(), amounts)).map(
    lambda found: UseLimit(
        meter="api",
        per_second_micro=min(found[:2]),
        burst_micro=max(found[:2]),
        per_minute_micro=found[2],
    )
)
steps = st.one_of(st.just(0), st.integers(0, 2 * SECOND_NS), st.integers(0, 2 * MINUTE_NS))
takes = st.lists(st.tuples(steps, st.integers(0, 8 * MICRO)), max_size=60)
Takes = list[tuple[int, int]]


def room(limit: UseLimit, passed: Takes, now_ns: int, *, longer: bool) -> int:
    """Return what every limit has room for, or would have if its window were a hundredth longer."""
    found = [10**30]
    for span_ns, most in ((SECOND_NS, limit.per_second_micro), (MINUTE_NS, limit.per_minute_micro)):
        if most is not None and not (span_ns == SECOND_NS and limit.burst_micro is not None):
            seen_ns = span_ns + span_ns // STEPS * longer
            found.append(most - sum(micro for at_ns, micro in passed if now_ns - at_ns < seen_ns))
    if limit.per_second_micro is not None and limit.burst_micro is not None:
        # Of every span that ends now: what it may hold less what it holds, in whole millionths.
        found.append(limit.burst_micro)
        for since_ns, _ in passed:
            come_back = limit.per_second_micro * (now_ns - since_ns) // SECOND_NS
            held = sum(micro for at_ns, micro in passed if at_ns >= since_ns)
            found.append(limit.burst_micro + come_back - held)
    return min(found)


@given(limits, takes)
def test_no_span_holds_too_much_and_nothing_is_refused_in_vain(limit: UseLimit, wanted: Takes) -> None:
    use, now_ns = Use(limit, Total(), START), START
    passed: Takes = []
    for step_ns, micro in wanted:
        now_ns += step_ns
        outcome = use.take(micro, now_ns)
        if outcome.kind is Kind.TAKEN:
            assert not micro or micro <= room(limit, passed, now_ns, longer=False)
            passed.append((now_ns, micro))
        else:
            assert micro > room(limit, passed, now_ns, longer=True)


@given(limits, takes)
def test_a_refused_take_takes_nothing_and_says_when_it_would_pass(limit: UseLimit, wanted: Takes) -> None:
    use, now_ns = Use(limit, Total(), START), START
    for step_ns, micro in wanted:
        now_ns += step_ns
        before = use.levels(now_ns)
        outcome = use.take(micro, now_ns)
        if outcome.kind is Kind.TAKEN:
            continue
        assert outcome.levels == use.levels(now_ns) == before
        by = outcome.refused_by
        assert by in before
        if outcome.wait_ns is None:
            assert by is not None
            assert micro > (by.burst_micro or by.limit_micro)
        else:
            assert use.take(micro, now_ns + outcome.wait_ns - 1).kind is Kind.REFUSED
            assert use.take(micro, now_ns + outcome.wait_ns).kind is Kind.TAKEN
            now_ns += outcome.wait_ns


@given(limits, takes)
def test_what_is_left_passes_and_nothing_more(limit: UseLimit, wanted: Takes) -> None:
    use, now_ns = Use(limit, Total(), START), START
    for step_ns, micro in wanted:
        now_ns += step_ns
        use.take(micro, now_ns)
    left = min([level.remaining_micro or 0 for level in use.levels(now_ns)], default=0)
    if limit.levels():
        assert use.take(left + 1, now_ns).kind is Kind.REFUSED
    assert use.take(left, now_ns).kind is Kind.TAKEN


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ({"per_minute_micro": 10}, {"per_minute_micro": 7}, 0),
        ({"per_minute_micro": 10}, {"per_minute_micro": 12}, 4),
        ({"per_minute_micro": 10}, {"per_minute_micro": 9, "per_second_micro": 5}, 1),
        ({"per_second_micro": 9, "burst_micro": 10}, {"per_second_micro": 2, "burst_micro": 9}, 1),
        ({"per_second_micro": 10}, {"per_second_micro": 9}, 1),
        # Another kind of limit a second remembers nothing of the old one.
        ({"per_second_micro": 10}, {"per_second_micro": 2, "burst_micro": 3}, 3),
        ({"per_second_micro": 2, "burst_micro": 9}, {"per_second_micro": 4}, 4),
    ],
)
def test_another_plan_holds_at_once_and_what_was_taken_stays_taken(
    before: dict[str, int], after: dict[str, int], left: int
) -> None:
    uses = TenantUses()
    assert uses.take(C1, UseLimit(meter="api", **before), 8, START).kind is Kind.TAKEN
    changed = UseLimit(meter="api", **after)
    assert min(level.remaining_micro or 0 for level in uses.levels(C1, changed, START)) == left
    assert uses.take(C1, changed, left + 1, START).kind is Kind.REFUSED
    assert uses.take(C1, changed, left, START).kind is Kind.TAKEN


def test_the_limit_that_takes_longest_is_the_one_that_refuses() -> None:
    use = Use(UseLimit(meter="api", per_second_micro=5, per_minute_micro=8), Total(), START)
    assert use.take(5, START).kind is Kind.TAKEN
    refused = use.take(1, START)
    assert refused.refused_by is not None
    assert (refused.refused_by.window, refused.wait_ns) == (Window.SECOND, SECOND_NS)
    later = use.take(4, START)
    assert later.refused_by is not None
    assert (later.refused_by.window, later.wait_ns) == (Window.MINUTE, MINUTE_NS)
    never = use.take(7, START)
    assert never.refused_by is not None
    assert (never.refused_by.window, never.wait_ns) == (Window.SECOND, None)


def test_customers_and_tenants_take_nothing_from_each_other() -> None:
    uses, limit = Uses(), UseLimit(meter="api", per_minute_micro=1)
    for tenant in ("acme", "globex"):
        for whose in (C1, C2, Whose("c-1", "storage")):
            assert uses.of(tenant).take(whose, limit, 1, START).kind is Kind.TAKEN
            assert uses.of(tenant).take(whose, limit, 1, START).kind is Kind.REFUSED


def test_without_a_limit_everything_passes_and_nothing_is_remembered() -> None:
    uses, limit = TenantUses(), UseLimit(meter="api")
    assert uses.take(C1, limit, 10**20, START).kind is Kind.TAKEN
    assert uses.lease(C1, limit, "a", 1, START).kind is Kind.TAKEN
    assert uses.levels(C1, limit, START) == ()
    assert uses.places == 0


def test_who_finds_no_room_is_told_so_until_others_are_idle() -> None:
    uses, limit = TenantUses(3), UseLimit(meter="api", per_second_micro=1)
    for number in range(3):
        assert uses.take(Whose(str(number), "api"), limit, 1, START).kind is Kind.TAKEN
    assert uses.take(C1, limit, 1, START).kind is Kind.UNKNOWN
    assert uses.take(Whose("0", "api"), limit, 1, START).kind is Kind.REFUSED
    assert uses.take(C1, limit, 1, START + SECOND_NS).kind is Kind.TAKEN


def test_who_is_idle_is_forgotten_while_others_ask() -> None:
    uses, limit = TenantUses(), UseLimit(meter="api", per_second_micro=1)
    for number in range(1_000):
        uses.take(Whose(str(number), "api"), limit, 1, START + number * SECOND_NS)
    assert uses.places < 5
