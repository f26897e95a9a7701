from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.demo.core.ends import End, differences, ends_of, summed
from console.demo.core.stripe_lives import WITNESS, Story, subscription_of, tell_story
from console.demo.core.webhook_order import order
from schemas.stripe_types import is_handled
from tests.stripe.previous import merged
from tests.unit.processors.billing.mirror_of import mirror_of, row_of

SEEDS = st.integers(0, 2**32)


def story_of(seed: int) -> Story:
    return tell_story(Random(seed).randrange)


def test_the_same_seed_is_the_same_story_and_another_one_another() -> None:
    assert story_of(1) == story_of(1)
    assert story_of(1) != story_of(2)


@given(SEEDS)
def test_two_tenants_get_as_many_webhooks_as_one_can_look_at(seed: int) -> None:
    story = story_of(seed)
    assert 150 <= 2 * len(order(story.events, Random(seed).randrange).deliveries) <= 400
    assert len({event["id"] for event in story.events}) == len(story.events)
    assert all(is_handled(event["type"]) for event in story.events)


@given(SEEDS)
def test_events_are_told_in_order_and_seconds_often_coincide(seed: int) -> None:
    seconds = [event["created"] for event in story_of(seed).events]
    assert seconds == sorted(seconds)
    assert sum(one == following for one, following in pairwise(seconds)) > len(seconds) // 2


@given(SEEDS)
def test_an_update_says_what_was_before_and_nothing_else_does(seed: int) -> None:
    before: dict[str, dict[str, object]] = {}
    for event in story_of(seed).events:
        found = event["data"]["object"]
        previous = event["data"].get("previous_attributes")
        assert (previous is not None) == event["type"].endswith(".updated")
        if previous is not None and event["type"] == "customer.subscription.updated":
            assert merged(found, previous) == before[found["id"]]
        before[found["id"]] = found


@given(SEEDS)
def test_whatever_the_order_the_mirror_says_what_is_true(seed: int) -> None:
    story = story_of(seed)
    mirror = mirror_of(order(story.events, Random(seed + 1).randrange).deliveries)
    assert {each: mirror[each].row for each in mirror} == {
        each: row_of(found) for each, found in story.objects.items()
    }
    assert all(said.settled for said in mirror.values())


@pytest.mark.parametrize(
    "status",
    [
        ("dispute", "won"),
        ("invoice", "open"),
        ("invoice", "paid"),
        ("refund", "succeeded"),
        ("subscription", "active"),
        ("subscription", "canceled"),
        ("subscription", "past_due"),
    ],
)
def test_the_story_has_an_end_of_every_sort(status: tuple[str, str]) -> None:
    ends = [end for seed in range(5) for end in ends_of(story_of(seed).objects.values())]
    assert status in {(end.what, end.status) for end in ends}


def test_the_witness_pays_late_and_leaves() -> None:
    story = story_of(1)
    subscription = subscription_of(story, WITNESS)
    statuses = [
        event["data"]["object"]["status"]
        for event in story.events
        if event["data"]["object"]["id"] == subscription
    ]
    assert [one for one, following in pairwise([*statuses, ""]) if one != following] == [
        "incomplete",
        "active",
        "past_due",
        "active",
        "canceled",
    ]


def test_ends_are_summed_by_sort_and_status() -> None:
    story = story_of(1)
    ends = ends_of(story.objects.values())
    sums = summed(ends)
    assert sum(one.objects for one in sums) == len(ends)
    [paid] = [one for one in sums if (one.what, one.status) == ("invoice", "paid")]
    assert paid.amount == paid.paid > 0
    [due] = [one for one in sums if (one.what, one.status) == ("invoice", "open")]
    assert due.amount > due.paid == 0


def test_every_difference_of_the_ends_is_named() -> None:
    paid = End("invoice", "in_1", "paid", 500, 500)
    refund = End("refund", "re_1", "succeeded", 200, 0)
    assert differences([paid, refund], [refund, paid]) == []
    assert differences([paid._replace(status="open", paid=0)], [paid, refund]) == [
        "in_1: the mirror says open, amount 500, paid 0, true is paid, amount 500, paid 500",
        "re_1: the mirror says nothing, true is succeeded, amount 200, paid 0",
    ]
