"""The shapes hold what the mirror reads, and the types are those that it mirrors."""

from typing import Any

import pytest

from schemas.webhook import read_head
from tests.stripe.shapes import API_VERSION, EVENT_TYPES, as_sent, event, shape
from tests.stripe.stories import story_of

SHAPES = sorted(set(EVENT_TYPES.values()) | {"deleted_customer", "event"})


def reach(of: Any, path: str) -> Any:  # noqa: ANN401 -- a part of an object is anything
    """Return what stands at *path*. Raises LookupError."""
    for step in path.split("."):
        of = of[int(step) if step.isdigit() else step]
    return of


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_says_what_object_it_is(name: str) -> None:
    assert shape(name)["object"] == name.removeprefix("deleted_")


def test_a_shape_is_a_copy_of_ones_own() -> None:
    shape("invoice")["lines"]["data"].clear()
    assert len(shape("invoice")["lines"]["data"]) == 1


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        (
            "invoice",
            (
                "parent.subscription_details.subscription",
                "lines.data.0.pricing.price_details.price",
                "lines.data.0.parent.subscription_item_details.proration",
                "lines.data.0.period.start",
                "lines.data.0.quantity",
                "status_transitions.paid_at",
            ),
        ),
        (
            "invoice.old",
            (
                "subscription",
                "paid",
                "charge",
                "payment_intent",
                "lines.data.0.price.id",
                "lines.data.0.plan.id",
                "lines.data.0.proration",
            ),
        ),
        (
            "subscription",
            (
                "items.data.0.price.unit_amount",
                "items.data.0.quantity",
                "items.data.0.current_period_start",
                "items.data.0.current_period_end",
                "discounts",
            ),
        ),
        (
            "subscription.old",
            ("current_period_start", "current_period_end", "plan.id", "quantity", "discount"),
        ),
        (
            "charge",
            ("amount_refunded", "refunded", "payment_intent", "payment_method_details.card.fingerprint"),
        ),
        ("charge.old", ("invoice", "refunds.data")),
        ("payment_intent", ("latest_charge", "last_payment_error", "customer")),
        ("payment_intent.old", ("invoice", "charges.data")),
        ("discount", ("source.coupon", "start", "end")),
        ("discount.old", ("coupon.percent_off",)),
        ("credit_note", ("invoice", "status", "voided_at", "lines.data.0.amount")),
    ],
)
def test_a_shape_has_what_the_mirror_reads(name: str, paths: tuple[str, ...]) -> None:
    for path in paths:
        reach(shape(name), path)


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("invoice", ("subscription", "paid", "charge", "payment_intent", "lines.data.0.price")),
        ("invoice.old", ("parent", "lines.data.0.pricing", "lines.data.0.parent")),
        ("subscription", ("current_period_start", "plan", "quantity", "discount")),
        ("subscription.old", ("items.data.0.current_period_start", "discounts")),
        ("payment_intent", ("charges", "invoice")),
        ("payment_intent.old", ("latest_charge",)),
        ("charge", ("invoice", "refunds")),
        ("discount", ("coupon",)),
        ("discount.old", ("source",)),
    ],
)
def test_a_shape_has_nothing_of_the_other_version(name: str, paths: tuple[str, ...]) -> None:
    for path in paths:
        with pytest.raises(LookupError):
            reach(shape(name), path)


def test_an_event_is_read_as_one() -> None:
    made = event(
        "invoice.updated",
        shape("invoice"),
        event_id="evt_1",
        created_s=1_790_000_000,
        previous_attributes={"status": "draft"},
    )
    head = read_head(as_sent(made))
    assert (head.event_id, head.type, head.object_type) == ("evt_1", "invoice.updated", "invoice")
    assert (head.created_at_ms, head.api_version, head.odd) == (1_790_000_000_000, API_VERSION, None)
    assert made["data"]["previous_attributes"] == {"status": "draft"}


def test_an_event_without_previous_attributes_has_no_such_member() -> None:
    made = event("invoice.paid", shape("invoice"), event_id="evt_1", created_s=1)
    assert set(made["data"]) == {"object"}


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_stories_tell_of_every_type_and_of_no_other(*, old: bool) -> None:
    events = [each for seed in range(60) for each in story_of(seed, old=old).events]
    told = {each["type"]: each["data"]["object"]["object"] for each in events}
    assert told == dict(EVENT_TYPES)
