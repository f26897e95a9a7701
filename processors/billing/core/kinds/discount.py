"""Discounts: coupons at work."""

from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Discount


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a discount. Raises Reject."""
    # Since 2025-09 the coupon stands below `source`.
    holder = found.inner("source") if "source" in found else found
    is_whole = isinstance(holder.raw("coupon"), dict)
    coupon = holder.inner("coupon") if is_whole else Members({}, "coupon")
    row = Discount(
        **standing(found, account, created="start"),
        customer=found.reference("customer"),
        subscription=found.reference("subscription"),
        coupon=holder.reference("coupon"),
        promotion_code=found.reference("promotion_code"),
        percent_off=coupon.decimal("percent_off"),
        amount_off=coupon.whole("amount_off"),
        currency=coupon.text("currency"),
        starts_at_ms=found.moment_ms("start"),
        ends_at_ms=found.moment_ms("end"),
    )
    return Reduced(row)
