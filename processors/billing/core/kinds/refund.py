"""Refunds."""

from typing import Final

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Refund

_RANKS: Final = {"succeeded": 1, "failed": 2, "canceled": 2}


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a refund. Raises Reject."""
    row = Refund(
        **standing(found, account),
        charge=found.reference("charge"),
        payment_intent=found.reference("payment_intent"),
        status=found.text("status"),
        currency=found.text("currency"),
        amount=found.needed_whole("amount"),
        reason=found.text("reason"),
        failure_reason=found.text("failure_reason"),
        metadata=found.texts("metadata"),
    )
    return Reduced(
        row, _RANKS.get(row.status or "", 0), row.status, row.amount, row.failure_reason or row.reason
    )
