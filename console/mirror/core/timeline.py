"""The history of an object as steps: from which status to which, why, and whether Stripe allows that.

What was seen of an object is a set, and comes in any order. Put in order it is a history; a step that is
not allowed is shown as one, since it tells that an event is missing, or that something is wrong.
"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final, NamedTuple

import msgspec

from schemas.instant import format_instant
from schemas.stripe_types import Kind


class Seen(NamedTuple):
    """What one event says."""

    event_id: str
    type: str
    at_ms: int
    status: str
    #: The status before it, where the event says.
    was: str | None
    #: Paid, received or refunded until then, in the smallest unit of the currency.
    amount: int | None
    reason: str | None
    note: str | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline."""

    at: str
    type: str
    event_id: str
    #: None: nothing is known before it.
    status_before: str | None
    status: str
    #: False: Stripe does not go this way.
    is_allowed: bool
    #: What was paid, received or refunded by it, in the smallest unit of the currency.
    amount: int
    reason: str | None
    note: str | None


_ANY_RUNNING: Final = frozenset(("trialing", "active", "past_due", "unpaid", "paused"))
_RUNNING: Final = _ANY_RUNNING | {"canceled"}
#: Where each status may lead to. Kinds that are not here may go any way.
_ALLOWED: Final[Mapping[Kind, Mapping[str, frozenset[str]]]] = {
    Kind.SUBSCRIPTION: {
        "incomplete": frozenset(("active", "trialing", "incomplete_expired", "canceled")),
        **dict.fromkeys(_ANY_RUNNING, _RUNNING),
        "incomplete_expired": frozenset(),
        "canceled": frozenset(),
    },
    Kind.INVOICE: {
        "draft": frozenset(("open", "paid", "uncollectible", "void")),
        "open": frozenset(("paid", "uncollectible", "void")),
        "uncollectible": frozenset(("paid", "void")),
        "paid": frozenset(),
        "void": frozenset(),
    },
}


def is_allowed(kind: Kind, before: str | None, status: str) -> bool:
    """Say whether an object of *kind* may go from one status, None if nothing is known, to another."""
    ways = _ALLOWED.get(kind)
    if ways is None or before is None or before == status:
        return True
    return status in ways.get(before, frozenset((status,)))


def timeline(kind: Kind, seen: Iterable[Seen]) -> list[Step]:
    """Return what was *seen* as steps, the oldest first."""
    steps: list[Step] = []
    before: str | None = None
    amount = 0
    for one in _in_order(seen):
        now = amount if one.amount is None else one.amount
        steps.append(
            Step(
                at=format_instant(one.at_ms),
                type=one.type,
                event_id=one.event_id,
                status_before=before,
                status=one.status,
                is_allowed=is_allowed(kind, before, one.status),
                amount=now - amount,
                reason=one.reason,
                note=one.note,
            )
        )
        before, amount = one.status, now
    return steps


def _in_order(seen: Iterable[Seen]) -> Iterable[Seen]:
    """Yield by time; within a second, each behind the one that leads to it."""
    status: str | None = None
    for _, group in groupby(sorted(seen, key=lambda one: (one.at_ms, one.event_id)), lambda one: one.at_ms):
        left = list(group)
        while left:
            following = min(left, key=lambda one: _distance(status, one))
            left.remove(following)
            yield following
            status = following.status


def _distance(status: str | None, one: Seen) -> int:
    """Return how ill *one* fits behind *status*."""
    if one.type.endswith(".created"):
        return 0
    if one.was is not None:
        return 2 if one.was == status else 4
    # What changes no status, before that leads to another one.
    return 1 if one.status == status else 3
