"""The canary's law: rounds anybody can repeat, numbers that betray a lost, doubled or altered event."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from console.watch.core.canary_law import (
    COPIES,
    DIFFERENT,
    EVENTS,
    QUANTITY,
    Figures,
    added,
    customers_of,
    hour_figures,
    round_of,
)
from console.watch.core.canary_state import State, found_state, month_of
from console.watch.core.canary_verdict import CLOCKS_MS, judge
from schemas.canary import CANARY
from schemas.instant import HOUR_MS, parse_instant
from schemas.partition import partition_of
from schemas.quantity import parse_micro

_CUSTOMERS = customers_of(4)
_HOUR = parse_instant("2026-11-21T10:00:00Z")
_KEY = (_HOUR, "1-0", EVENTS)
_rounds = st.integers(0, 40)


def found(seen: Figures) -> str:
    """Return what a canary that starts now thinks of *seen*."""
    return found_state(_CUSTOMERS, seen, {}, _HOUR + 5_000)[1].state


def hours(before: int, now: int) -> Figures:
    """Return the numbers of two hours with so many rounds."""
    return added([hour_figures(_HOUR - HOUR_MS, before, _CUSTOMERS), hour_figures(_HOUR, now, _CUSTOMERS)])


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_the_customers_turns_go_through_every_partition(partitions: int) -> None:
    customers = customers_of(partitions)
    assert [partition_of(CANARY, name, partitions) for name in customers] == list(range(partitions))
    # An hour of few rounds goes on where the one before it was.
    turns = {round_of(_HOUR + hour * HOUR_MS, 1, customers).customer for hour in range(partitions)}
    assert turns == set(customers)


@given(st.integers(1, 400), st.integers(1, 400))
def test_a_round_is_the_same_whenever_it_is_sent_and_unlike_any_other(number: int, other: int) -> None:
    sent = round_of(_HOUR, number, _CUSTOMERS)
    assert sent.body() == round_of(_HOUR, number, _CUSTOMERS).body()
    ids = [event["id"] for event in sent.body()]
    assert len(set(ids)) == DIFFERENT
    assert len(ids) == DIFFERENT + COPIES
    unique = {event["id"]: parse_micro(event["quantity"]) for event in sent.body()}
    assert sent.figures()[_HOUR, sent.customer, QUANTITY] == sum(unique.values())
    if other != number:
        assert not {event["id"] for event in round_of(_HOUR, other, _CUSTOMERS).body()} & set(ids)


@given(_rounds, _rounds)
def test_who_starts_goes_on_where_the_one_before_it_stopped(before: int, now: int) -> None:
    state, verdict = found_state(_CUSTOMERS, hours(before, now), {}, _HOUR + 5_000)
    assert verdict.state == "right"
    assert state.next_round(_HOUR + 5_000) == round_of(_HOUR, now + 1, _CUSTOMERS)
    assert state.expected() == hours(before, now)


@given(_rounds, st.integers(1, 40), st.integers(1, 40), st.sampled_from([-1, 1]))
def test_who_starts_sees_that_a_round_counted_twice_or_is_lost(
    before: int, now: int, which: int, sign: int
) -> None:
    # The last one lost looks like a round that never was; whoever sent it knows better.
    assume(which < now or (sign == 1 and which == now))
    more = round_of(_HOUR, which, _CUSTOMERS).figures()
    seen = added([hours(before, now), {key: sign * number for key, number in more.items()}])
    assert found(seen) == "wrong"


@given(_rounds, st.integers(1, 40), st.data())
def test_who_starts_sees_that_a_number_was_altered(before: int, now: int, data: st.DataObject) -> None:
    right = hours(before, now)
    key = data.draw(st.sampled_from(sorted(right)))
    change = data.draw(st.integers(-3, 3).filter(bool))
    assert found({**right, key: right[key] + change}) == "wrong"


@pytest.mark.parametrize(
    ("expected", "seen", "through_ms", "state"),
    [
        ({_KEY: 2}, {_KEY: 2}, None, "right"),
        ({_KEY: 0}, {}, None, "right"),
        ({_KEY: 2}, {}, None, "waiting"),
        ({_KEY: 2}, {_KEY: 1}, 1_000 + CLOCKS_MS, "waiting"),  # complete, as far as two clocks can tell
        ({_KEY: 2}, {_KEY: 1}, 1_001 + CLOCKS_MS, "wrong"),
        ({_KEY: 2}, {_KEY: 3}, None, "wrong"),  # nothing that is on its way makes it less
        ({}, {_KEY: 1}, None, "wrong"),
    ],
)
def test_too_little_may_still_come_and_too_much_is_wrong(
    expected: Figures, seen: Figures, through_ms: int | None, state: str
) -> None:
    verdict = judge(expected, seen, through_ms, since_ms=1_000)
    assert verdict.state == state
    assert bool(verdict.why) == (state != "right")


def test_a_finding_says_what_was_expected_and_what_was_seen() -> None:
    quantity = (_HOUR, "1-0", QUANTITY)
    verdict = judge({_KEY: 2, quantity: 2_000_001}, {_KEY: 4, quantity: 4_000_002}, None, 0)
    assert verdict.why == (
        "2026-11-21T10:00:00Z 1-0 events: expected 2, seen 4; "
        "2026-11-21T10:00:00Z 1-0 quantity: expected 2.000001, seen 4.000002"
    )


def test_a_round_without_an_answer_goes_out_again_before_any_other_whatever_the_hour() -> None:
    state = State(_CUSTOMERS, {_HOUR: 3}, {})
    sent = state.next_round(_HOUR + 1)
    state = state.sending(sent)
    later = _HOUR + 2 * HOUR_MS
    assert state.next_round(later) == sent
    state = state.confirmed(sent)
    assert state.next_round(later) == round_of(later, 1, _CUSTOMERS)
    assert state.expected() == hour_figures(_HOUR, 4, _CUSTOMERS)


def test_two_hours_are_looked_at_and_a_clock_that_steps_back_opens_none_anew() -> None:
    state = State(_CUSTOMERS, {}, {})
    for hour in range(3):
        state = state.confirmed(state.next_round(_HOUR + hour * HOUR_MS))
    assert state.hours == {_HOUR + HOUR_MS: 1, _HOUR + 2 * HOUR_MS: 1}
    assert state.since_ms() == _HOUR + HOUR_MS
    assert state.next_round(_HOUR) == round_of(_HOUR + 2 * HOUR_MS, 2, _CUSTOMERS)


def test_a_quota_counts_its_month_from_what_was_there_before() -> None:
    last = parse_instant("2026-11-30T23:00:00Z")
    sent = round_of(last, 1, _CUSTOMERS)
    state = State(_CUSTOMERS, {}, {(month_of(last), sent.customer, QUANTITY): 7}).confirmed(sent)
    assert state.expected_used(sent) == {(month_of(last), sent.customer, QUANTITY): 7 + sent.micro}
    following = state.next_round(last + HOUR_MS)
    state = state.confirmed(following)
    assert state.used == {(last + HOUR_MS, following.customer, QUANTITY): following.micro}
