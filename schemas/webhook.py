"""`weir.stripe`: a webhook byte for byte as it was sent, and in headers whose it is.

What its text says of itself is read leniently: a verified event is Stripe's word, and what is odd about
it is for the record to say, not for a door to refuse. Only what has neither id nor type is no event.
"""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec

from schemas.errors import MALFORMED, Reject
from schemas.strict_json import UnfitJson, read_object

#: A longer id or type is none of Stripe's.
LONGEST_NAME: Final = 255
#: The seconds that fit into a moment in milliseconds.
_LAST_SECOND: Final = 2**53 // 1_000

#: The member that each delivery says anew: how many are still to come.
_DELIVERY: Final = "pending_webhooks"

#: The `object` of an event that says only what it is about.
_THIN: Final = "v2.core.event"

#: Begins the ids of events that nobody but us has sent.
TRIAL: Final = "evt_weirtest_"

_TENANT: Final = "tenant"
_RECEIVED: Final = "received-at-ms"
_ORIGIN: Final = "origin"
_API_VERSION: Final = "stripe-version"

Headers = list[tuple[str, str | bytes | None]]


class Origin(StrEnum):
    """How an event came to us."""

    #: Stripe sent it.
    WEBHOOK = "webhook"
    #: A person had one sent, to see its way.
    TEST = "test"
    #: Found in Stripe's list of events, where no webhook had come.
    BACKFILL = "backfill"
    #: Published once more by us, since handling it had failed or somebody asked for it.
    RETRY = "retry"
    #: No event of Stripe's: an object as it was fetched, made into one.
    SNAPSHOT = "snapshot"


class Envelope(NamedTuple):
    """What the headers of a record say."""

    tenant: str
    #: By the clock of the door.
    received_at_ms: int
    origin: Origin


class Odd(StrEnum):
    """What is odd about an event; the first that holds."""

    #: JSON that only a lenient reader takes: NaN, half of a character.
    UNFIT = "unfit"
    #: It says only what it is about, not how that is; Stripe's `v2.core.event`.
    THIN = "thin"
    #: Nothing that it is about.
    NO_OBJECT = "no_object"
    #: No moment of its creation.
    NO_TIME = "no_time"


class EventHead(NamedTuple):
    """What an event says of itself. Whatever it does not say, or says in another way, is None."""

    event_id: str
    type: str
    #: From `created`, which has whole seconds.
    created_at_ms: int | None
    api_version: str | None
    #: Connected account that it is about.
    account: str | None
    livemode: bool | None
    #: Of `data.object`.
    object_id: str | None
    object_type: str | None
    odd: "Odd | None"


class _Members(msgspec.Struct, gc=False):
    id: Any = None
    object: Any = None
    type: Any = None
    created: Any = None
    api_version: Any = None
    account: Any = None
    livemode: Any = None
    data: msgspec.Raw = msgspec.Raw()


class _Data(msgspec.Struct, gc=False):
    object: msgspec.Raw = msgspec.Raw()


class _Object(msgspec.Struct, gc=False):
    id: Any = None
    object: Any = None


_decode: Final = msgspec.json.Decoder(_Members).decode
_decode_data: Final = msgspec.json.Decoder(_Data).decode
_decode_object: Final = msgspec.json.Decoder(_Object).decode
_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def read_head(payload: bytes) -> EventHead:
    """Return what the event in *payload* says of itself. Raises Reject where it is none."""
    members, about, fit = _read(payload)
    event_id, kind = _name(members.id), _name(members.type)
    if event_id is None or kind is None:
        raise Reject("no event: it has no id, or no type")
    created_at_ms = _moment_ms(members.created)
    return EventHead(
        event_id,
        kind,
        created_at_ms,
        _name(members.api_version),
        _name(members.account),
        members.livemode if isinstance(members.livemode, bool) else None,
        _name(about.id),
        _name(about.object),
        _odd(members, about, created_at_ms, fit=fit),
    )


