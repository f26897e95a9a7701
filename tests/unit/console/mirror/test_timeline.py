"""Histories: put in order whatever order they come in, and no step hidden that must not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.mirror.core.timeline import Seen, is_allowed, timeline
from schemas.stripe_types import Kind


def seen(at_s: int, status: str, was: str | None = None, **more: object) -> Seen:
    members = {"type": "customer.subscription.updated", "amount": None, "reason": None, "note": None, **more}
    return Seen(f"evt_{at_s}_{status}_{was}", at_ms=at_s * 1_000, status=status, was=was, **members)  # type: ignore[arg-type]


LIFE = [
    seen(1, "incomplete", type="customer.subscription.created"),
    seen(1, "active", "incomplete"),
    seen(5, "past_due", "active"),
    seen(5, "active", "past_due"),
    seen(9, "canceled", reason="cancellation_requested", type="customer.subscription.deleted"),
]


@given(st.permutations(LIFE))
def test_a_history_is_the_same_whatever_the_order(life: list[Seen]) -> None:
    steps = timeline(Kind.SUBSCRIPTION, life)
    assert [(step.status_before, step.status) for step in steps] == [
        (None, "incomplete"),
        ("incomplete", "active"),
        ("active", "past_due"),
        ("past_due", "active"),
        ("active", "canceled"),
    ]
    assert all(step.is_allowed for step in steps)
    assert steps[-1].reason == "cancellation_requested"


@given(st.permutations([LIFE[0], seen(1, "incomplete"), seen(1, "active", "incomplete"), seen(2, "active")]))
def test_within_a_second_what_changes_no_status_comes_before_that_leads_on(life: list[Seen]) -> None:
    steps = timeline(Kind.SUBSCRIPTION, life)
    assert [step.status for step in steps] == ["incomplete", "incomplete", "active", "active"]
    assert all(step.is_allowed for step in steps)


def test_a_step_that_is_not_allowed_is_shown_as_one() -> None:
    steps = timeline(Kind.SUBSCRIPTION, [*LIFE, seen(10, "active", "canceled")])
    assert [step.is_allowed for step in steps] == [True, True, True, True, True, False]


def test_what_was_refunded_by_each_step_is_a_difference() -> None:
    charges = [
        seen(1, "succeeded", amount=0, type="charge.succeeded"),
        seen(2, "succeeded", amount=300, type="charge.refunded"),
        seen(3, "succeeded", amount=500, type="charge.refunded"),
    ]
    assert [step.amount for step in timeline(Kind.CHARGE, reversed(charges))] == [0, 300, 200]


@pytest.mark.parametrize(
    ("kind", "before", "status", "allowed"),
    [
        (Kind.SUBSCRIPTION, "incomplete", "incomplete_expired", True),
        (Kind.SUBSCRIPTION, "incomplete_expired", "active", False),
        (Kind.SUBSCRIPTION, "active", "incomplete", False),
        (Kind.SUBSCRIPTION, "paused", "active", True),
        (Kind.SUBSCRIPTION, None, "past_due", True),
        (Kind.SUBSCRIPTION, "a status of tomorrow", "active", True),
        (Kind.INVOICE, "uncollectible", "paid", True),
        (Kind.INVOICE, "paid", "open", False),
        (Kind.CHARGE, "failed", "succeeded", True),
    ],
)
def test_which_ways_a_status_may_go(kind: Kind, before: str | None, status: str, allowed: bool) -> None:  # noqa: FBT001 -- a parameter
    assert is_allowed(kind, before, status) is allowed
