"""Charges."""

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Charge


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a charge. Raises Reject."""
    outcome = found.inner("outcome")
    row = Charge(
        **standing(found, account),
        customer=found.reference("customer"),
        invoice=found.reference("invoice"),
        payment_intent=found.reference("payment_intent"),
        payment_method=found.reference("payment_method"),
        status=found.text("status"),
        currency=found.text("currency"),
        amount=found.needed_whole("amount"),
        amount_captured=found.whole("amount_captured"),
        amount_refunded=found.whole("amount_refunded") or 0,
        paid=found.flag("paid"),
        captured=found.flag("captured"),
        refunded=found.flag("refunded"),
        # Before 2019 the dispute itself stood there.
        disputed=found.flag("disputed") if "disputed" in found else "dispute" in found,
        failure_code=found.text("failure_code"),
        decline_code=outcome.text("network_decline_code") or outcome.text("reason"),
        metadata=found.texts("metadata"),
    )
    # What is refunded says nothing: it grows, but a refund that fails takes its part back.
    return Reduced(row, int(row.status != "pending"), row.status, row.amount_refunded, row.failure_code)
