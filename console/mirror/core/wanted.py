"""Which of Stripe's objects a list is of, and where it goes on."""

from typing import Final, NamedTuple

import msgspec


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where an object stands in a list, which is read from the newest one down."""

    #: By Stripe's clock; -1: nobody knows, and it stands below all others.
    created_at_ms: int
    id: str


#: Above every object.
TOP: Final = Place(2**62, "")


class Wanted(NamedTuple):
    """Which objects; None: any. Customer and subscription are Stripe's ids."""

    #: Id.
    tenant: str
    customer: str | None = None
    subscription: str | None = None
    status: str | None = None
    below: Place = TOP
