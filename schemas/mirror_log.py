"""`weir.mirror`: the newest state of each of Stripe's objects, by key, with its stamp; progress.

What is newest is a matter of Stripe's clock, never of the order of arrival: a state says up to when it
speaks, and holds every version of its last second, since that is as fine as Stripe's clock is.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.rollup import Progress, ProgressKey
from schemas.stripe_types import Kind


class ObjectKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="object"):
    """One object of one tenant."""

    tenant: str
    object_kind: Kind
    object_id: str


class Version(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What one event said of an object."""

    event_id: str
    type: str
    #: A row of `schemas.mirror`, as JSON with sorted names.
    row: msgspec.Raw
    #: How far the object is in its life, as far as that goes one way.
    rank: int
    #: Hashes of the object's members, four bytes each.
    after: bytes
    #: Of those that the event changed, as they had been before; empty where it does not say.
    before: bytes


class MirrorState(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of an ObjectKey. The stamp goes first, so that readers need not decode the rest to compare it."""

    stamp: int
    #: Up to when it speaks, by Stripe's clock.
    as_of_ms: int
    #: Whether its versions tell which of them is the last.
    settled: bool
    #: Since when the object is no more; null: it is.
    deleted_at_ms: int | None
    #: All of the last second; the first one holds.
    versions: tuple[Version, ...]


Key = ObjectKey | ProgressKey

encode: Final = msgspec.json.Encoder().encode
_decode_key: Final[Callable[[bytes], Key]] = msgspec.json.Decoder(Key).decode
_decode_state: Final = msgspec.json.Decoder(MirrorState).decode
_decode_progress: Final = msgspec.json.Decoder(Progress).decode


def decode_key(key: bytes) -> Key:
    """Return what a record is about. Raises Reject."""
    try:
        return _decode_key(key)
    except MALFORMED as error:
        raise Reject(f"not a key of weir.mirror: {error}") from None


def decode_state(value: bytes) -> MirrorState:
    """Return the state of an object. Raises Reject."""
    try:
        return _decode_state(value)
    except MALFORMED as error:
        raise Reject(f"not a value of weir.mirror: {error}") from None


def decode_progress(value: bytes) -> Progress:
    """Return how far the source was read. Raises Reject."""
    try:
        return _decode_progress(value)
    except MALFORMED as error:
        raise Reject(f"not a value of weir.mirror: {error}") from None
