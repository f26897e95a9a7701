"""A verified event of Stripe's, as far as the mirror reads it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.instant import SECOND_MS
from schemas.stripe_types import KIND_OF_TYPE, SNAPSHOT, Kind
from schemas.webhook import EventHead, read_leniently

#: A snapshot is the word at the end of its second: behind all events of that second.
_END_OF_SECOND_MS: Final = SECOND_MS - 1

_KINDS: Final = {kind.value: kind for kind in Kind}

_decode: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


class ObjectEvent(NamedTuple):
    """One event about one object."""

    event_id: str
    type: str
    kind: Kind
    #: Up to when it tells of the object: the second in which Stripe made the event; of a snapshot, its end.
    as_of_ms: int
    account: str | None
    object: Mapping[str, Any]
    #: What was changed, as it had been before; None where the event does not say.
    previous: Mapping[str, Any] | None


def read_event(payload: bytes, head: EventHead) -> ObjectEvent:
    """Return the event in *payload*, of a type that is handled. Raises Reject."""
    if head.created_at_ms is None:
        raise Reject("the event has no moment of its creation")
    data = _read(payload).get("data")
    about = data if isinstance(data, dict) else {}
    found, previous = about.get("object"), about.get("previous_attributes")
    if not isinstance(found, dict):
        raise Reject("the event is about no object")
    kind = _kind(head.type, found)
    is_snapshot = head.type == SNAPSHOT
    return ObjectEvent(
        head.event_id,
        head.type,
        kind,
        head.created_at_ms + (_END_OF_SECOND_MS if is_snapshot else 0),
        head.account,
        found,
        previous if isinstance(previous, dict) and previous else None,
    )


def _kind(event_type: str, found: Mapping[str, Any]) -> Kind:
    name = found.get("object")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None or KIND_OF_TYPE.get(event_type, kind) is not kind:
        raise Reject(f"{event_type} is not about an object of the kind {name!r}")
    return kind


def _read(payload: bytes) -> Mapping[str, Any]:
    try:
        return _decode(payload)
    except MALFORMED:
        # What Stripe has signed may still be odd.
        found = read_leniently(payload)
    if found is None:
        raise Reject("not a JSON object")
    return found
