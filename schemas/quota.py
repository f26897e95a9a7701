"""`weir.quotas`: what was used of each meter in the periods that plans speak of, by key, with its stamp.

Usage alone stands here. The limit is what people decided, on `weir.catalog`: so a change of plan holds at
once. A partition's records with stamp <= N all stand before its progress record N. A key whose period
is over is deleted.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.partial import Partial
from schemas.plan import Mode
from schemas.rollup import Progress, ProgressKey


class UsedKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="used"):
    """What one customer used of one meter in one period."""

    tenant: str
    customer: str
    meter: str
    start_ms: int
    end_ms: int


class EventsKey(msgspec.Struct, array_like=True, frozen=True, tag_field="kind", tag="events"):
    """Events of one tenant that counted, or were late, in one calendar month; one key a partition."""

    tenant: str
    start_ms: int
    end_ms: int
    partition: int


class Crossing(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A threshold that was reached. Under another limit the same percentage is another threshold."""

    percent: int
    limit_micro: int
    #: What was used by then, as decimal text in the meter's unit.
    used: str
    plan: str
    mode: Mode
    #: Append time of the record by which it was.
    at_ms: int
    #: Of that record.
    stamp: int
    #: Whether it is one of those that the plan wants told.
    told: bool


class UsedRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of a UsedKey. The stamp goes first, so that readers need not decode the rest to compare it."""

    stamp: int
    partial: Partial
    crossings: tuple[Crossing, ...] = ()


class EventsRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Value of an EventsKey."""

    stamp: int
    events: int


Key = UsedKey | EventsKey | ProgressKey
Row = UsedRow | EventsRow | Progress
R = TypeVar("R", bound=Row)

encode: Final = msgspec.json.Encoder().encode
_decode_key: Final[Callable[[bytes], Key]] = msgspec.json.Decoder(Key).decode
_decode_used: Final = msgspec.json.Decoder(UsedRow).decode
_decode_events: Final = msgspec.json.Decoder(EventsRow).decode
_decode_progress: Final = msgspec.json.Decoder(Progress).decode


def decode_key(key: bytes) -> Key:
    """Return what a record is about. Raises Reject."""
    try:
        return _decode_key(key)
    except MALFORMED as error:
        raise Reject(f"not a key of weir.quotas: {error}") from None


def decode_used(value: bytes) -> UsedRow:
    """Return what was used. Raises Reject."""
    return _decoded(_decode_used, value)


def decode_events(value: bytes) -> EventsRow:
    """Return how many events there were. Raises Reject."""
    return _decoded(_decode_events, value)


def decode_progress(value: bytes) -> Progress:
    """Return how far the source was read. Raises Reject."""
    return _decoded(_decode_progress, value)


def decode(key: bytes, value: bytes) -> tuple[Key, Row]:
    """Return what a record says. Raises Reject."""
    parsed = decode_key(key)
    if isinstance(parsed, UsedKey):
        return parsed, decode_used(value)
    if isinstance(parsed, EventsKey):
        return parsed, decode_events(value)
    return parsed, decode_progress(value)


def _decoded(decode_row: Callable[[bytes], R], value: bytes) -> R:
    try:
        return decode_row(value)
    except MALFORMED as error:
        raise Reject(f"not a value of weir.quotas: {error}") from None
