"""The stories are true: what their events say adds up to what is left at the end."""

from collections import Counter, defaultdict
from functools import cache
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from schemas.webhook import read_head
from tests.stripe.previous import Object, merged
from tests.stripe.shapes import API_VERSION, OLD_API_VERSION, as_sent
from tests.stripe.stories import Story, stories, story_of
from tests.unit.stripe.test_previous import said


def by_object(story: Story) -> dict[str, list[Object]]:
    """Return the events about each object, in order."""
    found: dict[str, list[Object]] = defaultdict(list)
    for each in story.events:
        found[each["data"]["object"]["id"]].append(each)
    return found


def states(events: list[Object]) -> list[tuple[Object, list[Object]]]:
    """Return each state that an object was in, with the events that tell of it."""
    grouped = groupby(events, key=lambda each: each["data"]["object"])
    return [(state, list(told)) for state, told in grouped]


@cache
def some_stories() -> tuple[Story, ...]:
    """Return stories of either version that are always the same."""
    return tuple(story_of(seed, old=bool(seed % 2)) for seed in range(60))


def left(story: Story, kind: str) -> list[Object]:
    """Return what is left of objects of *kind* at the end."""
    return [each for each in story.truth.values() if each is not None and each["object"] == kind]


@settings(max_examples=30)
@given(stories())
def test_previous_attributes_of_an_update_lead_to_the_state_before(story: Story) -> None:
    for events in by_object(story).values():
        for (before, _), (after, told) in pairwise(states(events)):
            for each in told:
                previous = each["data"].get("previous_attributes")
                assert (previous is not None) == each["type"].endswith("updated")
                if previous is not None:
                    assert previous
                    assert said(merged(after, previous)) == said(before)


@settings(max_examples=30)
@given(stories())
def test_the_truth_is_what_was_told_last(story: Story) -> None:
    told = by_object(story)
    assert told.keys() == story.truth.keys()
    for object_id, events in told.items():
        last, kind = events[-1]["data"]["object"], events[-1]["type"]
        if kind in {"invoice.deleted", "customer.tax_id.deleted", "customer.discount.deleted"}:
            expected = None
        elif kind == "customer.deleted":
            expected = {"id": object_id, "object": "customer", "deleted": True}
        else:
            expected = last
        assert story.truth[object_id] == expected


@settings(max_examples=30)
@given(stories())
def test_events_are_in_the_order_in_which_it_happened(story: Story) -> None:
    seconds = [each["created"] for each in story.events]
    assert seconds == sorted(seconds)
    assert len({each["id"] for each in story.events}) == len(story.events)


@settings(max_examples=30)
@given(stories(old=True) | stories(old=False))
def test_every_event_is_one_that_a_door_takes(story: Story) -> None:
    for each in story.events:
        head = read_head(as_sent(each))
        assert head.odd is None
        assert head.object_id == each["data"]["object"]["id"]
        assert head.api_version == (OLD_API_VERSION if story.old else API_VERSION)


@settings(max_examples=30)
@given(stories())
def test_what_a_charge_says_of_its_refunds_is_their_sum(story: Story) -> None:
    given_back = Counter[str]()
    for refund in left(story, "refund"):
        given_back[refund["charge"]] += 0 if refund["status"] == "failed" else refund["amount"]
    for charge in left(story, "charge"):
        assert charge["amount_refunded"] == given_back[charge["id"]]
        assert charge["refunded"] == (charge["amount_refunded"] == charge["amount"])


@settings(max_examples=30)
@given(stories())
def test_an_invoice_adds_up(story: Story) -> None:
    for each in story.events:
        invoice: Any = each["data"]["object"]
        if invoice["object"] == "invoice":
            discounts = sum(of["amount"] for of in invoice["total_discount_amounts"])
            assert invoice["subtotal"] == sum(line["amount"] for line in invoice["lines"]["data"])
            assert invoice["total"] == invoice["subtotal"] - discounts >= 0
            assert invoice["amount_due"] == invoice["total"] - invoice["pre_payment_credit_notes_amount"]
            assert invoice["amount_due"] == invoice["amount_paid"] + invoice["amount_remaining"]
            assert invoice["status"] != "paid" or invoice["amount_remaining"] == 0


@settings(max_examples=30)
@given(stories())
def test_one_payment_of_an_invoice_is_told_of_twice(story: Story) -> None:
    told = Counter((each["type"], each["data"]["object"]["id"]) for each in story.events)
    for invoice in left(story, "invoice"):
        paid = int(invoice["status"] == "paid")
        assert told["invoice.paid", invoice["id"]] == paid
        assert told["invoice.payment_succeeded", invoice["id"]] == paid


@settings(max_examples=30)
@given(stories(old=True))
def test_old_shapes_say_the_same_twice(story: Story) -> None:
    for each in story.events:
        match each["data"]["object"]:
            case {"object": "subscription", "items": {"data": [item]}, **found}:
                assert (found["plan"], found["quantity"]) == (item["plan"], item["quantity"])
            case {"object": "invoice", **found}:
                assert found["paid"] == (found["status"] == "paid")


@settings(max_examples=30)
@given(stories())
def test_metadata_that_was_taken_away_is_not_there(story: Story) -> None:
    for each in story.events:
        assert None not in each["data"]["object"].get("metadata", {}).values()


def test_a_seed_tells_the_same_story_again() -> None:
    assert story_of(7) == story_of(7)
    assert story_of(7) != story_of(8)


def test_without_previous_attributes_the_story_is_the_same() -> None:
    with_previous, without = story_of(7), story_of(7, with_previous=False)
    assert without.truth == with_previous.truth
    for one, other in zip(with_previous.events, without.events, strict=True):
        assert "previous_attributes" not in other["data"]
        assert one | {"data": other["data"]} == other


def test_many_changes_of_one_object_share_a_second() -> None:
    shared = changes = 0
    for story in some_stories():
        for events in by_object(story).values():
            seconds = [told[0]["created"] for _, told in states(events)]
            changes += len(seconds) - 1
            shared += sum(one == other for one, other in pairwise(seconds))
    assert shared > changes // 3


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "subscription",
            {
                "incomplete",
                "incomplete_expired",
                "trialing",
                "active",
                "past_due",
                "unpaid",
                "paused",
                "canceled",
            },
        ),
        ("invoice", {"draft", "open", "paid", "void", "uncollectible"}),
        ("refund", {"pending", "succeeded", "failed"}),
        ("dispute", {"needs_response", "under_review", "won", "lost"}),
        ("payment_intent", {"requires_payment_method", "succeeded", "canceled"}),
        ("charge", {"succeeded", "failed"}),
        ("credit_note", {"issued", "void"}),
    ],
)
def test_every_state_occurs(kind: str, expected: set[str]) -> None:
    about = [each["data"]["object"] for story in some_stories() for each in story.events]
    assert {each["status"] for each in about if each["object"] == kind} == expected
