"""Orders of jobs that ask Stripe. Those of one tenant are worked on one at a time: they share its pace."""

from typing import Final

from sinks.jobs.defer import Order

WALKS: Final = "stripe.walks"
WALK: Final = "stripe.walk"
BACKFILL: Final = "stripe.backfill"


def walk_order(tenant: str) -> Order:
    """Return the order to walk Stripe's list for *tenant* (id): no two wait, and it goes before others."""
    return Order(WALK, {"tenant": tenant}, _lock(tenant), f"stripe.walk/{tenant}", 1)


def backfill_order(tenant: str, backfill_id: str) -> Order:
    """Return the order to go on with the backfill *backfill_id* of *tenant* (id)."""
    return Order(BACKFILL, {"backfill_id": backfill_id}, _lock(tenant), f"stripe.backfill/{backfill_id}")


def _lock(tenant: str) -> str:
    return f"stripe/{tenant}"
