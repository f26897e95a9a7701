"""Early fraud warnings."""

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import EarlyFraudWarning


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of an early fraud warning. Raises Reject."""
    row = EarlyFraudWarning(
        **standing(found, account),
        charge=found.reference("charge"),
        payment_intent=found.reference("payment_intent"),
        actionable=found.flag("actionable"),
        fraud_type=found.text("fraud_type"),
    )
    return Reduced(row)
