"""What answers a payment that failed, and what does not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.stripe.core.dunning import Standing, Step, look_every_s, step_after

AT = 1_800_000_000_000
#: A renewal whose payment failed: the invoice is open, its subscription past due, and nothing is scheduled.
GAP = Standing(
    status="open",
    is_deleted=False,
    collection_method="charge_automatically",
    next_attempt_ms=None,
    newest_attempt_ms=AT,
    subscription_status="past_due",
    is_paused=False,
)


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, None),
        ({"subscription_status": "active"}, None),  # Stripe has not even said that it is past due
        ({"subscription_status": None}, None),  # an invoice of no subscription
        ({"newest_attempt_ms": None}, None),
        ({"next_attempt_ms": AT}, None),  # that was this attempt
        ({"next_attempt_ms": AT - 1_000}, None),
        ({"next_attempt_ms": AT + 1_000}, Step.SCHEDULED),
        ({"newest_attempt_ms": AT + 1_000}, Step.ATTEMPTED),
        ({"status": "paid"}, Step.PAID),
        ({"status": "void"}, Step.CLOSED),
        ({"status": "uncollectible"}, Step.CLOSED),
        ({"is_deleted": True}, Step.CLOSED),
        ({"subscription_status": "canceled"}, Step.ENDED),
        ({"subscription_status": "unpaid"}, Step.ENDED),
        ({"subscription_status": "paused"}, Step.ENDED),
        ({"subscription_status": "incomplete_expired"}, Step.ENDED),
        ({"is_paused": True}, Step.ENDED),
        ({"subscription_status": "incomplete"}, Step.INCOMPLETE),
        ({"collection_method": "send_invoice"}, Step.SENT),
        ({"collection_method": None}, None),  # old versions of the API do not say
    ],
)
def test_a_step_is_what_keeps_a_failure_from_being_forgotten(
    changes: dict[str, Any], step: Step | None
) -> None:
    assert step_after(AT, GAP._replace(**changes)) is step


MOMENTS = st.none() | st.integers(AT - 5, AT + 5)
STANDINGS = st.builds(
    Standing,
    st.sampled_from(["draft", "open", "paid", "void", "uncollectible", None]),
    st.booleans(),
    st.sampled_from(["charge_automatically", "send_invoice", None]),
    MOMENTS,
    MOMENTS,
    st.sampled_from(["active", "past_due", "unpaid", "canceled", "incomplete", None]),
    st.booleans(),
)


@given(STANDINGS)
def test_an_attempt_that_another_one_followed_is_never_a_gap_and_the_last_may_be(standing: Standing) -> None:
    """So of all attempts on an invoice the newest alone can be a gap."""
    newest = standing.newest_attempt_ms
    if newest is not None:
        assert step_after(newest - 1, standing) is not None
    settled = standing._replace(status="paid")
    assert step_after(AT, settled) is Step.PAID


@given(STANDINGS, st.integers(0, 5))
def test_what_is_no_gap_was_none_for_any_earlier_attempt(standing: Standing, earlier: int) -> None:
    if step_after(AT, standing) is not None:
        assert step_after(AT - earlier, standing) is not None


@pytest.mark.parametrize(("gap_s", "every_s"), [(1, 1), (29, 1), (30, 2), (900, 60), (86_400, 60)])
def test_somebody_looks_fifteen_times_in_the_time_and_once_a_minute_at_least(
    gap_s: int, every_s: int
) -> None:
    assert look_every_s(gap_s) == every_s