class Content(NamedTuple):
    """What an event says, whatever its delivery."""

    #: SHA-256 of it.
    hash: bytes
    #: Numbers may be msgspec.Raw; empty where nobody can read it.
    members: dict[str, Any]


def read_content(payload: bytes) -> Content:
    """Return what an event says: without blanks, order, and what a delivery says anew.

    What is too odd for that (a name twice, text that nobody can store) is hashed byte for byte.
    """
    try:
        members = read_object(payload)
    except UnfitJson:
        return Content(hashlib.sha256(payload).digest(), read_leniently(payload) or {})
    members.pop(_DELIVERY, None)
    return Content(hashlib.sha256(_encode_sorted(members)).digest(), members)


def content_hash(payload: bytes) -> bytes:
    """Return the SHA-256 of what `read_content` finds."""
    return read_content(payload).hash


def delivered_as(event_id: str) -> Origin:
    """Return how an event came that was sent to a door."""
    return Origin.TEST if is_trial(event_id) else Origin.WEBHOOK


def is_trial(event_id: str) -> bool:
    """Say whether a person had the event made, to see its way."""
    return event_id.startswith(TRIAL)


def headers_of(envelope: Envelope, api_version: str | None) -> Headers:
    """Return the headers of a record."""
    found: Headers = [
        (_TENANT, envelope.tenant.encode()),
        (_RECEIVED, str(envelope.received_at_ms).encode()),
        (_ORIGIN, envelope.origin.value.encode()),
    ]
    if api_version is not None:
        found.append((_API_VERSION, api_version.encode()))
    return found


def read_envelope(headers: Iterable[tuple[str, str | bytes | None]]) -> Envelope:
    """Return what *headers* say. Raises Reject."""
    found = {name: value for name, value in headers if isinstance(value, bytes)}
    try:
        return Envelope(found[_TENANT].decode(), int(found[_RECEIVED]), Origin(found[_ORIGIN].decode()))
    except (KeyError, ValueError) as error:
        raise Reject(f"the headers of a webhook are missing or wrong: {error}") from None


def _read(payload: bytes) -> tuple[_Members, _Object, bool]:
    """Return an event, what it is about, and whether it is JSON as it should be. Raises Reject."""
    try:
        members = _decode(payload)
    except MALFORMED:
        pass
    else:
        return members, _about(members.data), True
    found = read_leniently(payload)
    if found is None:
        raise Reject("not a JSON object")
    data = found.pop("data", None)
    about = data.get("object") if isinstance(data, dict) else None
    return _Members(**_known(found, _Members)), _Object(**_known(about, _Object)), False


def read_leniently(payload: bytes) -> dict[str, Any] | None:
    """Return the members of a JSON object that only a lenient reader takes; None of what is none.

    Numbers with a point are Decimals.
    """
    try:
        found = json.loads(payload, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _known(found: object, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """Return those members of *found* that *kind* has; none where it is no object."""
    names = found if isinstance(found, dict) else {}
    return {name: names[name] for name in kind.__struct_fields__ if name in names}


def _odd(members: _Members, about: _Object, created_at_ms: int | None, *, fit: bool) -> Odd | None:
    if not fit:
        return Odd.UNFIT
    if members.object == _THIN:
        return Odd.THIN
    if about.object is None:
        return Odd.NO_OBJECT
    return Odd.NO_TIME if created_at_ms is None else None


def _about(data: msgspec.Raw) -> _Object:
    try:
        return _decode_object(_decode_data(data).object)
    except MALFORMED:  # no object at all, null, or a list
        return _Object()


def _name(value: object) -> str | None:
    """Return *value* if it is a name as Stripe gives them: short ASCII that can be printed."""
    if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isascii() and value.isprintable():
        return value
    return None


def _moment_ms(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SECOND:
        return value * 1_000
    return None
