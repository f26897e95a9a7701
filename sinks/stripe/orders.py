"""Orders of jobs that ask Stripe. Those of one tenant are worked on one at a time: they share its pace."""

from collections.abc import Sequence
from typing import Final

from sinks.jobs.defer import Order

WALKS: Final = "stripe.walks"
WALK: Final = "stripe.walk"
BACKFILL: Final = "stripe.backfill"
SNAPSHOT: Final = "stripe.snapshot"
DUE: Final = "stripe.due"
AGAIN: Final = "stripe.again"
DUNNING: Final = "stripe.dunning"
TELL: Final = "alerts.tell"


def walk_order(tenant: str) -> Order:
    """Return the order to walk Stripe's list for *tenant* (id): no two wait, and it goes before others."""
    return Order(WALK, {"tenant": tenant}, _lock(tenant), f"stripe.walk/{tenant}", 1)


def backfill_order(tenant: str, backfill_id: str) -> Order:
    """Return the order to go on with the backfill *backfill_id* of *tenant* (id)."""
    return Order(BACKFILL, {"backfill_id": backfill_id}, _lock(tenant), f"stripe.backfill/{backfill_id}")


def snapshot_order(tenant: str, kind: str, object_id: str) -> Order:
    """Return the order to fetch the object of *kind* ("invoice") as it is now; no two for one wait.

    One request is no scan: it waits for nobody.
    """
    arguments = {"tenant": tenant, "kind": kind, "object_id": object_id}
    return Order(SNAPSHOT, arguments, None, f"stripe.snapshot/{tenant}/{kind}/{object_id}")


def again_order(tenant: str, event_ids: Sequence[str]) -> Order:
    """Return the order to publish events of *tenant* (id) once more."""
    return Order(AGAIN, {"tenant": tenant, "event_ids": list(event_ids)})


def _lock(tenant: str) -> str:
    return f"stripe/{tenant}"
