"""Customers."""

from typing import Final

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Customer

_ADDRESS: Final = ("line1", "line2", "city", "state", "postal_code", "country")


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a customer. Raises Reject."""
    method = found.inner("invoice_settings").reference("default_payment_method")
    row = Customer(
        **standing(found, account),
        name=found.text("name"),
        email=found.text("email"),
        currency=found.text("currency"),
        address=found.inner("address").some(*_ADDRESS),
        # Before 2019-10 it was called account_balance.
        balance=found.whole("balance") if "balance" in found else found.whole("account_balance"),
        delinquent=found.flag("delinquent"),
        tax_exempt=found.text("tax_exempt"),
        default_payment_method=method or found.reference("default_source"),
        metadata=found.texts("metadata"),
    )
    return Reduced(row)
