"""Disputes."""

from typing import Final

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Dispute

#: An inquiry may become a dispute; what is not named here is an end.
_RANKS: Final = {
    "warning_needs_response": 0,
    "warning_under_review": 1,
    "needs_response": 2,
    "under_review": 3,
}
_ENDED: Final = 4


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a dispute. Raises Reject."""
    row = Dispute(
        **standing(found, account),
        charge=found.reference("charge"),
        payment_intent=found.reference("payment_intent"),
        status=found.needed_text("status"),
        currency=found.text("currency"),
        amount=found.needed_whole("amount"),
        reason=found.text("reason"),
        evidence_due_at_ms=found.inner("evidence_details").moment_ms("due_by"),
        is_charge_refundable=found.flag("is_charge_refundable"),
    )
    return Reduced(row, _RANKS.get(row.status, _ENDED), row.status, row.amount, row.reason)
