"""Subscriptions and their items."""

from collections.abc import Iterable
from typing import Final

from processors.billing.core.kinds.price import price_of, unit_amount
from processors.billing.core.kinds.reduced import Reduced, standing
from processors.billing.core.members import Members
from schemas.mirror import Subscription, SubscriptionItem, bought

#: All others follow each other in any order.
_RANKS: Final = {"incomplete": 0, "incomplete_expired": 2, "canceled": 2}


def reduce(found: Members, account: str | None) -> Reduced:
    """Return what is kept of a subscription. Raises Reject."""
    items = tuple(_item(each, found) for each in found.each("items"))
    row = Subscription(
        **standing(found, account),
        customer=found.reference("customer"),
        status=found.needed_text("status"),
        currency=found.text("currency") or next((item.currency for item in items if item.currency), None),
        items=items,
        period_start_ms=min(_known(item.period_start_ms for item in items), default=None),
        period_end_ms=max(_known(item.period_end_ms for item in items), default=None),
        trial_start_ms=found.moment_ms("trial_start"),
        trial_end_ms=found.moment_ms("trial_end"),
        started_at_ms=found.moment_ms("start_date"),
        cancel_at_period_end=found.flag("cancel_at_period_end"),
        cancel_at_ms=found.moment_ms("cancel_at"),
        canceled_at_ms=found.moment_ms("canceled_at"),
        ended_at_ms=found.moment_ms("ended_at"),
        cancellation_reason=found.inner("cancellation_details").text("reason"),
        collection_method=found.text("collection_method"),
        pause_collection=found.inner("pause_collection").text("behavior"),
        latest_invoice=found.reference("latest_invoice"),
        default_payment_method=found.reference("default_payment_method"),
        discounts=_discounts(found),
        metadata=found.texts("metadata"),
    )
    return Reduced(
        row, _RANKS.get(row.status, 1), row.status, reason=row.cancellation_reason, note=_note(row)
    )


def _note(row: Subscription) -> str:
    """Say what is paid for, and whether it will end."""
    said = [bought(item.quantity, item.price, item.id) for item in row.items]
    if row.cancel_at_period_end:
        said.append("ends with its period")
    if row.pause_collection:
        said.append(f"collection paused ({row.pause_collection})")
    return ", ".join(said)


def _item(found: Members, subscription: Members) -> SubscriptionItem:
    price = price_of(found)
    # Since 2025-03 each item has a period of its own.
    holder = found if "current_period_end" in found else subscription
    return SubscriptionItem(
        id=found.needed_text("id"),
        price=price.text("id"),
        product=price.reference("product"),
        quantity=found.whole("quantity"),
        unit_amount=unit_amount(price),
        currency=price.text("currency"),
        interval=price.inner("recurring").text("interval") or price.text("interval"),
        interval_count=_first(
            price.inner("recurring").whole("interval_count"), price.whole("interval_count")
        ),
        period_start_ms=holder.moment_ms("current_period_start"),
        period_end_ms=holder.moment_ms("current_period_end"),
    )


def _discounts(found: Members) -> tuple[str, ...]:
    if "discounts" in found:
        return found.references("discounts")
    discount = found.inner("discount")
    known = discount.text("id") or discount.reference("coupon")
    return (known,) if known else ()


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _known(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None]
