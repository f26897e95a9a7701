"""An object as it was fetched, made into an event: no event of Stripe's, and marked as none.

Everything here is about JSON as text. Numbers are never read: what Stripe wrote stays as it wrote it.
"""

from collections.abc import Sequence
from math import floor
from typing import Final

import msgspec

from schemas.errors import MALFORMED, TryAgain
from schemas.stripe_types import SNAPSHOT
from schemas.webhook import content_hash

_PREFIX: Final = "evt_weirsnapshot_"
#: Of the hash of what it says.
_DIGITS: Final = 32

_Members = dict[str, msgspec.Raw]


class Page(msgspec.Struct, frozen=True):
    """One answer of a list of Stripe's."""

    data: tuple[msgspec.Raw, ...]
    has_more: bool = False


class Named(msgspec.Struct, frozen=True):
    """What is read of an object: enough to go on behind it."""

    id: str
    object: str = ""
    created: int | None = None
    livemode: bool | None = None


class Event(msgspec.Struct, frozen=True):
    """What is read of an event in a list."""

    id: str
    type: str
    created: int


_read_page: Final = msgspec.json.Decoder(Page).decode
_read_named: Final = msgspec.json.Decoder(Named).decode
_read_event: Final = msgspec.json.Decoder(Event).decode
_read_members: Final = msgspec.json.Decoder(_Members).decode
_encode: Final = msgspec.json.Encoder().encode


def read_page(body: str | bytes) -> Page:
    """Return the page in *body*. Raises TryAgain where it is none: it was cut, or is not Stripe's."""
    try:
        return _read_page(body)
    except MALFORMED as error:
        raise TryAgain(f"Stripe answered with no list: {error}") from None


def read_named(body: str | bytes) -> Named:
    """Return what names the object in *body*. Raises TryAgain where it is none."""
    try:
        return _read_named(body)
    except MALFORMED as error:
        raise TryAgain(f"Stripe answered with no object: {error}") from None


def read_event(body: bytes) -> Event:
    """Return what is read of the event in *body*. Raises TryAgain where it is none."""
    try:
        return _read_event(body)
    except MALFORMED as error:
        raise TryAgain(f"Stripe listed what is no event: {error}") from None


def lines_of(invoice: bytes) -> Page:
    """Return the first page of the lines of *invoice*, which is empty where it has none."""
    lines = _read_members(invoice).get("lines")
    return Page(()) if lines is None else read_page(bytes(lines))


def with_lines(invoice: bytes, lines: Sequence[msgspec.Raw]) -> bytes:
    """Return *invoice* with all its *lines* in it, and nothing more to fetch."""
    members = _read_members(invoice)
    listed = _read_members(members["lines"])
    listed["data"] = msgspec.Raw(_encode(lines))
    listed["has_more"] = msgspec.Raw(b"false")
    members["lines"] = msgspec.Raw(_encode(listed))
    return _encode(members)


def taken_s(date_s: int, round_trip_s: float) -> int:
    """Return the last second, of Stripe's clock, all of which is in an answer with this Date header.

    The answer was begun no earlier than a round trip before its date, and the second in which that was may
    not have been over.
    """
    return floor(date_s - round_trip_s) - 1


def same(fetched: bytes) -> str:
    """Return what all snapshots begin their ids with that say the same of an object."""
    return f"{_PREFIX}{content_hash(fetched).hex()[:_DIGITS]}_"


def same_as(payload: bytes, event_id: str | None) -> bool:
    """Say whether the event *event_id* is a snapshot that says the same as the one in *payload*."""
    return event_id is not None and read_named(payload).id.rpartition("_")[0] == event_id.rpartition("_")[0]


def snapshot(fetched: bytes, created_s: int, api_version: str, *, livemode: bool) -> bytes:
    """Return the payload of the event that *fetched* is, which holds all up to and with *created_s*."""
    event = {
        "id": f"{same(fetched)}{created_s:x}",
        "object": "event",
        "type": SNAPSHOT,
        "created": created_s,
        "api_version": api_version,
        "livemode": livemode,
        "data": {"object": msgspec.Raw(fetched)},
    }
    return _encode(event)
