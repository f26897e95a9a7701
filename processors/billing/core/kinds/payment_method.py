"""Payment methods: of a card its brand, its last four digits and its expiry, and nothing else."""

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import PaymentMethod


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a payment method. Raises Reject."""
    card = found.inner("card")
    row = PaymentMethod(
        **standing(found, account),
        customer=found.reference("customer"),
        type=found.text("type"),
        brand=card.text("brand"),
        last4=card.text("last4"),
        exp_month=card.whole("exp_month"),
        exp_year=card.whole("exp_year"),
    )
    # What is detached cannot be attached again.
    return Reduced(row, rank=int(row.customer is None))
