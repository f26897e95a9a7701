"""What an update says of the object before it, in the ways in which Stripe says it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stripe.previous import merged, previous_attributes

SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab", max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"status": "draft", "id": "in_1"}, {"status": "open", "id": "in_1"}, {"status": "draft"}),
        (
            {"invoice_settings": {"footer": "f", "default_payment_method": None}},
            {"invoice_settings": {"footer": "f", "default_payment_method": "pm_1"}},
            {"invoice_settings": {"default_payment_method": None}},
        ),
        ({"metadata": {}}, {"metadata": {"team": "x"}}, {"metadata": {"team": None}}),
        ({"metadata": {"team": "x"}}, {"metadata": {}}, {"metadata": {"team": "x"}}),
        ({"discount": {"id": "di_1"}}, {"discount": None}, {"discount": {"id": "di_1"}}),
        ({"discount": None}, {"discount": {"id": "di_1"}}, {"discount": None}),
        (
            {"items": {"data": [{"id": "si_1", "quantity": 1}], "url": "/"}},
            {"items": {"data": [{"id": "si_1", "quantity": 2}], "url": "/"}},
            {"items": {"data": [{"id": "si_1", "quantity": 1}]}},
        ),
        ({"a": 1}, {"a": 1}, {}),
    ],
    ids=["value", "nested", "absent", "gone", "object to null", "null to object", "whole array", "nothing"],
)
def test_only_what_changed_is_said(
    before: dict[str, Any], after: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert previous_attributes(before, after) == expected


@given(OBJECTS, OBJECTS)
def test_previous_attributes_lead_back_to_the_object_before(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert said(merged(after, previous_attributes(before, after))) == said(before)


def said(value: Any) -> Any:  # noqa: ANN401 -- a part of an object is anything
    """Return *value* without members that are null: Stripe's events do not tell those from absent ones."""
    if not isinstance(value, dict):
        return value
    return {name: said(each) for name, each in value.items() if each is not None}
