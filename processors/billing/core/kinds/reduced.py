"""What is made of an object of Stripe's, of whatever kind."""

from typing import NamedTuple, TypedDict

from processors.billing.core.members import Members
from schemas.mirror import Row


class Reduced(NamedTuple):
    """The row of an object, and what its history keeps."""

    row: Row
    #: How far the object is in its life, as far as that goes one way: 0 from the start.
    rank: int = 0
    #: None: of such objects no history is kept.
    status: str | None = None
    #: Paid, received or refunded until then, in the smallest unit of the currency.
    amount: int | None = None
    reason: str | None = None
    note: str | None = None


class Standing(TypedDict):
    """The members of `schemas.mirror.Row`."""

    id: str
    livemode: bool | None
    account: str | None
    created_at_ms: int | None


def standing(found: Members, account: str | None, created: str = "created") -> Standing:
    """Return what *found*, an object of the connected *account*, has like all others. Raises Reject."""
    return Standing(
        id=found.needed_text("id"),
        livemode=found.flag("livemode"),
        account=account,
        created_at_ms=found.moment_ms(created),
    )
