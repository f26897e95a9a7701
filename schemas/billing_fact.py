"""`weir.billing`: what happened, one fact a record. A fact may come more than once, always the same.

What an object *is* stands on `weir.mirror`; here stands what was seen of it on the way, and of which event
nothing could be made.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.stripe_types import Kind


class ObjectSeen(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="seen"):
    """How an object with a status was when an event was made: a line of its history."""

    tenant: str
    object_kind: Kind
    object_id: str
    event_id: str
    type: str
    #: In whole seconds, by Stripe's clock.
    at_ms: int
    status: str
    #: The status before it, where the event says.
    was: str | None
    #: Paid, received or refunded until then, in the smallest unit of its currency.
    amount: int | None
    reason: str | None
    note: str | None
    #: Of the event's record on `weir.stripe`.
    stamp: int


class HandlingFailed(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="failed"):
    """Nothing could be made of an event; it is on `weir.stripe` and will be tried again."""

    tenant: str
    event_id: str
    type: str
    error: str
    #: Append time of its record.
    recorded_at_ms: int
    stamp: int


class HandlingRetried(msgspec.Struct, frozen=True, kw_only=True, tag_field="fact", tag="retried"):
    """An event that was tried again is in the mirror now."""

    tenant: str
    event_id: str
    recorded_at_ms: int
    stamp: int


Fact = ObjectSeen | HandlingFailed | HandlingRetried

_encode: Final = msgspec.json.Encoder().encode
_decode: Final[Callable[[bytes], Fact]] = msgspec.json.Decoder(Fact).decode


def encode_fact(fact: Fact) -> tuple[bytes, bytes]:
    """Return (key, value) of the record for *fact*; facts of one event about one thing have one key."""
    about = (fact.object_kind, fact.object_id) if isinstance(fact, ObjectSeen) else ()
    return _encode((fact.tenant, fact.event_id, *about)), _encode(fact)


def decode_fact(value: bytes) -> Fact:
    """Return the fact in *value*. Raises Reject."""
    try:
        return _decode(value)
    except MALFORMED as error:
        raise Reject(f"not a fact of weir.billing: {error}") from None
