"""A cursor says where a list goes on; it works only for the tenant and the question it was given to."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final, TypeVar

import msgspec

from schemas.errors import Reject

_SEAL_BYTES: Final = 16

P = TypeVar("P", bound=msgspec.Struct)


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a list of usage goes on: at this hour of this series; and the span that was asked for."""

    from_ms: int
    to_ms: int
    customer: str
    meter: str
    #: Values of the properties that were asked for.
    group: tuple[str, ...]
    hour_ms: int


def seal(position: msgspec.Struct, question: str, secret: bytes) -> str:
    """Return the cursor for *position*; *question* names list, tenant and filters."""
    body = msgspec.json.encode(position)
    return urlsafe_b64encode(_seal(body, question, secret) + body).decode().rstrip("=")


def unseal(cursor: str, question: str, secret: bytes, kind: type[P]) -> P:
    """Return the position in *cursor*. Raises Reject if it is not one that we gave to this question."""
    try:
        raw = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        given, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if hmac.compare_digest(given, _seal(body, question, secret)):
            return msgspec.json.decode(body, type=kind)
    except (ValueError, msgspec.DecodeError):
        pass
    raise Reject("is not a cursor of this list: begin again without it")


def _seal(body: bytes, question: str, secret: bytes) -> bytes:
    return hmac.digest(secret, question.encode() + b"\0" + body, sha256)[:_SEAL_BYTES]
