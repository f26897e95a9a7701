"""Credit notes."""

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import CreditNote


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a credit note. Raises Reject."""
    # Since 2025-03 a list.
    refunds = (each.reference("refund") for each in found.each("refunds"))
    row = CreditNote(
        **standing(found, account),
        number=found.text("number"),
        invoice=found.reference("invoice"),
        customer=found.reference("customer"),
        refund=found.reference("refund") or next(refunds, None),
        status=found.text("status"),
        type=found.text("type"),
        reason=found.text("reason"),
        currency=found.text("currency"),
        amount=found.needed_whole("amount"),
        subtotal=found.whole("subtotal"),
        total=found.whole("total"),
        voided_at_ms=found.moment_ms("voided_at"),
    )
    return Reduced(row, int(row.status == "void"), row.status, row.amount, row.reason)
