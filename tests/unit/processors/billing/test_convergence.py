"""The mirror is the same whatever the order and number of deliveries, and it is what Stripe would answer."""

from itertools import islice, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stripe.stories import Story, stories, story_of
from tests.unit.processors.billing.mirror_of import Object, Said, mirror_of, row_of, snapshot


def is_gone(truth: Object | None) -> bool:
    """Say whether *truth* is what Stripe answers of an object that is no more."""
    return truth is None or truth.get("deleted") is True


@given(stories(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_ends_in_the_same_mirror(story: Story, random: Random) -> None:
    deliveries = list(story.events) + random.choices(story.events, k=len(story.events) // 2)
    random.shuffle(deliveries)
    assert mirror_of(deliveries) == mirror_of(story.events)


@given(stories())
def test_what_is_settled_is_true(story: Story) -> None:
    mirror = mirror_of(story.events)
    for object_id, truth in story.truth.items():
        said = mirror[object_id]
        assert said.is_deleted == is_gone(truth)
        if truth is not None and said.settled and not said.is_deleted:
            assert said.row == row_of(truth)


@given(stories(with_previous=False))
def test_without_previous_attributes_nothing_false_is_called_settled(story: Story) -> None:
    mirror = mirror_of(story.events)
    for object_id, truth in story.truth.items():
        if truth is not None and mirror[object_id].settled and not is_gone(truth):
            assert mirror[object_id].row == row_of(truth)


@given(stories(with_previous=False), st.randoms(use_true_random=False))
def test_snapshots_settle_whatever_is_not(story: Story, random: Random) -> None:
    before = mirror_of(story.events)
    asked = [
        snapshot(truth, before[object_id].as_of_ms // 1_000, f"evt_weirsnapshot_{object_id}")
        for object_id, truth in story.truth.items()
        if truth is not None and not (before[object_id].settled or is_gone(truth))
    ]
    deliveries = [*story.events, *asked]
    random.shuffle(deliveries)
    for object_id, said in mirror_of(deliveries).items():
        truth = story.truth[object_id]
        assert said.is_deleted == is_gone(truth)
        assert truth is None or said.is_deleted or (said.settled and said.row == row_of(truth))


def test_most_moments_of_several_events_are_settled_by_what_those_say() -> None:
    said = [one for seed in range(50) for one in mirror_of(story_of(seed).events).values()]
    assert sum(one.settled for one in said) / len(said) > 0.95


@pytest.mark.parametrize("seed", range(8))
def test_every_order_of_six_events_of_one_object_ends_in_the_same_state(seed: int) -> None:
    story = story_of(seed, customers=1)
    by_object: dict[str, list[dict[str, object]]] = {}
    for event in story.events:
        by_object.setdefault(event["data"]["object"]["id"], []).append(event)
    longest = max(by_object.values(), key=len)[-6:]
    assert len(longest) > 3
    expected = mirror_of(longest)
    found: list[dict[str, Said]] = [mirror_of(order) for order in islice(permutations(longest), 720)]
    assert all(one == expected for one in found)
