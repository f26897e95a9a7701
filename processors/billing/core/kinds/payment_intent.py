"""Payment intents."""

from typing import Final

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import PaymentIntent

_ENDS: Final = ("succeeded", "canceled")


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a payment intent. Raises Reject."""
    error = found.inner("last_payment_error")
    # Before 2022-11 all charges, the newest first.
    charges = (charge.text("id") for charge in found.each("charges"))
    row = PaymentIntent(
        **standing(found, account),
        customer=found.reference("customer"),
        invoice=found.reference("invoice"),
        status=found.needed_text("status"),
        currency=found.text("currency"),
        amount=found.needed_whole("amount"),
        amount_received=found.whole("amount_received"),
        amount_capturable=found.whole("amount_capturable"),
        latest_charge=found.reference("latest_charge") or next(charges, None),
        payment_method=found.reference("payment_method"),
        canceled_at_ms=found.moment_ms("canceled_at"),
        cancellation_reason=found.text("cancellation_reason"),
        error_code=error.text("code"),
        decline_code=error.text("decline_code"),
        metadata=found.texts("metadata"),
    )
    return Reduced(
        row,
        int(row.status in _ENDS),
        row.status,
        row.amount_received,
        row.cancellation_reason or row.decline_code or row.error_code,
    )
