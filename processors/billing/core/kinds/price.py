"""Prices inside of other objects: under several names, as the API versions have it."""

from processors.billing.core.members import Members


def price_of(found: Members) -> Members:
    """Return the price, or the plan, of a line or an item; an empty object where there is none."""
    return found.inner("price") if "price" in found else found.inner("plan")


def unit_amount(price: Members) -> str | None:
    """Return what one unit costs, as decimal text in the smallest unit of the currency. Raises Reject."""
    # Plans call it `amount`.
    for name in ("unit_amount_decimal", "unit_amount", "amount_decimal", "amount"):
        if name in price:
            return price.decimal(name)
    return None
