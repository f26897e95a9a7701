"""When somebody should hear that webhooks have stopped."""

import pytest

from sinks.stripe.core.silent import DAY_MS, SILENT_MS, Heard, is_silent, watched

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("heard", "silent"),
    [
        (Heard(NOW - SILENT_MS, 0, 1), True),
        (Heard(NOW - SILENT_MS + 1, 0, 1), False),
        (Heard(NOW - SILENT_MS, 0, 0), False),  # nothing happened that could have come
        (Heard(None, NOW - SILENT_MS, 1), True),
        (Heard(None, NOW - DAY_MS, 1), False),  # whoever has just begun may not have an endpoint yet
        (Heard(NOW - DAY_MS, NOW - 9 * SILENT_MS, 500), False),  # some are lost, but not all
    ],
)
def test_three_days_without_a_webhook_though_there_were_events(heard: Heard, *, silent: bool) -> None:
    assert is_silent(heard, NOW) is silent


def test_events_count_from_three_days_back_to_an_hour_ago() -> None:
    assert watched(NOW) == ((NOW - SILENT_MS) // 1_000, NOW // 1_000 - 3_600)
