"""What is known of a key: its mode by its own prefix, its account by what webhooks brought."""

import pytest

from schemas.instant import DAY_MS
from sinks.stripe.core.belonging import Heard, Witness, account_fault, is_live, mode_fault, witnesses

NOW_MS = 100 * DAY_MS
LIVE, TEST = "rk_live_0123456789", "rk_test_0123456789"


def heard(number: int, *, live: bool | None = False, days: int = 1, kind: str = "invoice") -> Heard:
    """Return a webhook of an event that is *days* old."""
    return Heard(f"evt_{number}", live, NOW_MS - days * DAY_MS, kind, f"{kind}_{number}")


@pytest.mark.parametrize(
    ("key", "live"), [(LIVE, True), (TEST, False), ("sk_live_x", True), ("sk_test_live_x", False)]
)
def test_a_key_says_of_which_mode_it_is(key: str, live: bool) -> None:  # noqa: FBT001
    assert is_live(key) is live


@pytest.mark.parametrize(
    ("key", "modes", "is_wrong"),
    [
        (LIVE, [], False),
        (LIVE, [None], False),
        (LIVE, [False], True),
        (LIVE, [False, None, False], True),
        (LIVE, [False, True], False),
        (TEST, [True, True], True),
        (TEST, [False], False),
    ],
)
def test_only_where_all_webhooks_are_of_the_other_mode_the_key_is_wrong(
    key: str, modes: list[bool | None], *, is_wrong: bool
) -> None:
    fault = mode_fault("acme", key, [heard(number, live=live) for number, live in enumerate(modes)])
    assert (fault is not None) is is_wrong


def test_what_is_wrong_with_the_mode_names_both() -> None:
    assert mode_fault("acme", TEST, [heard(1, live=True)]) == (
        "the key is of the test mode, and the webhooks of tenant acme are of the live mode "
        "(all of the newest 1): take a key of the live mode, or have the first webhook of the test mode come "
        "before the key"
    )


def test_the_newest_events_of_the_keys_mode_are_asked_for_each_once() -> None:
    events = [heard(0, live=True), heard(1), *map(heard, range(1, 25)), heard(25, days=29)]
    expected = tuple(Witness("event", f"evt_{number}") for number in range(1, 21))
    assert witnesses(TEST, events, NOW_MS) == expected


def test_where_no_event_is_young_enough_customers_are_asked_for() -> None:
    old = [heard(1, days=29, kind="customer"), heard(2, days=90), heard(3, days=90, kind="customer")]
    assert witnesses(TEST, old, NOW_MS) == (
        Witness("customer", "customer_1"),
        Witness("customer", "customer_3"),
    )
    assert witnesses(TEST, old[1:2], NOW_MS) == ()
    assert witnesses(LIVE, old, NOW_MS) == ()


def test_what_is_wrong_with_the_account_says_what_to_do() -> None:
    fault = account_fault("acme", [Witness("event", "evt_1"), Witness("event", "evt_2")])
    assert "the newest events" in fault
    assert "2 were asked for" in fault
    assert "`weir stripe-key add`" in fault
