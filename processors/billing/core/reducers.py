"""Which file reads which kind of object."""

from collections.abc import Callable, Mapping
from typing import Final

from processors.billing.core.kinds import (
    charge,
    credit_note,
    customer,
    discount,
    dispute,
    early_fraud_warning,
    invoice,
    payment_intent,
    payment_method,
    refund,
    subscription,
    tax_id,
)
from processors.billing.core.kinds.reduced import Reduced
from processors.billing.core.members import Members
from schemas.stripe_types import Kind

#: Takes an object and the connected account that it belongs to; raises Reject.
Reduce = Callable[[Members, str | None], Reduced]

REDUCERS: Final[Mapping[Kind, Reduce]] = {
    Kind.CUSTOMER: customer.reduce,
    Kind.TAX_ID: tax_id.reduce,
    Kind.DISCOUNT: discount.reduce,
    Kind.SUBSCRIPTION: subscription.reduce,
    Kind.INVOICE: invoice.reduce,
    Kind.PAYMENT_INTENT: payment_intent.reduce,
    Kind.CHARGE: charge.reduce,
    Kind.REFUND: refund.reduce,
    Kind.DISPUTE: dispute.reduce,
    Kind.EARLY_FRAUD_WARNING: early_fraud_warning.reduce,
    Kind.CREDIT_NOTE: credit_note.reduce,
    Kind.PAYMENT_METHOD: payment_method.reduce,
}
