"""What followed a payment that failed: a dunning step, or nothing, which is a dunning gap."""

from enum import StrEnum
from typing import Final, NamedTuple

from schemas.instant import DAY_MS

#: Stripe repeats a webhook for three days: a failure that is older is the past of an account, fetched later.
PAST_MS: Final = 3 * DAY_MS
_LATEST_S: Final = 60
_LOOKS_A_GAP: Final = 15

#: Stripe takes no payment for it any more, or has it wait.
_ENDED: Final = frozenset(("canceled", "unpaid", "incomplete_expired", "paused"))
_CLOSED: Final = frozenset(("void", "uncollectible"))


class Step(StrEnum):
    """Why nobody has to act."""

    #: The invoice is paid.
    PAID = "paid"
    #: It is void, uncollectible or deleted.
    CLOSED = "closed"
    #: Its subscription was canceled, is unpaid, expired or paused, or its collection is paused.
    ENDED = "ended"
    #: The first payment of a subscription, which is incomplete: Stripe ends it within 23 hours.
    INCOMPLETE = "incomplete"
    #: The invoice was sent, and the customer pays by itself: there is no charge that Stripe could repeat.
    SENT = "sent"
    #: Another attempt was made.
    ATTEMPTED = "attempted"
    #: Another attempt is scheduled.
    SCHEDULED = "scheduled"


class Standing(NamedTuple):
    """How it stands with an invoice of which a payment failed; None: Stripe does not say."""

    status: str | None
    is_deleted: bool
    collection_method: str | None
    next_attempt_ms: int | None
    #: Of all attempts that are known.
    newest_attempt_ms: int | None
    subscription_status: str | None
    is_paused: bool


def step_after(failed_at_ms: int, standing: Standing) -> Step | None:
    """Return what answers the payment that failed at *failed_at_ms*; None: nothing does.

    Stripe leaves `next_payment_attempt` null in the event of a failure that its automations are to repeat,
    and says it in an update that follows: so null tells nothing by itself, but only when it stays.
    """
    answers = (
        (Step.PAID, standing.status == "paid"),
        (Step.CLOSED, standing.status in _CLOSED or standing.is_deleted),
        (Step.ENDED, standing.subscription_status in _ENDED or standing.is_paused),
        (Step.INCOMPLETE, standing.subscription_status == "incomplete"),
        (Step.SENT, standing.collection_method == "send_invoice"),
        (Step.ATTEMPTED, _is_after(standing.newest_attempt_ms, failed_at_ms)),
        (Step.SCHEDULED, _is_after(standing.next_attempt_ms, failed_at_ms)),
    )
    return next((step for step, holds in answers if holds), None)


def look_every_s(gap_s: int) -> int:
    """Return how often somebody looks where *gap_s* may pass without a step: no more than 60 s late."""
    return max(1, min(_LATEST_S, gap_s // _LOOKS_A_GAP))


def _is_after(at_ms: int | None, failed_at_ms: int) -> bool:
    return at_ms is not None and at_ms > failed_at_ms
