"""When a tenant's webhooks have stopped coming, though Stripe has events for it."""

from typing import Final, NamedTuple

DAY_MS: Final = 86_400_000
#: Stripe tries a webhook for three days, and disables an endpoint that took none for days.
SILENT_MS: Final = 3 * DAY_MS
#: Younger events may still come: the first repetitions of a webhook are within the hour.
_STILL_COMING_MS: Final = 3_600_000


class Heard(NamedTuple):
    """What is known of a tenant's webhooks."""

    #: None: none has come.
    last_webhook_at_ms: int | None
    #: Since when the list is walked.
    key_since_ms: int
    #: Events of the last days, but the youngest, that no webhook brought.
    missing: int


class Watched(NamedTuple):
    """Creation of the events that count, in seconds."""

    from_s: int
    to_s: int


def watched(now_ms: int) -> Watched:
    """Return of which events it counts that no webhook brought them."""
    return Watched((now_ms - SILENT_MS) // 1_000, (now_ms - _STILL_COMING_MS) // 1_000)


def is_silent(heard: Heard, now_ms: int) -> bool:
    """Say whether webhooks have stopped: none for three days, in which there was something to bring."""
    since_ms = heard.key_since_ms if heard.last_webhook_at_ms is None else heard.last_webhook_at_ms
    return heard.missing > 0 and now_ms - since_ms >= SILENT_MS
