"""Tax numbers of customers."""

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import TaxId


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a tax number. Raises Reject."""
    row = TaxId(
        **standing(found, account),
        customer=found.reference("customer"),
        type=found.text("type"),
        value=found.text("value"),
        country=found.text("country"),
        verification=found.inner("verification").text("status"),
    )
    return Reduced(row)
